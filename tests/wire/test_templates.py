"""Templates: what a person said of a device, kept in a file that tests itself."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.extras import EXTRA_CHANNELS
from harit_desktop.domain.message import RawMessage, Rejection
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.topics import STATUS_TOPIC
from harit_desktop.wire.reasons import Refused
from harit_desktop.wire.registry import MessageDecoder
from harit_desktop.wire.template_paths import MISSING, parse_path, path_text, value_at
from harit_desktop.wire.template_spec import (
    ChannelSpec,
    TemplateFault,
    TemplateSpec,
    TimeKind,
    TimeSpec,
)
from harit_desktop.wire.template_units import TARGETS, UNITS, unit_of
from harit_desktop.wire.templates import (
    Template,
    found_in,
    load_template,
    load_templates,
    template_text,
    tree_of,
    with_sample,
)

FILE = """\
name = "Farm NPK"
topic = "farm/+/npk"
device = "{topic:2}"
match = ["npk.nitrogen"]

[time]
path = "timestamp"
kind = "epoch_s"

[[channel]]
path = "npk.nitrogen"
to = "N"
unit = "mg/kg"

[[channel]]
path = "soil_temperature"
to = "Temperature"
unit = "F"
ignore = [-999.0]

[[channel]]
path = "ec"
to = "EC"
unit = "dS/m"

[sample]
topic = "farm/north/npk"
payload = '''
{"timestamp": 1730317200, "npk": {"nitrogen": 12}, "soil_temperature": 75.2, "ec": 0.18}'''

[sample.expected]
device = "north"
time = 1730317200

[sample.expected.values]
N = 12.0
Temperature = 24.0
EC = 180.0
"""


def spec(*channels: ChannelSpec, **fields: object) -> TemplateSpec:
    made = TemplateSpec(
        name="T",
        topic="a/+",
        device="{topic:2}",
        channel=channels or (ChannelSpec("m", "Moisture"),),
    )
    return msgspec.structs.replace(made, **fields)


def fault_of(text: str) -> dict[str, str | int | float]:
    with pytest.raises(KnownError) as caught:
        load_template(text, "farm.toml")
    assert caught.value.code == "template.invalid"
    assert caught.value.params["file"] == "farm.toml"
    return dict(caught.value.params)


def values(template: Template, topic: str, tree: object) -> dict[str, float]:
    found = template.try_on(topic, tree)
    assert found is not None
    return found_in(found[0]) if found else {}


def test_a_file_gives_what_its_sample_expects_and_comes_back_from_its_text() -> None:
    template = load_template(FILE, "farm.toml")
    (one,) = (
        template.try_on("farm/canal/npk", {"npk": {"nitrogen": 3}, "soil_temperature": 50, "ec": 1})
        or ()
    )
    assert one.publisher_id == "canal"
    assert one.sent is None
    assert found_in(one) == {"N": 3.0, "Temperature": 10.0, "EC": 1000.0}
    again = load_template(template_text(template), "again.toml")
    assert again == template


@pytest.mark.parametrize(
    ("old", "new", "why", "line", "key"),
    [
        ('match = ["npk', 'matches = ["npk', "unknown_key", 4, "matches"),
        ('to = "EC"\n', 'to = "EC"\nunits = "x"\n', "unknown_key", 24, "channel[3].units"),
        ('to = "EC"', 'to = "Salt"', "bad_target", 23, "channel[3].to"),
        ('to = "EC"', 'to = "N"', "twice", 23, "channel[3].to"),
        ('unit = "dS/m"', 'unit = "furlong"', "bad_unit", 24, "channel[3].unit"),
        ('unit = "F"', "unit = 7", "wrong_kind", 18, "channel[2].unit"),
        ("ignore = [-999.0]", "scale = inf", "bad_number", 19, "channel[2].scale"),
        ("ignore = [-999.0]", "scale = 0.0", "bad_number", 19, "channel[2].scale"),
        ('path = "ec"', 'path = "ec."', "bad_path", 22, "channel[3].path"),
        ('"farm/+/npk"', '"farm/+x/npk"', "bad_topic", 2, "topic"),
        ('"farm/+/npk"', '"farm/#/npk"', "bad_topic", 2, "topic"),
        ('"{topic:2}"', '"{topic:0}"', "bad_device", 3, "device"),
        ('"{topic:2}"', '"{topic:2"', "bad_device", 3, "device"),
        ('"{topic:2}"', '""', "bad_device", 3, "device"),
        ('name = "Farm NPK"', 'name = " "', "bad_name", 1, "name"),
        ('kind = "epoch_s"', 'kind = "moon"', "wrong_kind", 8, "time.kind"),
        ("N = 12.0", "N = 12.5", "sample_differs", 36, "sample.expected.values.N"),
        ("N = 12.0\n", "", "sample_differs", 35, "sample.expected.values.N"),
        ("EC = 180.0", "EC = 180.0\nK = 1.0", "sample_differs", 39, "sample.expected.values.K"),
        ('device = "north"', 'device = "south"', "sample_differs", 32, "sample.expected.device"),
        ("time = 1730317200", 'time = "x"', "sample_differs", 33, "sample.expected.time"),
        ('topic = "farm/north/npk"', 'topic = "other"', "sample_nothing", 26, "sample"),
        ("payload = '''\n{", "payload = '''\n{{", "sample_unreadable", 28, "sample.payload"),
        ('topic = "farm/+/npk"', "topic =", "not_toml", 2, ""),
    ],
)
def test_what_is_wrong_is_told_with_line_and_key(
    old: str, new: str, why: str, line: int, key: str
) -> None:
    assert FILE.count(old) == 1
    found = fault_of(FILE.replace(old, new))
    assert (found["why"], found["line"], found["key"]) == (why, line, key)


def test_a_template_without_sample_is_refused() -> None:
    assert fault_of(FILE[: FILE.index("[sample]")])["why"] == "no_sample"


def test_a_file_that_is_far_too_large_or_deep_is_refused() -> None:
    assert fault_of("#" * 200_001)["why"] == "too_large"
    assert fault_of("a = " + "[" * 100_000)["why"] == "not_toml"
    assert fault_of("n = " + "9" * 5000)["why"] == "not_toml"


@pytest.mark.parametrize("broken", ["x", "n = " + "9" * 5000], ids=["no toml", "long integer"])
def test_one_broken_file_does_not_stop_the_others(broken: str) -> None:
    sound, problems = load_templates((("a.toml", FILE), ("b.toml", broken), ("c.toml", FILE)))
    assert list(sound) == ["a.toml", "c.toml"]
    assert [problem.params["file"] for problem in problems] == ["b.toml"]


NATIVE = {"publisher_id": "p", "sensor_readings": {"N": 1.0, "pH": "seven"}, "m": 4}


def test_native_messages_are_never_taken_even_by_a_greedy_template() -> None:
    greedy = Template(
        spec(ChannelSpec("sensor_readings.N", "N"), ChannelSpec("m", "Moisture"), topic="#")
    )
    device = msgspec.structs.replace(greedy.spec, device="x")
    assert Template(device).try_on("a", NATIVE) is None
    assert Template(device).try_on("a", {**NATIVE, "sensor_readings": None, "m": 4}) is not None
    hardware = {"sensor_data": {"Moisture": None}, "m": 4}
    assert Template(device).try_on("a", hardware) is None
    assert Template(device).try_on(STATUS_TOPIC, {"m": 4}) is None


@pytest.mark.parametrize(
    ("levels", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "$SYS/load", False),
        ("+/b", "$SYS/b", False),
        ("+/+", "a/", True),
    ],
)
def test_the_topic_filter_is_that_of_mqtt(levels: str, topic: str, taken: bool) -> None:
    template = Template(spec(topic=levels, device="x"))
    assert (template.try_on(topic, {"m": 1}) is not None) is taken


def test_sentinels_texts_and_odd_values_are_no_measurements() -> None:
    strict = Template(spec(ChannelSpec("m", "Moisture", ignore=(-999.0, 327.6))))
    lenient = Template(spec(ChannelSpec("m", "Moisture", ignore=(327.6,), numeric_text=True)))
    odd = (-999, 327.60, "41.5", None, True, [1], {}, "x", 10**30)
    for value in odd:
        assert strict.try_on("a/b", {"m": value}) == (), value
    assert values(lenient, "a/b", {"m": "41.5"}) == {"Moisture": 41.5}
    assert lenient.try_on("a/b", {"m": "327.60"}) == ()
    assert lenient.try_on("a/b", {"other": 1}) is None


def test_scale_and_offset_come_before_the_unit() -> None:
    template = Template(
        spec(
            ChannelSpec("t", "Temperature", unit="°F", scale=0.1, offset=2.0),
            ChannelSpec("w", "Moisture", unit="fraction"),
            ChannelSpec("v", "BatteryVoltage", unit="mV"),
            ChannelSpec("huge", "N", scale=1e9),
        )
    )
    found = values(template, "a/b", {"t": 480, "w": 0.07, "v": 3367, "huge": 5})
    assert found == {"Temperature": 10.0, "Moisture": 7.0, "BatteryVoltage": 3.367}


@pytest.mark.parametrize(
    ("pattern", "device"),
    [
        ("{topic:2}", "b"),
        ("{payload:id}", "7"),
        ("{payload:ids[0].eui}", "A8"),
        ("farm-{topic:2}-{payload:id}", "farm-b-7"),
        ("fixed", "fixed"),
        ("{topic:9}", None),
        ("{payload:empty}", None),
        ("{payload:nothing}", None),
        ("{payload:flag}", None),
    ],
)
def test_the_device_comes_from_the_topic_the_payload_or_is_fixed(
    pattern: str, device: str | None
) -> None:
    tree = {
        "m": 1,
        "id": 7.0,
        "ids": [{"eui": "A8"}],
        "empty": "",
        "flag": True,
    }
    found = Template(spec(device=pattern)).try_on("a/b", tree)
    assert (found[0].publisher_id if found else None) == device


@pytest.mark.parametrize("sent", ["x" * 65, "a\u202eb", " "])
def test_a_device_id_that_cannot_be_one_is_refused(sent: str) -> None:
    template = Template(spec(device="{payload:id}"))
    with pytest.raises(Refused, match="bad_publisher_id"):
        template.try_on("a/b", {"m": 1, "id": sent})
    with pytest.raises(TemplateFault, match="bad_device"):
        with_sample(template.spec, "a/b", json.dumps({"m": 1, "id": sent}).encode())


@pytest.mark.parametrize(
    ("kind", "sent", "given"),
    [
        (TimeKind.ISO, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        (TimeKind.ISO, 5, None),
        (TimeKind.EPOCH_S, 1730317200, 1730317200.0),
        (TimeKind.EPOCH_S, "1730317200", 1730317200.0),
        (TimeKind.EPOCH_MS, 1730317200500, 1730317200.5),
        (TimeKind.EPOCH_S, 10**30, None),
        (TimeKind.EPOCH_S, "nan", None),
        (TimeKind.EPOCH_S, True, None),
        (TimeKind.NONE, 5, None),
    ],
)
def test_the_time_is_handed_on_as_text_or_seconds(
    kind: TimeKind, sent: object, given: object
) -> None:
    template = Template(spec(time=TimeSpec("t", kind)))
    (one,) = template.try_on("a/b", {"m": 1, "t": sent}) or ()
    assert one.sent == given


def test_a_bare_value_is_the_whole_payload_and_partial_is_marked() -> None:
    bare = Template(spec(ChannelSpec("$", "Moisture"), partial=True))
    for tree in (43.2, "43.2"):
        (one,) = bare.try_on("a/b", tree) or ()
        assert found_in(one) == {"Moisture": 43.2}
        assert one.partial
    assert bare.try_on("a/b", "nan") == ()
    assert tree_of(b" 43.2\n") == 43.2
    assert tree_of(b"unavailable") == "unavailable"


def test_an_entry_of_a_list_is_chosen_by_a_member() -> None:
    path = "messages[measurementId=4103].measurementValue"
    template = Template(spec(ChannelSpec(path, "Moisture")))
    tree = {
        "messages": [
            {"measurementId": 4102, "measurementValue": 23.9},
            {"measurementId": 4103, "measurementValue": 45.5},
        ]
    }
    assert values(template, "a/b", tree) == {"Moisture": 45.5}


keys = st.text(min_size=1, max_size=8)
steps = st.one_of(
    keys,
    st.integers(0, 9999),
    st.tuples(st.text("abc_1", min_size=1, max_size=5), st.text(max_size=8)),
)


@given(st.lists(steps, max_size=4))
def test_every_path_that_starts_with_a_key_comes_back_from_its_text(found: list[object]) -> None:
    path = ("k", *found)
    text = path_text(path)  # type: ignore[arg-type]  # steps of a path
    if len(text) <= 200:
        assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", "a[", "a[x]", 'a"b', "a b]", "x" * 201])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(text)


def test_a_path_finds_null_and_misses_what_is_not_there() -> None:
    tree = {"a": {"b": None, "$": 1}, "l": [1]}
    assert value_at(tree, parse_path("a.b")) is None
    assert value_at(tree, parse_path('a."$"')) == 1
    for text in ("a.c", "a[0]", "l.x", "l[1]", "l[a=1]", "a.b.c"):
        assert value_at(tree, parse_path(text)) is MISSING


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@given(st.text(max_size=20), json_values)
def test_no_message_brings_a_template_down(topic: str, tree: object) -> None:
    template = load_template(FILE, "farm.toml")
    loose = Template(
        spec(ChannelSpec("a", "N"), topic="#", device="{payload:a}", time=TimeSpec("a", "iso"))
    )
    for each in (template, loose):
        for where, what in ((topic, tree), ("farm/x/npk", {"npk": {"nitrogen": tree}, "a": tree})):
            with suppress(Refused):
                each.try_on(where, what)


payloads = st.dictionaries(
    st.sampled_from(["m", "note", "it's", "'''", "\x7f", "\r\n"]),
    st.text(max_size=9).filter(lambda text: text.isprintable()) | st.integers(0, 100),
)


@given(payloads, st.booleans())
def test_every_sample_survives_its_file(tree: dict[str, object], indented: bool) -> None:
    text = json.dumps({**tree, "m": 5}, ensure_ascii=False, indent=2 if indented else None)
    made = with_sample(spec(), "a/b'c", text.encode())
    assert load_template(template_text(made), "t.toml") == made


def test_a_sample_that_means_nothing_makes_no_template() -> None:
    for payload in (b'{"x": 1}', b'{"m": "dry"}', json.dumps(NATIVE).encode()):
        with pytest.raises(TemplateFault, match="sample_nothing"):
            with_sample(spec(), "a/b", payload)
    with pytest.raises(TemplateFault, match="sample_unreadable"):
        with_sample(spec(), "a/b", b"\xff\xfe")


def test_every_channel_and_extra_has_units_and_the_first_is_the_one_that_is_kept() -> None:
    assert set(UNITS) == set(TARGETS)
    for known in (*CHANNELS, *EXTRA_CHANNELS):
        kept = UNITS[known.key][0]
        assert (kept.factor, kept.offset) == (1.0, 0.0)
        assert known.unit in ("", kept.name)
    assert unit_of("EC", "\u03bcS/cm") is unit_of("EC", "")
    assert unit_of("EC", "°C") is None


def test_the_example_of_the_documentation_is_sound() -> None:
    page = Path(__file__).parents[2] / "docs" / "mapping.md"
    example = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    template = load_template(example, "example.toml")
    assert load_template(template_text(template), "again.toml") == template


def test_the_decoder_follows_templates_and_keeps_its_own_messages() -> None:
    greedy = ChannelSpec("m", "Moisture"), ChannelSpec("sensor_readings.N", "P")
    template = Template(spec(*greedy, topic="#", device="x"))
    decoder = MessageDecoder("UTC", (template,))

    def decoded(tree: object) -> object:
        payload = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        return decoder.decode(RawMessage("a/b", payload, 1_790_000_000_000_000))

    mapped = decoded({"m": 4.5})
    assert isinstance(mapped, Reading)
    assert (mapped.publisher_id, mapped.values[5]) == ("x", 4.5)
    native = decoded({"publisher_id": "own", "sensor_readings": {"N": 1.0}, "m": 4.5})
    assert isinstance(native, Reading)
    assert (native.publisher_id, native.values[0], native.values[1]) == ("own", 1.0, None)
    bad = decoded({"publisher_id": "own", "sensor_readings": {"N": "much"}, "m": 4.5})
    assert isinstance(bad, Rejection)
    assert bad.problem.code == "bad_value"
    empty = decoded({"m": "dry"})
    assert isinstance(empty, Rejection)
    assert empty.problem.code == "not_mapped"
