"""Microseconds to decode one message of each format, beside the native one.

Run: python benchmarks/decoding.py [--old FOLDER]

With --old a folder that holds the package of another version (`FOLDER/harit_desktop`): its
native format is measured in turns with this one, by a process each, so that both meet the
same machine.
"""

import argparse
import json
import os
import subprocess
import sys
import timeit
from pathlib import Path

from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading, Readings
from harit_desktop.wire.registry import MessageDecoder

RUNS, REPEATS = 200, 150
"""Many short runs: on a shared machine only some are left alone, and the shortest counts."""
TURNS = 5
RECEIVED_US = 1_788_000_000_000_000
SAMPLES = Path(__file__).parent.parent / "tests" / "wire" / "payloads"
CANONICAL = (
    b'{"timestamp": "2025-12-02T17:50:00.123456", "publisher_id": "sensor-publisher-01", '
    b'"sensor_readings": {"N": 22.5, "P": 17.8, "K": 152.3, "CO2": 498.2, "Temperature": 22.1, '
    b'"Moisture": 54.8, "pH": 7.18}}'
)
NATIVE_TOPIC = "harit-samarth/sensor/data"
TOPICS = {
    "01_harit_canonical": NATIVE_TOPIC,
    "02_harit_hardware_variant": NATIVE_TOPIC,
    "04_harit_status_retained": "harit-samarth/status",
    "05_ttn_v3_dragino_se01": "v3/app@ttn/devices/fx-soilmoisture-1/up",
    "07_chirpstack_v4_dragino_lht65n": "application/1/device/a840419edb62011c/event/up",
    "08_chirpstack_v4_dragino_soil": "application/1/device/a84041a1c182b3e0/event/up",
    "09_chirpstack_v4_no_object": "application/1/device/0101010101010101/event/up",
    "12_milesight_em500_smtc_object": "soil/field",
    "16_sensecap_s2105_soil": "v3/app@ttn/devices/s2105-plot-3/up",
    "17_tasmota_miflora_status8": "stat/tasmota_soil/STATUS8",
    "18_tasmota_scd40_co2": "tele/tasmota_air/SENSOR",
    "22_zigbee2mqtt_ts0601_soil": "zigbee2mqtt/soil-east",
    "23_miflora_mqtt_daemon": "miflora/petunia",
    "25_theengs_miflora_partial": "home/TheengsGateway/BTtoMQTT/C47C8D65B663",
    "26_rtl433_wh51": "rtl_433/host/events",
    "31_pico_npk_in_air": "farm/pico",
}


def per_call_us(message: RawMessage) -> float:
    decoder = MessageDecoder("UTC")
    times_s = timeit.repeat(lambda: decoder.decode(message), number=RUNS, repeat=REPEATS)
    return min(times_s) / RUNS * 1e6


def native_us() -> float:
    return per_call_us(RawMessage(NATIVE_TOPIC, CANONICAL, RECEIVED_US))


def elsewhere_us(folder: Path) -> float:
    script = Path(__file__).resolve()
    command = [sys.executable, str(script), "--native"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def in_turns(old: Path) -> None:
    here = Path(__file__).resolve().parent.parent
    pairs = [(elsewhere_us(old), elsewhere_us(here)) for _ in range(TURNS)]
    before, after = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    print(f"native before {before:.2f} us, now {after:.2f} us (best of {TURNS} turns)")


def report(name: str, message: RawMessage) -> None:
    found = MessageDecoder("UTC").decode(message)
    kind = type(found).__name__ if isinstance(found, Reading | Readings) else str(found)[:60]
    print(f"{name:<34} {len(message.payload):5} bytes {per_call_us(message):8.2f} us  {kind}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--old", type=Path)
    arguments.add_argument("--native", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.native:
        print(native_us())
        return
    if given.old:
        in_turns(given.old)
    report("native, as published", RawMessage(NATIVE_TOPIC, CANONICAL, RECEIVED_US))
    for name, topic in TOPICS.items():
        payload = (SAMPLES / f"{name}.json").read_bytes()
        compact = json.dumps(json.loads(payload), separators=(",", ":")).encode()
        report(name, RawMessage(topic, compact, RECEIVED_US))
    report("esphome, a bare number", RawMessage("a/sensor/soil_ph/state", b"6.8", RECEIVED_US))
    report("nobody's", RawMessage("x/y", b'{"temperature": 21.5, "humidity": 40}', RECEIVED_US))


if __name__ == "__main__":
    main()
