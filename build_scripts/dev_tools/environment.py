"""Virtual environments made from a hash-pinned lock, with a stamp that makes a second look cheap.

`.venv` holds everything for development; packaging has a clean one of its own. A set-up
that was cut off leaves a marker and is made anew; one whose Python is gone or whose folder
was moved is made anew too; one whose lock changed is only updated.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOCKS = os.path.join(ROOT, "build_scripts", "locks")
STAMP_FORMAT = "1"
_INSTALL_SECTIONS = ("[build-system]", "[project", "[tool.hatch")


@dataclass(frozen=True)
class Environment:
    """One virtual environment: where it is, what it holds."""

    folder: str
    lock_file: str
    with_project: bool

    @property
    def python(self) -> str:
        """The interpreter inside."""
        return self.program("python")

    @property
    def stamp_file(self) -> str:
        """Written last by a complete set-up."""
        return os.path.join(self.folder, "harit-setup.stamp")

    @property
    def unfinished_file(self) -> str:
        """Present while a set-up runs, so also after one that was killed."""
        return os.path.join(self.folder, "harit-setup.unfinished")

    def program(self, name: str) -> str:
        """The path of a program installed in this environment."""
        if sys.platform == "win32":
            return os.path.join(self.folder, "Scripts", name + ".exe")
        return os.path.join(self.folder, "bin", name)


DEVELOPMENT = Environment(
    folder=os.path.join(ROOT, ".venv"),
    lock_file=os.path.join(LOCKS, "dev.txt"),
    with_project=True,
)
PACKAGING = Environment(
    folder=os.path.join(ROOT, "build", "package", "venv"),
    lock_file=os.path.join(LOCKS, "package.txt"),
    with_project=False,
)


def is_current(environment: Environment) -> bool:
    """Whether the last complete set-up still matches the lock, the project and its Python."""
    stamp = read_stamp(environment)
    return (
        stamp is not None
        and not os.path.exists(environment.unfinished_file)
        and os.path.exists(environment.python)
        and stamp == expected_stamp(environment)
    )


def expected_stamp(environment: Environment) -> dict[str, str]:
    """What a complete set-up of `environment` would be stamped with now."""
    import hashlib

    with open(environment.lock_file, "rb") as file:
        lock = hashlib.sha256(file.read()).hexdigest()
    stamp = {
        "format": STAMP_FORMAT,
        "folder": environment.folder,
        "python": interpreter_identity(environment),
        "lock": lock,
    }
    if environment.with_project:
        stamp["project"] = hashlib.sha256(installed_parts().encode()).hexdigest()
    return stamp


def interpreter_identity(environment: Environment) -> str:
    """Changes when the Python below the environment is replaced or removed; "" if gone."""
    try:
        with open(os.path.join(environment.folder, "pyvenv.cfg"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    fields = dict(line.partition("=")[::2] for line in lines)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    home, version = fields.get("home", ""), fields.get("version", fields.get("version_info", ""))
    if not os.path.isdir(home) or not os.path.exists(environment.python):
        return ""
    return f"{version} {os.path.realpath(environment.python)}"


def installed_parts(root: str = ROOT) -> str:
    """The lines that an editable install depends on; tool settings are left out."""
    kept, wanted = [], False
    with open(os.path.join(root, "pyproject.toml"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("["):
                wanted = line.startswith(_INSTALL_SECTIONS)
            if wanted and line.strip() and not line.lstrip().startswith("#"):
                kept.append(line.strip())
    with open(os.path.join(root, "harit_desktop", "__init__.py"), encoding="utf-8") as file:
        kept += [line.strip() for line in file if line.startswith("__version__")]
    return "\n".join(kept)


def read_stamp(environment: Environment) -> dict[str, str] | None:
    """The stamp as it was written; None where there is none that can be read."""
    try:
        with open(environment.stamp_file, encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file)
    except (OSError, ValueError):
        return None


def write_stamp(environment: Environment) -> None:
    """Marks the set-up as complete; the file appears whole or not at all."""
    temporary = environment.stamp_file + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in expected_stamp(environment).items())
    os.replace(temporary, environment.stamp_file)


def must_rebuild(environment: Environment) -> bool:
    """Whether what is there cannot be updated: half made, moved, or its Python is gone."""
    if os.path.exists(environment.unfinished_file) or not interpreter_identity(environment):
        return True
    stamp = read_stamp(environment)
    if stamp is None:
        return False
    now = expected_stamp(environment)
    return any(stamp.get(key) != now[key] for key in ("folder", "python"))
