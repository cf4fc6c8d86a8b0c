"""Which devices are taken, as the settings and the device book say, through a real broker."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.device_book import DeviceRecord
from harit_desktop.runtime.commands import ApplySettings, SaveDevice
from harit_desktop.runtime.engine import Engine
from tests.runtime.test_engine import MakeEngine, broker, connected, make_engine
from tests.runtime.test_judging import TOPIC, rows, sent, stored
from tests.servers import MosquittoServer, wait_until

__all__ = ["broker", "make_engine"]

pytestmark = pytest.mark.broker


def left_out(data: Path) -> int:
    with closing(sqlite3.connect(data / "harit.db")) as connection:
        query = "SELECT count(*) FROM message_log WHERE outcome = 'skipped'"
        return int(connection.execute(query).fetchone()[0])


def apply(engine: Engine, **changes: object) -> None:
    wanted = {key.replace("__", "."): value for key, value in changes.items()}
    engine.submit(ApplySettings(wanted))
    wait_until(lambda: engine.settings.routing.mode == wanted["routing.mode"])


def test_what_the_rules_leave_out_is_acknowledged_logged_and_not_stored(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    stored(engine, broker, sent(0, "north-1"), sent(0, "stranger"))
    apply(engine, routing__mode="allow", routing__devices=["north-*"])
    broker.publish(TOPIC, sent(1, "stranger"))
    stored(engine, broker, sent(1, "north-1"))
    wait_until(lambda: left_out(data) == 1)
    assert [row[0] for row in rows(data, "publisher_id")] == ["north-1", "stranger", "north-1"]
    counters = engine.snapshot().counters
    assert (counters.rejected, counters.received) == (0, 4)
    wait_until(lambda: engine.snapshot().counters.unacked == 0)
    apply(engine, routing__mode="all")
    stored(engine, broker, sent(2, "stranger"))


def test_a_zone_of_the_device_book_counts(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    stored(engine, broker, sent(0, "probe"), sent(0, "other"))
    engine.submit(SaveDevice(DeviceRecord("other", zone="Neighbour")))
    wait_until(lambda: "other" in engine.book.records)
    apply(engine, routing__mode="block", routing__zones=["Neighbour"])
    broker.publish(TOPIC, sent(1, "other"))
    stored(engine, broker, sent(1, "probe"))
    wait_until(lambda: left_out(data) == 1)
    assert [row[0] for row in rows(data, "publisher_id")] == ["probe", "other", "probe"]
