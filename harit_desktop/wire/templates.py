"""Templates: how a person says what the messages of a device mean.

A template is a file with a sample of the message in it and what the sample must give: it is
its own test, and one that does not pass is not used.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.topics import HEARD_TOPICS
from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.reasons import Reason, Refused, elide
from harit_desktop.wire.sighting import Sighting, sighting_of
from harit_desktop.wire.strict_json import parse_object, scalar_of
from harit_desktop.wire.template_paths import MISSING, text_of, value_at
from harit_desktop.wire.template_plan import DevicePart, Plan, planned
from harit_desktop.wire.template_spec import (
    ExpectedSpec,
    KeyPath,
    SampleSpec,
    TemplateFault,
    TemplateSpec,
    TimeKind,
    line_of,
    spec_of,
    toml_of,
)

_TOLERANCE = 1e-6
_SCALAR_CODES = (Reason.NOT_OBJECT, Reason.NOT_JSON)
_NATIVE_OBJECTS = ("sensor_readings", "sensor_data")
_EPOCH_LIMIT_S = 253_402_300_800
"""The year 10000: beyond it a number names no instant."""


@dataclass(frozen=True)
class Template:
    """A template that is sound: what its file says, ready to be followed.

    Raises TemplateFault for a spec that cannot be. Its sample is not tried here, but by
    `load_template` and `with_sample`.
    """

    spec: TemplateSpec
    _plan: Plan = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plan", planned(self.spec))

    def __hash__(self) -> int:
        return hash((self.spec.name, self.spec.topic, self.spec.device))

    @property
    def name(self) -> str:
        return self.spec.name

    def covers(self, topic: str) -> bool:
        """Whether the template looks at messages of this topic at all."""
        return _covers(self._plan.levels, topic)

    def try_on(self, topic: str, tree: object) -> tuple[Sighting, ...] | None:
        """What a decoded message means. None: it is none of this template's, or a native one;
        (): it is one, and holds no measurement. Raises Refused(bad_publisher_id) where what it
        gives as the device cannot be an id; nothing else."""
        plan = self._plan
        if not _covers(plan.levels, topic) or is_native(tree):
            return None
        for path in plan.match:
            if value_at(tree, path) is MISSING:
                return None
        device = _device(plan.device, topic, tree)
        if device is None:
            return None
        found: dict[str, float] = {}
        is_known = False
        for channel in plan.channels:
            sent = value_at(tree, channel.path)
            if sent is MISSING:
                continue
            is_known = True
            value = channel.kept(sent)
            if value is not None:
                found[channel.to] = value
        if not is_known:
            return None
        one = sighting_of(device, found, sent=self._sent(tree), partial=self.spec.partial)
        return () if one is None else (one,)

    def _sent(self, tree: object) -> str | float | None:
        if self._plan.time is None:
            return None
        value = value_at(tree, self._plan.time)
        if self.spec.time.kind is TimeKind.ISO:
            return value if type(value) is str else None
        seconds = _epoch(value)
        if seconds is not None and self.spec.time.kind is TimeKind.EPOCH_MS:
            seconds = seconds / 1000
        return seconds if seconds is not None and 0 <= seconds < _EPOCH_LIMIT_S else None


def is_native(tree: object) -> bool:
    """Whether a message is one of Harit's own format, sound or not: never a template's."""
    if type(tree) is not dict:
        return False
    for name in _NATIVE_OBJECTS:
        inside = tree.get(name)
        if type(inside) is dict and any(key in inside for key in CHANNEL_INDEX):
            return True
    return False


def _epoch(value: object) -> float | None:
    if type(value) is str and len(value) <= 20:
        try:
            value = float(value)
        except ValueError:
            return None
    if type(value) is int:
        return float(value) if abs(value) < 10**15 else None
    return value if type(value) is float and math.isfinite(value) else None


@lru_cache(maxsize=4096)
def _covers(levels: tuple[str, ...], topic: str) -> bool:
    """Whether an MQTT filter, in levels, takes a topic. Cached: topics come again and again."""
    given = topic.split("/")
    if topic in HEARD_TOPICS:
        return False
    if levels[0] in ("#", "+") and topic.startswith("$"):
        return False
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place >= len(given) or level not in ("+", given[place]):
            return False
    return len(given) == len(levels)


def _device(parts: tuple[DevicePart, ...], topic: str, tree: object) -> str | None:
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, int):
            levels = topic.split("/")
            if part > len(levels):
                return None
            texts.append(levels[part - 1])
        else:
            found = text_of(value_at(tree, part))
            # An id that is empty would make one device of all that have none.
            if not found:
                return None
            texts.append(found)
    device = "".join(texts)
    fault = identifier_fault(device)
    if fault is not None:
        raise Refused(Reason.BAD_PUBLISHER_ID, **fault)
    return device


# -- the sample ------------------------------------------------------------------------------


def tree_of(payload: bytes) -> object:
    """A payload as a decoded message, as the decoder sees it: an object of JSON, or the number
    or text it is. Raises Refused for what is neither."""
    try:
        tree, flaw = parse_object(payload)
    except Refused as refused:
        scalar = scalar_of(payload) if refused.problem.code in _SCALAR_CODES else None
        if scalar is None:
            raise
        return scalar
    if flaw is not None:
        raise Refused(Reason(flaw.code), **flaw.params)
    return tree


def found_in(sighting: Sighting) -> dict[str, float]:
    """All that a sighting tells, by key of a channel or extra."""
    values = zip(CHANNELS, sighting.values, strict=True)
    found = {channel.key: value for channel, value in values if value is not None}
    return {**found, **dict(sighting.extras)}


def with_sample(spec: TemplateSpec, topic: str, payload: bytes) -> Template:
    """The template with this message as its test, which then says what it gives now.

    Raises TemplateFault: what `Template` raises, and sample_unreadable or sample_nothing.
    """
    template = Template(msgspec.structs.replace(spec, sample=None))
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise TemplateFault(("sample", "payload"), "sample_unreadable") from error
    one = _tried(template, topic, text)
    expected = ExpectedSpec(one.publisher_id, found_in(one), one.sent)
    return Template(msgspec.structs.replace(spec, sample=SampleSpec(topic, text, expected)))


def _tried(template: Template, topic: str, payload: str) -> Sighting:
    try:
        tree = tree_of(payload.encode())
    except (Refused, UnicodeEncodeError) as error:
        raise TemplateFault(("sample", "payload"), "sample_unreadable") from error
    try:
        found = template.try_on(topic, tree)
    except Refused as refused:
        value = str(refused.problem.params.get("value", ""))
        raise TemplateFault(("device",), "bad_device", value) from refused
    if not found:
        raise TemplateFault(("sample",), "sample_nothing")
    return found[0]


def _check_sample(template: Template) -> None:
    sample = template.spec.sample
    if sample is None:
        raise TemplateFault((), "no_sample")
    one = _tried(template, sample.topic, sample.payload)
    expected, key = sample.expected, ("sample", "expected")
    if one.publisher_id != expected.device:
        raise TemplateFault((*key, "device"), "sample_differs", elide(one.publisher_id))
    if not _same_time(one.sent, expected.time):
        raise TemplateFault((*key, "time"), "sample_differs", elide(one.sent))
    found = found_in(one)
    for name in {**found, **expected.values}:
        given, wanted = found.get(name), expected.values.get(name)
        if given is None or wanted is None or not _same(given, wanted):
            said = "" if given is None else elide(given)
            raise TemplateFault((*key, "values", name), "sample_differs", said)


def _same(given: float, wanted: float) -> bool:
    return math.isclose(given, wanted, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _same_time(given: str | float | None, wanted: str | float | None) -> bool:
    if isinstance(given, int | float) and isinstance(wanted, int | float):
        return math.isclose(given, wanted, abs_tol=_TOLERANCE)
    return given == wanted


# -- files -----------------------------------------------------------------------------------


def load_template(text: str, name: str) -> Template:
    """The template in the text of the file `name`, which has passed its own test.

    Raises KnownError(template.invalid): file, line (0 where unknown), key, why, value.
    """
    try:
        template = Template(spec_of(text))
        _check_sample(template)
    except TemplateFault as fault:
        raise KnownError(
            "template.invalid",
            file=name,
            line=fault.line or line_of(text, fault.key),
            key=_key_text(fault.key),
            why=fault.why,
            value=fault.value,
        ) from fault
    return template


def load_templates(
    files: Iterable[tuple[str, str]],
) -> tuple[dict[str, Template], tuple[Problem, ...]]:
    """The templates of (file name, text) that are sound, by file name and in that order, and
    what is wrong with the others."""
    sound: dict[str, Template] = {}
    problems: list[Problem] = []
    for name, text in files:
        try:
            sound[name] = load_template(text, name)
        except KnownError as error:
            problems.append(error.problem)
    return sound, tuple(problems)


def template_text(template: Template) -> str:
    """The file for a template; `load_template` gives the template back."""
    return toml_of(template.spec)


def _key_text(key: KeyPath) -> str:
    """ "channel[2].unit", counted from 1 as people do."""
    text = ""
    for step in key:
        if isinstance(step, int):
            text += f"[{step + 1}]"
        else:
            text += f".{step}" if text else step
    return text[:100]
