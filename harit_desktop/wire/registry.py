"""The decoder: asks the native format, the user's templates and the known families, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Rejection
from harit_desktop.domain.reading import Reading, Readings
from harit_desktop.domain.topics import HEARD_TOPICS
from harit_desktop.wire.formats import THIRD_PARTY
from harit_desktop.wire.harit_json import HaritJson
from harit_desktop.wire.heard import judge_heard
from harit_desktop.wire.identifiers import identifier_fault
from harit_desktop.wire.reasons import Reason, Refused
from harit_desktop.wire.sighting import Sighting, ThirdPartyFormat
from harit_desktop.wire.sighting_readings import SightingReader
from harit_desktop.wire.strict_json import parse_object, scalar_of
from harit_desktop.wire.timestamps import SYSTEM_ZONE, TimestampReader

if TYPE_CHECKING:
    from harit_desktop.wire.templates import Template

Decoded = Reading | Readings | Rejection | Heard

_NOT_MAPPED = Reason.NOT_MAPPED.value
_NO_OBJECT = Rejection(Problem(_NOT_MAPPED, {"why": "no_object"}))
_SCALAR_CODES = (Reason.NOT_OBJECT.value, Reason.NOT_JSON.value)


class MessageDecoder:
    """Decodes a message by the first format that knows it. Holds no state between messages.

    `zone` is the zone of stamps without offset: "system" or an IANA name; `templates` are
    asked in their order. Raises KnownError(timezone.unknown) for another name; `decode` raises
    nothing.
    """

    def __init__(self, zone: str = SYSTEM_ZONE, templates: Sequence[Template] = ()) -> None:
        timestamps = TimestampReader(zone)
        self._native = HaritJson(timestamps)
        self._sightings = SightingReader(timestamps)
        self._templates = tuple(templates)

    def decode(self, message: RawMessage) -> Decoded:
        """What a message tells: a reading, several of several devices, or what else was
        understood. The native format's refusal where no format knows it."""
        try:
            tree, flaw = parse_object(message.payload)
        except Refused as refused:
            return self._without_object(message, Rejection(refused.problem))
        if message.topic in HEARD_TOPICS:
            # There programs talk about readings; one that repeats a reading there must not
            # have it stored again.
            return judge_heard(tree, flaw) or _NO_OBJECT
        if tree.get("sensor_readings") is None and tree.get("sensor_data") is None:
            found = self._of_others(message, tree, flaw, THIRD_PARTY)
            return found or self._native.judge(message, tree, flaw)
        native = self._native.judge(message, tree, flaw)
        if type(native) is Rejection and native.problem.code == _NOT_MAPPED:
            # Of our shape without a channel of ours: a person may have mapped it, no family has.
            return self._of_others(message, tree, flaw, ()) or native
        return native

    def _of_others(
        self,
        message: RawMessage,
        tree: dict[str, Any],
        flaw: Problem | None,
        families: tuple[ThirdPartyFormat, ...],
    ) -> Decoded | None:
        heard = judge_heard(tree, flaw)
        if type(heard) is Heard and heard.kind is HeardKind.ANALYSIS:
            return heard
        # A probe may well say that it is online beside what it measures.
        return self._foreign(message, tree, flaw, families) or heard

    def _without_object(self, message: RawMessage, refusal: Rejection) -> Decoded:
        """Some families send one bare value a topic; to all others it is no object."""
        if refusal.problem.code not in _SCALAR_CODES or message.topic in HEARD_TOPICS:
            return refusal
        scalar = scalar_of(message.payload)
        if scalar is None:
            return refusal
        return self._foreign(message, scalar, None, THIRD_PARTY) or refusal

    def _foreign(
        self,
        message: RawMessage,
        tree: object,
        flaw: Problem | None,
        families: tuple[ThirdPartyFormat, ...],
    ) -> Decoded | None:
        """What a template or a known family makes of a message; None where it is nobody's."""
        topic = message.topic
        try:
            for template in self._templates:
                sightings = template.try_on(topic, tree)
                if sightings is not None:
                    return self._answer(message, tree, flaw, sightings, template.name)
            for family in families:
                if family.claims(topic, tree):
                    found = family.sightings(topic, tree)
                    return self._answer(message, tree, flaw, found, family.name)
        except Refused as refused:
            return Rejection(refused.problem)
        return None

    def _answer(
        self,
        message: RawMessage,
        tree: object,
        flaw: Problem | None,
        found: tuple[Sighting, ...] | Heard,
        family: str,
    ) -> Decoded:
        if flaw is not None:
            return Rejection(flaw)
        if isinstance(found, Heard):
            fault = identifier_fault(found.publisher_id) if found.publisher_id else None
            if fault is not None:
                raise Refused(Reason.BAD_PUBLISHER_ID, **fault)
            return found
        return self._sightings.readings(message, tree, found, family)
