"""What a template says, as data, and as the TOML file that a person can read and change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_args

import msgspec

from harit_desktop.domain.toml_text import TomlFault, toml_tree

MAX_FILE_CHARS = 200_000
"""A payload of 64 KiB, written out, and the rest."""

KeyPath = tuple[str | int, ...]

_TABLE_LINE = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\s-]+?)\s*\]")
_KEY_LINE = re.compile(r"\s*([A-Za-z0-9_.\"-]+)\s*=")
_TOML_LINE = re.compile(r"line (\d+)")
_OF_MESSAGE = re.compile(r"`?\$((?:\.\w+|\[\d+\])*)`?")
_LONG_TEXT_MARKS = ("'''", '"""')


class TemplateFault(Exception):
    """Something in a template that cannot be: `key` says where, `why` what (see the words of
    `template.invalid`), `value` the value at fault."""

    def __init__(self, key: KeyPath, why: str, value: str = "", line: int = 0) -> None:
        super().__init__(why)
        self.key, self.why, self.value, self.line = key, why, value, line


class TimeKind(StrEnum):
    """How a message names its instant."""

    NONE = "none"
    ISO = "iso"
    EPOCH_S = "epoch_s"
    EPOCH_MS = "epoch_ms"


class TimeSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """`path` to the instant, and its kind. With "none" the time of receipt counts."""

    path: str = ""
    kind: TimeKind = TimeKind.NONE


class ChannelSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value: the number at `path` becomes `to`, a channel or extra.

    kept = unit(number * scale + offset). A number in `ignore` is no measurement;
    `numeric_text` takes a number that is sent as a text.
    """

    path: str
    to: str
    unit: str = ""
    scale: float = 1.0
    offset: float = 0.0
    ignore: tuple[float, ...] = ()
    numeric_text: bool = False


class ExpectedSpec(msgspec.Struct, frozen=True):
    """What the sample must give. `time` is as sent: a text, or seconds since 1970."""

    device: str
    values: dict[str, float]
    time: str | float | None = None


class SampleSpec(msgspec.Struct, frozen=True):
    """A message as it was received, and what it means."""

    topic: str
    payload: str
    expected: ExpectedSpec


class TemplateSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A template as its file has it. `topic` is an MQTT filter; `match` are paths that a
    message must have; `device` is a text with `{topic:2}` or `{payload:path}` in it."""

    name: str
    topic: str
    device: str
    channel: tuple[ChannelSpec, ...]
    sample: SampleSpec | None = None
    match: tuple[str, ...] = ()
    partial: bool = False
    time: TimeSpec = TimeSpec()


def spec_of(text: str) -> TemplateSpec:
    """The template in a file's text. Raises TemplateFault: too_large, not_toml, unknown_key,
    wrong_kind."""
    if len(text) > MAX_FILE_CHARS:
        raise TemplateFault((), "too_large")
    try:
        tree = toml_tree(text)
    except TomlFault as error:
        found = _TOML_LINE.search(str(error))
        line = int(found[1]) if found else 0
        raise TemplateFault((), "not_toml", str(error)[:100], line) from error
    for key in _unknown_keys(tree, TemplateSpec, ()):
        raise TemplateFault(key, "unknown_key")
    try:
        return msgspec.convert(tree, TemplateSpec)
    except msgspec.ValidationError as error:
        raise _wrong_kind(str(error)) from error


def _wrong_kind(said: str) -> TemplateFault:
    """msgspec ends its sentence with "- at `$.channel[0].unit`"."""
    reason, _, place = said.rpartition(" - at ")
    found = _OF_MESSAGE.search(place if reason else "")
    steps = re.findall(r"\w+", found[1]) if found else []
    key = tuple(int(step) if step.isdigit() else step for step in steps)
    return TemplateFault(key, "wrong_kind", (reason or said)[:100])


def _unknown_keys(tree: Any, kind: Any, path: KeyPath) -> Iterator[KeyPath]:
    struct = _struct_in(kind)
    if struct is None:
        return
    if isinstance(tree, list):
        for place, entry in enumerate(tree):
            yield from _unknown_keys(entry, struct, (*path, place))
    if not isinstance(tree, dict):
        return
    known = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in tree.items():
        if key not in known:
            yield (*path, key)
        else:
            yield from _unknown_keys(value, known[key], (*path, key))


def _struct_in(kind: Any) -> Any:
    """The struct in a field's type, which may be optional or a tuple of them."""
    for candidate in (kind, *get_args(kind)):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def line_of(text: str, wanted: KeyPath) -> int:
    """The line that sets `wanted`, or else begins the table it would stand in; 0 where
    neither was found."""
    table: KeyPath = ()
    nearest, within, count = 0, False, 0
    for number, line in enumerate(text.splitlines(), start=1):
        marks = sum(line.count(mark) for mark in _LONG_TEXT_MARKS)
        inside, within = within, within != bool(marks % 2)
        if inside:
            continue
        if header := _TABLE_LINE.match(line):
            table = tuple(part.strip() for part in header[2].split("."))
            if header[1] == "[[":
                table, count = (*table, count), count + 1
            path = table
        elif assignment := _KEY_LINE.match(line):
            path = (*table, *(part.strip('"') for part in assignment[1].split(".")))
        else:
            continue
        if path == wanted:
            return number
        if path == wanted[: len(path)] or path == wanted[:-1]:
            nearest = number
    return nearest


def toml_of(spec: TemplateSpec) -> str:
    """The file for a template, laid out to be read by a person; `spec_of` gives it back."""
    lines = [f"{key} = {_toml(getattr(spec, key))}" for key in ("name", "topic", "device")]
    if spec.match:
        lines.append(f"match = {_toml(spec.match)}")
    if spec.partial:
        lines.append("partial = true")
    if spec.time.kind is not TimeKind.NONE:
        lines += ["", "[time]", *_fields(spec.time)]
    for channel in spec.channel:
        lines += ["", "[[channel]]", *_fields(channel)]
    if spec.sample is not None:
        sample = spec.sample
        lines += ["", "[sample]", f"topic = {_toml(sample.topic)}"]
        lines.append(f"payload = {_payload(sample.payload)}")
        lines += ["", "[sample.expected]", f"device = {_toml(sample.expected.device)}"]
        if sample.expected.time is not None:
            lines.append(f"time = {_toml(sample.expected.time)}")
        lines += ["", "[sample.expected.values]"]
        lines += [f"{_toml(key)} = {_toml(v)}" for key, v in sample.expected.values.items()]
    return "\n".join(lines) + "\n"


def _fields(struct: msgspec.Struct) -> Iterator[str]:
    for name, value in msgspec.to_builtins(struct).items():
        yield f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    # A text of JSON is one of TOML, but for the character DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _payload(text: str) -> str:
    """Between three quotes it stands as it was sent; where that would change it, escaped."""
    plain = all(char.isprintable() or char in "\n\t" for char in text)
    if plain and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    return _toml(text)
