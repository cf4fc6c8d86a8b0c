"""Names of quantities that nobody can mistake, for objects of no known maker.

A name counts where it says what was measured and where: `soil_moisture`, never `moisture`;
`air_humidity`, never `humidity`; `battery_voltage`, never `battery`. Case, spaces and the signs
- _ . / make no difference. What is left is for a template, in which a person says it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from harit_desktop.wire.sighting import celsius_of_fahrenheit, number, scaled

_SIGNS = str.maketrans("", "", "_-. /")
_LONGEST_NAME = 48
_NAMES = {
    "Moisture": "soilmoisture soilmoisturepercent soilmoisturepct soilhumidity soilwatercontent "
    "soilvwc soilvolumetricwatercontent",
    "Temperature": "soiltemperature soiltemp soiltemperaturec soiltempc soiltemperaturecelsius",
    "pH": "soilph phsoil soilphvalue soilphlevel",
    "N": "nitrogen soilnitrogen nitrogenmgkg soilnitrogenmgkg npknitrogen npkn soiln",
    "P": "phosphorus phosphorous soilphosphorus soilphosphorous phosphorusmgkg "
    "soilphosphorusmgkg npkphosphorus npkphosphorous npkp soilp",
    "K": "potassium soilpotassium potassiummgkg soilpotassiummgkg npkpotassium npkk soilk",
    "CO2": "co2 co2ppm carbondioxide carbondioxideppm soilco2 soilco2ppm airco2",
    "EC": "soilecuscm soilconductivityuscm ecuscm conductivityuscm soilelectricalconductivityuscm",
    "AirTemperature": "airtemperature airtemp airtemperaturec airtempc ambienttemperature "
    "ambienttemp",
    "AirHumidity": "airhumidity ambienthumidity airrelativehumidity",
    "Light": "illuminance illuminancelux lightlux lightlx lux",
    "MoistureRaw": "soilmoistureraw soilmoistureadc rawsoilmoisture",
    "Battery": "batterypercent batterypercentage batterypct batterylevelpercent",
    "BatteryVoltage": "batteryvoltage batteryvolt batteryvolts batteryv vbat batv",
    "RSSI": "rssi rssidbm wifirssi",
    "SNR": "snr snrdb",
}
_KEYS = {name: key for key, names in _NAMES.items() for name in names.split()}
_FAHRENHEIT = {
    "soiltemperaturef": "Temperature",
    "soiltempf": "Temperature",
    "soiltemperaturefahrenheit": "Temperature",
    "airtemperaturef": "AirTemperature",
    "airtempf": "AirTemperature",
}
_DECISIEMENS = frozenset({"soilecdsm", "soilconductivitydsm", "ecdsm", "soilecmscm", "ecmscm"})
_MILLIVOLTS = frozenset({"batterymv", "batteryvoltagemv", "batmv"})
_TEMPERATURES = frozenset({"Temperature", "Temperature2", "AirTemperature"})
_OF_SOIL = frozenset({"Moisture", "Temperature", "pH", "N", "P", "K"})
_UNIT_NAMES = frozenset({"temperatureunit", "tempunit", "soiltemperatureunit", "soiltempunit"})
_GROUPS = frozenset(
    {"data", "sensor", "sensors", "reading", "readings", "value", "values", "measurement"}
    | {"measurements", "payload", "telemetry", "npk", "soil", "air", "ambient"}
)
"""Objects that may hold quantities; in any other they can be limits, targets or forecasts."""
_PREFIXES = frozenset({"npk", "soil", "air", "ambient"})


def read(tree: dict[str, Any]) -> dict[str, float] | None:
    """What the names in an object and in the objects right inside it tell, by key of a channel.

    None where none of them tells a quantity of the soil, and where two that mean the same one
    differ: neither is then believed.
    """
    found: dict[str, float] = {}
    in_fahrenheit = False
    for name, sent in tree.items():
        plain = plain_name(name)
        if type(sent) is dict:
            if plain in _GROUPS and not _take_group(plain, sent, found):
                return None
        elif plain in _UNIT_NAMES:
            in_fahrenheit = type(sent) is str and sent.strip("° ").lower() in ("f", "fahrenheit")
        elif not _take(plain, sent, found):
            return None
    if in_fahrenheit:
        for key in _TEMPERATURES & found.keys() - _named_in_fahrenheit(tree):
            found[key] = celsius_of_fahrenheit(found[key])
    return None if _OF_SOIL.isdisjoint(found) else found


def _named_in_fahrenheit(tree: dict[str, Any]) -> set[str]:
    """The channels whose name says the unit; what a unit elsewhere says is not for them."""
    names = [plain_name(name) for name in tree]
    for name, inside in tree.items():
        if type(inside) is dict:
            group = plain_name(name)
            names += [text for one in inside for text in (plain_name(one), group + plain_name(one))]
    return {_FAHRENHEIT[name] for name in names if name in _FAHRENHEIT}


@lru_cache(maxsize=512)
def plain_name(name: str) -> str:
    """A name in lower case and without signs; "" for one that is too long to be one."""
    return name.translate(_SIGNS).lower() if len(name) <= _LONGEST_NAME else ""


def _take_group(group: str, inside: dict[str, Any], found: dict[str, float]) -> bool:
    for name, sent in inside.items():
        plain = plain_name(name)
        if group in _PREFIXES and _known(group + plain):
            plain = group + plain
        if type(sent) is not dict and not _take(plain, sent, found):
            return False
    return True


def _known(plain: str) -> bool:
    return plain in _KEYS or plain in _FAHRENHEIT or plain in _DECISIEMENS


def _take(plain: str, sent: object, found: dict[str, float]) -> bool:
    """Adds a quantity; False where it is there already and differs."""
    key = _KEYS.get(plain)
    value = None
    if key is not None:
        value = number(sent)
    elif plain in _FAHRENHEIT:
        key, value = _FAHRENHEIT[plain], number(sent)
        value = None if value is None else celsius_of_fahrenheit(value)
    elif plain in _DECISIEMENS:
        key, value = "EC", number(sent)
        value = None if value is None else scaled(value, 1000.0)
    elif plain in _MILLIVOLTS:
        key, value = "BatteryVoltage", number(sent)
        value = None if value is None else scaled(value, 0.001)
    if key is None or value is None:
        return True
    return found.setdefault(key, value) == value
