"""F44: a fault in any worker is survived within seconds, counted, and costs no reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.programs import rows, wait_for
from tests.faults.history import check_history, faults
from tests.faults.program import Program, at
from tests.faults.sensors import Plan, Sensors
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

RESTART_S = 5.0
PACKAGE = "harit_desktop"

# Where an exception would come from, and the call at which it comes.
FAULTS = (
    "storage.journal:SqliteJournal.open@1",
    "storage.batch_writer:BatchWriter.write@3x2",
    "transport.mqtt_connection:MqttConnection.step@6",
    "pipeline.live:LiveModel.publish@3x4",
    "storage.csv_mirror:CsvMirror.write@3x4",
    "runtime.links:Links.tick@1x2",
)
KEPT = (
    "wire.registry:MessageDecoder.decode@20x5",
    "analysis.engine:AnalysisEngine.analyse@60x5",
)


def raising(*faults: str) -> list[str]:
    return [f"raise:{PACKAGE}.{fault}" for fault in faults]


def test_every_worker_raises_once(broker: MosquittoServer, tmp_path: Path) -> None:
    plan = Plan(600, rate=200)
    with Program(tmp_path / "data", *at(broker), inject=raising(*FAULTS)) as program:
        program.wait_for_state("connected", 20)
        with Sensors(broker.port, tmp_path, plan) as sensors:
            program.wait_until_says("failed and was started again: pipeline", RESTART_S)
            confirmed = sensors.finish()
        check_history(program.store, confirmed, plan, timeout_s=RESTART_S + 5, late_s=1)
        for fault in FAULTS:
            wait_for(lambda f=fault: f"injected fault in {PACKAGE}.{f}" in program.log, 10)
        program.wait_for_report(
            lambda r: r["connection"] == "connected" and r["unacked"] == 0, RESTART_S + 3
        )
        assert program.stop(10) == 0


def test_a_message_that_cannot_be_processed_is_kept(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    plan = Plan(100, rate=200)
    with Program(tmp_path / "data", *at(broker), inject=raising(*KEPT)) as program:
        program.wait_for_state("connected", 20)
        with Sensors(broker.port, tmp_path, plan) as sensors:
            confirmed = sensors.finish()
        program.wait_for_report(lambda r: r["rejected"] == 10 and r["stored"] == 90, 10)
        kept = rows(program.database, "SELECT payload, reason_code FROM rejected_messages")
        assert {reason for _, reason in kept} == {"internal_error"}
        lost = [n for n in confirmed if plan.payload(n) in {payload for payload, _ in kept}]
        assert len(lost) == 10
        assert faults(program.store.readings(), confirmed - set(lost), [plan]) == []
        program.stop_in_time()
