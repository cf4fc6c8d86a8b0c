"""What a name in a message may mean: the words of several makers and languages.

Knows names only; what a number or its neighbours add is judged in `proposals`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_TOKEN = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+|[\u0900-\u0dff]+|[^\W\d_]+")
_ODD_CASES = (
    (re.compile(r"pH(?![a-z])"), " ph "),
    (re.compile(r"(?<![A-Za-z])PH(?![a-z])"), " ph "),
    (re.compile(r"mV(?![a-z])"), " mv "),
    (re.compile(r"(?i)e?co_?2(?![0-9a-z])"), lambda m: f" {m[0].lower().replace('_', '')} "),
    (re.compile(r"(?i)m3[/_]?m3"), " m3m3 "),
    (re.compile(r"(?i)([umd])s[/_](cm|m)(?![a-z])"), r" \1s\2 "),
    (re.compile(r"[µμ]S/?cm"), " uscm "),
)

_SOIL_WHOLE = frozenset({"sol", "ground", "terra", "solo", "flora", "plant", "root", "mitti"})
_SOIL_PARTS = ("soil", "boden", "bodem", "erde", "suelo", "terreno", "почв", "土")
_AIR_WHOLE = frozenset(
    {
        "air", "luft", "aire", "ambient", "amb", "room", "outdoor", "indoor", "inside", "outside",
        "out", "in", "bme280", "bme680", "sht", "sht31", "sht40", "sht30", "dht", "dht22", "hdc",
        "aht20", "scd40", "scd30", "scd41", "weather", "raum",
    }
)  # fmt: skip
_AIR_PARTS = ("ambient", "luft", "outdoor", "indoor", "umgebung", "возд")
_DEVICE_WHOLE = frozenset(
    {
        "case", "board", "internal", "int", "chip", "cpu", "mcu", "device", "core", "housing",
        "pcb", "battery", "bat", "ds18b20", "ds", "external", "ext", "extern", "probe2",
    }
)  # fmt: skip

_HUMIDITY = (
    "humid", "humed", "umid", "feucht", "wilgotn", "vlhkost", "vocht", "fukt", "влажн", "湿",
)  # fmt: skip
_HUMIDITY_WHOLE = frozenset({"hum", "rh", "nem", "relh", "humi"})
_MOISTURE = ("moist", "aardati", "नमी", "ओलावा", "mulch")
_MOISTURE_WHOLE = frozenset({"moi", "vwc", "swc", "smc", "nami", "olava", "theta", "soilm"})
_LIGHT = ("illumin", "lumin", "brightness", "helligkeit", "lumiere", "eclairement", "luxim")
_LIGHT_WHOLE = frozenset({"lux", "light", "luz", "licht", "ljus", "lx", "prakash"})
_EC = (
    "conduct",
    "fertility",
    "leitfahig",
    "leitf",
    "electricity",
    "conduc",
    "przewodn",
    "электропров",
)
_EC_WHOLE = frozenset({"ec", "cond", "bulkec", "soilec", "ece", "ecb"})
_SALT = ("salinity", "salinid", "salinite", "salinita", "salzgehalt", "zasolen")
_BATTERY = ("batt", "bateri", "akku", "accu", "pila")
_BATTERY_WHOLE = frozenset({"bat", "soc", "batv", "batlevel"})
_VOLTS = ("voltage", "spannung", "tension", "voltaje", "volt")
_VOLTS_WHOLE = frozenset({"v", "mv", "vbat", "vcc", "vdd", "batv", "vbatt", "volts"})
_LINK = ("linkquality", "lqi")
_RAW_WHOLE = frozenset({"raw", "adc", "ad", "counts", "soilad", "analog"})
_TEMPERATURE = ("temperat", "tempera", "темпер", "तापमान", "温度", "tapman", "teplota", "lampotila")
_TEMPERATURE_WHOLE = frozenset({"temp", "tmp", "tem", "t", "tsoil", "ts", "ta", "tair", "tempc"})
_NOT_TEMPERATURE = ("dewpoint", "taupunkt", "heatindex", "windchill", "unit", "template", "time")
_CO2 = ("co2", "carbondioxide", "kohlendioxid", "kohlenstoffdioxid", "dioxid", "anhidrido")
_NUTRIENTS = {
    "N": ("nitrogen", "stickstoff", "azot", "nitrogen", "nitrog", "азот", "नाइट्रोजन", "氮"),
    "P": ("phosph", "fosfor", "фосф", "फॉस्फ", "स्फुरद", "磷"),
    "K": ("potass", "potas", "kalium", "kali", "калий", "पोटैश", "पालाश", "钾"),
}

METADATA_PARTS = (
    "metadata", "rxinfo", "txinfo", "settings", "location", "gateway", "networkids", "versionids",
    "correlation", "modulation", "frequency", "bandwidth", "spreading", "airtime", "latitude",
    "longitude", "altitude", "uptime", "version", "firmware", "sequence", "interval", "counter",
    "deduplication", "latitud", "channelindex", "datarate", "heap", "checksum",
)  # fmt: skip
_METADATA_WHOLE = frozenset(
    {
        "lat", "lon", "lng", "alt", "fcnt", "fport", "port", "count", "seq", "id", "ids", "eui",
        "mic", "crc", "err", "error", "status", "flag", "mod", "boost", "ver", "fw", "hw",
        "index", "timestamp", "time", "date", "unit", "units", "dr", "adr", "type", "model",
        "vendor", "mac", "serial", "tvoc", "pm", "confirmed", "year", "month", "day", "hour",
        "minute", "second", "ok", "state", "alarm", "wetness", "rain", "wind", "pressure",
        "threshold", "limit", "min", "max", "setpoint", "target", "calibration", "cal", "eco2",
    }
)  # fmt: skip
_GENERIC = frozenset({"value", "val", "v", "reading", "data", "measurement", "measurementvalue"})


class Words(NamedTuple):
    """A name taken apart. `key` is its last part, `context` all that stands before it."""

    key: frozenset[str]
    joined: str
    context: frozenset[str]
    context_joined: str

    @property
    def in_soil(self) -> bool:
        return _about(self, _SOIL_WHOLE, _SOIL_PARTS)

    @property
    def in_air(self) -> bool:
        return _about(self, _AIR_WHOLE, _AIR_PARTS)

    @property
    def of_device(self) -> bool:
        return bool((self.key | self.context) & _DEVICE_WHOLE)

    @property
    def is_metadata(self) -> bool:
        """Whether it tells of the network or the program, not of the soil."""
        return bool(
            self.key & _METADATA_WHOLE
            or any(part in self.joined or part in self.context_joined for part in METADATA_PARTS)
        )


def _about(words: Words, whole: frozenset[str], parts: tuple[str, ...]) -> bool:
    if (words.key | words.context) & whole:
        return True
    return any(part in words.joined or part in words.context_joined for part in parts)


def tokens_of(name: str) -> list[str]:
    """The words of a name in lower case, without accents: "soilTemp_C" is soil, temp, c."""
    for odd, even in _ODD_CASES:
        name = odd.sub(even, name)
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(char for char in plain if not unicodedata.combining(char) or ord(char) > 0x900)
    return [token.lower() for token in _TOKEN.findall(plain)]


def words_of(parts: list[str]) -> Words:
    """The words of the parts of a path; the last one names the value, unless it only says
    "value"."""
    taken = [tokens_of(part) for part in parts]
    last = taken.pop() if taken else []
    while taken and set(last) <= _GENERIC:
        last = taken.pop()
    before = [token for tokens in taken for token in tokens]
    return Words(frozenset(_stems(last)), "".join(last), frozenset(_stems(before)), "".join(before))


def _stems(tokens: list[str]) -> list[str]:
    """Each word, and the word without a number at its end: probes are often counted."""
    return [*tokens, *(token.rstrip("0123456789") for token in tokens if token != "co2")]


class Meaning(NamedTuple):
    """`target` is a channel or extra key, or one of the two that others decide: "temperature?"
    (of what?) and "humidity?" (of air or soil?). `sure` is no abbreviation or guess."""

    target: str
    sure: bool


def meaning_of(words: Words) -> Meaning | None:
    """What a name says, None where it says nothing of what is measured."""
    key, joined = words.key, words.joined
    if "rssi" in key or "rssi" in joined:
        return Meaning("RSSI", sure="channel" not in joined)
    if "snr" in key or joined.endswith("snr"):
        return Meaning("SNR", sure=True)
    if joined in _LINK:
        return Meaning("LinkQuality", sure=True)
    if words.is_metadata:
        return None
    for judge in (_of_device, _of_moisture, _of_soil, _of_nutrient, _of_temperature):
        found = judge(words)
        if found is not None:
            return found
    return None


def _has(words: Words, whole: frozenset[str], parts: tuple[str, ...]) -> bool:
    return bool(words.key & whole) or any(part in words.joined for part in parts)


def _of_device(words: Words) -> Meaning | None:
    battery = _has(words, _BATTERY_WHOLE, _BATTERY)
    volts = _has(words, _VOLTS_WHOLE, _VOLTS)
    if battery and volts:
        return Meaning("BatteryVoltage", sure=True)
    if battery:
        return Meaning("Battery", sure=True)
    if volts and (words.key & _VOLTS_WHOLE - {"v", "mv"} or any(v in words.joined for v in _VOLTS)):
        return Meaning("BatteryVoltage", sure=False)
    return None


def _of_moisture(words: Words) -> Meaning | None:
    moist = _has(words, _MOISTURE_WHOLE, _MOISTURE)
    humid = _has(words, _HUMIDITY_WHOLE, _HUMIDITY)
    watery = "water" in words.key and words.in_soil
    raw = bool(words.key & _RAW_WHOLE)
    if raw and (moist or watery or words.in_soil or "ad" in words.key):
        return Meaning("MoistureRaw", sure=moist)
    if words.in_air and (moist or humid) and not moist_of_soil(words):
        return Meaning("AirHumidity", sure=humid)
    if moist or watery:
        return Meaning("Moisture", sure=True)
    if humid:
        return Meaning("Moisture", sure=False) if words.in_soil else Meaning("humidity?", True)
    # A value that is named "soil" and nothing else.
    if words.joined in ("soil", "boden", "suelo"):
        return Meaning("Moisture", sure=False)
    return None


def moist_of_soil(words: Words) -> bool:
    """Whether the name itself says soil, whatever its surroundings say of air."""
    return bool(words.key & _SOIL_WHOLE) or any(part in words.joined for part in _SOIL_PARTS)


def _of_soil(words: Words) -> Meaning | None:
    if _has(words, _LIGHT_WHOLE, _LIGHT):
        return Meaning("Light", sure=True)
    if _has(words, _EC_WHOLE, _EC):
        return Meaning("EC", sure=True)
    if _has(words, frozenset({"tds", "salt"}), _SALT):
        return Meaning("Salinity", sure="tds" not in words.key)
    if any(part in words.joined for part in _CO2) and "eco2" not in words.joined:
        return Meaning("CO2", sure=True)
    if "ph" in words.key or words.joined in ("soilph", "phvalue", "acidity", "ph"):
        return Meaning("pH", sure=True)
    return None


def _of_nutrient(words: Words) -> Meaning | None:
    for target, parts in _NUTRIENTS.items():
        if any(part in words.joined for part in parts):
            return Meaning(target, sure=True)
    letter = words.key & {"n", "p", "k"}
    npk = "npk" in words.key | words.context or "npk" in words.joined + words.context_joined
    if len(letter) == 1 and len(words.joined) <= 7:
        return Meaning(next(iter(letter)).upper(), sure=npk)
    return None


def _of_temperature(words: Words) -> Meaning | None:
    if any(part in words.joined for part in _NOT_TEMPERATURE):
        return None
    named = any(part in words.joined for part in _TEMPERATURE) or words.joined.startswith("temp")
    if not named and not words.key & _TEMPERATURE_WHOLE and not words.joined.endswith("temp"):
        return None
    if moist_of_soil(words) or words.key & {"tsoil", "ts"}:
        return Meaning("Temperature", sure=True)
    if words.key & _AIR_WHOLE or words.key & {"ta", "tair"} or "luft" in words.joined:
        return Meaning("AirTemperature", sure=True)
    if words.key & _DEVICE_WHOLE:
        return Meaning("Temperature2", sure=False)
    if words.in_air:
        return Meaning("AirTemperature", sure=False)
    if words.in_soil:
        return Meaning("Temperature", sure=False)
    return Meaning("temperature?", sure="t" not in words.key)
