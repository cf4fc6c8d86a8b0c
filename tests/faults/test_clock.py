"""F39: the clock jumps, the zone changes, and an hour happens twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.end_to_end.programs import rows, wait_for
from tests.faults.history import check_history, counters_add_up, wait_for_more
from tests.faults.program import Program, at, at_port
from tests.faults.sensors import Plan, Sensors, send
from tests.servers import MosquittoServer
from tests.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

HOUR_S = 3600


@pytest.mark.slow
def test_the_clock_jumps_an_hour_and_back(broker: MosquittoServer, tmp_path: Path) -> None:
    """Under load, with a keep-alive of 5 s: nothing is lost or doubled, the connection stays,
    and a new one is made as quickly as ever."""
    timed, untimed = Plan(1000, rate=130), Plan(500, first=5000, rate=130, timed=False)
    clock = tmp_path / "clock"
    clock.write_text("0")
    with (
        TcpProxy("127.0.0.1", broker.port) as proxy,
        Program(
            tmp_path / "data",
            *at_port(proxy.port, "broker.keepalive_s=5"),
            inject=[f"clock:{clock}"],
        ) as program,
    ):
        program.wait_for_state("connected")
        with (
            Sensors(broker.port, tmp_path, timed, "timed") as first,
            Sensors(broker.port, tmp_path, untimed, "untimed") as second,
        ):
            for shift_s in (HOUR_S, -HOUR_S, 0):
                clock.write_text(str(shift_s))
                wait_for_more(program.store, 250)
                assert program.report["connection"] == "connected"
            connected = [line for line in broker.log.splitlines() if " as harit-" in line]
            subscribers = [line for line in connected if "-analysis" not in line]
            assert len(subscribers) == 1, "connected more than once"
            proxy.refusing = True
            proxy.reset()
            program.wait_for_report(lambda r: r["connection"] == "lost", 5)
            clock.write_text(str(-HOUR_S))
            proxy.heal()
            program.wait_for_state("connected", 10)
            confirmed = first.finish() | second.finish()
        check_history(program.store, confirmed, timed, untimed, late_s=1)
        program.wait_for_report(counters_add_up, 5)
        program.stop_in_time()


def naive(stamp: str, value: float) -> bytes:
    reading = {"timestamp": stamp, "publisher_id": "p", "sensor_readings": {"pH": value}}
    return json.dumps(reading).encode()


def test_another_zone_of_the_computer_changes_no_identity(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    """The same naive stamps, sent again after the computer moved: no new rows, same instants.
    The night in which clocks go back has two half past two; the first is meant."""
    zone = ZoneInfo("Europe/Berlin")
    stamps = [f"2025-10-26T{hour:02d}:30:00.{hour:06d}" for hour in range(6)]
    stamps += [f"2025-03-30T{hour:02d}:30:00.{hour:06d}" for hour in range(6)]
    payloads = [naive(stamp, 7 + n / 10) for n, stamp in enumerate(stamps)]
    options = at(broker, "broker.timezone=Europe/Berlin")
    found = []
    for home in ("Asia/Kolkata", "America/St_Johns"):
        with Program(tmp_path / "data", *options, TZ=home) as program:
            program.wait_for_state("connected")
            send(broker.port, payloads)
            program.wait_for_report(lambda r: r["received"] == 12 and counters_add_up(r), 10)
            query = "SELECT sent_timestamp, timestamp_us FROM sensor_readings ORDER BY id"
            found.append(rows(program.database, query))
            program.stop_in_time()
    assert found[0] == found[1]
    assert program.report["duplicates"] == 12
    for stamp, instant_us in found[0]:
        moment = datetime.fromisoformat(stamp).replace(tzinfo=zone, fold=0)
        assert instant_us == round(moment.astimezone(UTC).timestamp() * 1e6), stamp


def test_a_clock_that_was_never_set(broker: MosquittoServer, tmp_path: Path) -> None:
    """The program starts in 1970 and its clock is set later: the readings keep their times."""
    plan = Plan(100)
    clock = tmp_path / "clock"
    clock.write_text("-1700000000")
    with Program(tmp_path / "data", *at(broker), inject=[f"clock:{clock}"]) as program:
        program.wait_for_state("connected", 20)
        early, late = plan.payload(0), [plan.payload(n) for n in range(1, 100)]
        send(broker.port, [early])
        wait_for(lambda: program.store.count() == 1)
        clock.write_text("0")
        send(broker.port, [early, *late])
        wait_for(lambda: program.store.count() == 100)
        (first, *others) = rows(
            program.database,
            "SELECT time_source, sent_timestamp, N + 1000 * P FROM sensor_readings ORDER BY id",
        )
        # More than a day ahead of the wrong clock: ordered by receipt, the sent text is kept.
        assert first == ("suspect", json.loads(early)["timestamp"], 0)
        assert {source for source, _, _ in others} == {"sent"}
        assert sorted(number for _, _, number in others) == list(range(1, 100))
        program.wait_for_report(lambda r: r["duplicates"] == 1, 5)
        program.stop_in_time()
