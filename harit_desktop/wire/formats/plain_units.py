"""The units that a message of no known maker tells beside its quantities.

`temperature_unit`, `soil_moisture_unit`, `unit` and the like hold for the object in which they
stand, those at the top for the objects inside too. A name that has its unit in it (`soil_temp_f`)
needs none and takes none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harit_desktop.wire.formats.unit_words import Conversion, as_is, conversion

_SUFFIXES = ("unitofmeasurement", "unitofmeasure", "unitsystem", "units", "unit", "uom", "scale")
_TEMPERATURES = frozenset({"Temperature", "AirTemperature"})
_OF_MANY = {
    "temperature": _TEMPERATURES,
    "temp": _TEMPERATURES,
    "moisture": frozenset({"Moisture"}),
    "vwc": frozenset({"Moisture"}),
    "npk": frozenset({"N", "P", "K"}),
    "nutrient": frozenset({"N", "P", "K"}),
    "nutrients": frozenset({"N", "P", "K"}),
}
_OF_ALL: frozenset[str] = frozenset()
_METRIC = "metric"


class Quantity(msgspec.Struct, frozen=True, gc=False):
    """What a name tells. `fixed` is the conversion where the name says the unit; a `bare` name
    tells of soil only beside others; `may_be_fraction` where up to 1 it may be both."""

    key: str
    fixed: Conversion | None
    bare: bool
    may_be_fraction: bool


class Units:
    """The units told in one object."""

    __slots__ = ("general", "of_key", "unclear")

    def __init__(self) -> None:
        self.general: Any = None
        self.of_key: dict[str, Any] = {}
        self.unclear = False

    def add(self, subjects: frozenset[str], sent: Any) -> None:
        """Notes a unit of some quantities, of all of them where `subjects` is empty."""
        if sent is None or sent == "":
            return
        if subjects:
            for key in subjects:
                self.unclear |= self.of_key.setdefault(key, sent) != sent
        else:
            self.unclear |= self.general is not None and self.general != sent
            self.general = sent

    def add_elsewhere(self, subjects: frozenset[str], sent: Any) -> None:
        """Notes a unit in an object that is not known: one that changes nothing is let pass."""
        if sent is None or sent == "":
            return
        for key in subjects:
            if type(sent) is not str or conversion(key, sent) is not as_is:
                self.unclear = True


Told = list[tuple[Quantity, float]]
Part = tuple[Told, Units | None]
"""What one object tells."""


def unit_subjects(plain: str, group: str, names: Mapping[str, Any]) -> frozenset[str] | None:
    """The keys whose unit is told under a name, empty for all; None where it tells no unit of
    ours. `group` is the kind of object it stands in (soil, air), `names` the quantities."""
    suffix = next((one for one in _SUFFIXES if plain.endswith(one)), None)
    if suffix is None:
        return None
    subject = plain.removesuffix(suffix)
    if not subject or suffix == "unitsystem":
        return _OF_ALL
    for name in (group + subject, subject) if group else (subject,):
        if name in names:
            return frozenset({names[name][0]})
    return _OF_MANY.get(subject)


def in_kept_units(parts: list[Part]) -> dict[str, float] | None:
    """The quantities of all objects of a message in the catalogue's units, by key; of `parts`
    the first is the message itself.

    None where a unit is not understood, where a general one (`unit`) fits none of them, and
    where one quantity is told twice with different values.
    """
    found: dict[str, float] = {}
    above = parts[0][1]
    for told, units in parts:
        if units is not None and not _are_clear(units, told if units is not above else _all(parts)):
            return None
        for quantity, sent in told:
            convert = quantity.fixed
            if convert is None and (units is not None or above is not None):
                convert = _told_conversion(quantity.key, units, above)
                if convert is None:
                    return None
            if convert is None or convert is _untold:
                if quantity.may_be_fraction and -1.0 <= sent <= 1.0:
                    return None
                value = sent
            else:
                value = convert(sent)
            if found.setdefault(quantity.key, value) != value:
                return None
    return found


def _all(parts: list[Part]) -> Told:
    """What is told at the top is told of all that is inside."""
    return [one for told, _ in parts for one in told]


def _are_clear(units: Units, about: Told) -> bool:
    if units.unclear:
        return False
    general = units.general
    if general is None or general == _METRIC or not about:
        return True
    if type(general) is not str:
        return False
    return any(conversion(quantity.key, general) is not None for quantity, _ in about)


def _untold(value: float) -> float:
    return value


def _told_conversion(key: str, units: Units | None, above: Units | None) -> Conversion | None:
    """By the unit in its own object, else by that above it; None where it is not understood, or
    where one object tells two."""
    for scope in (units, above):
        if scope is None:
            continue
        general = scope.general
        convert = conversion(key, general) if type(general) is str else None
        named = scope.of_key.get(key)
        if named is not None:
            by_name = conversion(key, named) if type(named) is str else None
            return by_name if convert is None or convert is by_name else None
        if convert is not None:
            return convert
    return _untold
