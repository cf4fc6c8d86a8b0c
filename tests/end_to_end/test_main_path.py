"""Sensors publish to a real broker; the program without a window stores what they sent."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from tests.end_to_end.programs import (
    CANONICAL,
    PROGRAM,
    REPOSITORY,
    Headless,
    environment,
    rows,
    run_program,
    wait_for,
)
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

TOPIC = "harit-samarth/sensor/data"
GUIDE_EXAMPLE = (
    '{"timestamp":"2025-12-02T17:00:00","sensor_readings":'
    '{"N":22,"P":18,"K":150,"CO2":500,"Temperature":22,"Moisture":55,"pH":7.2}}'
)


def at(broker: MosquittoServer) -> list[str]:
    return ["--set", f"broker.port={broker.port}"]


class Publisher:
    """A QoS 1 publisher that remembers which messages the broker confirmed."""

    def __init__(self, port: int) -> None:
        self.confirmed: set[int] = set()
        self._numbers: dict[int, int] = {}
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, number: int, payload: bytes) -> None:
        info = self._client.publish(TOPIC, payload, qos=1)
        self._numbers[info.mid] = number

    def wait(self, count: int) -> None:
        wait_for(lambda: len(self.confirmed) >= count, 60)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_publish(self, *args: object) -> None:
        mid = args[2]
        assert isinstance(mid, int)
        while mid not in self._numbers:
            time.sleep(0.001)
        self.confirmed.add(self._numbers[mid])


def numbered(number: int) -> bytes:
    reading = {
        "timestamp": f"2025-12-02T12:{number // 3600000:02d}:00.{number:06d}+00:00",
        "publisher_id": f"probe-{number % 3}",
        "sensor_readings": {"N": 20 + number / 1000, "Moisture": 50.5, "pH": 7.0},
    }
    return json.dumps(reading).encode()


def test_both_payload_shapes_are_stored_scored_and_reported(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    hardware = CANONICAL.replace(b"sensor_readings", b"sensor_data").replace(b"17:50", b"17:51")
    with Headless(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        publisher = Publisher(broker.port)
        publisher.publish(1, CANONICAL)
        publisher.publish(2, hardware)
        publisher.publish(3, CANONICAL)
        publisher.wait(3)
        publisher.close()
        wait_for(lambda: program.report.get("duplicates") == 1)
        report = program.report
        assert program.stop() == 0
    assert (report["received"], report["stored"], report["rejected"]) == (3, 2, 0)
    assert set(report) == {
        "received", "stored", "duplicates", "rejected", "unacked", "waiting", "msgs_per_s",
        "connection", "store", "api", "publisher", "uptime_s", "rss_mb",
    }  # fmt: skip
    stored = rows(
        program.database,
        "SELECT N, P, K, CO2, temperature, moisture, pH, health_index, health_status, source,"
        " publisher_id FROM sensor_readings ORDER BY timestamp_us",
    )
    expected = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18, 65, "Good", "mqtt")
    assert stored == [(*expected, "sensor-publisher-01")] * 2


def test_the_guides_own_example_works(broker: MosquittoServer, tmp_path: Path) -> None:
    with Headless(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        broker.publish(TOPIC, GUIDE_EXAMPLE)
        stored = wait_for(
            lambda: rows(program.database, "SELECT publisher_id, N, pH FROM sensor_readings")
        )
    assert stored == [("unknown", 22.0, 7.2)]


def test_bad_input_is_kept_with_its_reason_and_stops_nothing(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    bad = {
        b"{": "not_json",
        b"\xff\xfe": "not_utf8",
        b"[1]": "not_object",
        b'{"sensor_readings":{"depth":3}}': "not_mapped",
        CANONICAL.replace(b"22.5", b"NaN"): "bad_value",
        CANONICAL.replace(b"2025-12-02T", b"yesterday "): "bad_timestamp",
        b'{"sensor_readings":{"N":1},"publisher_id":"a\\u202eb"}': "bad_publisher_id",
    }
    with Headless(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        publisher = Publisher(broker.port)
        for number, payload in enumerate([*bad, CANONICAL]):
            publisher.publish(number, payload)
        publisher.wait(len(bad) + 1)
        publisher.close()
        wait_for(lambda: program.report.get("stored") == 1)
        assert program.report["rejected"] == len(bad)
        assert program.report["unacked"] == 0
        kept = rows(program.database, "SELECT payload, reason_code FROM rejected_messages")
    assert dict(kept) == bad


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_kill_9_at_random_moments_loses_and_doubles_nothing(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    count, seed = 5000, random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    publisher = Publisher(broker.port)

    def publish() -> None:
        for number in range(count):
            publisher.publish(number, numbered(number))
            time.sleep(0.002)

    data = tmp_path / "data"
    with Headless(data, *at(broker)) as first:
        first.wait_for_state("connected")
        thread = threading.Thread(target=publish)
        thread.start()
        first.kill()
    kills = 1
    while thread.is_alive():
        with Headless(data, *at(broker)) as program:
            time.sleep(moments.uniform(0.3, 2.0))
            program.kill()
            kills += 1
    publisher.wait(count)
    publisher.close()
    with Headless(data, *at(broker)) as last:
        wait_for(
            lambda: rows(last.database, "SELECT count(*) FROM sensor_readings")[0][0] >= count, 60
        )
        time.sleep(1)
        assert last.stop() == 0
    stored = rows(last.database, "SELECT timestamp_us % 1000000 FROM sensor_readings")
    assert kills >= 5
    assert sorted(row[0] for row in stored) == sorted(publisher.confirmed)
    assert rows(last.database, "PRAGMA quick_check") == [("ok",)]


def test_stopping_and_starting_the_broker_loses_nothing(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    with Headless(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        publisher = Publisher(broker.port)
        for number in range(200):
            publisher.publish(number, numbered(number))
        publisher.wait(200)
        broker.stop()
        program.wait_for_state("lost")
        broker.start()
        for number in range(200, 400):
            publisher.publish(number, numbered(number))
        publisher.wait(400)
        publisher.close()
        program.wait_for_state("connected")
        query = "SELECT count(*), count(DISTINCT timestamp_us) FROM sensor_readings"
        wait_for(lambda: rows(program.database, query) == [(400, 400)])


def test_readings_sent_while_the_program_is_off_arrive_later(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with Headless(data, *at(broker)) as program:
        program.wait_for_state("connected")
        assert program.stop() == 0
    publisher = Publisher(broker.port)
    for number in range(500):
        publisher.publish(number, numbered(number))
    publisher.wait(500)
    publisher.close()
    with Headless(data, *at(broker)) as program:
        wait_for(lambda: program.report.get("stored") == 500)


@pytest.mark.parametrize("engine", ["mosquitto", "amqtt"])
def test_the_demo_shows_marked_readings_of_three_devices(tmp_path: Path, engine: str) -> None:
    options = ["--demo", "--set", f"builtin_broker.engine={engine}"]
    with Headless(tmp_path / "data", *options) as program:
        wait_for(lambda: program.report.get("stored", 0) >= 6, 30)
        assert program.report["publisher"] == "running"
        assert any(str(tmp_path / "data") in line for line in program.lines)
        stored = rows(program.database, "SELECT DISTINCT publisher_id, source FROM sensor_readings")
        assert program.stop() == 0
    names = ["simulator-01", "simulator-01-2", "simulator-01-3"]
    assert sorted(stored) == [(name, "simulator") for name in names]


def test_publish_sends_the_asked_number_and_ends(broker: MosquittoServer, tmp_path: Path) -> None:
    with Headless(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        done = run_program(
            "publish", "--count", "6", "--interval", "0.2", "--devices", "2",
            "--data-dir", str(tmp_path / "other"), *at(broker),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        wait_for(lambda: program.report.get("stored") == 6)
        ids = rows(
            program.database, "SELECT publisher_id, count(*) FROM sensor_readings GROUP BY 1"
        )
    assert sorted(ids) == [("simulator-01", 3), ("simulator-01-2", 3)]


def test_export_leaves_simulated_readings_out_unless_asked(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with Headless(data, *at(broker)) as program:
        program.wait_for_state("connected")
        run_program("publish", "--count", "2", "--interval", "0.1", *at(broker),
                    "--data-dir", str(tmp_path / "other"))  # fmt: skip
        publisher = Publisher(broker.port)
        publisher.publish(1, CANONICAL)
        publisher.wait(1)
        publisher.close()
        wait_for(lambda: program.report.get("stored") == 3)
        real, every = tmp_path / "real.csv", tmp_path / "every.csv"
        first = run_program("export", "--out", str(real), "--data-dir", str(data))
        second = run_program(
            "export", "--out", str(every), "--include-simulated", "--data-dir", str(data)
        )
    assert (first.returncode, first.stdout.strip()) == (0, "1")
    assert (second.returncode, second.stdout.strip()) == (0, "3")
    header, line = real.read_text(encoding="utf-8-sig").splitlines()
    assert header == (
        "timestamp,publisher_id,N,P,K,CO2,Temperature,Moisture,pH,health_index,health_status,"
        "is_anomalous,anomaly_score,critical_factors,source"
    )
    assert ",sensor-publisher-01,22.5,17.8,152.3,498.2,22.1,54.8,7.18,65,Good," in line


def test_the_csv_mirror_has_the_old_headers(broker: MosquittoServer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Headless(data, *at(broker)) as program:
        program.wait_for_state("connected")
        publisher = Publisher(broker.port)
        publisher.publish(1, CANONICAL)
        publisher.wait(1)
        publisher.close()
        wait_for(lambda: program.report.get("stored") == 1)
        assert program.stop() == 0
    readings = (data / "sensor_readings.csv").read_text().splitlines()
    audit = (data / "mqtt_sensor_received.csv").read_text().splitlines()
    assert readings[0].startswith("timestamp,N,P,K,CO2,Temperature,Moisture,pH,health_index")
    assert audit[0].startswith("timestamp,publisher_id,N,P,K")
    assert len(readings) == len(audit) == 2
    assert "sensor-publisher-01" in audit[1]


def test_one_program_per_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Headless(data, "--set", "broker.port=1") as program:
        wait_for(lambda: program.reports)
        second = run_program("--headless", "--data-dir", str(data))
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert str(data) in second.stderr
        assert "Traceback" not in second.stderr
        assert program.stop() == 0


def test_a_clean_stop_without_a_broker(tmp_path: Path) -> None:
    with Headless(tmp_path / "data", "--set", "broker.port=1") as program:
        wait_for(lambda: program.reports)
        started = time.monotonic()
        assert program.stop() == 0
        assert time.monotonic() - started < 30
    assert program.report["connection"] in ("connecting", "lost", "refused")


def test_without_a_display_it_says_so_in_one_line_and_runs(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "--data-dir", str(tmp_path / "other"), "--set", "broker.port=1"],
        env=environment(),
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    ) as windowless:
        assert windowless.stderr is not None
        line = windowless.stderr.readline()
        assert "no display" in line
        assert "without a window" in line
        assert str(tmp_path / "other") in windowless.stderr.readline()
        windowless.terminate()
        assert windowless.wait(15) == 0


def test_a_burst_of_new_devices_and_an_odd_csv_file_stop_nothing(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sensor_readings.csv").write_bytes(b"odd\rfile\r\x00\xff")
    with Headless(data, *at(broker)) as program:
        program.wait_for_state("connected")
        lines = [numbered(n).replace(b'"probe-', b'"d%d-' % n).decode() for n in range(1000)]
        broker.publish_lines(TOPIC, "\n".join(lines) + "\n")
        wait_for(lambda: program.report.get("stored") == 1000)
        assert program.stop() == 0
    assert "Traceback" not in (data / "logs" / "harit.log").read_text()


def test_an_export_never_overwrites_the_programs_own_files(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Headless(data, "--set", "broker.port=1") as program:
        wait_for(lambda: program.reports)
        own = run_program("export", "--out", str(data / "settings.toml"), "--data-dir", str(data))
        assert program.stop() == 0
    assert own.returncode == 1
    assert own.stderr.count("\n") == 1
    assert "Traceback" not in own.stderr
    assert "harit-" in (data / "settings.toml").read_text()


@pytest.mark.slow
def test_readings_without_a_time_are_stored_once_over_kills(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    count, seed = 1200, random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    data = tmp_path / "data"
    with Headless(data, *at(broker)) as first:
        first.wait_for_state("connected")
        assert first.stop() == 0
    publisher = Publisher(broker.port)
    for number in range(count):
        # Equal values again and again: only the delivery tells two readings apart.
        publisher.publish(number, b'{"sensor_readings":{"N":%d,"pH":7}}' % (number % 5))
    publisher.wait(count)
    publisher.close()
    for _ in range(8):
        with Headless(data, *at(broker)) as program:
            time.sleep(moments.uniform(0.4, 1.2))
            program.kill()
    query = "SELECT count(*) FROM sensor_readings"
    with Headless(data, *at(broker)) as last:
        wait_for(lambda: rows(last.database, query)[0][0] >= count, 60)
        time.sleep(1.5)
        assert last.stop() == 0
    assert rows(last.database, query) == [(count,)]
