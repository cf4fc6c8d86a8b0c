"""Decoded uplinks of Dragino's soil nodes (LSE01, SE01, SE02, LSPH01, SPH01, LSNPK01) and of its
LHT65 thermometers, as the maker's codecs name their fields.

Traps: numbers come as text, in old codecs with the unit behind them, and with another unit than
the usual one they are converted or left out; 327.6 and 327.67 degrees
mean that no probe is plugged in; the DS18B20 is a second, external probe of which nobody has
said where it is, so it is never taken for the temperature of the soil; `battery` is in volts.
"""

from __future__ import annotations

from typing import Any

from harit_desktop.wire.formats.lorawan_found import Found
from harit_desktop.wire.formats.unit_words import Conversion, conversion
from harit_desktop.wire.sighting import number

_NO_PROBE_C = 327.0
"""From here on a 16-bit temperature is the pattern of a missing probe."""
_ALL_ONES = frozenset({65535.0, 655.35})
"""Sixteen bits of ones, as they are and in hundredths."""
_THERMOMETERS = frozenset({"TempC_SHT", "Hum_SHT", "TempC_DS", "TempC_TMP117"})
_TEMPERATURES = frozenset({"Temperature", "Temperature2", "AirTemperature"})

_NODE, _FIRST, _SECOND = range(3)
_FIELDS: dict[str, tuple[int, str]] = {
    "water_soil": (_FIRST, "Moisture"),
    "moisture_soil": (_FIRST, "Moisture"),
    "temp_soil": (_FIRST, "Temperature"),
    "conduct_soil": (_FIRST, "EC"),
    "ph1_soil": (_FIRST, "pH"),
    "n_soil": (_FIRST, "N"),
    "p_soil": (_FIRST, "P"),
    "k_soil": (_FIRST, "K"),
    "raw_water_soil": (_FIRST, "MoistureRaw"),
    "raw_moisture_soil": (_FIRST, "MoistureRaw"),
    "water_soil2": (_SECOND, "Moisture"),
    "moisture_soil2": (_SECOND, "Moisture"),
    "temp_soil2": (_SECOND, "Temperature"),
    "temp_soi2": (_SECOND, "Temperature"),
    "conduct_soil2": (_SECOND, "EC"),
    "raw_moisture_soil2": (_SECOND, "MoistureRaw"),
    "batv": (_NODE, "BatteryVoltage"),
    "bat": (_NODE, "BatteryVoltage"),
    "battery": (_NODE, "BatteryVoltage"),
    "temp_ds18b20": (_NODE, "Temperature2"),
    "tempc_ds18b20": (_NODE, "Temperature2"),
    "temperature_pro": (_NODE, "Temperature2"),
    "tempc_ds": (_NODE, "Temperature2"),
    "tempc_tmp117": (_NODE, "Temperature2"),
    "tempc_sht": (_NODE, "AirTemperature"),
    "hum_sht": (_NODE, "AirHumidity"),
    "ill_lx": (_NODE, "Light"),
}
"""Probe and key of each field, in lower case: the codecs differ in nothing else."""
_FIELDS.update(
    {
        name: _FIELDS[name.lower()]
        for name in ("BatV", "water_SOIL", "temp_SOIL", "conduct_SOIL", "temp_DS18B20")
    }
)


def read(uplink: dict[str, Any]) -> tuple[Found, ...] | None:
    """The probes of a decoded uplink; None where it is none of Dragino's."""
    probes: tuple[dict[str, float], ...] = ({}, {}, {})
    is_soil_node = False
    silent = {_FIRST, _SECOND} if number(uplink.get("s_flag")) == 0.0 else set()
    for name, sent in uplink.items():
        known = _FIELDS.get(name) or _FIELDS.get(name.lower())
        if known is None:
            continue
        probe, key = known
        is_soil_node = is_soil_node or probe != _NODE
        value = number(sent)
        convert: Conversion | None = None
        if value is None:
            value, convert = _with_unit(key, sent)
            if value is None:
                continue
        if not -_NO_PROBE_C < value < _NO_PROBE_C:
            if key in _TEMPERATURES:
                continue
            if value in _ALL_ONES:
                # This probe did not answer, and what else it seems to say is noise.
                silent.add(probe)
                continue
        probes[probe][key] = value if convert is None else convert(value)
    if not is_soil_node and _THERMOMETERS.isdisjoint(uplink):
        return None
    node, first, second = probes
    if _FIRST not in silent:
        node.update(first)
    if _SECOND in silent or not second:
        return (Found(node),)
    return (Found(node), Found(second, "-2"))


def _with_unit(key: str, sent: object) -> tuple[float | None, Conversion | None]:
    """The number of a text with a unit behind it, and how to make that unit ours; no number
    where the unit is not understood."""
    if type(sent) is not str:
        return None, None
    told, _, unit = sent.partition(" ")
    convert = conversion(key, unit)
    return (None, None) if convert is None else (number(told), convert)
