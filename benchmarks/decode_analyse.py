"""Microseconds to decode a message, to judge a reading and to name it; and the slowest payloads.

Run: python benchmarks/decode_analyse.py
"""

import timeit
from collections.abc import Callable

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading, reading_key
from harit_desktop.wire.registry import MessageDecoder

RUNS = 20_000
RECEIVED_US = 1_764_697_860_000_000
CANONICAL = (
    b'{"timestamp": "2025-12-02T17:50:00.123456", "publisher_id": "sensor-publisher-01", '
    b'"sensor_readings": {"N": 22.5, "P": 17.8, "K": 152.3, "CO2": 498.2, "Temperature": 22.1, '
    b'"Moisture": 54.8, "pH": 7.18}}'
)
WITH_OFFSET = CANONICAL.replace(b'123456"', b'123456+05:30"')
DEVANAGARI = CANONICAL.replace(b"sensor-publisher-01", "खेत-१ उत्तर".encode())
ESCAPED = CANONICAL.replace(b"sensor-publisher-01", b"caf\\u00e9")
HOSTILE = {
    "nesting 65 536": b"[" * 65_536,
    "shallow brackets 65 536": b"[]" * 32_768,
    "escaped quotes 32 000": b"[" * 17 + b'"' + b'\\"' * 32_000,
    "integer of 65 000 digits": b'{"sensor_readings":{"N":' + b"9" * 65_000 + b"}}",
    "decimal of 65 000 digits": b'{"sensor_readings":{"N":0.' + b"9" * 65_000 + b"}}",
    "13 integers of 4300 digits": b'{"x":[' + b",".join([b"9" * 4300] * 13) + b"]}",
    "6 500 keys, the last twice": b"{"
    + b",".join(b'"%05d":1' % n for n in [*range(6500), 6499])
    + b"}",
    "time of 60 000 zeros": b'{"timestamp":"' + b"0" * 60_000 + b'","sensor_data":{"N":1}}',
    "NaN 16 000 times": b'{"x":[' + b",".join([b"NaN"] * 16_000) + b"]}",
}


def per_call_us(call: Callable[[], object], runs: int = RUNS) -> float:
    return min(timeit.repeat(call, number=runs, repeat=5)) / runs * 1e6


def report(name: str, us: float) -> None:
    print(f"{name:<42} {us:10.2f} us")


def main() -> None:
    system, named = MessageDecoder(), MessageDecoder("Asia/Kolkata")
    engine = AnalysisEngine()
    message = RawMessage("harit-samarth/sensor/data", CANONICAL, RECEIVED_US)
    reading = system.decode(message)
    assert isinstance(reading, Reading)
    verdict = QualityControl().examine(reading)
    report("decode, system zone", per_call_us(lambda: system.decode(message)))
    report("decode, named zone", per_call_us(lambda: named.decode(message)))
    for name, payload in [
        ("decode, time with offset", WITH_OFFSET),
        ("decode, Devanagari id", DEVANAGARI),
        ("decode, escaped id", ESCAPED),
        ("refuse {", b"{"),
    ]:
        other = RawMessage("t", payload, RECEIVED_US)
        report(name, per_call_us(lambda other=other: system.decode(other)))
    report("analyse, without quality tests", per_call_us(lambda: engine.analyse(reading, verdict)))
    report("reading_key", per_call_us(lambda: reading_key(reading)))
    report("explain", per_call_us(lambda: engine.explain(reading.values, verdict.flags)))
    for name, payload in HOSTILE.items():
        assert len(payload) <= 65_536, name
        other = RawMessage("t", payload, RECEIVED_US)
        report(f"refuse: {name}", per_call_us(lambda other=other: system.decode(other), 3))


if __name__ == "__main__":
    main()
