"""Settings, device book and quality tests as one: the engine, its store and a real broker."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.device_book import Calibration, CalibrationKind, DeviceRecord
from harit_desktop.domain.reanalysis import ReanalysisRequest
from harit_desktop.runtime.commands import (
    AddCalibration,
    ApplySettings,
    RemoveCalibration,
    SaveDevice,
)
from harit_desktop.runtime.engine import Engine
from tests.runtime.test_engine import MakeEngine, broker, connected, make_engine
from tests.servers import MosquittoServer, wait_until

__all__ = ["broker", "make_engine"]

pytestmark = pytest.mark.broker

TOPIC = "harit-samarth/sensor/data"
DAY_US = 86_400_000_000


def sent(minute: int, device: str = "probe", **changes: float) -> str:
    values = {"N": 22.5, "P": 17.8, "K": 152.3, "CO2": 498.2, "Temperature": 22.1}
    values |= {"Moisture": 54.8, "pH": 7.18} | changes
    return json.dumps(
        {
            "timestamp": f"2026-03-02T{8 + minute // 60:02d}:{minute % 60:02d}:00Z",
            "publisher_id": device,
            "sensor_readings": values,
        }
    )


AN_HOUR = [sent(minute, Moisture=54 + 0.1 * (minute % 7)) for minute in range(60)]


def rows(data: Path, what: str) -> list[Any]:
    with closing(sqlite3.connect(data / "harit.db")) as connection:
        return connection.execute(f"SELECT {what} FROM sensor_readings ORDER BY id").fetchall()


def stored(engine: Engine, broker: MosquittoServer, *payloads: str) -> None:
    before = engine.snapshot().counters.stored
    for payload in payloads:
        broker.publish(TOPIC, payload)
    wait_until(lambda: engine.snapshot().counters.stored == before + len(payloads))


def calibration(*points: tuple[float, float], at_us: int = 0) -> Calibration:
    return Calibration("probe", "Moisture", CalibrationKind.TWO_POINT, at_us, points, 0)


def test_every_quality_test_is_on(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    moisture = [54.0 + 0.1 * (minute % 7) for minute in range(80)]
    moisture[60] = 95.0
    stored(engine, broker, *(sent(minute, Moisture=value) for minute, value in enumerate(moisture)))
    flags = rows(tmp_path / "data", "quality_moisture, quality_reasons, is_anomalous")
    assert flags[60][0] == 3
    assert "Moisture" in json.loads(flags[60][1])
    assert flags[60][2]
    assert [flag for flag, _, _ in flags[:60]] == [1] * 60


def test_baselines_are_saved_at_the_stop_and_used_at_the_start(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    first = make_engine(broker__port=broker.port)
    first.start()
    connected(first)
    stored(first, broker, *AN_HOUR)
    assert first.stop(5)
    second = make_engine(broker__port=broker.port)
    second.start()
    connected(second)
    # A probe that was never heard before would be allowed anything.
    stored(second, broker, sent(60, Moisture=95.0))
    ((flag,),) = rows(tmp_path / "data", "quality_moisture")[-1:]
    assert flag == 3


def test_a_calibration_changes_the_index_from_its_day_on_and_no_stored_value(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    stored(engine, broker, sent(0, Moisture=80.0))
    engine.submit(AddCalibration(calibration((0.0, 0.0), (80.0, 50.0))))
    wait_until(lambda: engine.corrections.devices())
    stored(engine, broker, sent(1, Moisture=80.0), sent(2, "other", Moisture=80.0))
    judged = rows(tmp_path / "data", "moisture, health_index")
    assert [moisture for moisture, _ in judged] == [80.0, 80.0, 80.0]
    assert judged[1][1] > judged[0][1] == judged[2][1]
    (device, _) = engine.live.devices()
    explanation = engine.judgement.explain(
        device.values, device.analysis.flags, device.publisher_id, device.timestamp_us
    )
    assert explanation.index is not None
    assert round(explanation.index) == judged[1][1]

    asked = engine.jobs.reanalyse(ReanalysisRequest())
    wait_until(lambda: asked.done)
    assert asked.problem is None
    assert asked.value is not None
    assert (asked.value.read, asked.value.changed) == (3, 1)
    assert rows(tmp_path / "data", "health_index")[0][0] == judged[1][1]

    (entered,) = engine.book.calibrations
    engine.submit(RemoveCalibration(entered.id))
    wait_until(lambda: not engine.corrections.devices())
    stored(engine, broker, sent(3, Moisture=80.0))
    assert rows(tmp_path / "data", "health_index")[-1] == (judged[0][1],)


def test_what_was_entered_is_there_at_the_next_start_before_the_first_reading(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    first = make_engine(broker__port=broker.port)
    first.start()
    connected(first)
    first.submit(SaveDevice(DeviceRecord("probe", name="Canal side", zone="North")))
    first.submit(AddCalibration(calibration((0.0, 0.0), (80.0, 50.0))))
    wait_until(lambda: first.corrections.devices())
    stored(first, broker, sent(0, Moisture=80.0))
    assert first.stop(5)
    second = make_engine(broker__port=broker.port)
    second.start()
    connected(second)
    stored(second, broker, sent(1, Moisture=80.0))
    assert second.book.records["probe"].name == "Canal side"
    (one,), (two,) = rows(tmp_path / "data", "health_index")
    assert one == two


def test_another_profile_judges_what_comes_and_keeps_what_was_learned(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    stored(engine, broker, *AN_HOUR)
    engine.submit(ApplySettings({"analysis.profile": "wheat"}))
    wait_until(lambda: engine.settings.analysis.profile == "wheat")
    wait_until(lambda: engine.judgement.limits()["pH"] != (6.5, 7.5, 5.0, 8.0))
    stored(engine, broker, sent(60, Moisture=95.0))
    profile, flag = rows(tmp_path / "data", "profile, quality_moisture")[-1]
    assert (profile, flag) == ("wheat", 3)


def test_volumetric_water_beyond_the_pores_is_impossible(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine(
        broker__port=broker.port, analysis__profile="generic", analysis__moisture_basis="vwc"
    )
    engine.start()
    connected(engine)
    stored(engine, broker, sent(0), sent(1, Moisture=30.0))
    (first, second) = rows(tmp_path / "data", "quality_moisture, quality_reasons")
    assert (first[0], json.loads(first[1])) == (4, {"Moisture": "range.physical_high"})
    assert second == (1, None)


def test_a_profile_that_is_not_there_is_said_and_the_default_judges(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine(broker__port=broker.port, analysis__profile="barley")
    engine.start()
    connected(engine)
    stored(engine, broker, sent(0))
    assert rows(tmp_path / "data", "profile, health_index") == [("classic", 65)]
    assert "profile.not_found" in [problem.code for problem in engine.snapshot().problems]


def test_a_profile_with_a_mistake_costs_neither_zone_nor_meaning(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine(
        broker__port=broker.port,
        broker__timezone="Asia/Kolkata",
        analysis__profile="barley",
        analysis__moisture_basis="vwc",
    )
    engine.start()
    connected(engine)
    stored(engine, broker, sent(0).replace("Z", ""))
    ((at, flag),) = rows(tmp_path / "data", "timestamp, quality_moisture")
    assert at.startswith("2026-03-02T02:30:00")
    assert flag == 4


def test_nothing_is_judged_again_by_a_profile_that_nobody_chose(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = make_engine(broker__port=broker.port, analysis__profile="barley")
    engine.start()
    connected(engine)
    stored(engine, broker, sent(0))
    assert engine.judgement.profile == "classic"
    asked = engine.jobs.reanalyse(ReanalysisRequest())
    wait_until(lambda: asked.done)
    assert asked.problem is not None
    assert asked.problem.code == "profile.not_found"


def calibration_row(points: str) -> str:
    return f"INSERT INTO calibrations VALUES (1, 'probe', 'N', 'laboratory', 1, '{points}', 1, '')"


GARBAGE = (
    "INSERT INTO baselines VALUES ('probe', 'text', 1)",
    "INSERT INTO baselines VALUES ('probe', x'92c0', 1)",
    calibration_row("[[-1.7e308,1e306]]"),
    calibration_row("[" * 5000),
    calibration_row("no list"),
    "INSERT INTO device_records VALUES ('', 'x', x'00', 7, 'y')",
)


@pytest.mark.parametrize("statement", GARBAGE, ids=range(len(GARBAGE)))
def test_whatever_is_in_the_tables_readings_are_stored(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path, statement: str
) -> None:
    first = make_engine(broker__port=broker.port)
    first.start()
    connected(first)
    stored(first, broker, sent(0))
    assert first.stop(5)
    with closing(sqlite3.connect(tmp_path / "data" / "harit.db")) as connection:
        connection.execute("DELETE FROM baselines")
        connection.execute(statement)
        connection.commit()
    second = make_engine(broker__port=broker.port)
    second.start()
    connected(second)
    stored(second, broker, sent(1), sent(2))
    assert len(rows(tmp_path / "data", "id")) == 3
