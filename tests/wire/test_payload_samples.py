"""Every sample payload, and exactly what becomes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Rejection
from harit_desktop.domain.reading import Reading, Readings, TimeSource
from harit_desktop.wire.registry import MessageDecoder

FOLDER = Path(__file__).parent / "payloads"
RECEIVED_US = 1_790_800_000_000_000  # 2026-09-30T20:26:40Z
DECODER = MessageDecoder("Asia/Kolkata")
TTN = "v3/farm@ttn/devices/{}/up"
CHIRPSTACK = "application/9/device/{}/event/up"

Expected = dict[str, Any]
"""Device, time ("" where the receive time stands), and what was measured by key."""


def decode(topic: str, payload: bytes, **message: Any) -> Reading | Readings | Rejection | Heard:
    return DECODER.decode(RawMessage(topic, payload, RECEIVED_US, **message))


def told(reading: Reading) -> Expected:
    values = {c.key: v for c, v in zip(CHANNELS, reading.values, strict=True) if v is not None}
    found: Expected = {"device": reading.publisher_id, **values, **dict(reading.extras)}
    if reading.time_source is not TimeSource.RECEIVED:
        found["at_us"] = reading.timestamp_us
    if reading.partial:
        found["partial"] = True
    if reading.message_id is not None:
        found["message_id"] = reading.message_id
    return found


READINGS: dict[str, tuple[str, list[Expected]]] = {
    "01_harit_canonical": (
        "harit-samarth/sensor/data",
        [
            {
                "device": "sensor-publisher-01",
                "at_us": 1_764_677_688_510_157,
                "N": 24.42,
                "P": 18.99,
                "K": 145.95,
                "CO2": 447.51,
                "Temperature": 5.0,
                "Moisture": 71.3,
                "pH": 7.0,
            }
        ],
    ),
    "02_harit_hardware_variant": (
        "harit-samarth/sensor/data",
        [
            {
                "device": "sensor-publisher-01",
                "at_us": 1_764_676_164_137_193,
                "N": 22.95,
                "P": 18.92,
                "K": 159.19,
                "CO2": 521.82,
                "Temperature": 21.04,
                "Moisture": 55.37,
                "pH": 7.03,
            }
        ],
    ),
    "05_ttn_v3_dragino_se01": (
        TTN.format("fx-soilmoisture-1"),
        [
            {
                "device": "fx-soilmoisture-1",
                "at_us": 1_723_281_237_243_570,
                "Temperature": 24.29,
                "Moisture": 36.19,
                "EC": 318.0,
                "BatteryVoltage": 3.367,
                "RSSI": -88.0,
                "SNR": 9.2,
            }
        ],
    ),
    "07_chirpstack_v4_dragino_lht65n": (
        CHIRPSTACK.format("a840419edb62011c"),
        [
            {
                "device": "a840419edb62011c",
                "at_us": 1_787_841_584_530_852,
                "message_id": "80166477-2482-43ab-a64e-088107a7c4fa",
                "Temperature2": 22.93,
                "AirTemperature": 24.73,
                "AirHumidity": 45.2,
                "BatteryVoltage": 3.297,
                "RSSI": -102.0,
                "SNR": -12.0,
            }
        ],
    ),
    "08_chirpstack_v4_dragino_soil": (
        CHIRPSTACK.format("a84041a1c182b3e0"),
        [
            {
                "device": "a84041a1c182b3e0",
                "at_us": 1_787_841_900_000_000,
                "message_id": "11111111-2222-4333-8444-555555555555",
                "Temperature": 21.06,
                "Moisture": 25.34,
                "EC": 42.0,
                "BatteryVoltage": 3.6,
                "RSSI": -97.0,
                "SNR": 4.5,
            }
        ],
    ),
    "16_sensecap_s2105_soil": (
        TTN.format("s2105-plot-3"),
        [
            {
                "device": "s2105-plot-3",
                "at_us": 1_785_562_200_000_000,
                "Temperature": 23.9,
                "Moisture": 45.5,
                "EC": 180.0,
            }
        ],
    ),
    "17_tasmota_miflora_status8": (
        "stat/shed/STATUS8",
        [
            {
                "device": "shed/Flora-6ab577",
                "at_us": 1_576_644_218_000_000,
                "Temperature": 21.7,
                "Moisture": 0.0,
                "EC": 0.0,
                "Light": 21.0,
            },
            {
                "device": "shed/MJ_HT_V1-3108be",
                "at_us": 1_576_644_218_000_000,
                "AirTemperature": 22.3,
                "AirHumidity": 56.1,
            },
        ],
    ),
    "18_tasmota_scd40_co2": (
        "tele/shed/SENSOR",
        [
            {
                "device": "shed/SCD40",
                "at_us": 1_685_284_467_000_000,
                "CO2": 618.0,
                "AirTemperature": 23.8,
                "AirHumidity": 61.1,
            }
        ],
    ),
    "22_zigbee2mqtt_ts0601_soil": (
        "zigbee2mqtt/soil-east",
        [
            {
                "device": "soil-east",
                "at_us": 1_710_335_211_665_000,
                "Temperature": 0.0,
                "Moisture": 56.0,
                "Battery": 90.0,
                "LinkQuality": 83.0,
            }
        ],
    ),
    "23_miflora_mqtt_daemon": (
        "miflora/petunia",
        [
            {
                "device": "petunia",
                "Temperature": 21.4,
                "Moisture": 30.0,
                "EC": 1020.0,
                "Light": 5424.0,
                "Battery": 100.0,
            }
        ],
    ),
    "25_theengs_miflora_partial": (
        "home/TheengsGateway/BTtoMQTT/C47C8D65B663",
        [{"device": "C47C8D65B663", "Moisture": 30.0, "partial": True}],
    ),
    "26_rtl433_wh51": (
        "rtl_433/host/events",
        [
            {
                "device": "Fineoffset-WH51/0f5c54",
                "at_us": 1_788_593_616_000_000,
                "Moisture": 40.0,
                "MoistureRaw": 208.0,
                "Battery": 100.0,
                "BatteryVoltage": 1.6,
            }
        ],
    ),
    "31_pico_npk_in_air": (
        "farm/pico",
        [
            {
                "device": "PICO_NPK_001",
                "at_us": 1_730_317_200_000_000,
                "N": 0.0,
                "P": 0.0,
                "K": 0.0,
                "Temperature": 26.7,
                "Moisture": 45.2,
                "pH": 3.0,
            }
        ],
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_what_a_sample_tells(name: str) -> None:
    topic, expected = READINGS[name]
    result = decode(topic, (FOLDER / f"{name}.json").read_bytes())
    assert isinstance(result, Reading | Readings), result
    items = result.items if isinstance(result, Readings) else (result,)
    assert [told(one) for one in items] == expected
    assert all(one.topic == topic for one in items)


def test_a_status_is_no_reading() -> None:
    payload = (FOLDER / "04_harit_status_retained.json").read_bytes()
    expected = Heard(HeardKind.STATUS, "sensor-publisher-01")
    assert decode("harit-samarth/status", payload, retained=True) == expected


def test_an_uplink_that_nobody_decoded_says_so() -> None:
    payload = (FOLDER / "09_chirpstack_v4_no_object.json").read_bytes()
    result = decode(CHIRPSTACK.format("0101010101010101"), payload)
    assert isinstance(result, Rejection)
    assert result.problem.code == "not_mapped"
    assert result.problem.params == {"why": "undecoded_uplink", "family": "chirpstack"}


def wrapped(server: str, decoded: object) -> tuple[str, bytes]:
    """A codec's object as a network server sends it."""
    if server == "chirpstack":
        sample = json.loads((FOLDER / "08_chirpstack_v4_dragino_soil.json").read_bytes())
        sample["object"] = decoded
        sample["deviceInfo"]["deviceProfileName"] = "Soil"
        return CHIRPSTACK.format("a84041a1c182b3e0"), json.dumps(sample).encode()
    sample = json.loads((FOLDER / "16_sensecap_s2105_soil.json").read_bytes())
    sample["uplink_message"]["decoded_payload"] = decoded
    return TTN.format("s2105-plot-3"), json.dumps(sample).encode()


@pytest.mark.parametrize("server", ["chirpstack", "things_stack"])
def test_the_milesight_object_is_known_inside_an_uplink(server: str) -> None:
    decoded = json.loads((FOLDER / "12_milesight_em500_smtc_object.json").read_bytes())
    result = decode(*wrapped(server, decoded))
    assert isinstance(result, Reading)
    found = told(result)
    measured = {key: found[key] for key in ("Temperature", "Moisture", "EC", "Battery")}
    assert measured == {"Temperature": 28.1, "Moisture": 57.5, "EC": 240.0, "Battery": 100.0}


def test_the_milesight_object_alone_names_no_device_and_no_soil() -> None:
    payload = (FOLDER / "12_milesight_em500_smtc_object.json").read_bytes()
    result = decode("some/topic", payload)
    assert isinstance(result, Rejection)
    assert result.problem.code == "not_mapped"


ESPHOME = {
    "greenhouse/sensor/soil_moisture/state": {"Moisture": 43.2},
    "greenhouse/sensor/soil_temperature/state": {"Temperature": 22.8},
}


def test_one_value_a_topic() -> None:
    sent = json.loads((FOLDER / "33_esphome_scalar_topics.json").read_bytes())
    results = {topic: decode(topic, payload.encode()) for topic, payload in sent.items()}
    assert results.pop("greenhouse/status") == Heard(HeardKind.STATUS, "greenhouse")
    failed = results.pop("greenhouse/sensor/soil_ph/state")
    assert isinstance(failed, Rejection)
    assert failed.problem.params == {"why": "no_measurement", "family": "esphome"}
    assert results.keys() == ESPHOME.keys()
    for topic, result in results.items():
        assert isinstance(result, Reading)
        assert told(result) == {"device": "greenhouse", "partial": True, **ESPHOME[topic]}


def test_no_sample_is_forgotten() -> None:
    special = {"04_harit_status_retained", "09_chirpstack_v4_no_object"}
    special |= {"12_milesight_em500_smtc_object", "33_esphome_scalar_topics"}
    assert {path.stem for path in FOLDER.glob("*.json")} == READINGS.keys() | special
