"""Templates as files in a folder, one each: their texts, not what they mean.

The files hold samples of what devices sent, so only the owner can read them.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.settings.atomic_file import NotRegularFileError, replacing

SUFFIX = ".toml"
MAX_FILES = 200
MAX_FILE_BYTES = 400_000

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MAX_SLUG = 48
_HASH_CHARS = 8
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")
"""Names that Windows keeps for devices."""


@dataclass(frozen=True)
class TemplateTexts:
    """What a folder holds: (file name, text) in the order of the names, and what could not be
    read."""

    files: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def slug_of(name: str) -> str:
    """The name of the file, without its suffix, for a template of that name.

    Different names give different slugs, though one that only differs in case or signs may
    not: where letters were lost, a part of the name's hash is added.
    """
    plain = unicodedata.normalize("NFKD", name.strip()).casefold()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))
    is_lossless = all(char.isascii() for char in plain) and len(slug) <= _MAX_SLUG
    if slug and is_lossless and not _RESERVED.fullmatch(slug):
        return slug
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:_HASH_CHARS]
    return f"{slug[: _MAX_SLUG - _HASH_CHARS - 1].strip('-') or 'template'}-{digest}"


def read_all(folder: Path) -> TemplateTexts:
    """The texts of all templates. Raises nothing: a file that cannot be read is a problem
    (template.unreadable: file, reason), the others are still read. Links are not followed."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _is_template(entry.name))
    except FileNotFoundError:
        return TemplateTexts()
    except OSError as error:
        return TemplateTexts(problems=(_unreadable(folder.name, error),))
    files: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for name in names[:MAX_FILES]:
        try:
            files.append((name, _read(folder / name)))
        except (OSError, ValueError) as error:
            problems.append(_unreadable(name, error))
    if len(names) > MAX_FILES:
        reason = f"only {MAX_FILES} files are read"
        params: dict[str, str | int | float] = {"file": names[MAX_FILES], "reason": reason}
        problems.append(Problem("template.unreadable", params))
    return TemplateTexts(tuple(files), tuple(problems))


def write(folder: Path, slug: str, text: str) -> Path:
    """Writes or replaces one template, whole or not at all, for its owner only.

    Raises KnownError(template.not_saved): file, reason.
    """
    if not _SLUG.fullmatch(slug) or len(slug) > _MAX_SLUG + _HASH_CHARS:
        raise ValueError(f"not a slug: {slug!r}")
    target = folder / f"{slug}{SUFFIX}"
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with replacing(target) as file:
            _for_owner_only(file.fileno())
            file.write(text.encode())
    except OSError as error:
        raise _not_saved(target.name, error) from error
    return target


def remove(folder: Path, name: str) -> None:
    """Removes the template file of this name; one that is gone already is no fault.

    Raises KnownError(template.not_removed): file, reason.
    """
    if not _is_template(name):
        raise ValueError(f"not a template's file name: {name!r}")
    try:
        # A link is removed itself, not what it points to.
        (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise KnownError("template.not_removed", file=name, reason=_reason(error)) from error


def _is_template(name: str) -> bool:
    """A plain name of one file; nothing that leads out of the folder."""
    has_way = any(sign in name for sign in ("/", "\\", ":", "\0"))
    return name.endswith(SUFFIX) and not name.startswith(".") and not has_way


def _read(path: Path) -> str:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotRegularFileError("not a regular file")
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise ValueError("too large")
    # Of line ends in a sample, TOML itself makes plain ones.
    return raw.decode("utf-8-sig")


def _for_owner_only(handle: int) -> None:
    """On Windows the folder of the user's own data does this."""
    if hasattr(os, "fchmod"):
        os.fchmod(handle, _FILE_MODE)


def _unreadable(name: str, error: Exception) -> Problem:
    reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else _reason(error)
    return Problem("template.unreadable", {"file": name[:100], "reason": reason})


def _not_saved(name: str, error: OSError) -> KnownError:
    return KnownError("template.not_saved", file=name, reason=_reason(error))


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error))[:200]
