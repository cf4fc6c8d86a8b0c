"""LoRaWAN network servers, the makers' codecs inside them, SenseCAP's broker and plain JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Rejection
from harit_desktop.domain.reading import Reading, Readings, Source, TimeSource, reading_key
from harit_desktop.wire.registry import MessageDecoder

FOLDER = Path(__file__).parent / "payloads"
RECEIVED_US = 1_790_800_000_000_000
DECODER = MessageDecoder("UTC")
Found = dict[str, Any]


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_bytes())
    return found


def decode(tree: Any, topic: str = "t") -> Reading | Readings | Rejection | Heard:
    payload = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return DECODER.decode(RawMessage(topic, payload, RECEIVED_US))


def reading(tree: Any, topic: str = "t") -> Reading:
    result = decode(tree, topic)
    assert isinstance(result, Reading), result
    return result


def why(tree: Any, topic: str = "t") -> tuple[object, object]:
    result = decode(tree, topic)
    assert isinstance(result, Rejection), result
    assert result.problem.code == "not_mapped", result
    return result.problem.params["why"], result.problem.params.get("family")


def told(one: Reading) -> Found:
    values = {c.key: v for c, v in zip(CHANNELS, one.values, strict=True) if v is not None}
    return values | dict(one.extras)


def ttn(decoded: Any = None, **uplink: Any) -> dict[str, Any]:
    tree = sample("16_sensecap_s2105_soil")
    tree["uplink_message"] |= uplink
    tree["uplink_message"]["decoded_payload"] = decoded
    return tree


def chirpstack(decoded: Any, profile: str = "Soil") -> dict[str, Any]:
    tree = sample("08_chirpstack_v4_dragino_soil")
    tree["object"] = decoded
    tree["deviceInfo"]["deviceProfileName"] = profile
    del tree["rxInfo"]
    return tree


def measured(decoded: Any, profile: str = "Soil") -> Found:
    """What a codec's object tells; the same by both servers, whatever they add."""
    found = told(reading(chirpstack(decoded, profile)))
    brand, _, model = profile.lower().partition(" ")
    other = told(reading(ttn(decoded, version_ids={"brand_id": brand, "model_id": model})))
    assert found == other
    return found


LSE01 = {"BatV": 3.3, "temp_DS18B20": "18.20", "water_SOIL": "36.19", "temp_SOIL": "24.29"}


def test_numbers_come_as_text() -> None:
    assert measured({**LSE01, "conduct_SOIL": 318}) == {
        "Temperature": 24.29,
        "Moisture": 36.19,
        "EC": 318.0,
        "Temperature2": 18.2,
        "BatteryVoltage": 3.3,
    }


def test_old_codecs_send_the_unit_too() -> None:
    old = {
        "Bat": "3.3 V",
        "TempC_DS18B20": "18.20 °C",
        "water_SOIL": "36.19 %",
        "temp_SOIL": "-1.50 °C",
        "conduct_SOIL": "318 uS/cm",
    }
    assert measured(old) == measured({**LSE01, "temp_SOIL": "-1.50", "conduct_SOIL": 318})


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("77.0 F", 25.0),
        ("77.0 °F", 25.0),
        ("295.0 K", 21.85),
        ("25.0 C", 25.0),
        ("25.0 cb", None),
        ("25.0 24.0", None),
        ("25.0 ", None),
    ],
)
def test_a_unit_behind_a_number_counts(sent: str, expected: float | None) -> None:
    found = measured({"water_SOIL": "12 %", "temp_SOIL": sent, "conduct_SOIL": "0.3 mS/cm"})
    assert (found["Moisture"], found["EC"], found.get("Temperature")) == (12.0, 300.0, expected)


@pytest.mark.parametrize("sentinel", ["327.60", "327.67", "-327.68", 327.67, "NULL", "NaN", None])
def test_a_probe_that_is_not_plugged_in_has_no_temperature(sentinel: object) -> None:
    assert "Temperature2" not in measured({**LSE01, "temp_DS18B20": sentinel})


def test_a_soil_probe_that_is_not_found_tells_nothing_of_soil() -> None:
    assert measured({**LSE01, "s_flag": 0}) == {"Temperature2": 18.2, "BatteryVoltage": 3.3}
    noise = {**LSE01, "water_SOIL": "655.35", "temp_SOIL": "0.00", "conduct_SOIL": 65535}
    assert measured(noise) == {"Temperature2": 18.2, "BatteryVoltage": 3.3}
    alone = chirpstack({**noise, "temp_DS18B20": "327.67"})
    assert why(alone) == ("no_measurement", "chirpstack")


def test_zero_is_a_value() -> None:
    zero = {"water_SOIL": "0.00", "temp_SOIL": "0.00", "conduct_SOIL": 0, "s_flag": 1}
    assert measured(zero) == {"Moisture": 0.0, "Temperature": 0.0, "EC": 0.0}


def test_raw_counts_are_not_moisture() -> None:
    raw = {"Soil_dielectric_constant": "12.3", "Raw_water_SOIL": 812, "Raw_conduct_SOIL": 9}
    assert measured({**raw, "Mod": 1}) == {"MoistureRaw": 812.0}


def test_acidity_and_nutrients() -> None:
    acid = {"battery": 3.6, "ph1_soil": "6.52", "temp_soil": "21.10", "temperature_pro": "0.00"}
    assert measured(acid) == {
        "pH": 6.52,
        "Temperature": 21.1,
        "Temperature2": 0.0,
        "BatteryVoltage": 3.6,
    }
    nutrients = {"Bat": 3.6, "N_SOIL": 22, "P_SOIL": 18, "K_SOIL": 65535}
    assert measured({**nutrients, "K_SOIL": 150}) == {
        "N": 22.0,
        "P": 18.0,
        "K": 150.0,
        "BatteryVoltage": 3.6,
    }
    assert why(chirpstack(nutrients)) == ("no_measurement", "chirpstack")


def test_two_probes_on_one_node() -> None:
    two = {"battery": 3.6, "moisture_soil": "20.00", "temp_soil": "21.00", "conduct_soil": 90}
    two |= {"moisture_soil2": "30.00", "temp_soi2": "19.00", "conduct_soil2": 110}
    result = decode(chirpstack(two))
    assert isinstance(result, Readings)
    first, second = result.items
    assert second.publisher_id == first.publisher_id + "-2"
    assert told(first) == {"Moisture": 20.0, "Temperature": 21.0, "EC": 90.0, "BatteryVoltage": 3.6}
    assert told(second) == {"Moisture": 30.0, "Temperature": 19.0, "EC": 110.0}
    assert reading_key(first) != reading_key(second)


def test_a_thermometer_never_tells_of_soil() -> None:
    case = {"BatV": 3.3, "TempC_SHT": 24.7, "Hum_SHT": 45.2, "TempC_DS": 22.9, "ILL_lx": 300}
    found = reading(chirpstack(case))
    assert set(found.values) == {None}
    assert told(found) == {
        "AirTemperature": 24.7,
        "AirHumidity": 45.2,
        "Temperature2": 22.9,
        "Light": 300.0,
        "BatteryVoltage": 3.3,
    }


MILESIGHT = {"battery": 100, "temperature": 28.1, "moisture": 57.5, "ec": 240}


SMTC = "Milesight EM500-SMTC"


@pytest.mark.parametrize("name", ["ec", "electricity", "conductivity"])
@pytest.mark.parametrize("profile", ["Soil", SMTC])
def test_conductivity_has_three_names(name: str, profile: str) -> None:
    sent = {"battery": 90, "temperature": 28.1, "moisture": 57.5, name: 240}
    expected = {"Temperature": 28.1, "Moisture": 57.5, "EC": 240.0, "Battery": 90.0}
    assert measured(sent, profile) == expected


def test_a_fraction_of_a_microsiemens_is_another_unit() -> None:
    assert "EC" not in measured({**MILESIGHT, "ec": 0.24}, SMTC)


def test_a_probe_that_fails_has_no_value() -> None:
    failed = {"moisture": 57.5, "ec": 65535, "temperature_error": "x"}
    assert measured(failed, SMTC) == {"Moisture": 57.5}


@pytest.mark.parametrize(
    "decoded",
    [
        {"moisture": 0.31, "ec": 320, "temperature": 77},
        {"moisture": 57.5, "ec": 240},
        {**MILESIGHT, "ec": 0.24},
        {**MILESIGHT, "battery": 3.6},
        {**MILESIGHT, "battery": 3300},
        {**MILESIGHT, "unit": "F"},
        {**MILESIGHT, "conductivity": 240},
        {**MILESIGHT, "temperature": "28.1"},
        {"history": [{"timestamp": 1_785_560_000, "moisture": 40.0, "ec": 100}]},
    ],
)
def test_everybodys_names_are_not_milesights(decoded: dict[str, Any]) -> None:
    assert why(chirpstack(decoded)) == ("no_measurement", "chirpstack")
    assert why(ttn(decoded)) == ("no_measurement", "things_stack")


def test_less_than_the_signature_needs_the_maker() -> None:
    bare = {"temperature": 28.1, "moisture": 57.5}
    assert why(chirpstack(bare)) == ("no_measurement", "chirpstack")
    assert why(ttn(bare)) == ("no_measurement", "things_stack")
    assert measured(bare, SMTC) == {"Temperature": 28.1, "Moisture": 57.5}
    assert measured({"temperature": 28.1}, "milesight-iot em500-smtc") == {"Temperature": 28.1}


def test_the_temperature_of_a_pipe_or_of_the_air_is_not_that_of_soil() -> None:
    assert why(chirpstack({"temperature": 60.1}, "Milesight EM500-PT100"))[0] == "no_measurement"
    air = {"temperature": 20.0, "humidity": 60.0, "moisture": 40.0, "ec": 3}
    assert why(chirpstack(air, "Milesight EM300-TH"))[0] == "no_measurement"
    co2 = {"temperature": 20.0, "humidity": 60.0, "co2": 618, "pressure": 990, "battery": 90}
    assert measured(co2, "Milesight EM500-CO2") == {
        "CO2": 618.0,
        "AirTemperature": 20.0,
        "AirHumidity": 60.0,
        "Battery": 90.0,
    }


def test_a_kept_history_has_its_own_times() -> None:
    past = [{"timestamp": 1_785_560_000 + n, "moisture": 40.0 + n, "ec": 100} for n in (0, 60)]
    past += [{"moisture": 1.0, "ec": 1}]
    result = decode(chirpstack({**MILESIGHT, "history": past}))
    assert isinstance(result, Readings)
    assert [one.values[5] for one in result.items] == [57.5, 40.0, 100.0]
    assert [one.message_id for one in result.items][1:] == [None, None]
    assert len({reading_key(one) for one in result.items} - {None}) == 3
    assert isinstance(decode(chirpstack({"history": past}, SMTC)), Readings)


def messages(*pairs: tuple[object, object], **more: object) -> dict[str, Any]:
    items = [{"measurementId": one, "measurementValue": value} for one, value in pairs]
    return {"err": 0, "valid": True, "messages": items, **more}


def test_sensecap_units_and_air() -> None:
    sent = messages((4102, 23.9), (4103, 45.5), (4108, 0.07), (4106, 6.5), (4100, 600))
    sent["messages"].append([{"type": "upload_battery", "battery": 92}, {"measurementId": "x"}])
    assert measured(sent) == {
        "Temperature": 23.9,
        "Moisture": 45.5,
        "EC": 70.0,
        "pH": 6.5,
        "CO2": 600.0,
        "Battery": 92.0,
    }
    air = messages(("4097", 30.0), ("4098", 61.0), (4099, 1000))
    assert measured(air) == {"AirTemperature": 30.0, "AirHumidity": 61.0, "Light": 1000.0}


def test_sensecap_depths_are_devices() -> None:
    result = decode(ttn(messages((4138, 20.0), (4145, 18.0), (4139, 22.0), (4144, 17.0))))
    assert isinstance(result, Readings)
    found = {one.publisher_id: told(one) for one in result.items}
    assert found["s2105-plot-3-10cm"]["Moisture"] == 20.0
    assert found["s2105-plot-3-20cm"]["Moisture"] == 22.0
    assert found["s2105-plot-3-30cm"] == {"Temperature": 17.0}
    assert found["s2105-plot-3-40cm"] == {"Temperature": 18.0}


def test_sensecap_that_is_not_valid_or_contradicts_itself() -> None:
    assert why(ttn(messages((4103, 45.5), valid=False)))[0] == "no_measurement"
    assert why(ttn(messages((4103, 45.5), (4103, 45.6))))[0] == "ambiguous"
    assert measured(messages((4103, 45.5), (4103, 45.5))) == {"Moisture": 45.5}
    assert why(ttn(messages((4103, 2_000_001), (9, 1), (None, 1), (4102.5, 3))))[0] == (
        "no_measurement"
    )


def test_sensecap_own_broker_sends_one_measurement_a_message() -> None:
    topic = "/device_sensor_data/42/2CF7F1C043000001/{}/vs/{}"
    sent = {"value": "0.18", "timestamp": "1785562200250"}
    found = reading(sent, topic.format(1, 4108))
    assert (found.publisher_id, told(found), found.partial) == (
        "2CF7F1C043000001",
        {"EC": 180.0},
        True,
    )
    assert found.sent_us == 1_785_562_200_250_000
    assert reading(sent, topic.format(2, 4108)).publisher_id == "2CF7F1C043000001-2"
    assert why(sent, topic.format(1, 4101)) == ("no_measurement", "sensecap")
    assert why({"a": 1}, topic.format(1, 4108)) == ("no_measurement", "sensecap")
    assert why(sent, "/device_sensor_data/42") == ("no_measurement", "sensecap")


def test_the_network_servers_own_names_are_used_where_the_object_is_nobodys() -> None:
    normalized = [
        {
            "soil": {"moisture": 31.0, "temperature": 20.0, "ec": 0.25, "pH": 6.1, "n": 22},
            "air": {"temperature": 25.0, "relativeHumidity": 50, "lightIntensity": 900},
        }
    ]
    assert told(reading(ttn({"m": 1}, normalized_payload=normalized))) == {
        "Moisture": 31.0,
        "Temperature": 20.0,
        "EC": 250.0,
        "pH": 6.1,
        "N": 22.0,
        "AirTemperature": 25.0,
        "AirHumidity": 50.0,
        "Light": 900.0,
    }
    both = {"soil": {"depth": 10, "moisture": 31}, "air": {"temperature": 25, "depth": 3}}
    result = decode(ttn(None, normalized_payload=[both]))
    assert isinstance(result, Readings)
    assert {one.publisher_id: told(one) for one in result.items} == {
        "s2105-plot-3-10cm": {"Moisture": 31.0},
        "s2105-plot-3": {"AirTemperature": 25.0},
    }
    depths = [{"soil": {"depth": 10, "moisture": 31}}, {"soil": {"depth": 30, "moisture": 40}}]
    result = decode(ttn(None, normalized_payload=depths))
    assert isinstance(result, Readings)
    names = [one.publisher_id for one in result.items]
    assert names == ["s2105-plot-3-10cm", "s2105-plot-3-30cm"]
    assert why(ttn({"m": 1}, normalized_payload=[{"wind": {"speed": 3}}, 7]))[0] == "no_measurement"


@pytest.mark.parametrize(
    "decoded",
    [
        {"temperature": 20.1, "humidity": 50},
        {"moisture": 31},
        {"soil": 1, "humidity": 40, "battery": 3.3},
        {"temperature_1": 20.1, "analog_in_2": 3.1},
        {"battery": 3.6, "SENSOR_MODEL": "SE01-LB"},
        {"water_SOIL": True, "temp_SOIL": [1], "conduct_SOIL": "high"},
        {"messages": "x", "valid": True},
        {"history": [7], "moisture": None},
        [],
        [1],
        "text",
        7,
        0,
        None,
    ],
)
def test_what_is_not_certain_is_not_taken(decoded: object) -> None:
    assert why(chirpstack(decoded))[0] in ("no_measurement", "undecoded_uplink")
    assert why(ttn(decoded))[0] in ("no_measurement", "undecoded_uplink")


def test_unmistakable_names_in_a_codec_of_ones_own() -> None:
    assert measured({"soil_moisture": 31.5, "soilTemperature": 20.25, "humidity": 99}) == {
        "Moisture": 31.5,
        "Temperature": 20.25,
    }


def test_the_best_gateway_tells_the_signal() -> None:
    heard = [{"rssi": -110, "snr": -3}, {"rssi": -80}, {}, 7, {"rssi": "x", "snr": 9}]
    assert told(reading(ttn(LSE01, rx_metadata=heard)))["RSSI"] == -80.0
    # The better one has left its SNR out: it may be 0 and may be unknown.
    assert "SNR" not in told(reading(ttn(LSE01, rx_metadata=heard)))
    percent = {"value": 83.5, "f_cnt": 3}
    assert told(reading(ttn(LSE01, last_battery_percentage=percent)))["Battery"] == 83.5


def test_an_undecoded_uplink_and_an_empty_one() -> None:
    assert why(ttn(None, frm_payload="AQ==")) == ("undecoded_uplink", "things_stack")
    assert why(ttn(None)) == ("no_measurement", "things_stack")
    bare = sample("09_chirpstack_v4_no_object")
    assert why(bare) == ("undecoded_uplink", "chirpstack")
    del bare["data"]
    assert why(bare) == ("no_measurement", "chirpstack")


def test_events_without_an_uplink_only_tell_that_the_device_is_there() -> None:
    ids = {"end_device_ids": {"device_id": "plot-3"}}
    assert decode({**ids, "join_accept": {}}) == Heard(HeardKind.STATUS, "plot-3")
    assert why({**ids, "x": 1}) == ("no_measurement", "things_stack")
    status = {"deviceInfo": {"devEui": "a84041a1c182b3e0"}, "batteryLevel": 90.5, "margin": 7}
    topic = "application/1/device/a84041a1c182b3e0/event/status"
    assert decode(status, topic) == Heard(HeardKind.STATUS, "a84041a1c182b3e0")
    for bad in ("", 7, "a\u202eb"):
        ids["end_device_ids"] = {"device_id": bad}  # type: ignore[dict-item]  # a bad one
        result = decode({**ids, "join_accept": {}})
        assert result == Heard(HeardKind.STATUS, "") or isinstance(result, Rejection)


def test_copies_of_a_message_are_one_reading_and_the_next_is_another() -> None:
    one, copy = reading(ttn(LSE01)), reading(ttn(LSE01, rx_metadata=[{"rssi": -90}]))
    assert reading_key(one) == reading_key(copy) is not None
    later = reading(ttn(LSE01, received_at="2026-08-01T05:50:00.000000000Z", f_cnt=51))
    assert later.time_source is TimeSource.SENT
    assert reading_key(later) != reading_key(one)
    first, again = chirpstack(LSE01), chirpstack(LSE01)
    assert reading_key(reading(first)) == reading_key(reading(again)) is not None
    again["deduplicationId"] = "another"
    assert reading_key(reading(first)) != reading_key(reading(again))


def test_names_and_times_of_the_servers_are_judged_like_all_others() -> None:
    for change, code in (
        ({"deduplicationId": "x" * 65}, "bad_message_id"),
        ({"deduplicationId": 7}, "bad_message_id"),
        ({"time": "soon"}, "bad_timestamp"),
        ({"time": ["x"]}, "bad_timestamp"),
        ({"deviceInfo": {"devEui": 7}}, "bad_publisher_id"),
        ({"deviceInfo": {"devEui": ""}}, "bad_publisher_id"),
        ({"deviceInfo": {"devEui": "a\u202eb"}}, "bad_publisher_id"),
    ):
        result = decode({**chirpstack(LSE01), **change})
        assert isinstance(result, Rejection)
        assert result.problem.code == code


def test_a_simulated_uplink_is_simulated() -> None:
    assert reading({**ttn(LSE01), "simulated": True}).source is Source.SIMULATOR
    assert reading({**ttn(LSE01), "simulated": False}).source is Source.MQTT
    for unclear in ({**ttn(LSE01), "simulated": "true"}, ttn(LSE01, simulated=True)):
        assert why(unclear) == ("no_measurement", "things_stack")


PLAIN = {"device_id": "p-1", "soil_moisture": 41.5}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PLAIN, {"Moisture": 41.5}),
        ({"Device-ID": "p-1", "SoilMoisture": "41.5"}, {"Moisture": 41.5}),
        ({"sensor": "p-1", "data": {"soil moisture": 41.5, "ph": 3}}, {"Moisture": 41.5}),
        ({**PLAIN, "soil_temperature_f": 70}, {"Moisture": 41.5, "Temperature": 21.111111}),
        (
            {**PLAIN, "soil_temperature": 70, "temperature_unit": "°F"},
            {"Moisture": 41.5, "Temperature": 21.111111},
        ),
        ({**PLAIN, "soil_ec_ds_m": 0.25}, {"Moisture": 41.5, "EC": 250.0}),
        (
            {**PLAIN, "soil": {"ph": 6.5, "temp": 20}},
            {"Moisture": 41.5, "pH": 6.5, "Temperature": 20.0},
        ),
        (
            {**PLAIN, "npk": {"n": 1, "P": 2, "potassium": 3}},
            {"Moisture": 41.5, "N": 1.0, "P": 2.0, "K": 3.0},
        ),
        (
            {**PLAIN, "air": {"temperature": 30, "humidity": 60}},
            {"Moisture": 41.5, "AirTemperature": 30.0, "AirHumidity": 60.0},
        ),
        (
            {**PLAIN, "battery_mv": 3300, "rssi": -70, "co2": 600},
            {"Moisture": 41.5, "CO2": 600.0, "BatteryVoltage": 3.3, "RSSI": -70.0},
        ),
        ({**PLAIN, "humidity": 6, "moisture": 3, "temperature": 9, "light": 4}, {"Moisture": 41.5}),
        ({**PLAIN, "soil_ph": None, "nitrogen": True, "soil_temp": "nan"}, {"Moisture": 41.5}),
        ({**PLAIN, "status": "online"}, {"Moisture": 41.5}),
        ({"device_id": "p-1", "status": "online", "soil_moisture": "41.5"}, {"Moisture": 41.5}),
    ],
)
def test_plain_json(body: dict[str, Any], expected: Found) -> None:
    found = reading(body)
    assert (found.publisher_id, told(found)) == ("p-1", expected)


@pytest.mark.parametrize(
    "body",
    [
        {"soil_moisture": 41.5},
        {"id": "p-1", "soil_moisture": 41.5},
        {"name": "p-1", "soil_moisture": 41.5},
        {"device_id": None, "soil_moisture": 41.5},
        {"device_id": {"a": 1}, "soil_moisture": 41.5},
        {"device_id": "p-1", "moisture": 41.5},
        {"device_id": "p-1", "humidity": 41.5},
        {"device_id": "p-1", "temperature": 20.0, "humidity": 41.5, "battery": 90},
        {"device_id": "p-1", "N": 1, "P": 2, "K": 3, "pH": 7},
        {"device_id": "p-1", "co2": 600},
        {"device_id": "p-1", "air_temperature": 20.0, "air_humidity": 50.0},
        {"device_id": "p-1", "soil_moisture_1": 1, "soil_moisture_2": 2},
        {"device_id": "p-1", "soil_moisture": True},
        {"device_id": "p-1", "soil_moisture": "dry"},
        {"device_id": "p-1", "soil_moisture": [41.5]},
        {"device_id": "p-1", "soil_moisture": 1e9},
        {"device_id": "p-1", "soil_moisture": 41.5, "soilMoisture": 42.5},
        {"device_id": "p-1", "soil_moisture": 41.5, "data": {"soil_moisture": 40}},
        {"device_id": "p-1", "thresholds": {"x": 1}, "soil_moisture": 41.5},
        {"device_id": "p-1", "limits": {"soil_moisture": 41.5}},
        {"device_id": "p-1", "data": {"deep": {"soil_moisture": 41.5}}},
        {"device_id": "p-1", "command": "set", "soil_moisture": 41.5},
        {"device_id": "p-1", "soil_moisture_threshold": 41.5, "soil_moisture_min": 3},
        {"device_id": "p-1", "soil_moisture": 41.5, **{f"x{n}": n for n in range(200)}},
        {"device_id": "p-1", "sensor_readings": [1], "soil_moisture": 41.5},
        {"device_id": "p-1", "sensor_data": {"moisture": 3}, "soil_moisture": 41.5},
    ],
)
def test_plain_json_is_never_guessed_at(body: dict[str, Any]) -> None:
    assert why(body)[1] is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"device_id": ""}, "bad_publisher_id"),
        ({"device_id": "x" * 65}, "bad_publisher_id"),
        ({"device_id": "a\u202eb"}, "bad_publisher_id"),
        ({"timestamp": "soon"}, "bad_timestamp"),
        ({"timestamp": {}}, "bad_timestamp"),
        ({"message_id": 5}, "bad_message_id"),
    ],
)
def test_plain_json_is_judged_like_all_others(change: dict[str, Any], code: str) -> None:
    result = decode({**PLAIN, **change})
    assert isinstance(result, Rejection)
    assert result.problem.code == code


def test_plain_json_times_and_numbers_as_names() -> None:
    named = {"device_id": 120_012, "Time": 1_785_562_200_250, "message_id": "m"}
    found = reading({**PLAIN, **named})
    assert (found.publisher_id, found.message_id) == ("120012", "m")
    assert found.sent_us == 1_785_562_200_250_000
    assert reading({**PLAIN, "ts": 0}).time_source is TimeSource.RECEIVED


WARM = {"device_id": "p-1", "soil_temperature": 77}
WET = {"device_id": "p-1", "soil_moisture": 30.5}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        *(
            ({**WARM, "temperature_unit": unit}, 25.0)
            for unit in ("F", "°F", "deg F", "fahrenheit")
        ),
        *(({**WARM, "temperature_unit": unit}, 77.0) for unit in ("C", "°C", "celsius", "", None)),
        ({**WARM, "soil_temperature": 295, "temperature_unit": "K"}, 21.85),
        ({**WARM, "soil_temperature": 295, "temp_unit": "kelvin"}, 21.85),
        ({**WARM, "unit": "F"}, 25.0),
        ({**WARM, "units": "metric"}, 77.0),
        ({**WARM, "soil_temperature_unit": "F", "temperature_unit": "C"}, None),
        ({"device": "p-1", "soil": {"temperature": 77, "temperature_unit": "F"}}, 25.0),
        ({"device": "p-1", "soil": {"temperature": 77, "unit": "F"}}, 25.0),
        ({"device": "p-1", "soil": {"temp": 77}, "soil_temp_unit": "F"}, 25.0),
        ({"device": "p-1", "data": {"soil_temperature": 77, "soil_temperature_unit": "F"}}, 25.0),
        ({"device": "p-1", "data": {"soil_temperature": 77}, "temperature_unit": "F"}, 25.0),
        (
            {
                "device": "p-1",
                "soil": {"temperature": 25, "unit": "C"},
                "air": {"temperature": 77, "unit": "F"},
            },
            25.0,
        ),
        # A name that says its unit needs no other, and takes none.
        ({"device": "p-1", "soil_temp_f": 77, "temperature_unit": "F"}, 25.0),
        ({"device": "p-1", "soil_temp_c": 25, "temperature_unit": "F"}, 25.0),
        *(
            ({**WARM, "temperature_unit": unit}, None)
            for unit in ("R", "%", 7, True, ["F"], {"a": 1})
        ),
        *(({**WARM, "unit": unit}, None) for unit in ("imperial", "warm", 1, {"a": "F"})),
        ({**WARM, "units": {"soil_temperature": "F"}}, None),
        ({**WARM, "units": "F", "unit": "C"}, None),
        ({**WARM, "temperature_unit": "F", "unit": "C"}, None),
        ({**WARM, "temperature_unit": "F", "unit": "F"}, 25.0),
        # The nearer one counts.
        ({"device": "p-1", "soil": {"temp": 77, "unit": "F"}, "temperature_unit": "C"}, 25.0),
        ({"device": "p-1", "soil": {"temp": 77, "temp_unit": "F"}, "unit": "C"}, 25.0),
        ({**WARM, "meta": {"temperature_unit": "F"}}, None),
        ({**WARM, "meta": {"temperature_unit": "C", "unit": "x"}}, 77.0),
        ({**WARM, "pressure_unit": "hPa", "pressure": {"value": 990, "unit": "hPa"}}, 77.0),
        ({"device": "p-1", "data": {"soil_temperature": 77, "units": {"t": "F"}}}, None),
        ({"device": "p-1", "data": {"soil_temperature": 77}, "unit": "furlong"}, None),
    ],
)
def test_plain_json_units_of_temperature(body: dict[str, Any], expected: float | None) -> None:
    if expected is None:
        assert why(body)[1] is None
    else:
        assert told(reading(body))["Temperature"] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        *(({**WET, "soil_moisture_unit": unit}, 30.5) for unit in ("%", "percent")),
        *(
            ({"device_id": "p", "soil_moisture": 0.31, "moisture_unit": unit}, 31.0)
            for unit in ("m3/m3", "m³/m³", "fraction")
        ),
        ({"device_id": "p", "soil_vwc": 0.31, "unit": "m3/m3"}, 31.0),
        ({"device_id": "p", "soil_vwc": 0.31, "soil_vwc_unit": "%"}, 0.31),
        ({"device_id": "p", "soil_vwc": 31}, 31.0),
        ({"device_id": "p", "soil": {"vwc": 0.31, "unit": "m3/m3"}}, 31.0),
        ({"device_id": "p", "soil_vwc": 0.31}, None),
        ({"device_id": "p", "soil": {"vwc": 0.31}}, None),
        ({"device_id": "p", "soil_water_content": 1, "temperature_unit": "C"}, None),
        *(({**WET, "soil_moisture_unit": unit}, None) for unit in ("cb", "kPa", "raw", "V")),
        ({"device_id": "p", "soil": {"moisture": 30, "unit": "cb"}}, None),
        ({**WET, "unit": "kPa"}, None),
    ],
)
def test_plain_json_units_of_moisture(body: dict[str, Any], expected: float | None) -> None:
    if expected is None:
        assert why(body)[1] is None
    else:
        assert told(reading(body)) == {"Moisture": expected}


def test_plain_json_units_of_nutrients_and_of_several_quantities() -> None:
    npk = {"n": 1, "p": 2, "k": 3}
    nutrients = {"N": 1.0, "P": 2.0, "K": 3.0}
    assert told(reading({"device": "p", "npk": {**npk, "unit": "mg/kg"}})) == nutrients
    assert told(reading({"device": "p", "npk": npk, "npk_unit": "ppm"})) == nutrients
    assert why({"device": "p", "npk": {**npk, "unit": "mg/l"}})[1] is None
    assert why({"device": "p", "npk": npk, "nutrient_units": "%"})[1] is None
    mixed = {**WARM, **WET, "air_temperature": 86, "unit": "F"}
    found = told(reading(mixed))
    assert found == {"Temperature": 25.0, "Moisture": 30.5, "AirTemperature": 30.0}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"air": {"nitrogen": 78.08, "oxygen": 20.9}}, None),
        ({"nitrogen": 78.08, "oxygen": 20.9}, None),
        ({"air": {"nitrogen": 78, "phosphorus": 1, "potassium": 2}}, None),
        ({"air": {"soil_moisture": 30, "soil_ph": 7}}, None),
        ({"ambient": {"soil_temperature": 30, "npk_n": 3}}, None),
        ({"potassium": 3, "phosphorus": None}, None),
        ({"data": {"potassium": 3}}, None),
        ({"nitrogen": 3, "data": {"potassium": 3}}, None),
        ({"air": {"phosphorus": 3}, **WET}, {"Moisture": 30.5}),
        ({"nitrogen": 3, **WET}, {"Moisture": 30.5}),
        ({"nitrogen": 1, "potassium": 3}, {"N": 1.0, "K": 3.0}),
        ({"data": {"nitrogen": 1, "phosphorus": 2}}, {"N": 1.0, "P": 2.0}),
        ({"soil": {"nitrogen": 1}}, {"N": 1.0}),
        ({"npk": {"k": 1}}, {"K": 1.0}),
        ({"soil_nitrogen": 1}, {"N": 1.0}),
        ({"nitrogen_mg_kg": 1}, {"N": 1.0}),
    ],
)
def test_plain_json_where_a_nutrient_is(body: dict[str, Any], expected: Found | None) -> None:
    if expected is None:
        assert why({"device_id": "p-1", **body})[1] is None
    else:
        assert told(reading({"device_id": "p-1", **body})) == expected


@pytest.mark.parametrize(
    "more",
    [
        *({"type": word} for word in ("forecast", "setpoint", "Target", "soil-forecast", "LIMIT")),
        *({name: "simulation"} for name in ("mode", "kind", "message_type", "event", "category")),
        {"prediction": True},
        {"data": {"type": "forecast", "soil_ph": 6}},
        {"data": {"setpoint": 20}},
        {"simulated": "yes"},
        {"data": {"simulated": True}},
    ],
)
def test_plain_json_that_says_it_is_no_measurement(more: dict[str, Any]) -> None:
    assert why({**WET, **more})[1] is None


@pytest.mark.parametrize("more", [{"type": "soil"}, {"mode": "auto"}, {"simulated": False}])
def test_plain_json_of_a_harmless_kind(more: dict[str, Any]) -> None:
    assert reading({**WET, **more}).source is Source.MQTT


def test_plain_json_of_a_simulator() -> None:
    assert reading({**WET, "simulated": True}).source is Source.SIMULATOR


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"mac": "AA:BB", "sensor": 1}, "AA:BB/1"),
        ({"sensor": "1", "mac": "AA:CC"}, "AA:CC/1"),
        ({"sensor": "soil", "mac": "AA:CC"}, "AA:CC"),
        ({"sensor": "NPK sensor", "mac": "AA:CC"}, "AA:CC"),
        ({"device": "npk", "mac": "AA:CC"}, "AA:CC"),
        ({"device": 3, "dev_eui": "A84041"}, "A84041"),
        ({"device_id": "p-1", "serial": "S9", "mac": "AA:CC"}, "AA:CC"),
        ({"node": "n-7", "probe_id": "b"}, "n-7/b"),
        ({"mac": "AA:CC", "sensor_id": "AA:CC"}, "AA:CC"),
        ({"mac": "00:00:00:00:00:00", "device": "box"}, "box"),
        ({"mac": "", "device": "box"}, "box"),
        ({"chip_id": 12_345_678}, "12345678"),
        ({"sensor_id": "S-11"}, "S-11"),
        ({"device": "soil-sensor-3"}, "soil-sensor-3"),
        ({"device": "बेड"}, "बेड"),
        ({"sensor": 1}, None),
        ({"device_id": 12}, None),
        ({"device_id": "0012"}, None),
        ({"device_id": "\u0661\u0662"}, None),
        ({"device_id": True}, None),
        ({"device": "soil"}, None),
        ({"device": "Soil Moisture Sensor"}, None),
        ({"device": "ESP32"}, None),
        ({"sensor": "soil", "node": 4}, None),
        ({"mac": "ff:ff:ff:ff:ff:ff"}, None),
        ({"device": "unknown"}, None),
    ],
)
def test_plain_json_device(names: dict[str, Any], expected: str | None) -> None:
    if expected is None:
        assert why({**names, "soil_moisture": 30})[1] is None
    else:
        assert reading({**names, "soil_moisture": 30}).publisher_id == expected


def test_a_native_message_is_judged_by_the_native_format_alone() -> None:
    wrapped = {**chirpstack(LSE01), **PLAIN}
    for sensors, code in (
        ({"N": "1"}, "bad_value"),
        ({"N": None}, "not_mapped"),
        ({}, "not_mapped"),
    ):
        result = decode({**wrapped, "sensor_readings": sensors})
        assert isinstance(result, Rejection)
        assert result.problem.code == code
        assert "family" not in result.problem.params


SAMPLES = [json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=70),
    st.sampled_from(["327.60", "nan", "2026-08-01T05:30:00Z", "41.5", {}, [], [[{}]], "\u202e"]),
)
PATHS = [
    *("t", "v3/a@b/devices/c/up", "application/1/device/2/event/up"),
    *("/device_sensor_data/1/2/3/4/4103", "zigbee2mqtt/soil", "tele/shed/SENSOR"),
]


def places(node: Any) -> list[tuple[Any, Any]]:
    found = []
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        found.append((node, key))
        if isinstance(value, dict | list):
            found += places(value)
    return found


@given(st.data(), st.integers(0, len(SAMPLES) - 1), st.sampled_from(PATHS))
def test_a_damaged_sample_ends_in_a_sound_reading_or_a_refusal(
    data: st.DataObject, which: int, topic: str
) -> None:
    tree = json.loads(json.dumps(SAMPLES[which]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = places(tree)
        if not at:
            break
        node, key = data.draw(st.sampled_from(at))
        if data.draw(st.booleans()):
            node[key] = json.loads(json.dumps(data.draw(LEAVES)))
        else:
            del node[key]
    result = decode(tree, topic)
    items: tuple[Reading, ...] = ()
    if isinstance(result, Reading | Readings):
        items = result.items if isinstance(result, Readings) else (result,)
    for one in items:
        assert 0 < len(one.publisher_id) <= 64
        assert all(value is None or abs(value) <= 1e6 for value in one.values)
        assert any(value is not None for value in one.values) or one.extras
        assert one.timestamp_us <= RECEIVED_US + 86_400_000_000


def test_a_wrapped_uplink_is_never_read_as_plain_json() -> None:
    tree = {
        "end_device_ids": {"device_id": "a"},
        "uplink_message": {"simulated": True, "decoded_payload": {}},
        "device": "box",
        "soil_moisture": 31.0,
    }
    message = RawMessage("farm/south/npk", json.dumps(tree).encode(), 1_764_000_000_000_000)
    assert isinstance(MessageDecoder().decode(message), Rejection)
