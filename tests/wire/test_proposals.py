"""What is proposed for an unknown message: names of many makers, and no rash guesses."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harit_desktop.wire.proposal_rows import MAX_ROWS, RowKind
from harit_desktop.wire.proposals import Confidence, Proposal, Row, Why, channels_first, propose
from harit_desktop.wire.template_spec import ChannelSpec, TemplateSpec, TimeKind, TimeSpec
from harit_desktop.wire.templates import found_in, tree_of, with_sample

TOPIC = "farm/a1/up"


def of(tree: object, topic: str = TOPIC) -> Proposal:
    return propose(topic, json.dumps(tree).encode())


def mapped(proposal: Proposal) -> dict[str, str]:
    """path -> channel (unit, factor where it is not one)."""
    found = {}
    for row in proposal.rows:
        if row.to:
            factor = "" if row.scale == 1.0 else f" x{row.scale:g}"
            found[row.path] = f"{row.to} {row.unit}{factor}"
    return found


def row_of(proposal: Proposal, path: str) -> Row:
    return next(row for row in proposal.rows if row.path == path)


def reading_of(topic: str, payload: bytes) -> dict[str, float]:
    """What the message gives where every proposal is taken as it is."""
    proposal = propose(topic, payload)
    device = proposal.devices[0].pattern
    times = [TimeSpec(choice.path, choice.kind) for choice in proposal.times] or [TimeSpec()]
    spec = TemplateSpec(
        name="T",
        topic=proposal.filter_for(device),
        device=device,
        channel=tuple(
            ChannelSpec(
                row.path,
                row.to,
                row.unit,
                row.scale,
                ignore=row.ignore,
                numeric_text=row.kind is RowKind.NUMERIC_TEXT,
            )
            for row in proposal.rows
            if row.to
        ),
        time=times[0],
        partial=proposal.partial,
    )
    (one,) = with_sample(spec, topic, payload).try_on(topic, tree_of(payload)) or ()
    return {"": one.publisher_id, **found_in(one)}  # type: ignore[dict-item]  # the id beside


DRAGINO = {
    "end_device_ids": {"device_id": "plot-1", "dev_eui": "A84041C891885C21"},
    "received_at": "2024-08-10T09:13:57.452142969Z",
    "uplink_message": {
        "f_cnt": 123,
        "decoded_payload": {
            "BatV": 3.367,
            "Mod": 0,
            "conduct_SOIL": 318,
            "temp_DS18B20": "327.60",
            "temp_SOIL": "24.29",
            "water_SOIL": "36.19",
        },
        "rx_metadata": [
            {"rssi": -88, "channel_rssi": -88, "snr": 9.2, "location": {"latitude": 51.0}}
        ],
    },
}


def test_the_things_stack_with_texts_and_a_missing_probe() -> None:
    topic = "v3/app@ttn/devices/plot-1/up"
    proposal = of(DRAGINO, topic)
    way = "uplink_message.decoded_payload."
    assert mapped(proposal) == {
        f"{way}BatV": "BatteryVoltage V",
        f"{way}conduct_SOIL": "EC µS/cm",
        f"{way}temp_DS18B20": "Temperature2 °C",
        f"{way}temp_SOIL": "Temperature °C",
        f"{way}water_SOIL": "Moisture %",
        "uplink_message.rx_metadata[0].rssi": "RSSI dBm",
        "uplink_message.rx_metadata[0].snr": "SNR dB",
    }
    missing = row_of(proposal, f"{way}temp_DS18B20")
    assert (missing.why, missing.ignore) == (Why.SENTINEL, (327.6,))
    assert proposal.devices[0].pattern == "{payload:end_device_ids.device_id}"
    assert proposal.filter_for(proposal.devices[0].pattern) == "v3/app@ttn/devices/+/up"
    assert (proposal.times[0].path, proposal.times[0].kind) == ("received_at", TimeKind.ISO)
    found = reading_of(topic, json.dumps(DRAGINO).encode())
    assert found[""] == "plot-1"
    assert "Temperature2" not in found
    assert found["Moisture"] == 36.19


def test_entries_of_a_list_are_told_apart_by_their_number_or_name() -> None:
    ids = [(4102, 23.9), (4103, 45.5), (4108, 0.18), (4097, 20.0), (4098, 60.0)]
    tree = {
        "id": "s-1",
        "messages": [{"measurementId": one, "measurementValue": value} for one, value in ids],
    }
    assert reading_of(TOPIC, json.dumps(tree).encode()) == {
        "": "s-1",
        "Temperature": 23.9,
        "Moisture": 45.5,
        "EC": 180.0,
        "AirTemperature": 20.0,
        "AirHumidity": 60.0,
    }
    named = {"data": [{"name": "soil_moisture", "value": 44.1}, {"name": "soil_t", "value": 20}]}
    assert mapped(of(named))["data[name=soil_moisture].value"] == "Moisture %"


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (
            {"bodenfeuchte": 31, "bodentemperatur": 12.5, "luftfeuchte": 71, "lufttemperatur": 15},
            {
                "bodenfeuchte": "Moisture %",
                "bodentemperatur": "Temperature °C",
                "luftfeuchte": "AirHumidity %",
                "lufttemperatur": "AirTemperature °C",
            },
        ),
        (
            {"hum_suelo": 33, "temp_suelo": 21, "azoto": 4, "fosforo": 5, "potasio": 6},
            {
                "hum_suelo": "Moisture %",
                "temp_suelo": "Temperature °C",
                "azoto": "N mg/kg",
                "fosforo": "P mg/kg",
                "potasio": "K mg/kg",
            },
        ),
        ({"नमी": 33, "तापमान": 21}, {"नमी": "Moisture %", "तापमान": "Temperature °C"}),
        (
            {"VWC": 31, "SoilTempF": 70.5, "soil_ec_dS_m": 0.4, "pH": 6.5},
            {
                "VWC": "Moisture %",
                "SoilTempF": "Temperature °F",
                "soil_ec_dS_m": "EC dS/m",
                "pH": "pH pH",
            },
        ),
        (
            {"npk": {"n": 1, "p": 2, "k": 3}, "co2_ppm": 600, "lux": 5},
            {
                "npk.n": "N mg/kg",
                "npk.p": "P mg/kg",
                "npk.k": "K mg/kg",
                "co2_ppm": "CO2 ppm",
                "lux": "Light lx",
            },
        ),
        (
            {"soil": {"temp": {"value": 75.2, "unit": "°F"}, "moisture": {"value": 33}}},
            {"soil.temp.value": "Temperature °F", "soil.moisture.value": "Moisture %"},
        ),
        (
            {"soil_temp": 2431, "soil_moist": 4510, "ph": 645, "vbat": 3312},
            {
                "soil_temp": "Temperature °C x0.01",
                "soil_moist": "Moisture % x0.01",
                "ph": "pH pH x0.01",
                "vbat": "BatteryVoltage mV",
            },
        ),
        (
            {"moisture": 0.31, "ec": 0.4, "battery": 3.61},
            {"moisture": "Moisture fraction", "ec": "EC dS/m", "battery": "BatteryVoltage V"},
        ),
        ({"p": 1013, "k": "x"}, {}),
        ({"battery_ok": 1, "Bat_status": 3, "fCnt": 3, "latitude": 51.1, "eCO2": 500}, {}),
    ],
)
def test_names_units_and_factors(tree: dict[str, object], expected: dict[str, str]) -> None:
    assert mapped(of(tree)) == expected


@pytest.mark.parametrize(
    "tree",
    [
        {"humidity": 56.1, "temperature": 22.3},
        {"hum": 40, "soil_moisture": 20},
        {"SHT31": {"Humidity": 50.0}, "ec": 300},
        {"air_moisture": 50.0},
        {"relative_humidity": 50.0, "ph": 6.0},
        {"luftfeuchtigkeit": 50},
        {"ambient": {"humidity": 55}},
        {"leaf_wetness": 10},
    ],
)
def test_humidity_of_the_air_is_never_soil_moisture(tree: dict[str, object]) -> None:
    for row in of(tree).rows:
        assert row.to != "Moisture" or "soil" in row.path


def test_humidity_that_may_be_either_is_left_to_the_person() -> None:
    row = row_of(of({"humidity": 40, "conductivity": 500}), "humidity")
    assert (row.to, row.why) == ("", Why.AIR_OR_SOIL)


def test_humidity_within_a_plant_sensor_is_the_soils() -> None:
    tree = {
        "Flora-6ab577": {"Temperature": 21.7, "Humidity": 12, "Fertility": 30},
        "MJ_HT_V1": {"Temperature": 22.3, "Humidity": 56.1},
    }
    assert mapped(of(tree)) == {
        "Flora-6ab577.Temperature": "Temperature °C",
        "Flora-6ab577.Humidity": "Moisture %",
        "Flora-6ab577.Fertility": "EC µS/cm",
        "MJ_HT_V1.Temperature": "AirTemperature °C",
        "MJ_HT_V1.Humidity": "AirHumidity %",
    }


def test_each_channel_is_proposed_once_and_doubts_are_said() -> None:
    proposal = of({"moisture": 40, "soil_moisture": 41, "temperature": 20, "soil_moist_2": 42})
    targets = [row.to for row in proposal.rows if row.to]
    assert sorted(targets) == ["Moisture", "Temperature"]
    assert row_of(proposal, "temperature").confidence is Confidence.MEDIUM
    assert row_of(of({"soil_moisture": 180.5}), "soil_moisture").why is Why.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("topic", "tree", "pattern", "levels"),
    [
        ("farm/pico", {"device_id": "PICO_1", "id": 4}, "{payload:device_id}", "farm/pico"),
        ("miflora/petunia", {"m": 1}, "{topic:2}", "miflora/+"),
        ("home/gw/BTtoMQTT/C47C8D65B663", {"m": 1}, "{topic:4}", "home/gw/BTtoMQTT/+"),
        ("tele/probe/SENSOR", {"m": 1}, "{topic:2}", "tele/+/SENSOR"),
        ("stat/gw1/STATUS8", {"m": 1}, "{topic:2}", "stat/+/STATUS8"),
        ("rtl_433/host/events", {"id": "0f5c54"}, "{payload:id}", "rtl_433/host/events"),
        ("up", {"deviceInfo": {"devEui": "a1"}}, "{payload:deviceInfo.devEui}", "up"),
        ("x/AA/y", {"mac": "AA"}, "{payload:mac}", "x/+/y"),
    ],
)
def test_the_device(topic: str, tree: object, pattern: str, levels: str) -> None:
    proposal = of(tree, topic)
    assert proposal.devices[0].pattern == pattern
    assert proposal.filter_for(pattern) == levels
    assert "{" not in proposal.devices[-1].pattern


@pytest.mark.parametrize(
    ("tree", "path", "kind"),
    [
        ({"ts": 1730317200}, "ts", TimeKind.EPOCH_S),
        ({"ts": 1730317200123}, "ts", TimeKind.EPOCH_MS),
        ({"time": "2026-09-05 13:03:36"}, "time", TimeKind.ISO),
        (
            {"a": {"received_at": "2026-01-01T00:00:00Z"}, "timestamp": 1730317200},
            "timestamp",
            "epoch_s",
        ),
        ({"timestamp": "1730317200"}, "timestamp", TimeKind.EPOCH_S),
    ],
)
def test_the_time(tree: object, path: str, kind: str) -> None:
    best = of(tree).times[0]
    assert (best.path, best.kind) == (path, kind)


def test_what_is_no_instant_is_no_time() -> None:
    assert of({"time": 5, "frequency": 867300000, "date": "soon"}).times == ()


def test_a_bare_value_is_named_by_its_topic() -> None:
    topic = "greenhouse/sensor/soil_moisture/state"
    proposal = propose(topic, b"43.2")
    assert mapped(proposal) == {"$": "Moisture %"}
    assert proposal.partial
    assert proposal.filter_for(proposal.devices[0].pattern) == "+/sensor/soil_moisture/state"
    assert reading_of(topic, b" 43.2\n") == {"": "greenhouse", "Moisture": 43.2}
    assert mapped(propose("room/humidity", b"43.2")) == {"$": "AirHumidity %"}


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"{", b"[1]", b'{"a":1,"a":2}', b"{" * 99])
def test_what_cannot_be_read_says_why_or_has_no_numbers(payload: bytes) -> None:
    proposal = propose(TOPIC, payload)
    assert proposal.problem is not None or not any(row.number for row in proposal.rows)


def test_it_is_bounded() -> None:
    wide = {f"soil_moisture_{n}": n for n in range(1500)}
    proposal = of(wide)
    assert (len(proposal.rows), proposal.cut) == (MAX_ROWS, True)
    assert propose(TOPIC, b" " * 65_537).problem is not None
    # Ten times what it takes here; a quadratic search would take far longer.
    payload = json.dumps({"e": [{"id": n, "type": "x" * 60} for n in range(700)]}).encode()
    begun = time.process_time()
    propose(TOPIC, payload[:65_000])
    propose(TOPIC, payload)
    assert time.process_time() - begun < 2.0


def test_what_matters_comes_first() -> None:
    rows = channels_first(of({"note": "x", "fCnt": 1, "rssi": -80, "ph": 6, "n": 1, "p": 2}).rows)
    assert [row.path for row in rows] == ["n", "p", "ph", "rssi", "fCnt", "note"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=6)
            | st.sampled_from(
                ["n", "p", "k", "soil", "hum", "temp", "unit", "name", "id", "value"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(st.text(max_size=20), json_values | st.binary(max_size=30))
def test_nothing_brings_it_down_and_every_proposal_is_sound(topic: str, tree: object) -> None:
    payload = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    proposal = propose(topic, payload)
    targets = [row.to for row in proposal.rows if row.to]
    assert len(targets) == len(set(targets))
    assert not {"temperature?", "humidity?"} & set(targets)
    for row in proposal.rows:
        assert row.shown.isprintable()
