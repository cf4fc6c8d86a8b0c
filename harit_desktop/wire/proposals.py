"""A first guess at what an unknown message means, for a person to correct."""

from __future__ import annotations

import msgspec

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.wire.formats import THIRD_PARTY
from harit_desktop.wire.proposal_guess import Confidence, Row, Why, first_guess, measured
from harit_desktop.wire.proposal_identity import (
    DeviceChoice,
    TimeChoice,
    device_choices,
    filter_for,
    time_choices,
)
from harit_desktop.wire.proposal_names import Meaning, Words, words_of
from harit_desktop.wire.proposal_rows import RawRow, rows_of
from harit_desktop.wire.reasons import Refused
from harit_desktop.wire.templates import tree_of

__all__ = ["Confidence", "Proposal", "Row", "Why", "propose"]

JSON, SCALAR, TEXT, UNREADABLE = "json", "scalar", "text", "unreadable"
"""Families of what no format knows."""


class Proposal(msgspec.Struct, frozen=True):
    """What is known of a message. `family` is the name of a format, or json, scalar, text,
    unreadable; `problem` says why it cannot be read. The best of the devices and times come
    first. `cut` tells that the message had more values than are listed."""

    family: str
    topic: str
    rows: tuple[Row, ...] = ()
    devices: tuple[DeviceChoice, ...] = ()
    times: tuple[TimeChoice, ...] = ()
    partial: bool = False
    cut: bool = False
    problem: Problem | None = None

    def filter_for(self, device: str) -> str:
        """The topic filter that takes the like messages of other devices too."""
        example = next((d.example for d in self.devices if d.pattern == device), "")
        return filter_for(self.topic, device, example)


_ORDER = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2, Confidence.NONE: 3}
_SOIL_TARGETS = frozenset({"N", "P", "K", "Moisture", "pH", "EC", "Salinity", "MoistureRaw"})
_HEALTH = frozenset(extra.key for extra in EXTRA_BY_KEY.values() if extra.health)


def propose(topic: str, payload: bytes) -> Proposal:
    """What a message may mean. Never raises, whatever the bytes are; at most 200 rows."""
    try:
        tree = tree_of(payload)
    except Refused as refused:
        return Proposal(UNREADABLE, topic, problem=refused.problem)
    raw, cut = rows_of(tree)
    words = [words_of(_names(row, topic)) for row in raw]
    rows = [first_guess(*pair, raw) for pair in zip(raw, words, strict=True)]
    rows = _letters_in_company(rows, raw)
    rows = _once_each(_decided(rows, raw, words))
    numbers = sum(row.number is not None for row in rows)
    measured = any(row.to and row.to not in _HEALTH for row in rows)
    return Proposal(
        family=_family(topic, tree),
        topic=topic,
        rows=tuple(rows),
        devices=device_choices(topic, raw),
        times=time_choices(raw),
        partial=measured and numbers == 1,
        cut=cut,
    )


def _family(topic: str, tree: object) -> str:
    for known in THIRD_PARTY:
        if known.claims(topic, tree):
            return known.name
    if isinstance(tree, dict):
        return JSON
    return SCALAR if isinstance(tree, float) else TEXT


def _names(row: RawRow, topic: str) -> list[str]:
    """A bare value has only its topic to be named by; "state" and the like say nothing."""
    if row.names:
        return list(row.names)
    levels = [level for level in topic.split("/") if level]
    silent = {"state", "value", "status", "data", "get", "sensor"}
    while len(levels) > 1 and levels[-1].lower() in silent:
        levels.pop()
    return levels


# -- what the rows say of each other ---------------------------------------------------------


def _letters_in_company(rows: list[Row], raw: tuple[RawRow, ...]) -> list[Row]:
    """A lone "p" or "k" is too little; two of n, p and k side by side name each other."""
    groups: dict[tuple[str, ...], int] = {}
    for row, source in zip(rows, raw, strict=True):
        if row.to in ("N", "P", "K"):
            groups[source.parent] = groups.get(source.parent, 0) + 1
    kept: list[Row] = []
    for row, source in zip(rows, raw, strict=True):
        alone = row.to in ("N", "P", "K") and groups[source.parent] < 2
        if alone and row.why is Why.ABBREVIATION:
            row = Row(row.path, row.shown, row.kind, row.number)
        kept.append(row)
    return kept


def _decided(rows: list[Row], raw: tuple[RawRow, ...], words: list[Words]) -> list[Row]:
    """Says of what a bare "temperature" and "humidity" are, by what else is in the message."""
    soil = {row.to for row in rows} & _SOIL_TARGETS
    has_soil_temperature = any(row.to == "Temperature" for row in rows)
    # Humidity beside measured soil is the air's; where nothing else says soil, too. Only an
    # "ad" or conductivity beside it without any moisture leaves it open.
    has_air = any(row.to in ("humidity?", "AirHumidity") for row in rows)
    open_humidity = bool(soil) and "Moisture" not in soil
    decided: list[Row] = []
    for row, source, each in zip(rows, raw, words, strict=True):
        if row.to == "humidity?":
            row = _humidity(row, source, each, raw, open_humidity)
        elif row.to == "temperature?":
            about_soil = bool(soil) and not has_soil_temperature
            row = _temperature(row, source, each, raw, about_soil, has_air)
        decided.append(row)
    return decided


def _humidity(
    row: Row, source: RawRow, words: Words, raw: tuple[RawRow, ...], is_open: bool
) -> Row:
    if is_open:
        # Never the soil's by a guess.
        return Row(row.path, row.shown, row.kind, row.number, why=Why.AIR_OR_SOIL)
    return measured(row, source, Meaning("AirHumidity", sure=False), words, raw)


def _temperature(
    row: Row,
    source: RawRow,
    words: Words,
    raw: tuple[RawRow, ...],
    about_soil: bool,
    has_air: bool,
) -> Row:
    target = "Temperature" if about_soil or not has_air else "AirTemperature"
    found = measured(row, source, Meaning(target, sure=False), words, raw)
    if found.why is not Why.ABBREVIATION:
        return found
    if target == "AirTemperature":
        return msgspec.structs.replace(found, why=Why.WITH_AIR)
    unsure = has_air or not about_soil
    confidence = Confidence.LOW if unsure else Confidence.MEDIUM
    return msgspec.structs.replace(found, confidence=confidence, why=Why.NO_OTHER)


def _once_each(rows: list[Row]) -> list[Row]:
    """Each channel goes to the value that is surest to be it; a further temperature becomes
    the second one."""
    best: dict[str, int] = {}
    for place, row in enumerate(rows):
        if row.to and (row.to not in best or _rank(row) < _rank(rows[best[row.to]])):
            best[row.to] = place
    kept: list[Row] = []
    for place, row in enumerate(rows):
        if row.to and best[row.to] != place:
            if row.to == "Temperature" and "Temperature2" not in best:
                best["Temperature2"] = place
                row = msgspec.structs.replace(row, to="Temperature2", confidence=Confidence.LOW)
            else:
                row = Row(row.path, row.shown, row.kind, row.number, why=Why.TAKEN)
        kept.append(row)
    return kept


def _rank(row: Row) -> tuple[int, bool]:
    return _ORDER[row.confidence], row.why is Why.SENTINEL


def channels_first(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows in an order in which a person finds what matters: what is proposed, in the
    order of the catalogue; then numbers; then the rest."""
    places: dict[str, int] = {**CHANNEL_INDEX}
    for key in EXTRA_BY_KEY:
        places[key] = len(places)

    def rank(row: Row) -> tuple[int, int]:
        if row.to:
            return 0, places[row.to]
        return (1 if row.number is not None else 2), 0

    return tuple(sorted(rows, key=rank))
