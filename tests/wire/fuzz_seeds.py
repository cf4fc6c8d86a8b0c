"""One message of every shape that some format knows, for the fuzz tests to spoil."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "payloads"
NATIVE = "harit-samarth/sensor/data"

_TTN = "v3/farm@ttn/devices/probe-1/up"
_CHIRPSTACK = "application/9/device/a84041a1c182b3e0/event/up"
_TOPICS = {
    "01": NATIVE,
    "02": NATIVE,
    "04": "harit-samarth/status",
    "05": _TTN,
    "07": _CHIRPSTACK,
    "08": _CHIRPSTACK,
    "09": _CHIRPSTACK,
    "12": "some/topic",
    "16": _TTN,
    "17": "stat/shed/STATUS8",
    "18": "tele/shed/SENSOR",
    "22": "zigbee2mqtt/soil-east",
    "23": "miflora/petunia",
    "25": "home/TheengsGateway/BTtoMQTT/C47C8D65B663",
    "26": "rtl_433/host/events",
    "31": "farm/pico",
}


def _chirpstack(decoded: object, profile: str = "Soil") -> dict[str, Any]:
    device = {"devEui": "a84041a1c182b3e0", "deviceProfileName": profile}
    return {"deviceInfo": device, "time": "2026-08-27T14:39:44Z", "fPort": 2, "object": decoded}


def _ttn(**uplink: object) -> dict[str, Any]:
    ids = {"device_id": "probe-1", "dev_eui": "A840410000000102"}
    return {"end_device_ids": ids, "received_at": "2026-08-27T14:39:44Z", "uplink_message": uplink}


def _sensecap(**measured: float) -> dict[str, Any]:
    messages = [
        {"type": "report_telemetry", "measurementId": name[1:], "measurementValue": value}
        for name, value in measured.items()
    ]
    return {"valid": True, "err": 0, "messages": messages}


_FURTHER: tuple[tuple[str, Any], ...] = (
    (
        _CHIRPSTACK,
        _chirpstack(
            {
                "Bat": 3.6,
                "TempC_DS18B20": "21.50",
                "temp_SOIL": "24.20",
                "water_SOIL": "36.10",
                "conduct_SOIL": 141,
                "s_flag": 1,
                "temp_SOIL2": "19.9",
                "water_SOIL2": "28.4",
            }
        ),
    ),
    (_CHIRPSTACK, _chirpstack({"N_SOIL": 12, "P_SOIL": 34, "K_SOIL": 56, "BatV": 3.31})),
    (_CHIRPSTACK, _chirpstack({"PH1_SOIL": "6.42", "TEMP_SOIL": "17.9", "s_flag": 1})),
    (
        _CHIRPSTACK,
        _chirpstack(
            {
                "battery": 99,
                "temperature": 28.1,
                "moisture": 57.5,
                "ec": 240,
                "history": [
                    {"timestamp": 1788000000, "temperature": 27.4, "moisture": 55.5, "ec": 230}
                ],
            },
            "Milesight EM500-SMTC",
        ),
    ),
    (
        _CHIRPSTACK,
        _chirpstack({"co2": 612, "temperature": 22.7, "humidity": 51.2}, "Milesight EM500-CO2"),
    ),
    (_TTN, _ttn(decoded_payload=_sensecap(_4102=23.9, _4103=45.5, _4108=0.18, _4097=31.2))),
    (_TTN, _ttn(decoded_payload=_sensecap(_4138=31.5, _4139=32.25, _4142=20.5, _4098=77.5))),
    (
        _TTN,
        _ttn(
            normalized_payload=[
                {
                    "soil": {"moisture": 31.4, "temperature": 17.6, "ec": 0.35, "pH": 6.3},
                    "air": {"temperature": 24.8, "relativeHumidity": 63.1},
                }
            ]
        ),
    ),
    ("/device_sensor_data/1/2CF7F1C0/0/vs/4103", {"value": 44.2, "timestamp": 1788000000000}),
    (
        "tele/shed/SENSOR",
        {
            "Time": "2026-09-30T20:20:00",
            "Flora-6ab577": {
                "Temperature": 71.1,
                "Humidity": 37,
                "Fertility": 410,
                "Illuminance": 900,
            },
            "BME280": {"Temperature": 81.3, "Humidity": 62.4, "Pressure": 1003.1},
            "DS18B20": {"Id": "3C01B556A1F2", "Temperature": 64.2},
            "ESP32": {"Temperature": 128.5},
            "TempUnit": "F",
        },
    ),
    (
        "zigbee2mqtt/air-west",
        {"temperature": 23.5, "humidity": 58.2, "battery": 77, "linkquality": 120},
    ),
    (
        "zigbee2mqtt/soil-west",
        {"soil_moisture": 33, "temperature": 21.7, "voltage": 2900, "temperature_unit": "celsius"},
    ),
    ("miflora/status/bed/moisture", {"val": 31, "ts": 1788000000123}),
    (
        "home/OMG/BTtoMQTT/A4C138000102",
        {"id": "A4:C1:38:00:01:02", "type": "THB", "tempc": 22.6, "hum": 48.7, "batt": 93},
    ),
    (
        "home/OMG/BTtoMQTT/C47C8D65B663",
        {"id": "C4:7C:8D:65:B6:63", "model_id": "HHCCJCY01", "tempc": 19.4, "fer": 312},
    ),
    (
        "rtl_433/host/events",
        {
            "time": "2026-09-30 20:20:00",
            "model": "Fineoffset-WN34",
            "id": 1234,
            "temperature_C": 15.7,
            "battery_ok": 0.6,
        },
    ),
    (
        "rtl_433/host/events",
        {"model": "Acurite-Tower", "id": 7, "temperature_C": 18.8, "humidity": 66, "battery_ok": 1},
    ),
    ("rtl_433/host/devices/Fineoffset-WH51/0f5c54/moisture", 41),
    (
        "ecowitt/gw1",
        {
            "PASSKEY": "0123456789ABCDEF0123456789ABCDEF",
            "stationtype": "GW1100",
            "dateutc": "2026-09-30 20:20:00",
            "tempf": 81.2,
            "humidity": 64,
            "humidityin": 47,
            "baromabsin": 29.1,
            "soilmoisture1": 42,
            "soilad1": 233,
            "soilbatt1": 1.6,
            "tf_ch1": 68.4,
            "soil_ec1": 512,
            "soil_ec_hum1": 39.5,
            "soil_ec_temp1": 66.3,
        },
    ),
    (
        "ecowitt/gw2",
        (
            "PASSKEY=0123456789ABCDEF0123456789ABCDEF&stationtype=GW1100"
            "&dateutc=2026-09-30+20:20:00&tempf=81.2&humidity=64&soilmoisture1=43"
            "&tf_ch2=68.4&humidityin=47"
        ),
    ),
    ("greenhouse/sensor/soil_moisture/state", 43.2),
    ("greenhouse/sensor/humidity/state", 61.5),
    ("greenhouse/sensor/temperature/state", "24.75"),
    ("greenhouse/sensor/bed2_soil_temperature/state", 18.25),
    (
        "garden/box",
        {
            "device": "box-7",
            "ts": 1788000000,
            "soil": {"moisture": 34.5, "temperature": 18.6, "humidity": 35.5},
            "air": {"temperature": 27.9, "humidity": 71.3},
            "humidity": 72.5,
            "temperature": 28.8,
            "limits": {"soil_moisture": 20},
        },
    ),
    (
        "garden/box",
        {"sensor_id": 120012, "soil_moisture": "31.5", "soil_temp_f": 62.1, "soil_ec_ds_m": 0.42},
    ),
    (
        "garden/box",
        {"mac": "AA:BB", "sensor": 1, "type": "npk", "nitrogen": 41.5, "potassium": 52.5},
    ),
    (
        "some/topic",
        {"device": "box-8", "soil": {"temperature": 71.3, "unit": "F"}, "units": "F"},
    ),
    (
        "garden/box",
        {"chip_id": 5551234, "soil_temperature": 71.5, "soil_vwc": 0.31, "vwc_unit": "m3/m3"},
    ),
    (
        "rtl_433/host/events",
        {"model": "Garden-X", "id": 7, "temperature_C": 18.8, "humidity": 66, "moisture": 31.25},
    ),
    ("greenhouse/sensor/forecast_soil_moisture/state", 43.25),
    ("greenhouse/sensor/pool_conductivity/state", 431.5),
    (
        "farm/south/npk",
        {"timestamp": 1730317200, "npk": {"nitrogen": 0.41}, "t": 51.5, "wet": 0.31},
    ),
)

Seed = tuple[str, Any]
"""A topic and the message: an object, a number or a text that is no JSON."""


def seeds() -> tuple[Seed, ...]:
    """Every sample file, and one message of each further shape that the formats know."""
    found: list[Seed] = []
    for path in sorted(SAMPLES.glob("*.json")):
        tree = json.loads(path.read_bytes())
        if path.name.startswith("33"):
            found.extend(tree.items())
        else:
            found.append((_TOPICS.get(path.name[:2], "some/topic"), tree))
    return (*found, *_FURTHER)


SEEDS = seeds()
