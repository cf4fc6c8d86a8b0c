"""Hostile bytes through the real program: F10, F10b, F10c, F11."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.programs import rows, wait_for
from tests.faults.history import check_history, counters_add_up
from tests.faults.payloads import LIMIT, REJECTED, Case, cases
from tests.faults.program import Program, at
from tests.faults.sensors import TOPIC, Plan, new_client, send
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

QUARANTINE_ROWS = 10_000
QUARANTINE_BYTES = 16 * 1024 * 1024
LOG_BYTES = 5 * 2 * 1024 * 1024


class OneByOne:
    """Sends a payload and waits until the program has judged it."""

    def __init__(self, port: int, database: Path) -> None:
        self._client = new_client()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._database = database
        self._seen = 0

    def send(self, payload: bytes) -> tuple[str, str | None, int | None]:
        """Outcome, reason and the id of the reading."""
        self._client.publish(TOPIC, payload, qos=1)
        ends = time.monotonic() + 10
        query = "SELECT id, outcome, reason_code, reading_id FROM message_log WHERE id > ?"
        with closing(sqlite3.connect(self._database, timeout=10)) as db:
            while time.monotonic() < ends:
                found = db.execute(query, (self._seen,)).fetchall()
                if found:
                    assert len(found) == 1
                    self._seen, outcome, reason, reading = found[0]
                    return outcome, reason, reading
                time.sleep(0.002)
        raise AssertionError(f"no judgement in 10 s of {payload[:100]!r}")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def row_of(database: Path, reading_id: int | None) -> dict[str, Any]:
    with closing(sqlite3.connect(database, timeout=10)) as db:
        db.row_factory = sqlite3.Row
        found = db.execute("SELECT * FROM sensor_readings WHERE id = ?", (reading_id,)).fetchone()
        return dict(found)


def differences(case: Case, judged: tuple[str, str | None, int | None], row: Any) -> Iterator[str]:
    outcome, reason, _ = judged
    if (outcome, reason or "") != (case.outcome, case.reason):
        yield f"{case.name}: {outcome} {reason}, not {case.outcome} {case.reason}"
    elif outcome != REJECTED:
        for column, value in case.columns.items():
            if row[column] != value:
                yield f"{case.name}: {column} is {row[column]!r}, not {value!r}"


@pytest.mark.slow
def test_the_library_one_by_one_and_then_shuffled(broker: MosquittoServer, tmp_path: Path) -> None:
    """F10: each is judged as the contract says; three shuffled copies add nothing but what
    has no identity of its own."""
    library = cases()
    assert len(library) > 300
    wrong: list[str] = []
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        wait_for(lambda: rows(program.database, "SELECT 1 FROM sqlite_master"))
        one_by_one = OneByOne(broker.port, program.database)
        for case in library:
            judged = one_by_one.send(case.payload)
            row = row_of(program.database, judged[2]) if judged[0] == "stored" else None
            wrong.extend(differences(case, judged, row))
        one_by_one.close()
        assert not wrong, "\n".join(wrong)
        good = [case for case in library if not case.reason]
        timeless = sum(not case.timed for case in good)
        assert program.store.count() == len(good)

        copies = [case.payload for case in library] * 3
        random.Random(7).shuffle(copies)
        send(broker.port, copies)
        program.wait_for_report(
            lambda r: r["received"] == 4 * len(library) and counters_add_up(r), 30
        )
        assert program.store.count() == len(good) + 3 * timeless
        assert program.report["rejected"] == 4 * (len(library) - len(good))
        reasons = Counter(case.reason for case in library if case.reason)
        kept = rows(
            program.database, "SELECT reason_code, count(*) FROM rejected_messages GROUP BY 1"
        )
        assert dict(kept) == {reason: 4 * count for reason, count in reasons.items()}
        longest = rows(program.database, "SELECT max(length(payload)) FROM rejected_messages")
        assert longest == [(LIMIT,)]
        assert program.store.integrity() == []
        program.stop_in_time()
        assert "Traceback" not in program.log
        for line in [*program.lines, *program.log.splitlines()]:
            assert line.isprintable(), f"raw control characters came through: {line!r}"


def good_reading(number: int = 1) -> tuple[Plan, bytes]:
    plan = Plan(1, first=number)
    return plan, plan.payload(number)


def wait_stored(program: Program, plan: Plan, timeout_s: float, late_s: float = 0.5) -> None:
    check_history(program.store, set(plan.numbers), plan, timeout_s=timeout_s, late_s=late_s)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_flood_of_oversize_messages(tmp_path: Path, protocol: str) -> None:
    """F10b: 300 x 300 kB through a broker without limits, then one good reading."""
    plan, good = good_reading()
    options = f"broker.protocol={protocol}"
    with (
        MosquittoServer(["max_queued_messages 100000"]) as broker,
        Program(tmp_path / "data", *at(broker, options)) as program,
    ):
        program.wait_for_state("connected")
        before_mb = program.rss_mb
        send(broker.port, [b'{"n":%d,"x":"%s"}' % (n, b"x" * 300_000) for n in range(300)])
        send(broker.port, [good])
        wait_stored(program, plan, 90)
        assert program.rss_mb - before_mb <= 50
        program.stop_in_time()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_one_message_of_100_mb(tmp_path: Path, protocol: str) -> None:
    """F10c: MQTT 5 keeps it away; with 3.1.1 the client takes it, and lives."""
    plan, good = good_reading()
    with (
        MosquittoServer() as broker,
        Program(tmp_path / "data", *at(broker, f"broker.protocol={protocol}")) as program,
    ):
        program.wait_for_state("connected")
        before_mb = program.rss_mb
        send(broker.port, [b"x" * 100_000_000], qos=0)
        highest_mb = before_mb
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            highest_mb = max(highest_mb, program.rss_mb)
            time.sleep(0.01)
        send(broker.port, [good])
        wait_stored(program, plan, 30)
        assert highest_mb - before_mb <= (50 if protocol == "5" else 400)
        assert program.rss_mb - before_mb <= 50, "the memory was not given back"
        program.stop_in_time()


@pytest.mark.slow
def test_a_flood_of_poison(broker: MosquittoServer, tmp_path: Path) -> None:
    """F11: everything stays bounded, and the good reading behind it is stored."""
    plan, good = good_reading()
    count = 25_000
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        before_mb = program.rss_mb
        send(broker.port, [b"{"] * count)
        send(broker.port, [good])
        wait_stored(program, plan, 60)
        # A report of before may add up as well: the good one came last.
        program.wait_for_report(lambda r: r["received"] > count and counters_add_up(r), 10)
        assert program.report["rejected"] == count, "the count must go on where the rows stop"
        kept = "SELECT count(*), total(kept_bytes) FROM rejected_messages"
        ((kept_rows, kept_bytes),) = rows(program.database, kept)
        assert kept_rows == QUARANTINE_ROWS
        assert kept_bytes <= QUARANTINE_BYTES
        assert len(program.log) <= LOG_BYTES
        assert program.rss_mb - before_mb <= 50
        program.stop_in_time()


def test_a_message_id_with_other_content(broker: MosquittoServer, tmp_path: Path) -> None:
    """The first content under an id stays; the second is never written over it."""
    with Program(tmp_path / "data", *at(broker)) as program:
        program.wait_for_state("connected")
        for value in (7.0, 7.0, 8.0):
            reading = {"publisher_id": "a", "message_id": "m1", "sensor_readings": {"pH": value}}
            send(broker.port, [json.dumps(reading).encode()])
        program.wait_for_report(lambda r: r["received"] == 3 and counters_add_up(r), 10)
        assert rows(program.database, "SELECT pH FROM sensor_readings") == [(7.0,)]
        assert program.report["duplicates"] == 1
        reasons = rows(program.database, "SELECT reason_code FROM rejected_messages")
        assert reasons == [("message_id_reused",)]
        program.stop_in_time()
