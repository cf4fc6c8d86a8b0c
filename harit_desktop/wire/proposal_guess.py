"""What one value of a message may be, judged by its name, its unit and its size."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.wire.proposal_names import Meaning, Words, meaning_of, words_of
from harit_desktop.wire.proposal_rows import RawRow, RowKind
from harit_desktop.wire.template_units import unit_of


class Confidence(StrEnum):
    """How far a proposal can be trusted; NONE where there is none."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class Why(StrEnum):
    """Why a value was proposed for a channel, or for none."""

    NAME = "name"
    KNOWN_ID = "known_id"
    ABBREVIATION = "abbreviation"
    SOIL = "soil"
    """The place says soil."""
    NO_OTHER = "no_other"
    """A temperature of nothing in particular, in a message about soil."""
    WITH_AIR = "with_air"
    """A temperature beside the humidity of the air."""
    RANGE = "range"
    """The unit was guessed from the size of the number."""
    OUT_OF_RANGE = "out_of_range"
    SENTINEL = "sentinel"
    """A number that says "nothing attached"."""
    AIR_OR_SOIL = "air_or_soil"
    TAKEN = "taken"
    """Another value is surer to be this."""
    NO_NUMBER = "no_number"
    UNKNOWN = "unknown"


class Row(msgspec.Struct, frozen=True):
    """One value of a message and what it may be. `to` is "" for nothing."""

    path: str
    shown: str
    kind: RowKind
    number: float | None
    to: str = ""
    unit: str = ""
    scale: float = 1.0
    ignore: tuple[float, ...] = ()
    confidence: Confidence = Confidence.NONE
    why: Why = Why.UNKNOWN


_KNOWN_IDS = {
    "4097": ("AirTemperature", "°C"),
    "4098": ("AirHumidity", "%"),
    "4100": ("CO2", "ppm"),
    "4102": ("Temperature", "°C"),
    "4103": ("Moisture", "%"),
    "4106": ("pH", ""),
    "4108": ("EC", "dS/m"),
}
"""SenseCAP's numbers of what is measured."""

_UNIT_WORDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("°F", frozenset({"f", "fahrenheit", "degf", "tempf"})),
    ("°C", frozenset({"c", "celsius", "degc", "tempc", "centigrade"})),
    ("K", frozenset({"kelvin"})),
    ("mV", frozenset({"mv", "millivolt", "millivolts"})),
    ("V", frozenset({"v", "volt", "volts", "voltage", "batv"})),
    ("dS/m", frozenset({"ds", "dsm"})),
    ("mS/cm", frozenset({"mscm", "ms"})),
    ("mS/m", frozenset({"msm"})),
    ("µS/cm", frozenset({"us", "uscm"})),
    ("m³/m³", frozenset({"m3m3"})),
    ("fraction", frozenset({"fraction", "ratio", "frac"})),
    ("%", frozenset({"percent", "pct", "perc", "percentage"})),
    ("g/kg", frozenset({"gkg"})),
    ("klx", frozenset({"klx", "klux"})),
)
_UNIT_KEY = re.compile(r"(?i)(?:^|_|temp|temperature)unit$|^unit|^uom$")
_SENTINELS = (
    327.67, 327.6, -327.68, 327.68, 3276.7, 32767.0, -32768.0, 65535.0, 6553.5, 655.35, 655.34,
    -127.0, -999.0, -9999.0, 999.9, 9999.0, 99999.0, -99.0, -100.0, -273.15, -3276.8, 255.0,
)  # fmt: skip
_SPANS = {
    **{channel.key: (channel.sensor_min, channel.sensor_max) for channel in CHANNELS},
    **{extra.key: (extra.least, extra.most) for extra in EXTRA_BY_KEY.values()},
}
_AMPLE_CELSIUS = 60.0
_LEAST_CENTI = 500.0


def first_guess(raw: RawRow, words: Words, others: tuple[RawRow, ...]) -> Row:
    """What a value is by itself. `to` is "temperature?" or "humidity?" where the other values
    of the message decide of what."""
    row = Row(raw.path, raw.shown, raw.kind, raw.number)
    if raw.number is None:
        return msgspec.structs.replace(row, why=Why.NO_NUMBER)
    for name in reversed(raw.names):
        known = _KNOWN_IDS.get(name)
        if known is not None and "measurement" in raw.path:
            if not raw.path.endswith("measurementValue"):
                return row
            return _with(row, *known, Confidence.HIGH, Why.KNOWN_ID)
    meaning = meaning_of(words)
    if meaning is None:
        return row
    if meaning.target in ("temperature?", "humidity?"):
        return msgspec.structs.replace(row, to=meaning.target)
    return measured(row, raw, meaning, words, others)


def measured(
    row: Row, raw: RawRow, meaning: Meaning, words: Words, others: tuple[RawRow, ...]
) -> Row:
    """The row as what its name means, in the unit that name, neighbours and size suggest."""
    target, why = meaning.target, Why.NAME if meaning.sure else Why.ABBREVIATION
    assert raw.number is not None, "only numbers are measured"
    if target == "Battery" and (raw.number > 100 or _is_volts(raw)):
        target = "BatteryVoltage"
    confidence = Confidence.HIGH if meaning.sure else Confidence.MEDIUM
    if not meaning.sure and words.in_soil:
        why = Why.SOIL
    unit = _named_unit(target, words, raw, others)
    return _sized(_with(row, target, unit or "", confidence, why), bool(unit))


def _is_volts(raw: RawRow) -> bool:
    value = raw.number or 0.0
    return 1.5 <= value <= 5.0 and not value.is_integer()


def _with(row: Row, to: str, unit: str, confidence: Confidence, why: Why) -> Row:
    found = unit_of(to, unit)
    name = found.name if found is not None else ""
    return msgspec.structs.replace(row, to=to, unit=name, confidence=confidence, why=why)


def _named_unit(target: str, words: Words, raw: RawRow, others: tuple[RawRow, ...]) -> str | None:
    """The unit that the name, or a neighbour whose name says so, tells."""
    for name, tokens in _UNIT_WORDS:
        if words.key & tokens and unit_of(target, name) is not None:
            return name
    for other in others:
        if not isinstance(other.value, str) or not other.names:
            continue
        near = other.parent == raw.parent[: len(other.parent)]
        if near and _UNIT_KEY.search(other.names[-1]):
            tokens = frozenset(words_of([other.value]).key) | {other.value.lower().strip("° ")}
            for name, known in _UNIT_WORDS:
                if tokens & known and unit_of(target, name) is not None:
                    return name
            found = unit_of(target, other.value.strip())
            if found is not None and other.value.strip():
                return found.name
    return None


def _sized(row: Row, unit_is_known: bool) -> Row:
    """Looks whether the number fits, and whether another unit or factor makes it fit."""
    value = row.number
    assert value is not None, "only numbers have a size"
    if not unit_is_known:
        row = _guessed_unit(row, value)
    unit = unit_of(row.to, row.unit)
    least, most = _SPANS[row.to]
    kept = unit.kept(value * row.scale) if unit is not None else value
    if least <= kept <= most:
        return row
    if any(abs(value - sentinel) < 1e-6 for sentinel in _SENTINELS):
        return msgspec.structs.replace(row, ignore=(value,), why=Why.SENTINEL)
    return msgspec.structs.replace(row, confidence=Confidence.LOW, why=Why.OUT_OF_RANGE)


def _guessed_unit(row: Row, value: float) -> Row:
    whole = value.is_integer()
    unit, scale = row.unit, 1.0
    if row.to == "Moisture" and 0 < value < 1 and not whole:
        unit = "fraction"
    elif row.to in ("Moisture", "AirHumidity") and whole and _LEAST_CENTI <= value <= 10_000:
        scale = 0.01
    elif row.to == "EC" and 0 < value < 20 and not whole:
        unit = "dS/m"
    elif row.to == "BatteryVoltage" and value > 100:
        unit = "mV"
    elif row.to in ("Temperature", "AirTemperature", "Temperature2"):
        if _AMPLE_CELSIUS < value <= 120:
            unit = "°F"
        elif whole and 100 < value < _LEAST_CENTI:
            scale = 0.1
        elif whole and _LEAST_CENTI <= value <= 6000:
            scale = 0.01
    elif row.to == "pH" and whole and 30 <= value <= 140:
        scale = 0.1
    elif row.to == "pH" and whole and 300 <= value <= 1400:
        scale = 0.01
    if unit == row.unit and scale == 1.0:
        return row
    confidence = row.confidence if row.to == "BatteryVoltage" else Confidence.LOW
    return msgspec.structs.replace(
        row, unit=unit, scale=scale, confidence=confidence, why=Why.RANGE
    )
