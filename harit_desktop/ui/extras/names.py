"""Names and values of extra channels in words; of the seven where one of them is meant."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.ui.words import (
    channel_name,
    channel_number,
    channel_short_name,
    channel_value,
    number,
    plain,
)

_CONTEXT = "Extras"


def extra_name(key: str) -> str:
    """The name of an extra channel; the key itself for an unknown one."""
    tr = QCoreApplication.translate
    names = {
        "EC": tr(_CONTEXT, "Conductivity"),
        "Salinity": tr(_CONTEXT, "Salinity"),
        "Light": tr(_CONTEXT, "Light"),
        "Temperature2": tr(_CONTEXT, "Temperature 2"),
        "AirTemperature": tr(_CONTEXT, "Air temperature"),
        "AirHumidity": tr(_CONTEXT, "Air humidity"),
        "MoistureRaw": tr(_CONTEXT, "Raw moisture"),
        "Battery": tr(_CONTEXT, "Battery"),
        "BatteryVoltage": tr(_CONTEXT, "Battery voltage"),
        "RSSI": tr(_CONTEXT, "Signal strength"),
        "SNR": tr(_CONTEXT, "Signal to noise"),
        "LinkQuality": tr(_CONTEXT, "Link quality"),
    }
    return names.get(key, plain(key))


def extra_short_name(key: str) -> str:
    """The name where space is scarce, as beside a strip."""
    tr = QCoreApplication.translate
    names = {
        "Temperature2": tr(_CONTEXT, "Temp. 2"),
        "AirTemperature": tr(_CONTEXT, "Air temp."),
        "BatteryVoltage": tr(_CONTEXT, "Battery V"),
        "RSSI": tr(_CONTEXT, "Signal"),
        "SNR": tr(_CONTEXT, "Signal/noise"),
    }
    return names.get(key, extra_name(key))


def extra_number(key: str, value: float | None) -> str:
    """A value with the decimals of its channel, without its unit."""
    return number(value, EXTRA_BY_KEY[key].precision)


def extra_value(key: str, value: float | None) -> str:
    """A value with its unit, as in "512 µS/cm"."""
    unit, shown = EXTRA_BY_KEY[key].unit, extra_number(key, value)
    if not unit:
        return shown
    return QCoreApplication.translate("Words", "{value} {unit}").format(value=shown, unit=unit)


def extra_unit_spoken(unit: str) -> str:
    """A unit as a screen reader should say it; the unit itself where that says it well."""
    tr = QCoreApplication.translate
    spoken = {
        "µS/cm": tr(_CONTEXT, "microsiemens per centimetre"),
        "mg/l": tr(_CONTEXT, "milligrams per litre"),
        "lx": tr(_CONTEXT, "lux"),
        "V": tr(_CONTEXT, "volts"),
        "dBm": tr(_CONTEXT, "decibel milliwatts"),
        "dB": tr(_CONTEXT, "decibels"),
    }
    return spoken.get(unit, unit)


def quantity_name(key: str) -> str:
    """The name of a channel, be it one of the seven or an extra one."""
    return channel_name(key) if key in CHANNEL_INDEX else extra_name(key)


def quantity_short_name(key: str) -> str:
    """`extra_short_name`, also of one of the seven."""
    return channel_short_name(key) if key in CHANNEL_INDEX else extra_short_name(key)


def quantity_number(key: str, value: float | None) -> str:
    """`extra_number`, also of one of the seven."""
    return channel_number(key, value) if key in CHANNEL_INDEX else extra_number(key, value)


def quantity_value(key: str, value: float | None) -> str:
    """`extra_value`, also of one of the seven."""
    return channel_value(key, value) if key in CHANNEL_INDEX else extra_value(key, value)
