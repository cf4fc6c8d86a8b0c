"""The families of home automation: what they say, and what must not be taken for soil."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Rejection
from harit_desktop.domain.reading import Reading, Readings, TimeSource
from harit_desktop.wire.formats import THIRD_PARTY
from harit_desktop.wire.formats.ecowitt import FORMAT as ECOWITT
from harit_desktop.wire.formats.esphome import FORMAT as ESPHOME
from harit_desktop.wire.formats.miflora import FORMAT as MIFLORA
from harit_desktop.wire.formats.rtl433 import FORMAT as RTL433
from harit_desktop.wire.formats.tasmota import FORMAT as TASMOTA
from harit_desktop.wire.formats.tasmota import MAX_SENSORS
from harit_desktop.wire.formats.theengs import FORMAT as THEENGS
from harit_desktop.wire.formats.zigbee2mqtt import FORMAT as ZIGBEE
from harit_desktop.wire.reasons import Refused
from harit_desktop.wire.registry import MessageDecoder
from harit_desktop.wire.sighting import Sighting, ThirdPartyFormat

FORMATS: tuple[ThirdPartyFormat, ...] = (
    ZIGBEE,
    TASMOTA,
    THEENGS,
    MIFLORA,
    RTL433,
    ECOWITT,
    ESPHOME,
)
DECODER = MessageDecoder("Asia/Kolkata")
NOW_US = 1_800_000_000_000_000
Seen = tuple[str, dict[str, float], bool]
"""Device, what it tells by key, whether it is a piece."""

TS0601 = {
    "battery": 90,
    "battery_state": "high",
    "last_seen": "2024-03-13T13:06:51.665Z",
    "linkquality": 83,
    "soil_moisture": 56,
    "temperature": 0,
    "temperature_unit": "celsius",
}
TS0601_SEEN = {"Moisture": 56.0, "Temperature": 0.0, "Battery": 90.0, "LinkQuality": 83.0}
STATUS8 = {
    "StatusSNS": {
        "Time": "2019-12-18T10:13:38",
        "Flora-6ab577": {"Temperature": 21.7, "Illuminance": 21, "Humidity": 0, "Fertility": 0},
        "MJ_HT_V1-3108be": {"Temperature": 22.3, "Humidity": 56.1},
        "TempUnit": "C",
    }
}
SCD40 = {
    "Time": "2023-05-28T20:04:27",
    "SCD40": {
        "CarbonDioxide": 618,
        "eCO2": 623,
        "Temperature": 23.8,
        "Humidity": 61.1,
        "DewPoint": 15.8,
    },
    "TempUnit": "C",
}
MIFLORA_JSON = {
    "light": 5424,
    "moisture": 30,
    "temperature": 21.4,
    "conductivity": 1020,
    "battery": 100,
}
MIFLORA_SEEN = {
    "Moisture": 30.0,
    "Temperature": 21.4,
    "EC": 1020.0,
    "Light": 5424.0,
    "Battery": 100.0,
}
THEENGS_JSON = {
    "brand": "Xiaomi/VegTrug",
    "model": "MiFlora",
    "model_id": "HHCCJCY01HHCC",
    "type": "PLANT",
    "moi": 30,
    "mac": "C4:7C:8D:65:B6:63",
}
THEENGS_TOPIC = "home/TheengsGateway/BTtoMQTT/C47C8D65B663"
WH51 = {
    "time": "2026-09-05 13:03:36",
    "model": "Fineoffset-WH51",
    "id": "0f5c54",
    "battery_ok": 1.0,
    "battery_mV": 1600,
    "moisture": 40,
    "boost": 0,
    "ad_raw": 208,
    "mic": "CRC",
}
WH51_SEEN = {"Moisture": 40.0, "MoistureRaw": 208.0, "Battery": 100.0, "BatteryVoltage": 1.6}
SECRET = "0123456789ABCDEF0123456789ABCDEF"
GATEWAY = {
    "PASSKEY": SECRET,
    "stationtype": "GW3000A_V1.0.9",
    "dateutc": "2025-06-19 14:04:09",
    "tempinf": "77.90",
    "humidityin": "48",
    "baromabsin": "29.306",
    "tempf": "75.92",
    "humidity": "51",
    "soilmoisture1": "40",
    "soilad1": "208",
    "soilbatt1": "1.5",
    "soilmoisture2": "12",
    "soilbatt2": "0",
    "soil_ec_hum1": "34",
    "soil_ec_temp1": "50.0",
    "soil_ec1": "512",
    "soil_ec_hum_ad1": "762",
    "soil_ec_ad1": "382",
    "soil_ec_batt1": "1.66",
    "tf_ch1": "68.0",
    "tf_batt1": "1.44",
    "model": "GW3000A",
}
GATEWAY_SEEN: list[Seen] = [
    ("barn/ch1", {"Moisture": 40.0, "MoistureRaw": 208.0, "BatteryVoltage": 1.5}, False),
    ("barn/ch2", {"Moisture": 12.0}, False),
    (
        "barn/ec1",
        {
            "Moisture": 34.0,
            "Temperature": 10.0,
            "EC": 512.0,
            "MoistureRaw": 762.0,
            "BatteryVoltage": 1.66,
        },
        False,
    ),
    ("barn/tf1", {"Temperature": 20.0, "BatteryVoltage": 1.44}, False),
]


def told(sighting: Sighting) -> dict[str, float]:
    values = zip(CHANNELS, sighting.values, strict=True)
    found = {channel.key: value for channel, value in values if value is not None}
    return found | dict(sighting.extras)


def see(family: ThirdPartyFormat, topic: str, tree: object) -> list[Seen]:
    assert family.claims(topic, tree)
    found = family.sightings(topic, tree)
    assert isinstance(found, tuple)
    return [(one.publisher_id, told(one), one.partial) for one in found]


def decode(topic: str, payload: object) -> Any:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return DECODER.decode(RawMessage(topic, raw, NOW_US))


# --- golden: each sample as it comes over the wire


def test_zigbee2mqtt_sample_keeps_the_temperature_stuck_at_0() -> None:
    reading = decode("zigbee2mqtt/bed 1", TS0601)
    assert isinstance(reading, Reading)
    assert (reading.publisher_id, reading.time_source) == ("bed 1", TimeSource.SENT)
    assert reading.timestamp_us == 1_710_335_211_665_000
    assert reading.values[CHANNEL_INDEX["Temperature"]] == 0.0
    assert reading.values[CHANNEL_INDEX["Moisture"]] == 56.0
    assert reading.extras == (("Battery", 90.0), ("LinkQuality", 83.0))


def test_tasmota_sample_is_two_devices_with_two_meanings_of_humidity() -> None:
    both = decode("stat/greenhouse/STATUS8", STATUS8)
    assert isinstance(both, Readings)
    flora, air = both.items
    assert flora.publisher_id == "greenhouse/Flora-6ab577"
    assert flora.values[CHANNEL_INDEX["Moisture"]] == 0.0
    assert flora.values[CHANNEL_INDEX["Temperature"]] == 21.7
    assert flora.extras == (("EC", 0.0), ("Light", 21.0))
    assert air.publisher_id == "greenhouse/MJ_HT_V1-3108be"
    assert set(air.values) == {None}
    assert air.extras == (("AirTemperature", 22.3), ("AirHumidity", 56.1))
    # 10:13:38 on the clock of the profile's zone, five and a half hours ahead.
    assert {flora.timestamp_us, air.timestamp_us} == {1_576_644_218_000_000}


def test_tasmota_carbon_dioxide_sample_is_of_the_air() -> None:
    reading = decode("tele/shed/SENSOR", SCD40)
    assert reading.publisher_id == "shed/SCD40"
    assert reading.values[CHANNEL_INDEX["CO2"]] == 618.0
    assert reading.values[CHANNEL_INDEX["Temperature"]] is None
    assert reading.values[CHANNEL_INDEX["Moisture"]] is None
    assert reading.extras == (("AirTemperature", 23.8), ("AirHumidity", 61.1))


def test_miflora_sample_has_its_name_from_the_topic_and_no_time() -> None:
    reading = decode("miflora/petunia", MIFLORA_JSON)
    assert (reading.publisher_id, reading.time_source) == ("petunia", TimeSource.RECEIVED)
    assert reading.extras == (("EC", 1020.0), ("Light", 5424.0), ("Battery", 100.0))
    assert not reading.partial


def test_theengs_sample_is_a_piece() -> None:
    reading = decode(THEENGS_TOPIC, THEENGS_JSON)
    assert (reading.publisher_id, reading.partial) == ("C47C8D65B663", True)
    assert reading.values[CHANNEL_INDEX["Moisture"]] == 30.0


def test_rtl433_sample() -> None:
    reading = decode("rtl_433/pi/events", WH51)
    assert reading.publisher_id == "Fineoffset-WH51/0f5c54"
    assert reading.time_source is TimeSource.SENT
    assert reading.values[CHANNEL_INDEX["Moisture"]] == 40.0
    assert dict(reading.extras) == {k: v for k, v in WH51_SEEN.items() if k != "Moisture"}


def test_esphome_samples_are_pieces_of_one_device() -> None:
    moisture = decode("greenhouse/sensor/soil_moisture/state", b"43.2")
    warmth = decode("greenhouse/sensor/soil_temperature/state", b"22.8")
    assert {moisture.publisher_id, warmth.publisher_id} == {"greenhouse"}
    assert moisture.partial
    assert warmth.partial
    assert moisture.values[CHANNEL_INDEX["Moisture"]] == 43.2
    assert warmth.values[CHANNEL_INDEX["Temperature"]] == 22.8
    failed = decode("greenhouse/sensor/soil_ph/state", b"nan")
    assert isinstance(failed, Rejection)
    assert failed.problem.code == "not_mapped"
    assert failed.problem.params == {"why": "no_measurement", "family": "esphome"}


def test_ecowitt_gateway_is_a_device_a_probe_and_never_tells_its_key() -> None:
    all_of_it = decode("ecowitt/barn", GATEWAY)
    assert isinstance(all_of_it, Readings)
    assert [one.publisher_id for one in all_of_it.items] == [seen[0] for seen in GATEWAY_SEEN]
    assert all(one.timestamp_us == 1_750_341_849_000_000 for one in all_of_it.items)
    assert SECRET not in repr(all_of_it)


@pytest.mark.parametrize(
    ("topic", "payload", "publisher_id"),
    [
        ("zigbee2mqtt/bed 1/availability", b'{"state":"online"}', "bed 1"),
        ("zigbee2mqtt/bed 1/availability", b"offline", "bed 1"),
        ("zigbee2mqtt_2/bed/availability", b"offline", "zigbee2mqtt_2/bed"),
        ("zigbee2mqtt/bridge/state", b"online", "zigbee2mqtt"),
        ("tele/greenhouse/LWT", b"Online", "greenhouse"),
        ("farm/greenhouse/tele/LWT", b"Offline", "farm/greenhouse"),
        ("home/OpenMQTTGateway/LWT", b"offline", "OpenMQTTGateway"),
        ("miflora/$announce", b"{}", "miflora"),
        ("miflora/connected", b"1", "miflora"),
        ("farm/greenhouse/status", b"online", "farm/greenhouse"),
    ],
)
def test_a_word_about_a_device_is_no_reading(topic: str, payload: bytes, publisher_id: str) -> None:
    assert decode(topic, payload) == Heard(HeardKind.STATUS, publisher_id)


def test_the_families_are_in_the_table() -> None:
    names = [family.name for family in THIRD_PARTY]
    assert [name for name in names if name in {f.name for f in FORMATS}] == [
        family.name for family in FORMATS
    ]


# --- Zigbee2MQTT


@pytest.mark.parametrize(
    ("told_by_it", "expected"),
    [
        (TS0601, TS0601_SEEN),
        # Air and soil on one stake: the thermometer is in the air.
        (
            {"soil_moisture": 20, "temperature": 31, "humidity": 40},
            {"Moisture": 20.0, "AirTemperature": 31.0, "AirHumidity": 40.0},
        ),
        (
            {"soil_moisture": 20, "soil_temperature": 18, "temperature": 31},
            {"Moisture": 20.0, "Temperature": 18.0, "AirTemperature": 31.0},
        ),
        (
            {"temperature": 21, "humidity": 40, "voltage": 2900},
            {"AirTemperature": 21.0, "AirHumidity": 40.0, "BatteryVoltage": 2.9},
        ),
        ({"soil_moisture": 20, "soil_fertility": 350}, {"Moisture": 20.0, "EC": 350.0}),
        (
            {"soil_moisture": 20, "temperature": 71.6, "temperature_unit": "fahrenheit"},
            {"Moisture": 20.0, "Temperature": 22.0},
        ),
        # Either 22 °C with a display in Fahrenheit, or -5.6 °C: nobody knows.
        (
            {"soil_moisture": 20, "temperature": 22, "temperature_unit": "fahrenheit"},
            {"Moisture": 20.0},
        ),
        (
            {
                "soil_moisture": 100,
                "temperature": 40,
                "temperature_f": 104,
                "temperature_unit": "fahrenheit",
            },
            {"Moisture": 100.0, "Temperature": 40.0},
        ),
        ({"soil_moisture": 20, "battery": 255, "voltage": 230}, {"Moisture": 20.0}),
        ({"soil_moisture": 140, "battery": None}, {"Moisture": 140.0}),
    ],
)
def test_zigbee_states(told_by_it: dict[str, Any], expected: dict[str, float]) -> None:
    assert see(ZIGBEE, "zigbee2mqtt/a/b", told_by_it) == [("a/b", expected, False)]


@pytest.mark.parametrize(
    ("device", "told_by_it"),
    [
        ("bulb", {"state": "ON", "brightness": 215, "linkquality": 83}),
        ("door", {"contact": True, "battery": 90, "voltage": 3005, "linkquality": 83}),
        ("pipe", {"temperature": 60, "battery": 90}),
        ("bed/set", {"soil_moisture": 5}),
        ("bed/get", {"soil_moisture": ""}),
        ("bridge/devices", {"soil_moisture": 5}),
        ("bridge/state/more", {"humidity": 5}),
        ("bed", {"soil_moisture": True, "temperature": [1], "humidity": {"a": 1}}),
        ("bed", {"soil_moisture": "wet", "humidity": 1e9}),
    ],
)
def test_zigbee_without_measurement(device: str, told_by_it: dict[str, Any]) -> None:
    assert see(ZIGBEE, f"zigbee2mqtt/{device}", told_by_it) == []
    refused = decode(f"zigbee2mqtt/{device}", told_by_it)
    assert refused.problem.params["why"] == "no_measurement"


@pytest.mark.parametrize("seen_at", [1_710_335_211_665, "2024-03-13T14:06:51+01:00"])
def test_zigbee_time_is_text_or_milliseconds(seen_at: object) -> None:
    reading = decode("zigbee2mqtt/bed", {**TS0601, "last_seen": seen_at})
    assert reading.timestamp_us // 1_000_000 == 1_710_335_211


@pytest.mark.parametrize("seen_at", [None, True, [1], {"a": 1}])
def test_zigbee_time_of_another_kind_is_none(seen_at: object) -> None:
    reading = decode("zigbee2mqtt/bed", {**TS0601, "last_seen": seen_at})
    assert reading.time_source is TimeSource.RECEIVED


@pytest.mark.parametrize(
    ("unit", "temperature", "expected"),
    [
        ("F", 71.6, 22.0),
        ("°F", 71.6, 22.0),
        ("F", 20, None),
        ("K", 295, None),
        ("warm", 20, None),
        (7, 20, None),
        ("C", 20, 20.0),
        (None, 20, 20.0),
    ],
)
def test_zigbee_unit(unit: object, temperature: float, expected: float | None) -> None:
    tree = {"soil_moisture": 20, "temperature": temperature, "temperature_unit": unit}
    ((_, found, _),) = see(ZIGBEE, "zigbee2mqtt/bed", tree)
    assert found.get("Temperature") == expected


# --- Tasmota


@pytest.mark.parametrize(
    ("topic", "tree", "expected"),
    [
        (
            "greenhouse/tele/SENSOR",
            {
                "Time": "2024-01-01T00:00:00",
                "Flora6ab577": {
                    "mac": "c47c8d6ab577",
                    "Temperature": 69.8,
                    "Illuminance": 10,
                    "Moisture": 31,
                    "Fertility": 145,
                    "Battery": 99,
                    "RSSI": -70,
                },
                "TempUnit": "F",
            },
            (
                "greenhouse/Flora6ab577",
                {
                    "Temperature": 21.0,
                    "Moisture": 31.0,
                    "EC": 145.0,
                    "Light": 10.0,
                    "Battery": 99.0,
                    "RSSI": -70.0,
                },
            ),
        ),
        (
            "tele/tasmota_ble/Flora6ab577",
            {"Time": "2024-01-01T00:00:00", "mac": "c47c8d6ab577", "Moisture": 31, "Fertility": 5},
            ("Flora6ab577", {"Moisture": 31.0, "EC": 5.0}),
        ),
        (
            "tele/tasmota_ble/tomato",
            {"Time": "2024-01-01T00:00:00", "alias": "tomato", "Moisture": 31, "Fertility": 65535},
            ("tomato", {"Moisture": 31.0}),
        ),
        (
            "tele/x/SENSOR",
            {"Time": "2024-01-01T00:00:00", "CHIRP0": {"Moisture": 402, "Temperature": 20.5}},
            ("x/CHIRP0", {"MoistureRaw": 402.0, "Temperature": 20.5}),
        ),
        (
            "tele/x/SENSOR",
            {
                "Time": "2024-01-01T00:00:00",
                "DS18B20-2": {"Id": "3C01B556A1F2", "Temperature": 68},
                "TempUnit": "F",
            },
            ("x/DS18B20-3C01B556A1F2", {"Temperature2": 20.0}),
        ),
        (
            "tele/x/SENSOR",
            {"Time": "2024-01-01T00:00:00", "BMP280": {"Temperature": 20, "Pressure": 987}},
            ("x/BMP280", {"AirTemperature": 20.0}),
        ),
        (
            "tele/x/SENSOR",
            {
                "Time": "2024-01-01T00:00:00",
                "MHZ19B": {"CarbonDioxide": 420, "Temperature": 47},
            },
            ("x/MHZ19B", {"CO2": 420.0}),
        ),
    ],
)
def test_tasmota_sensors(
    topic: str, tree: dict[str, Any], expected: tuple[str, dict[str, float]]
) -> None:
    assert see(TASMOTA, topic, tree) == [(*expected, False)]


@pytest.mark.parametrize(
    "body",
    [
        {"ENERGY": {"Total": 3.2, "Voltage": 230, "Current": 0.1}},
        {"ESP32": {"Temperature": 53.3}},
        {"ANALOG": {"A0": 512, "Temperature1": 20.0}},
        {"LYWSD03-1": {"Battery": 90, "RSSI": -60}},
        {"Flora-6ab577": {"Moisture": 255, "Fertility": 65535, "Battery": 0, "RSSI": 0}},
        {"AM2301": {"Temperature": None, "Humidity": None}},
        {"SCD30": {"CarbonDioxide": 0, "eCO2": 0, "Temperature": 0.0, "Humidity": 0.0}},
        {"MHZ19B": {"CarbonDioxide": 0, "Temperature": 26}},
        {"AM2301": {"Temperature": True, "Humidity": [50]}},
        {f"S{i}": {"Humidity": 1} for i in range(MAX_SENSORS + 1)},
        {},
    ],
)
def test_tasmota_without_measurement(body: dict[str, Any]) -> None:
    refused = decode("tele/x/SENSOR", {"Time": "2024-01-01T00:00:00", **body})
    assert refused.problem.params == {"why": "no_measurement", "family": "tasmota"}


def test_tasmota_co2_of_0_is_none() -> None:
    part = {"CarbonDioxide": 0, "Temperature": 21.5, "Humidity": 40.5}
    tree = {"Time": "2024-01-01T00:00:00", "SCD30": part}
    expected = {"AirTemperature": 21.5, "AirHumidity": 40.5}
    assert see(TASMOTA, "tele/x/SENSOR", tree) == [("x/SCD30", expected, False)]


@pytest.mark.parametrize(
    ("unit", "told_by_it", "expected"),
    [("K", 295, 21.85), ("F", 77, 25.0), ("C", 25, 25.0), ("R", 500, None), (None, 25, None)],
)
def test_tasmota_unit(unit: object, told_by_it: float, expected: float | None) -> None:
    flora = {"Temperature": told_by_it, "Moisture": 31}
    tree = {"Time": "2024-01-01T00:00:00", "Flora-1": flora, "TempUnit": unit}
    ((_, found, _),) = see(TASMOTA, "tele/x/SENSOR", tree)
    assert (found["Moisture"], found.get("Temperature")) == (31.0, expected)


@pytest.mark.parametrize(
    ("topic", "tree"),
    [
        ("tele/x/STATE", {"Time": "2024-01-01T00:00:00", "Wifi": {"RSSI": 100}}),
        ("tele/x/SENSOR", {"Flora": {"Moisture": 1}}),
        ("tele/x/SENSOR", {"Time": 5}),
        ("tele/x/SENSOR", "Online"),
        ("cmnd/x/SENSOR", {"Time": "2024-01-01T00:00:00"}),
        ("x/SENSOR", {"Time": "2024-01-01T00:00:00"}),
        ("tele/SENSOR", {"Time": "2024-01-01T00:00:00"}),
        ("tele/LWT", "Online"),
        ("SENSOR", {"Time": "2024-01-01T00:00:00"}),
        ("stat/x/STATUS8", {"Time": "2024-01-01T00:00:00"}),
        ("stat/x/STATUS8", {"StatusSNS": [1]}),
        ("stat/x/STATUS5", STATUS8),
        ("tele/x/LWT", "online"),
        ("tele/x/LWT", {"Time": "2024-01-01T00:00:00"}),
        ("tele/tasmota_ble/a/b", {"Time": "2024-01-01T00:00:00"}),
    ],
)
def test_not_tasmota(topic: str, tree: object) -> None:
    assert not TASMOTA.claims(topic, tree)


# --- Theengs and OpenMQTTGateway


@pytest.mark.parametrize(
    ("topic", "tree", "expected"),
    [
        (THEENGS_TOPIC, THEENGS_JSON, ("C47C8D65B663", {"Moisture": 30.0}, True)),
        (
            "home/OMG/BTtoMQTT",
            {"id": "c4:7c:8d:65:b6:63", "model_id": "HHCCJCY01HHCC", "tempf": 68, "rssi": -70},
            ("C47C8D65B663", {"Temperature": 20.0}, True),
        ),
        (
            THEENGS_TOPIC,
            {**THEENGS_JSON, "rssi": -70},
            ("C47C8D65B663", {"Moisture": 30.0, "RSSI": -70.0}, True),
        ),
        (
            THEENGS_TOPIC,
            {"type": "PLANT", "batt": 99, "rssi": -70},
            ("C47C8D65B663", {"Battery": 99.0}, True),
        ),
        (
            THEENGS_TOPIC,
            {"model_id": "HHCCJCY10", "moi": 30, "tempc": 20.1, "lux": 5, "fer": 300, "batt": 50},
            (
                "C47C8D65B663",
                {
                    "Moisture": 30.0,
                    "Temperature": 20.1,
                    "Light": 5.0,
                    "EC": 300.0,
                    "Battery": 50.0,
                },
                False,
            ),
        ),
        (
            THEENGS_TOPIC,
            {"model_id": "BPv1.0-1.2", "moi": 30, "tempc": 20, "hum": 40, "volt": 3.0},
            (
                "C47C8D65B663",
                {
                    "Moisture": 30.0,
                    "AirTemperature": 20.0,
                    "AirHumidity": 40.0,
                    "BatteryVoltage": 3.0,
                },
                False,
            ),
        ),
        (
            THEENGS_TOPIC,
            {"type": "THB", "tempc": 17.6, "tempf": 63.68, "hum": 63, "batt": 100, "rssi": -23},
            (
                "C47C8D65B663",
                {"AirTemperature": 17.6, "AirHumidity": 63.0, "Battery": 100.0, "RSSI": -23.0},
                False,
            ),
        ),
    ],
)
def test_theengs(topic: str, tree: dict[str, Any], expected: Seen) -> None:
    assert see(THEENGS, topic, tree) == [expected]


@pytest.mark.parametrize(
    "tree",
    [
        {"id": "C4:7C:8D:65:B6:63", "rssi": -80},
        {"id": "C4:7C:8D:65:B6:63", "type": "BBQ", "tempc": 80, "batt": 5},
        {"type": "PLANT", "rssi": -80},
        {"type": "PLANT", "moi": None},
        {"type": ["PLANT"], "model_id": {"a": 1}, "tempc": 20},
        {},
    ],
)
def test_theengs_without_measurement(tree: dict[str, Any]) -> None:
    assert see(THEENGS, THEENGS_TOPIC, tree) == []


def test_theengs_pieces_tell_nothing_twice() -> None:
    # A piece with a quantity that a reading already has would begin the next reading.
    pieces = [{"moi": 30}, {"tempc": 20.5}, {"fer": 300}, {"lux": 90}, {"batt": 99}]
    told_by_all: list[str] = []
    for piece in pieces:
        tree = {"id": "C4:7C:8D:65:B6:63", "type": "PLANT", "rssi": -70, **piece}
        ((_, found, partial),) = see(THEENGS, THEENGS_TOPIC, tree)
        assert partial
        told_by_all += found
    assert sorted(told_by_all) == ["Battery", "EC", "Light", "Moisture", "RSSI", "Temperature"]


# --- miflora-mqtt-daemon


def test_miflora_styles() -> None:
    assert see(MIFLORA, "miflora/petunia", MIFLORA_JSON) == [("petunia", MIFLORA_SEEN, False)]
    piece = {"val": 30, "ts": 1_710_335_211_665}
    assert see(MIFLORA, "miflora/status/petunia/moisture", piece) == [
        ("petunia", {"Moisture": 30.0}, True)
    ]
    reading = decode("miflora/status/petunia/moisture", piece)
    assert reading.timestamp_us == 1_710_335_211_665_000


@pytest.mark.parametrize(
    ("topic", "tree"),
    [
        ("miflora", MIFLORA_JSON),
        ("miflora/a/b", MIFLORA_JSON),
        ("xmiflora/a", MIFLORA_JSON),
        ("miflora/petunia", {"temperature": 20, "battery": 1}),
        ("miflora/petunia", 30.0),
        ("miflora/petunia", [MIFLORA_JSON]),
        ("miflora/connected", "yes"),
        ("miflora/connected", [1]),
        ("miflora/status/petunia/colour", {"val": 1}),
        ("miflora/status/petunia/moisture", {"value": 1}),
    ],
)
def test_not_miflora(topic: str, tree: object) -> None:
    assert not MIFLORA.claims(topic, tree)


# --- rtl_433


@pytest.mark.parametrize(
    ("topic", "tree", "expected"),
    [
        ("rtl_433/pi/events", WH51, ("Fineoffset-WH51/0f5c54", WH51_SEEN, False)),
        (
            "home/OMG_lilygo/RTL_433toMQTT/Fineoffset-WH51/0f5c54",
            {"model": "Fineoffset-WH51", "id": "0f5c54", "moisture": 40, "rssi": -70},
            ("Fineoffset-WH51/0f5c54", {"Moisture": 40.0, "RSSI": -70.0}, False),
        ),
        (
            "rtl_433/pi/events",
            {
                "model": "Springfield-Soil",
                "id": 7,
                "channel": 2,
                "battery_ok": 1,
                "temperature_F": 68,
                "moisture": 3,
                "rssi": -0.1,
                "snr": 20.5,
            },
            ("Springfield-Soil/2/7", {"Moisture": 3.0, "Temperature": 20.0, "SNR": 20.5}, False),
        ),
        # Of a model that nobody here knows, a temperature is not that of the soil.
        (
            "rtl_433/pi/events",
            {"model": "X", "moisture": 30, "humidity": 50, "temperature_C": 25},
            ("X", {"Moisture": 30.0, "AirTemperature": 25.0, "AirHumidity": 50.0}, False),
        ),
        (
            "rtl_433/pi/events",
            {"model": "X", "moisture": 30, "humidity": None, "temperature_F": 77},
            ("X", {"Moisture": 30.0, "AirTemperature": 25.0}, False),
        ),
        (
            "rtl_433/pi/events",
            {"model": "X", "moisture": 30, "temperature_C": 25},
            ("X", {"Moisture": 30.0, "Temperature2": 25.0}, False),
        ),
        (
            "any/events",
            {"model": "Fineoffset-WN34", "id": "9", "mic": "CRC", "temperature_C": 18.5},
            ("Fineoffset-WN34/9", {"Temperature": 18.5}, False),
        ),
        (
            "rtl_433/pi/devices/Fineoffset-WH51/0f5c54/moisture",
            40.0,
            ("Fineoffset-WH51/0f5c54", {"Moisture": 40.0}, True),
        ),
        (
            "rtl_433/pi/devices/Springfield-Soil/2/7/temperature_F",
            "68",
            ("Springfield-Soil/2/7", {"Temperature": 20.0}, True),
        ),
        (
            "rtl_433/Fineoffset-WH51/0f5c54/battery_mV",
            1600.0,
            ("Fineoffset-WH51/0f5c54", {"BatteryVoltage": 1.6}, True),
        ),
    ],
)
def test_rtl433(topic: str, tree: object, expected: Seen) -> None:
    assert see(RTL433, topic, tree) == [expected]


@pytest.mark.parametrize(
    "tree",
    [
        # The weather station of the neighbours.
        {"model": "Acurite-5n1", "id": 3, "temperature_C": 20, "humidity": 50},
        {"model": "Fineoffset-WH51", "id": "0f5c54", "battery_mV": 1600},
        {"model": "Fineoffset-WH51", "id": "0f5c54", "moisture": "wet"},
        {"model": "Fineoffset-WH51", "id": "0f5c54", "moisture": [40]},
    ],
)
def test_rtl433_without_measurement(tree: dict[str, Any]) -> None:
    assert see(RTL433, "rtl_433/pi/events", tree) == []


@pytest.mark.parametrize(
    ("topic", "tree"),
    [
        ("rtl_433/pi/events", {"moisture": 40}),
        ("rtl_433/pi/events", {"model": 5, "moisture": 40}),
        ("other/events", {"model": "X", "moisture": 40}),
        ("rtl_433/pi/devices/Acurite-5n1/3/temperature_C", 20.0),
        ("rtl_433/pi/devices/Fineoffset-WH51/0f5c54/boost", 0.0),
        ("rtl_433/pi/devices/Fineoffset-WH51/0f5c54/humidity", 40.0),
        ("rtl_433/pi/devices/moisture", 40.0),
        ("rtl_433/moisture", 40.0),
        ("a/devices/Fineoffset-WH51/0f5c54/moisture", 40.0),
    ],
)
def test_not_rtl433(topic: str, tree: object) -> None:
    assert not RTL433.claims(topic, tree)


@pytest.mark.parametrize(
    ("told_time", "source"),
    [
        ("2026-09-05T13:03:36+0530", TimeSource.SENT),
        ("1788594816", TimeSource.SENT),
        ("1788594816.125", TimeSource.SENT),
        ("@0.004s", TimeSource.RECEIVED),
        ("soon", TimeSource.RECEIVED),
        (7, TimeSource.RECEIVED),
    ],
)
def test_rtl433_times(told_time: object, source: TimeSource) -> None:
    reading = decode("rtl_433/pi/events", {**WH51, "time": told_time})
    assert reading.time_source is source


# --- Ecowitt


def test_ecowitt_channels_as_object_and_as_web_form() -> None:
    assert see(ECOWITT, "ecowitt/barn", GATEWAY) == GATEWAY_SEEN
    form = "&".join(f"{key}={value}" for key, value in GATEWAY.items()).replace(" ", "+")
    assert see(ECOWITT, "ecowitt/barn", form) == GATEWAY_SEEN
    found = ECOWITT.sightings("ecowitt/barn", form)
    assert isinstance(found, tuple)
    assert {one.sent for one in found} == {"2025-06-19T14:04:09+00:00"}


def test_ecowitt_form_that_contradicts_itself() -> None:
    form = f"PASSKEY={SECRET}&soilmoisture1=40&soilmoisture1={{}}&dateutc=2025-06-19+14:04:09"
    refused = decode("ecowitt/gw", form.format(50).encode())
    assert refused.problem.params == {"why": "ambiguous", "family": "ecowitt"}
    assert see(ECOWITT, "ecowitt/gw", form.format(40)) == [("gw/ch1", {"Moisture": 40.0}, False)]


@pytest.mark.parametrize(
    ("more", "temperature"),
    [
        ({"baromabs": 29.3}, 20.0),
        ({"baromabs": 1013.2}, 68.0),
        ({"baromrel": "29.3"}, 20.0),
        # Nothing tells the unit.
        ({}, None),
        ({"baromabs": 100.0}, None),
    ],
)
def test_ecowitt2mqtt_temperature_unit(more: dict[str, Any], temperature: float | None) -> None:
    tree = {"soilmoisture1": 40.0, "tf_ch1": 68.0, **more}
    seen = see(ECOWITT, "ecowitt2mqtt/gw", tree)
    assert seen[0] == ("gw/ch1", {"Moisture": 40.0}, False)
    assert seen[1:] == (
        [] if temperature is None else [("gw/tf1", {"Temperature": temperature}, False)]
    )


@pytest.mark.parametrize(
    ("topic", "model", "name"),
    [
        ("ecowitt2mqtt/device_1", None, "device_1"),
        ("farm/ecowitt", None, "farm"),
        ("ecowitt", "GW3000A", "GW3000A"),
        ("ecowitt", None, "ecowitt"),
        (f"ecowitt/{SECRET}", "GW3000A", "GW3000A"),
        (f"ecowitt/{SECRET.lower()}/x", None, "x"),
        (f"ecowitt/gw-{SECRET}", SECRET, "ecowitt"),
    ],
)
def test_ecowitt_names(topic: str, model: str | None, name: str) -> None:
    tree = {"soilmoisture3": 40, "PASSKEY": SECRET, "model": model}
    assert see(ECOWITT, topic, tree) == [(f"{name}/ch3", {"Moisture": 40.0}, False)]


@pytest.mark.parametrize(
    "tree",
    [
        {k: v for k, v in GATEWAY.items() if not k.startswith(("soil", "tf"))},
        {"soilmoisture1": "--", "soilad1": "200", "soilbatt1": "1.5"},
        {"soilmoisture1": [40]},
        "PASSKEY=",
        f"PASSKEY={SECRET}&humidity1=50&temp1f=70&soilmoisture99=4&soilmoisture0=4",
    ],
)
def test_ecowitt_without_soil(tree: object) -> None:
    assert see(ECOWITT, "ecowitt/gw", tree) == []


@pytest.mark.parametrize(
    "tree",
    [
        {"soilmoisture": 40},
        {"soilmoisture17": 40},
        {"soil_moisture": 40},
        {"stationtype": "GW"},
        "passkey=1&soilmoisture1=4",
        "PASSKEY=" + "x" * 10_000,
        40.0,
    ],
)
def test_not_ecowitt(tree: object) -> None:
    assert not ECOWITT.claims("ecowitt/gw", tree)


# --- ESPHome


@pytest.mark.parametrize(
    ("prefix", "object_id", "value", "expected"),
    [
        ("greenhouse", "soil_moisture", 43.2, ("greenhouse", {"Moisture": 43.2})),
        ("farm/gh", "bed1_soil_moisture", 43.2, ("farm/gh/bed1", {"Moisture": 43.2})),
        ("gh", "soil_moisture_2", "43.2", ("gh/2", {"Moisture": 43.2})),
        ("gh", "bed_a_soil_moisture_2", 1, ("gh/bed_a_2", {"Moisture": 1.0})),
        ("gh", "soil_nitrogen", 12.0, ("gh", {"N": 12.0})),
        ("gh", "soil_phosphorus", 12.0, ("gh", {"P": 12.0})),
        ("gh", "soil_potassium", 12.0, ("gh", {"K": 12.0})),
        ("gh", "raised_bed_3_soil_moisture", 12.0, ("gh/raised_bed_3", {"Moisture": 12.0})),
        ("gh", "north_field_soil_temperature", 12.0, ("gh/north_field", {"Temperature": 12.0})),
        ("gh", "tomato2_soil_moisture", 12.0, ("gh/tomato2", {"Moisture": 12.0})),
        ("gh", "10cm_soil_moisture", 12.0, ("gh/10cm", {"Moisture": 12.0})),
        ("gh", "soil_moisture_30cm", 12.0, ("gh/30cm", {"Moisture": 12.0})),
        ("gh", "soil_ph", 6.5, ("gh", {"pH": 6.5})),
        ("gh", "soil_conductivity_us_cm", 300.0, ("gh", {"EC": 300.0})),
        ("gh", "humidity", 60.0, ("gh", {"AirHumidity": 60.0})),
        ("gh", "temperature", 20.0, ("gh", {"Temperature2": 20.0})),
        ("gh", "wifi_signal", -60.0, ("gh", {"RSSI": -60.0})),
    ],
)
def test_esphome(
    prefix: str, object_id: str, value: object, expected: tuple[str, dict[str, float]]
) -> None:
    topic = f"{prefix}/sensor/{object_id}/state"
    assert see(ESPHOME, topic, value) == [(*expected, True)]


@pytest.mark.parametrize(
    ("object_id", "value"),
    [
        ("soil_moisture", "nan"),
        ("soil_moisture", math.nan),
        ("soil_moisture", "inf"),
        ("soil_moisture", "unknown"),
        ("soil_moisture_voltage", 1.8),
        ("soil_moisture_raw", 1800.0),
        ("raw_soil_moisture", 1800.0),
        ("target_soil_moisture", 40.0),
        ("bed1_min_soil_moisture", 40.0),
        ("air_moisture", 40.0),
        ("bed1_humidity", 40.0),
        ("internal_temperature", 53.0),
        ("uptime", 12345.0),
        ("soil_moisture" * 20, 1.0),
        ("bed_" * 15 + "soil_moisture", 1.0),
        # A name without "soil" may be of a pool, a wall, or a bottle.
        *((name, 12.0) for name in ("moisture", "conductivity", "ph", "nitrogen", "potassium")),
        *((f"{place}_conductivity", 12.0) for place in ("pool", "tank", "drinking", "bed")),
        *((f"{place}_moisture", 12.0) for place in ("wall", "compost", "bed")),
        # Nobody says in which unit.
        ("soil_ec", 1.2),
        ("soil_conductivity", 1.2),
        *(
            (f"{word}_soil_moisture", 12.0)
            for word in (
                *("forecast", "goal", "lower", "upper", "previous", "yesterday", "alarm", "ideal"),
                *("uncalibrated", "pool", "tank", "drinking", "wall", "compost", "bed_forecast"),
                *("forecast_bed", "h", "optimal", "trigger", "wanted", "bed1_target", "average"),
            )
        ),
    ],
)
def test_esphome_without_measurement(object_id: str, value: object) -> None:
    assert see(ESPHOME, f"gh/sensor/{object_id}/state", value) == []


@pytest.mark.parametrize(
    ("topic", "tree"),
    [
        ("gh/sensor/soil_moisture/state", {"moisture": 4}),
        ("gh/sensor/soil_moisture/state", True),
        ("gh/sensor/soil_moisture/state", None),
        ("gh/sensor/a/soil_moisture/state", 4.0),
        ("sensor/soil_moisture/state", 4.0),
        ("gh/sensor//state", 4.0),
        ("/sensor/soil_moisture/state", 4.0),
        ("gh/binary_sensor/wet/state", "ON"),
        ("gh/sensor/soil_moisture/command", 4.0),
        ("gh/status", "ok"),
        ("gh/status", {"status": "online"}),
    ],
)
def test_not_esphome(topic: str, tree: object) -> None:
    assert not ESPHOME.claims(topic, tree)


# --- whatever comes

WORDS = sorted(
    {
        *TS0601,
        *SCD40,
        *MIFLORA_JSON,
        *WH51,
        *GATEWAY,
        *THEENGS_JSON,
        *STATUS8["StatusSNS"],
        *re.findall(
            r"\w+",
            "StatusSNS Temperature Humidity Moisture Fertility Id DS18B20 CHIRP0 Pressure"
            " tempc tempf hum fer batt volt rssi id mac val ts state temperature_F"
            " temperature_C voltage humidity subtype channel co2 baromabs tf_ch1c"
            " baromrel temperature_f soil_temperature",
        ),
    }
)
TOPICS = [
    "zigbee2mqtt/bed",
    "zigbee2mqtt/bed/availability",
    "zigbee2mqtt/bridge/state",
    "zigbee2mqtt_b/bed",
    "tele/x/SENSOR",
    "x/tele/SENSOR",
    "stat/x/STATUS8",
    "stat/x/STATUS10",
    "tele/x/LWT",
    "tele/tasmota_ble/Flora6ab577",
    THEENGS_TOPIC,
    "BTtoMQTT",
    "home/OpenMQTTGateway/LWT",
    "miflora/petunia",
    "miflora/$announce",
    "miflora/connected",
    "miflora/status/petunia/moisture",
    "rtl_433/pi/events",
    "rtl_433/pi/devices/Fineoffset-WH51/0f5c54/moisture",
    "x/RTL_433toMQTT",
    "ecowitt2mqtt/gw",
    "ecowitt",
    "gh/sensor/soil_moisture/state",
    "gh/sensor/bed1_soil_moisture_2/state",
    "gh/status",
]
HOSTILE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 9).map(lambda digit: 10**4400 + digit)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["online", "Offline", "nan", "1e400", "fahrenheit", "F", "PLANT", "Fineoffset-WN34"]
    )
    | st.text(alphabet="0123456789-:+T .", max_size=30)
)
TREES = st.recursive(
    HOSTILE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=8), inner, max_size=8)
    ),
    max_leaves=25,
)
LEVELS = st.sampled_from([*sorted({level for topic in TOPICS for level in topic.split("/")}), ""])
ANY_TOPIC = (
    st.sampled_from(TOPICS)
    | st.lists(LEVELS, min_size=1, max_size=6).map("/".join)
    | st.text(max_size=30)
)


def check(family: ThirdPartyFormat, topic: str, tree: object) -> None:
    """Nothing is raised but a refusal, and nothing is told that is no number in its bounds."""
    if not family.claims(topic, tree):
        return
    try:
        found = family.sightings(topic, tree)
    except Refused:
        return
    if isinstance(found, Heard):
        assert found.kind is HeardKind.STATUS
        return
    for one in found:
        assert type(one.publisher_id) is str
        assert type(one.sent) in (str, int, float, type(None))
        assert told(one)
        for value in one.values:
            assert value is None or (type(value) is float and abs(value) <= 1e6)
        for key, extra in one.extras:
            assert EXTRA_BY_KEY[key].least <= extra <= EXTRA_BY_KEY[key].most
        if type(tree) is dict and type(tree.get("PASSKEY")) is str and len(tree["PASSKEY"]) > 31:
            assert tree["PASSKEY"] not in one.publisher_id


@pytest.mark.parametrize("family", FORMATS, ids=lambda family: family.name)
@settings(max_examples=80)
@given(topic=ANY_TOPIC, tree=TREES)
def test_no_shape_breaks_a_family(family: ThirdPartyFormat, topic: str, tree: object) -> None:
    check(family, topic, tree)


SAMPLES: list[tuple[ThirdPartyFormat, str, dict[str, Any]]] = [
    (ZIGBEE, "zigbee2mqtt/bed", TS0601),
    (TASMOTA, "stat/greenhouse/STATUS8", STATUS8),
    (TASMOTA, "tele/shed/SENSOR", SCD40),
    (THEENGS, THEENGS_TOPIC, THEENGS_JSON),
    (MIFLORA, "miflora/petunia", MIFLORA_JSON),
    (RTL433, "rtl_433/pi/events", WH51),
    (ECOWITT, "ecowitt/barn", GATEWAY),
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[ThirdPartyFormat, str, dict[str, Any]]:
    """A sample with some of its values, at any depth, replaced by something else."""
    family, topic, sample = draw(st.sampled_from(SAMPLES))
    tree = json.loads(json.dumps(sample))
    for _ in range(draw(st.integers(1, 4))):
        node = tree
        while True:
            key = draw(st.sampled_from(sorted(node) or ["Time"]))
            if type(node.get(key)) is dict and draw(st.booleans()):
                node = node[key]
                continue
            node[key] = draw(TREES)
            break
    return family, topic, tree


@settings(max_examples=200)
@given(mutated())
def test_no_mutation_of_a_sample_breaks_its_family(
    case: tuple[ThirdPartyFormat, str, dict[str, Any]],
) -> None:
    check(*case)


@settings(max_examples=150)
@given(topic=st.sampled_from(TOPICS), payload=st.binary(max_size=80) | TREES)
def test_the_decoder_answers_whatever_comes(topic: str, payload: object) -> None:
    if not isinstance(payload, bytes):
        try:
            payload = json.dumps(payload).encode("utf-8", "surrogatepass")
        except ValueError:  # an integer beyond Python's limit of digits
            return
    answer = DECODER.decode(RawMessage(topic, payload, NOW_US))
    assert isinstance(answer, Reading | Readings | Rejection | Heard)


AIR = [
    ("zigbee2mqtt/x", {"humidity": 50, "temperature": 20}),
    ("tele/x/SENSOR", {"Time": "2024-01-01T00:00:00", "SHT3X": {"Humidity": 50, "Temperature": 9}}),
    (THEENGS_TOPIC, {"type": "THB", "hum": 50, "tempc": 20}),
    ("ecowitt/gw", {"soilmoisture1": 20, "humidity1": 50, "temp1f": 70, "humidity": 9}),
    ("gh/sensor/humidity/state", 50),
    ("gh/sensor/temperature/state", 50),
]


@pytest.mark.parametrize(("topic", "payload"), AIR)
def test_air_is_never_soil(topic: str, payload: object) -> None:
    answer = decode(topic, payload)
    assert isinstance(answer, Reading)
    assert answer.values[CHANNEL_INDEX["Temperature"]] is None
    assert answer.values[CHANNEL_INDEX["Moisture"]] in (None, 20.0)


def test_a_full_gateway_decodes_without_a_stall() -> None:
    # Wide margin: this finds quadratic work, not a slow machine.
    big = {**GATEWAY, **{f"soilmoisture{n}": "40" for n in range(1, 17)}}
    big |= {f"x{n}": "y" * 20 for n in range(2000)}
    began_s = time.perf_counter()
    decode("ecowitt/barn", big)
    assert time.perf_counter() - began_s < 5.0


@pytest.mark.parametrize("humidity", [None, "22.5 C", 61.0])
def test_a_device_of_the_air_is_one_while_its_humidity_has_no_value(humidity: object) -> None:
    tree = {"soil_moisture": 31, "temperature": 24.5, "humidity": humidity}
    ((_, told, _),) = see(ZIGBEE, "zigbee2mqtt/box", tree)
    assert told.keys() >= {"Moisture", "AirTemperature"}
    assert "Temperature" not in told
    plant = {"moi": 31, "tempc": 24.5, "hum": humidity, "mac": "C4:7C:8D:65:B6:63"}
    ((_, piece, _),) = see(THEENGS, "home/x/BTtoMQTT/C47C8D65B663", plant)
    assert piece.keys() >= {"Moisture", "AirTemperature"}
    assert "Temperature" not in piece
