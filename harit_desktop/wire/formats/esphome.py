"""ESPHome: one bare number a topic, `<prefix>/sensor/<object id>/state`; they are merged.

What is measured stands in the object id alone, a name that its owner chose. So only exact names
are taken: those of the soil may have a place before or a number behind them, which tells probes of
one board apart (`bed1_soil_moisture`, `soil_moisture_2`). A sensor that
failed says "nan". State messages are retained, so the first ones after connecting may be old.
Birth and last will are online and offline on `<prefix>/status`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from harit_desktop.domain.message import Heard, HeardKind
from harit_desktop.wire.sighting import Sighting, number, sighting_of

_STATES = ("online", "offline")
_STATUS = "/status"
_SENSOR, _STATE = "/sensor/", "/state"
_SOIL = {
    "soil_moisture": "Moisture",
    "soil_humidity": "Moisture",
    "soil_temperature": "Temperature",
    "soil_temp": "Temperature",
    "soil_ph": "pH",
    # Without it the unit of a conductivity is anybody's guess.
    "soil_ec_us_cm": "EC",
    "soil_conductivity_us_cm": "EC",
    "soil_nitrogen": "N",
    "soil_phosphorus": "P",
    "soil_phosphorous": "P",
    "soil_potassium": "K",
}
_PLAIN = {
    "co2": "CO2",
    "carbon_dioxide": "CO2",
    # In the soil or in the air: the name does not say.
    "temperature": "Temperature2",
    "air_temperature": "AirTemperature",
    "humidity": "AirHumidity",
    "air_humidity": "AirHumidity",
    "illuminance": "Light",
    "battery_level": "Battery",
    "battery_voltage": "BatteryVoltage",
    "wifi_signal": "RSSI",
    "wifi_signal_strength": "RSSI",
    "wifi_signal_db": "RSSI",
}
_PLACES = (
    *(
        "bed",
        "zone",
        "plot",
        "row",
        "pot",
        "plant",
        "garden",
        "greenhouse",
        "field",
        "farm",
        "lawn",
    ),
    *(
        "box",
        "planter",
        "block",
        "section",
        "line",
        "tree",
        "tunnel",
        "orchard",
        "vineyard",
        "yard",
    ),
    *(
        "terrace",
        "balcony",
        "patio",
        "house",
        "polyhouse",
        "glasshouse",
        "hothouse",
        "area",
        "site",
    ),
    *("spot", "sensor", "probe", "node", "channel", "station", "raised", "hanging", "nursery"),
    *("north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"),
    *("left", "right", "front", "back", "rear", "middle", "center", "centre", "inner", "outer"),
    *("shallow", "deep", "surface", "depth", "root", "hill", "valley", "slope"),
    *("tomato", "tomatoes", "chili", "chilli", "pepper", "cucumber", "lettuce", "spinach", "onion"),
    *("potato", "carrot", "cabbage", "bean", "beans", "pea", "peas", "maize", "corn", "wheat"),
    *("rice", "cotton", "sugarcane", "strawberry", "basil", "mint", "herb", "herbs", "rose"),
    *("mango", "banana", "apple", "citrus", "lemon", "orange", "grape", "coffee", "tea", "flower"),
    *("xiaomi", "miflora", "hhccjcy01", "hhccpot002"),
)
"""Words before a name that only say where or by which probe. With any other one (`forecast`,
`upper`, `pool`) the number may be a wish, a limit or of something else than soil."""
_PLACE = rf"(?:{'|'.join(_PLACES)})[0-9]{{0,3}}(?:_[0-9]{{1,3}}|_[a-z]|_?[0-9]{{1,3}}cm)?"
_NAME = re.compile(
    rf"(?:({_PLACE}(?:_{_PLACE}){{0,3}}|[0-9]{{1,3}}cm|[a-g])_)?"
    rf"({'|'.join(_SOIL)})(?:_([0-9]{{1,3}}|[0-9]{{1,3}}cm))?",
)
_MAX_OBJECT_ID = 80


class EspHome:
    """Decodes single values; the device is the prefix, and the word or number that the name has
    beside the quantity: `greenhouse`, `greenhouse/bed1`."""

    name = "esphome"

    def claims(self, topic: str, tree: object) -> bool:
        kind = type(tree)
        if kind is not str and kind is not float and kind is not int:
            return False
        if topic.endswith(_STATUS):
            return tree in _STATES
        return topic.endswith(_STATE) and bool(_split(topic)[0])

    def sightings(self, topic: str, tree: Any) -> tuple[Sighting, ...] | Heard:
        if topic.endswith(_STATUS):
            return Heard(HeardKind.STATUS, topic.removesuffix(_STATUS))
        prefix, object_id = _split(topic)
        value, meant = number(tree), _meaning(object_id)
        if value is None or meant is None:
            return ()
        channel, probe = meant
        publisher_id = f"{prefix}/{probe}" if probe else prefix
        sighting = sighting_of(publisher_id, {channel: value}, partial=True)
        return () if sighting is None else (sighting,)


def _split(topic: str) -> tuple[str, str]:
    """Prefix and object id; both empty where the topic is another."""
    prefix, found, rest = topic.rpartition(_SENSOR)
    object_id = rest.removesuffix(_STATE)
    return (prefix, object_id) if found and object_id and "/" not in object_id else ("", "")


@lru_cache(maxsize=1024)
def _meaning(object_id: str) -> tuple[str, str] | None:
    """The channel that an object id names, and the probe's part of it."""
    channel = _PLAIN.get(object_id)
    if channel is not None:
        return channel, ""
    found = _NAME.fullmatch(object_id) if len(object_id) <= _MAX_OBJECT_ID else None
    if found is None:
        return None
    word, name, count = found.groups()
    return _SOIL[name], "_".join(part for part in (word, count) if part)


FORMAT = EspHome()
