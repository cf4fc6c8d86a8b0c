"""A library of hostile payloads, each with what the outside contract says becomes of it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.sensors import CHANNELS, COLUMNS

STORED, REJECTED = "stored", "rejected"
LIMIT = 65_536
DEPTH = 16


@dataclass(frozen=True)
class Case:
    """One payload. `reason` is empty for one that is stored; `columns` are what its row must
    hold. `timed` False has no identity of its own: each copy is another reading."""

    name: str
    payload: bytes
    reason: str = ""
    columns: dict[str, Any] = field(default_factory=dict)
    timed: bool = True

    @property
    def outcome(self) -> str:
        return REJECTED if self.reason else STORED


class _Maker:
    """Gives every payload a time of its own, so that no two readings are the same."""

    def __init__(self) -> None:
        self._second = 0

    def stamp(self) -> str:
        self._second += 1
        hours, rest = divmod(self._second, 3600)
        return f"2025-12-02T{hours:02d}:{rest // 60:02d}:{rest % 60:02d}+00:00"

    def text(self, *, values: str = '"N":22.5', extra: str = "", **members: str) -> str:
        """A document from raw JSON pieces; a member given as "" is left out."""
        pieces = {
            "timestamp": f'"{self.stamp()}"',
            "publisher_id": '"probe"',
            "sensor_readings": "{" + values + "}",
        } | members
        body = ",".join(f'"{name}":{raw}' for name, raw in pieces.items() if raw)
        return "{" + body + ("," + extra if extra else "") + "}"


def cases() -> list[Case]:
    """The whole library, in an order that is always the same."""
    make = _Maker()
    found = [
        *_numbers(make),
        *_structure(make),
        *_encodings(make),
        *_shapes(make),
        *_ids(make),
        *_times(make),
        *_depths_and_sizes(make),
    ]
    for each in ([case.name for case in found], [case.payload for case in found]):
        twice = [value for value, count in Counter(each).items() if count > 1]
        assert not twice, twice
    return found


_GOOD_NUMBERS = {
    "zero": ("0", 0.0),
    "minus zero": ("-0.0", 0.0),
    "smallest double": ("5e-324", 5e-324),
    "underflow": ("1e-400", 0.0),
    "largest": ("1000000", 1e6),
    "smallest": ("-1000000", -1e6),
    "capital exponent": ("1E2", 100.0),
    "plus exponent": ("12e+1", 120.0),
    "more digits than a double": ("22.50000000000000000000000000001", 22.5),
    "not a short binary": ("0.1", 0.1),
    "last bit": ("0.30000000000000004", 0.30000000000000004),
    "negative": ("-5", -5.0),
    "impossible": ("14.000001", 14.000001),
}
_BAD_VALUES = {
    "just too big": "1000000.0000001",
    "far too small": "-1e7",
    "overflow": "1e309",
    "negative overflow": "-1e400",
    "twenty digits": "12345678901234567890",
    "five thousand digits": "9" * 5000,
    "nan": "NaN",
    "infinity": "Infinity",
    "minus infinity": "-Infinity",
    "true": "true",
    "false": "false",
    "text": '"22.5"',
    "empty text": '""',
    "array": "[22.5]",
    "object": '{"v":22.5}',
}
_NO_NUMBERS = {
    "leading zero": "01",
    "plus sign": "+1",
    "no digit before": ".5",
    "no digit after": "5.",
    "hexadecimal": "0x10",
    "underscore": "1_000",
    "two signs": "--1",
    "open exponent": "1e",
    "lower nan": "nan",
    "other digits": "१२",
    "full width": "１",
    "comma": "22,5",
    "thousands": "1 000",
    "fraction": "1/2",
    "None": "None",
    "nothing": "",
}


def _numbers(make: _Maker) -> Iterator[Case]:
    for channel, column in zip(CHANNELS, COLUMNS, strict=True):
        for name, (token, value) in _GOOD_NUMBERS.items():
            text = make.text(values=f'"{channel}":{token}')
            yield Case(f"{channel} {name}", text.encode(), columns={column: value})
        for name, token in _BAD_VALUES.items():
            text = make.text(values=f'"{channel}":{token}')
            yield Case(f"{channel} {name}", text.encode(), "bad_value")
    for name, token in _NO_NUMBERS.items():
        yield Case(f"number {name}", make.text(values=f'"N":{token}').encode(), "not_json")
    elsewhere = make.text(extra='"note":NaN')
    yield Case("NaN outside the channels", elsewhere.encode(), "not_json")
    big = make.text(extra=f'"note":{"8" * 4000}')
    yield Case("huge number outside the channels", big.encode())


def _structure(make: _Maker) -> Iterator[Case]:
    good = make.text
    for name, text in {
        "nothing": "",
        "space": "  ",
        "open brace": "{",
        "closed brace": "}",
        "cut short": good()[:-1],
        "cut in a text": good()[:25],
        "trailing comma": good()[:-1] + ",}",
        "comment": good()[:-1] + "/* x */}",
        "line comment": good() + "// x",
        "single quotes": good().replace('"', "'"),
        "bare keys": good().replace('"N"', "N"),
        "two documents": good() + good(),
        "garbage behind": good() + "x",
        "NUL behind": good() + "\0",
        "NUL in between": good().replace(":", ":\0", 1),
        "raw newline in a text": good(publisher_id='"a\nb"'),
        "bad escape": good(publisher_id='"a\\qb"'),
        "short unicode escape": good(publisher_id='"a\\u12b"'),
        "colon missing": good().replace(":", " ", 1),
        "python": "{'a': None}",
        "xml": "<reading><N>22</N></reading>",
        "csv": "2025-12-02T17:50:00,22,18,150",
        "query": "N=22&P=18",
        "yaml": "N: 22\nP: 18",
        "text": "hello",
    }.items():
        yield Case(f"structure {name}", text.encode(), "not_json")
    for name, text in {
        "null": "null",
        "true": "true",
        "number": "22.5",
        "text": '"22.5"',
        "array": "[]",
        "array of readings": f"[{good()}]",
    }.items():
        yield Case(f"top level {name}", text.encode(), "not_object")
    yield Case("blanks around", f" \r\n\t{good()}\n ".encode())
    for name, text in {
        "at the top": good(extra='"timestamp":null'),
        "channel": good(values='"N":1,"N":2'),
        "channel, equal values": good(values='"N":1,"N":1'),
        "escaped": good(values='"N":1,"\\u004e":2'),
        "deep": good(extra='"note":{"a":{"b":1,"b":1}}'),
        "in an array": good(extra='"note":[{"b":1,"b":1}]'),
        "empty key": good(extra='"":1,"":2'),
        "shape": good(extra='"sensor_readings":{"N":1}'),
    }.items():
        yield Case(f"key twice {name}", text.encode(), "duplicate_keys")


def _encodings(make: _Maker) -> Iterator[Case]:
    text = make.text
    for name, payload in {
        "UTF-16": text().encode("utf-16"),
        "Latin-1": text(publisher_id='"Müller"').encode("latin-1"),
        "overlong": text(publisher_id='"a?b"').encode().replace(b"?", b"\xc0\x80"),
        "surrogate bytes": text(publisher_id='"a?b"').encode().replace(b"?", b"\xed\xa0\x80"),
        "cut character": text(publisher_id='"a?"').encode().replace(b"?", b"\xe2\x82"),
        "beyond Unicode": text(publisher_id='"a?"').encode().replace(b"?", b"\xf4\x90\x80\x80"),
        "lone continuation": text(extra='"note":"?"').encode().replace(b"?", b"\x80"),
        "bytes": bytes(range(256)),
        "gzip": gzip.compress(text().encode(), mtime=0),
        "picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    }.items():
        yield Case(f"encoding {name}", payload, "not_utf8")
    for name, payload in {
        "UTF-16 without mark": text().encode("utf-16-le"),
        "UTF-32": text().encode("utf-32-be"),
        "UTF-8 with mark": text().encode("utf-8-sig"),
        "base64": b"eyJOIjoyMn0=",
        "zeros": bytes(100),
    }.items():
        yield Case(f"encoding {name}", payload, "not_json")
    for name, note in {
        "lone surrogate": '"\\ud800"',
        "surrogates in the wrong order": '"\\udc00\\ud800"',
        "every ASCII character": json.dumps("".join(map(chr, range(128)))),
        "emoji": '"🌱"',
        "emoji escaped": '"\\ud83c\\udf31"',
        "Devanagari": '"मिट्टी"',
    }.items():
        yield Case(f"note {name}", text(extra=f'"note":{note}').encode())


def _shapes(make: _Maker) -> Iterator[Case]:
    text = make.text
    for name, document in {
        "empty": "{}",
        "other program": text(sensor_readings="", extra='"payload":{"temp_c":21}'),
        "null": text(sensor_readings="null"),
        "array": text(sensor_readings="[22.5]"),
        "number": text(sensor_readings="22.5"),
        "text": text(sensor_readings='"N=22"'),
        "no channel": text(values='"depth":3'),
        "all null": text(values=",".join(f'"{channel}":null' for channel in CHANNELS)),
        "other case": text(values='"n":22,"ph":7,"temperature":20'),
        "channels at the top": text(sensor_readings="", extra='"N":22.5'),
        "blank in a key": text(values='"N ":22.5'),
    }.items():
        yield Case(f"shape {name}", document.encode(), "not_mapped")
    yield Case(
        "shape hardware",
        text(sensor_readings="", extra='"sensor_data":{"pH":7.25}').encode(),
        columns={"pH": 7.25, "N": None},
    )
    yield Case(
        "shape both",
        text(values='"pH":7.5', extra='"sensor_data":{"pH":1,"N":1}').encode(),
        columns={"pH": 7.5, "N": None},
    )
    yield Case(
        "shape null and hardware",
        text(sensor_readings="null", extra='"sensor_data":{"pH":7.75}').encode(),
        columns={"pH": 7.75},
    )
    yield Case(
        "shape unknown keys",
        text(values='"pH":6.25,"depth_cm":10,"__class__":"x"').encode(),
        columns={"pH": 6.25},
    )
    for name, raw, source in (
        ("true", "true", "simulator"),
        ("text", '"true"', "mqtt"),
        ("one", "1", "mqtt"),
    ):
        document = text(extra=f'"simulated":{raw}')
        yield Case(f"simulated {name}", document.encode(), columns={"source": source})


_GOOD_IDS = {
    "longest": "x" * 64,
    "longest in emoji": "🌱" * 64,
    "blanks around": "  probe  ",
    "HTML": "<img src=/etc/passwd.png>",
    "heading": "<h1>Disconnected</h1>",
    "formula": "=1+1",
    "formula with a call": '=cmd|"/c calc"!A1',
    "at": "@SUM(A1)",
    "minus": "-2+3",
    "SQL": "'; DROP TABLE sensor_readings; --",
    "path": "../../etc/passwd",
    "device": "CON",
    "drive": "a:b\\c",
    "format": "%s%n{0}{broker}",
    "shell": "$(reboot)`reboot`",
    "quotes": "\"'`",
    "Devanagari": "खेत-१",
    "joiner after a virama": "क्‍ष",
    "accents": "nodé-A",
    "decomposed": "node\u0301-A",
    "other case": "NODÉ-A",
    "Arabic": "حقل",
    "the word null": "null",
}
_BAD_IDS = {
    "empty": "",
    "blank": "   ",
    "too long": "x" * 65,
    "far too long": "x" * 20_000,
    "NUL": "a\0b",
    "newline": "a\nb",
    "log forging": "x\r\n2026-01-01 ERROR admin",
    "escape": "\x1b[2J",
    "tab": "\tx",
    "delete": "a\x7f",
    "C1": "a\x9bb",
    "bidi override": "a\u202egnp.exe",
    "bidi isolate": "a\u2066b",
    "mark": "a\u200fb",
    "zero width": "a\u200bb",
    "joiner": "a\u200db",
    "word joiner": "a\u2060b",
    "byte order mark": "\ufeffa",
    "soft hyphen": "pro\u00adbe",
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "noncharacter": "a\uffffb",
    "tag": "a\U000e0041",
    "Hangul filler": "\u3164",
}


def _ids(make: _Maker) -> Iterator[Case]:
    for name, publisher in _GOOD_IDS.items():
        for form, raw in (
            ("", json.dumps(publisher, ensure_ascii=False)),
            (" escaped", json.dumps(publisher)),
        ):
            if form and raw == json.dumps(publisher, ensure_ascii=False):
                continue
            payload = make.text(publisher_id=raw).encode()
            yield Case(f"id {name}{form}", payload, columns={"publisher_id": publisher})
    for name, publisher in _BAD_IDS.items():
        payload = make.text(publisher_id=json.dumps(publisher)).encode()
        yield Case(f"id {name}", payload, "bad_publisher_id")
        payload = make.text(extra=f'"message_id":{json.dumps(publisher)}').encode()
        yield Case(f"message id {name}", payload, "bad_message_id")
    for name, raw in {
        "number": "7",
        "true": "true",
        "array": '["a"]',
        "object": '{"a":1}',
        "lone surrogate": '"a\\ud800"',
    }.items():
        yield Case(f"id {name}", make.text(publisher_id=raw).encode(), "bad_publisher_id")
        payload = make.text(extra=f'"message_id":{raw}').encode()
        yield Case(f"message id {name}", payload, "bad_message_id")
    for name, raw in {"missing": "", "null": "null"}.items():
        payload = make.text(publisher_id=raw).encode()
        yield Case(f"id {name}", payload, columns={"publisher_id": "unknown"})
    longest = make.text(extra=f'"message_id":"{"m" * 64}"').encode()
    yield Case("message id longest", longest, columns={"message_id": "m" * 64})


_GOOD_TIMES = {
    "microseconds": ("2025-11-01T10:00:00.000001+00:00", 1_761_991_200_000_001),
    "nanoseconds": ("2025-11-01T10:00:00.123456789+00:00", 1_761_991_200_123_456),
    "Z": ("2025-11-01T10:00:02Z", 1_761_991_202_000_000),
    "small z": ("2025-11-01t10:00:03z", 1_761_991_203_000_000),
    "blank": ("2025-11-01 10:00:04+00:00", 1_761_991_204_000_000),
    "offset": ("2025-11-01T15:30:05+05:30", 1_761_991_205_000_000),
    "far offset": ("2025-10-31T10:01:06-23:59", 1_761_991_206_000_000),
    "basic": ("20251101T100007Z", 1_761_991_207_000_000),
    "comma": ("2025-11-01T10:00:08,5+00:00", 1_761_991_208_500_000),
    "leap day": ("2024-02-29T10:00:00+00:00", 1_709_200_800_000_000),
}
_SUSPECT_TIMES = {
    "year 1": "0001-01-01T00:00:00+00:00",
    "year 9999": "9999-12-31T23:59:59.999999+00:00",
    "never set": "1970-01-01T00:00:00+00:00",
    "before 2000": "1999-12-31T23:59:59+00:00",
    "far ahead": "2199-01-01T00:00:00+00:00",
}
_BAD_TIMES = {
    "empty": '""',
    "text": '"yesterday"',
    "number": "1764697800",
    "fraction": "1764697800.5",
    "true": "true",
    "array": "[2025,12,2]",
    "date alone": '"2025-12-02"',
    "time alone": '"17:50:00"',
    "no such day": '"2025-02-30T00:00:00Z"',
    "no such leap day": '"2025-02-29T00:00:00Z"',
    "hour 25": '"2025-12-02T25:00:00Z"',
    "minute 60": '"2025-12-02T17:60:00Z"',
    "second 61": '"2025-12-02T17:50:61Z"',
    "year 10000": '"10000-01-01T00:00:00Z"',
    "negative year": '"-001-01-01T00:00:00Z"',
    "offset 24": '"2025-12-02T17:50:00+24:00"',
    "American": '"12/02/2025 17:50"',
    "named zone": '"2025-12-02T17:50:00 IST"',
    "digits of India": '"२०२५-१२-०२T१७:५०:००"',
    "zeros": '"' + "0" * 30_000 + '"',
    "NUL": '"2025-12-02T17:50:00Z\\u0000"',
    "newline": '"2025-12-02T17:50:00Z\\n"',
    "blank before": '" 2025-12-02T17:50:00Z"',
    "format": '"%s%s%s%s%s%s%s%s%s%s"',
}


def _times(make: _Maker) -> Iterator[Case]:
    for name, (sent, instant_us) in _GOOD_TIMES.items():
        payload = make.text(timestamp=f'"{sent}"').encode()
        columns = {"timestamp_us": instant_us, "time_source": "sent", "sent_timestamp": sent}
        yield Case(f"time {name}", payload, columns=columns)
    for name, sent in _SUSPECT_TIMES.items():
        payload = make.text(timestamp=f'"{sent}"').encode()
        columns = {"time_source": "suspect", "sent_timestamp": sent}
        yield Case(f"time {name}", payload, columns=columns)
    for name, raw in _BAD_TIMES.items():
        yield Case(f"time {name}", make.text(timestamp=raw).encode(), "bad_timestamp")
    for name, raw in {"missing": "", "null": "null"}.items():
        payload = make.text(timestamp=raw).encode()
        yield Case(f"time {name}", payload, columns={"time_source": "received"}, timed=False)


def _depths_and_sizes(make: _Maker) -> Iterator[Case]:
    for name, opening, closing in (("objects", '{"a":', "}"), ("arrays", "[", "]")):
        for depth, reason in ((DEPTH, ""), (DEPTH + 1, "too_deep"), (5000, "too_deep")):
            inside = opening * (depth - 1) + "1" + closing * (depth - 1)
            document = make.text(extra=f'"note":{inside}')
            yield Case(f"depth {depth} of {name}", document.encode(), reason)
    yield Case("only brackets", b"[" * LIMIT, "too_deep")
    yield Case("only braces", b'{"a":' * 10_000, "too_deep")
    brackets = make.text(extra=f'"note":"{"[{" * 1000}"')
    yield Case("brackets in a text", brackets.encode())
    for name, size, reason in (
        ("limit", LIMIT, ""),
        ("limit + 1", LIMIT + 1, "too_large"),
        ("250 kB", 250_000, "too_large"),
    ):
        short = make.text(extra='"note":"?"').encode()
        payload = short.replace(b"?", b"x" * (size - len(short) + 1))
        assert len(payload) == size
        yield Case(f"size {name}", payload, reason)
    many = ",".join(f'"k{n}":{n}' for n in range(4000))
    yield Case("thousands of keys", make.text(extra=many).encode())
    quotes = make.text(extra='"note":"' + '\\"' * 20_000 + '"')
    yield Case("thousands of escapes", quotes.encode())
    yield Case("quotes that never end", b'"' * 60_001, "not_json")
    yield Case("backslashes", b'{"a":"' + b"\\" * 60_001, "not_json")
