"""The same readings again and again, and readings out of order: F07, F08 over MQTT, F09."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from tests.end_to_end.programs import run_program, wait_for
from tests.faults.history import check_history, counters_add_up
from tests.faults.program import Program, at
from tests.faults.sensors import Plan, Sensors, send
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

WEEK_S = 7 * 24 * 3600.0


def test_three_copies_and_a_publisher_that_begins_anew(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    """F07: each reading three times; the publisher dies half way and sends all again."""
    plan = Plan(2000, repeats=3, rate=3000)
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan, "first") as first:
            wait_for(lambda: len(first.confirmed) > 500)
            first.kill()
        with Sensors(broker.port, tmp_path, plan, "second") as second:
            check_history(program.store, second.finish(), plan, late_s=1)
        program.wait_for_report(counters_add_up, 10)
        report = program.report
        assert report["stored"] == plan.count
        assert report["duplicates"] >= 2 * plan.count + 1000
        assert report["rejected"] == 0
        program.stop_in_time()


def test_a_week_out_of_order_from_many_devices(broker: MosquittoServer, tmp_path: Path) -> None:
    """F09: late and shuffled; the export, like every chart, is in the order of time."""
    plan = Plan(3000, repeats=3, shuffle=True, spread_s=WEEK_S, devices=200)
    out = tmp_path / "out.csv"
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            check_history(program.store, sensors.finish(), plan, late_s=1)
        done = run_program("export", "--out", str(out), "--data-dir", str(program.data_dir))
        assert (done.returncode, done.stdout.strip()) == (0, str(plan.count)), done.stderr
        program.stop_in_time()
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    stamps = [row["timestamp"] for row in rows]
    assert stamps == sorted(stamps)
    assert {row["publisher_id"] for row in rows} == {f"probe-{n}" for n in range(200)}


def test_equal_values_are_two_readings_and_equal_readings_one(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    """F08, as far as it goes over MQTT: two topics, two shapes of one payload, new packet ids."""
    topics = '["a/data", "b/data"]'
    plan = Plan(50)
    first = [plan.payload(n) for n in plan.numbers]
    other_shape = [each.replace(b"sensor_readings", b"sensor_data") for each in first]
    elsewhere = [replace(plan, device="other").payload(n) for n in plan.numbers]
    with Program(tmp_path / "data", *at(broker, f"broker.topics={topics}")) as program:
        program.wait_for_state("connected")
        send(broker.port, first, topic="a/data")
        send(broker.port, [*first, *other_shape], topic="b/data")
        send(broker.port, elsewhere, topic="a/data")
        program.wait_for_report(lambda r: counters_add_up(r) and r["received"] == 200, 10)
        assert (program.report["stored"], program.report["duplicates"]) == (100, 100)
        assert program.store.count() == 100
        program.stop_in_time()
