"""Names of quantities that nobody can mistake, for objects of no known maker.

A name counts where it says what was measured and where: `soil_moisture`, never `moisture`;
`air_humidity`, never `humidity`; `battery_voltage`, never `battery`. Case, spaces and the signs
- _ . / make no difference. What is left is for a template, in which a person says it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from harit_desktop.wire.formats.plain_units import (
    Part,
    Quantity,
    Told,
    Units,
    in_kept_units,
    unit_subjects,
)
from harit_desktop.wire.formats.unit_words import Conversion, as_is, thousandfold, thousandth
from harit_desktop.wire.sighting import celsius_of_fahrenheit, number

_SIGNS = str.maketrans("", "", "_-. /")
_LONGEST_NAME = 48
_NAMES = {
    "Moisture": "soilmoisture soilhumidity soilwatercontent soilvwc soilvolumetricwatercontent",
    "Temperature": "soiltemperature soiltemp",
    "pH": "soilph phsoil soilphvalue soilphlevel",
    "N": "nitrogen soilnitrogen npknitrogen npkn soiln",
    "P": "phosphorus phosphorous soilphosphorus soilphosphorous npkphosphorus npkphosphorous "
    "npkp soilp",
    "K": "potassium soilpotassium npkpotassium npkk soilk",
    "CO2": "co2 carbondioxide soilco2 airco2",
    "AirTemperature": "airtemperature airtemp ambienttemperature ambienttemp",
    "AirHumidity": "airhumidity ambienthumidity airrelativehumidity",
    "Light": "illuminance",
    "MoistureRaw": "soilmoistureraw soilmoistureadc rawsoilmoisture",
    "BatteryVoltage": "batteryvoltage vbat",
    "RSSI": "rssi wifirssi",
    "SNR": "snr",
}
_NAMES_WITH_UNIT: dict[tuple[str, Conversion], str] = {
    ("Moisture", as_is): "soilmoisturepercent soilmoisturepct",
    ("Temperature", as_is): "soiltemperaturec soiltempc soiltemperaturecelsius",
    ("Temperature", celsius_of_fahrenheit): "soiltemperaturef soiltempf soiltemperaturefahrenheit",
    ("N", as_is): "nitrogenmgkg soilnitrogenmgkg",
    ("P", as_is): "phosphorusmgkg soilphosphorusmgkg",
    ("K", as_is): "potassiummgkg soilpotassiummgkg",
    ("CO2", as_is): "co2ppm carbondioxideppm soilco2ppm",
    ("EC", as_is): "soilecuscm soilconductivityuscm ecuscm conductivityuscm "
    "soilelectricalconductivityuscm",
    ("EC", thousandfold): "soilecdsm soilconductivitydsm ecdsm soilecmscm ecmscm",
    ("AirTemperature", as_is): "airtemperaturec airtempc",
    ("AirTemperature", celsius_of_fahrenheit): "airtemperaturef airtempf",
    ("Light", as_is): "illuminancelux lightlux lightlx lux",
    ("Battery", as_is): "batterypercent batterypercentage batterypct batterylevelpercent",
    ("BatteryVoltage", as_is): "batteryvolt batteryvolts batteryv batv",
    ("BatteryVoltage", thousandth): "batterymv batteryvoltagemv batmv",
    ("RSSI", as_is): "rssidbm",
    ("SNR", as_is): "snrdb",
}
_BARE = frozenset({"nitrogen", "phosphorus", "phosphorous", "potassium"})
"""Elements of the air and of water too: one of them alone does not tell of soil."""
_FRACTIONS = frozenset({"soilvwc", "soilwatercontent", "soilvolumetricwatercontent"})
"""Told in percent by some and as a fraction by others: up to 1 without a unit it may be both."""
_QUANTITIES: dict[str, tuple[str, Conversion | None]] = {
    **{name: (key, None) for key, names in _NAMES.items() for name in names.split()},
    **{
        name: (key, fixed)
        for (key, fixed), names in _NAMES_WITH_UNIT.items()
        for name in names.split()
    },
}
"""Key of each name, and the conversion where the name says the unit."""
_OF_SOIL = frozenset({"Moisture", "Temperature", "pH", "N", "P", "K"})
_NEVER_AIR = _OF_SOIL | {"EC", "MoistureRaw"}
_GROUPS = frozenset(
    {"data", "sensor", "sensors", "reading", "readings", "value", "values", "measurement"}
    | {"measurements", "payload", "telemetry", "npk", "soil", "air", "ambient"}
)
"""Objects that may hold quantities; in any other they can be limits, targets or forecasts."""
_AIR = frozenset({"air", "ambient"})
_SOIL = frozenset({"soil", "npk"})
_PREFIXES = _AIR | _SOIL
_NO_READINGS = frozenset(
    {"command", "cmd", "method", "action", "setpoint", "setpoints", "threshold", "thresholds"}
    | {"forecast", "forecasts", "prediction", "predictions", "predicted", "target", "targets"}
    | {"goal", "goals", "config", "configuration", "settings"}
)
"""Names in messages that tell what shall or will be."""
_KINDS = frozenset(
    {"type", "kind", "mode", "messagetype", "msgtype", "event", "eventtype", "datatype"}
    | {"category", "purpose", "readingtype", "valuetype", "recordtype", "payloadtype"}
)
_NOT_MEASURED = frozenset(
    {"command", "cmd", "config", "configuration", "setting", "settings", "setpoint", "target"}
    | {"goal", "threshold", "limit", "limits", "forecast", "prediction", "predicted", "estimate"}
    | {"estimated", "expected", "ideal", "desired", "alarm", "alert", "calibration", "simulation"}
    | {"simulated", "simulator", "test", "demo", "mock", "fake", "dummy", "example"}
    | {"average", "avg", "mean", "median", "min", "max", "minimum", "maximum", "summary"}
    | {"statistics", "stats", "aggregate", "modelled", "modeled", "virtual"}
)
"""Words for the kind of a message with which its numbers are no measurements of now."""
_SIMULATED = frozenset({"simulated", "simulation", "issimulated"})


class _NoReading(Exception):
    """The message tells no measurement, or contradicts itself."""


class _Meaning(msgspec.Struct, frozen=True, gc=False):
    """Of a name: a quantity, what a unit is of, or a kind that says what the message is."""

    quantity: Quantity | None = None
    unit_of: frozenset[str] | None = None
    group: str = ""
    says_kind: bool = False
    says_simulated: bool = False
    forbids: bool = False


def read(tree: dict[str, Any]) -> dict[str, float] | None:
    """What the names in an object and in the objects right inside it tell, by key of a channel.

    None where none of them tells a quantity of the soil, where two that mean the same one
    differ, where a unit is not understood, and where the message says that it is none of
    measurements.
    """
    parts: list[Part] = []
    try:
        groups = _scope("", tree, parts)
        if groups is not None:
            for group, inside in groups:
                _scope(group, inside, parts)
    except _NoReading:
        return None
    found = in_kept_units(parts)
    return None if found is None or _OF_SOIL.isdisjoint(found) else found


@lru_cache(maxsize=512)
def plain_name(name: str) -> str:
    """A name in lower case and without signs; "" for one that is too long to be one."""
    return name.translate(_SIGNS).lower() if len(name) <= _LONGEST_NAME else ""


def _scope(
    group: str, inside: dict[str, Any], parts: list[Part]
) -> list[tuple[str, dict[str, Any]]] | None:
    """Adds the quantities and units of one object; the objects in it that may hold more."""
    told: Told = []
    units: Units | None = None
    groups: list[tuple[str, dict[str, Any]]] | None = None
    is_bare = False
    for name, sent in inside.items():
        meaning = _meaning(group, name)
        if meaning is None:
            if not group and type(sent) is dict:
                units = _units_elsewhere(sent, units)
        elif meaning.quantity is not None:
            value = number(sent)
            if value is not None:
                told.append((meaning.quantity, value))
                is_bare = is_bare or meaning.quantity.bare
        elif meaning.group:
            if type(sent) is dict:
                groups = groups or []
                groups.append((meaning.group, sent))
        elif meaning.unit_of is not None:
            units = units or Units()
            units.add(meaning.unit_of, sent)
        else:
            _refuse_no_reading(meaning, sent, group)
    if is_bare and len({one.key for one, _ in told if one.bare}) == 1:
        told = [pair for pair in told if not pair[0].bare]
    parts.append((told, units))
    return groups


def _refuse_no_reading(meaning: _Meaning, sent: object, group: str) -> None:
    if meaning.says_simulated:
        # At the top it names the simulator as the source of a reading.
        if sent not in (None, False, "false") and not (sent is True and not group):
            raise _NoReading
    elif meaning.forbids or (type(sent) is str and _is_not_measured(sent)):
        raise _NoReading


@lru_cache(maxsize=512)
def _is_not_measured(kind: str) -> bool:
    words = "".join(c if c.isalpha() else " " for c in kind[:80].lower()).split()
    return not _NOT_MEASURED.isdisjoint(words)


def _units_elsewhere(inside: dict[str, Any], units: Units | None) -> Units | None:
    """A unit of ours in an object that holds no quantities may still be meant for them."""
    for name, sent in inside.items():
        meaning = _meaning("", name)
        if meaning is not None and meaning.unit_of:
            units = units or Units()
            units.add_elsewhere(meaning.unit_of, sent)
    return units


@lru_cache(maxsize=1024)
def _meaning(group: str, name: str) -> _Meaning | None:
    """What a name means inside of a group ("" at the top)."""
    plain = plain_name(name)
    if not group and plain in _GROUPS:
        return _Meaning(group=plain)
    quantity = _QUANTITIES.get(group + plain) if group in _PREFIXES else None
    full = plain if quantity is None else group + plain
    quantity = quantity or _QUANTITIES.get(plain)
    if quantity is not None:
        key, fixed = quantity
        if group in _AIR and key in _NEVER_AIR:
            return None
        is_bare = plain in _BARE and group not in _SOIL
        return _Meaning(Quantity(key, fixed, is_bare, full in _FRACTIONS))
    if plain in _NO_READINGS:
        return _Meaning(forbids=True)
    if plain in _KINDS:
        return _Meaning(says_kind=True)
    if plain in _SIMULATED:
        return _Meaning(says_simulated=True)
    subjects = unit_subjects(plain, group if group in _PREFIXES else "", _QUANTITIES)
    return None if subjects is None else _Meaning(unit_of=subjects)
