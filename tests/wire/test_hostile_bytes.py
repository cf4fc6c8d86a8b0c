"""The decoder against bytes that nobody meant as a reading."""

import json
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Rejection
from harit_desktop.domain.reading import Reading
from harit_desktop.wire.heard import MAX_FACTORS, read_analysis, read_status
from harit_desktop.wire.reasons import Reason
from harit_desktop.wire.registry import MessageDecoder
from harit_desktop.wire.strict_json import MAX_DEPTH

DECODER = MessageDecoder("UTC")
CODES = {reason.value for reason in Reason}
CANONICAL = json.dumps(
    {
        "timestamp": "2025-12-02T17:50:00.123456",
        "publisher_id": "sensor-publisher-01",
        "sensor_readings": {"N": 22.5, "P": 17.8, "K": 152, "Moisture": 54.8, "pH": 7.18},
        "note": 'a "quoted" \\ text',
        "message_id": "m-1",
    }
).encode()


ANALYSIS = json.dumps(
    {
        "timestamp": "2025-12-02T17:50:00.123456",
        "publisher_id": "sensor-publisher-01",
        "analysis": {
            "soil_health_index": 65,
            "health_status": "Good",
            "is_anomalous": 1,
            "anomaly_score": 0.25,
            "critical_factors": ["pH", "Nitrogen"],
        },
        "status": "online",
        "anomalies": [],
    }
).encode()


def decode(payload: bytes, topic: str = "t") -> Reading | Rejection | Heard:
    result = DECODER.decode(RawMessage(topic, payload, 1_764_697_860_000_000))
    check_readers(payload, result)
    if isinstance(result, Heard):
        return result
    if isinstance(result, Rejection):
        assert result.problem.code in CODES
        for value in result.problem.params.values():
            str(value).encode()
    else:
        assert all(v is None or abs(v) <= 1e6 for v in result.values)
        assert any(v is not None for v in result.values)
        for text in (result.publisher_id, result.sent_timestamp, result.message_id):
            (text or "").encode()
    return result


def check_readers(payload: bytes, result: Reading | Rejection | Heard) -> None:
    """What the window reads of a message fits what the decoder took it for, and can be shown."""
    analysis, status = read_analysis(payload), read_status(payload)
    if isinstance(result, Heard):
        result.publisher_id.encode()
        assert len(result.publisher_id) <= 64
        assert (analysis is not None) is (result.kind is HeardKind.ANALYSIS)
        assert (status is not None) is (result.kind is HeardKind.STATUS)
    elif isinstance(result, Rejection) and result.problem.code == "not_mapped":
        assert (analysis, status) == (None, None)
    if analysis is not None:
        texts = (analysis.timestamp, analysis.status, *analysis.critical_factors)
        assert all(text is None or (len(text) < 500 and text.isprintable()) for text in texts)
        assert analysis.index is None or 0 <= analysis.index <= 100
        assert len(analysis.critical_factors) <= MAX_FACTORS


@given(st.binary(max_size=400), st.text(max_size=20))
def test_arbitrary_bytes(payload: bytes, topic: str) -> None:
    decode(payload, topic)


@given(st.text(alphabet='{}[]",:\\un0123456789.eE+- NaNInfitytruefals\ud800', max_size=200))
def test_text_of_json_characters(text: str) -> None:
    decode(text.encode("utf-8", "surrogatepass"))


@given(st.data(), st.sampled_from([CANONICAL, ANALYSIS]))
def test_a_damaged_message(data: st.DataObject, whole: bytes) -> None:
    payload = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(payload)))
        end = data.draw(st.integers(start, min(len(payload), start + 30)))
        payload[start:end] = data.draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from([b'"', b"\\", b"NaN", b"1e999", b"{", b"]", b"\\ud800", b"\0"]),
                st.just(bytes(payload[start:end]) * 2),
            )
        )
    decode(bytes(payload))


WORDS = ["analysis", "soil_health_index", "health_index", "health_status", "is_anomalous"]
WORDS += ["anomaly_score", "critical_factors", "anomalies", "status"]
WORDS += ["publisher_id", "message", "timestamp"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=80),
    st.sampled_from(["online", "offline", "Good"]),
)


@given(
    st.dictionaries(
        st.sampled_from(WORDS),
        st.recursive(
            LEAVES,
            lambda inner: (
                st.lists(inner, max_size=20) | st.dictionaries(st.sampled_from(WORDS), inner)
            ),
            max_leaves=20,
        ),
    )
)
@example({"analysis": {"critical_factors": ["\u202e" * 80] * 40}, "health_index": 10**18})
@example({"status": "online", "message": "\x1b[31m"})
def test_analyses_and_status_messages_with_anything_in_them(tree: dict[str, Any]) -> None:
    decode(json.dumps(tree).encode())


Tree = Any
"""A JSON tree whose objects are lists of pairs in a `dict`-like tuple, so keys may repeat."""


def trees() -> st.SearchStrategy[Tree]:
    keys = st.sampled_from(["a", "b", "N", "pH", "é", "\n", '"', "\\", ""])
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(-9, 9), st.text('a"\\é:{[', max_size=4)
    )

    def objects(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        pairs = st.lists(st.tuples(keys, children), max_size=4)
        return pairs.map(lambda found: ("object", found))

    def extend(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        return objects(children) | st.lists(children, max_size=4)

    return objects(st.recursive(leaves, extend, max_leaves=20))


def render(node: Tree, escaped: list[bool]) -> str:
    """JSON text of a tree; each text is spelled plain or in escapes, as `escaped` says."""

    def text(value: str) -> str:
        if escaped and escaped.pop():
            return '"' + "".join(f"\\u{ord(c):04x}" for c in value) + '"'
        return json.dumps(value, ensure_ascii=False)

    if isinstance(node, tuple):
        pairs = (f"{text(key)}: {render(value, escaped)}" for key, value in node[1])
        return "{" + ", ".join(pairs) + "}"
    if isinstance(node, list):
        return "[" + ",".join(render(value, escaped) for value in node) + "]"
    return text(node) if isinstance(node, str) else json.dumps(node)


def repeats(node: Tree) -> bool:
    if isinstance(node, tuple):
        keys = [key for key, _ in node[1]]
        return len(set(keys)) < len(keys) or any(repeats(value) for _, value in node[1])
    return isinstance(node, list) and any(repeats(value) for value in node)


@given(trees(), st.lists(st.booleans(), max_size=40))
@example(("object", [("a", ("object", [("N", "x"), ("N", "y")])), ("a", 1)]), [])
def test_a_repeated_key_is_found_wherever_and_however_it_is_spelled(
    tree: Tree, escaped: list[bool]
) -> None:
    result = decode(render(tree, escaped).encode())
    assert isinstance(result, Rejection)
    assert (result.problem.code == "duplicate_keys") is repeats(tree)


@given(st.integers(1, 40), st.lists(st.booleans(), min_size=40, max_size=40), st.text(max_size=9))
def test_depth_is_counted_exactly(levels: int, kinds: list[bool], note: str) -> None:
    text = json.dumps(note)
    for is_array in kinds[: levels - 1]:
        text = f"[{text}]" if is_array else f'{{"a": {text}}}'
    payload = f'{{"brackets": "[[[[[[[[[[[[[[[[[[", "x": {text}}}'.encode()
    result = decode(payload)
    assert isinstance(result, Rejection)
    assert (result.problem.code == "too_deep") is (levels > MAX_DEPTH)


@pytest.mark.parametrize(
    "payload",
    [
        b'"' + b'\\"' * 32_000,
        b"{" * 20 + b'"' + b'\\"' * 32_000,
        b"\\" * 65_000,
        b"[" * 65_536,
        b"[]" * 32_000,
        b'{"a":' * 13_000,
        b'{"sensor_readings": {"N": ' + b"9" * 65_000 + b"}}",
        b'{"sensor_readings": {"N": 0.' + b"9" * 65_000 + b"}}",
        b'{"sensor_readings": {"N": 1e' + b"9" * 65_000 + b"}}",
        b'{"sensor_readings": {"N": 1' + b"0" * 300 + b"e-300}}",
        b'{"x": [' + b"9" * 4300 + (b"," + b"9" * 4300) * 13 + b"]}",
        b'{"timestamp": "' + b"0" * 30_000 + b'", "sensor_readings": {"N": 1}}',
        b'{"publisher_id": "' + b"\\u202e" * 10_000 + b'", "sensor_readings": {"N": 1}}',
        string.printable.encode() * 600,
    ],
)
def test_payloads_made_to_be_slow_or_deep(payload: bytes) -> None:
    """Each has brought some parser to its knees; the time limit of the run is the judge."""
    decode(payload)
