"""The engine with its real parts: a real broker, a real store, no window."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.app import ProductParts, now_us
from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.status import BrokerState, LinkState, PublisherState, StoreState
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.commands import (
    ApplySettings,
    Connect,
    DeleteSimulated,
    Disconnect,
    StartDemo,
    StartPublisher,
    StopPublisher,
)
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore
from tests.servers import MosquittoServer, free_port, wait_until

pytestmark = pytest.mark.broker

TOPIC = "harit-samarth/sensor/data"
MakeEngine = Callable[..., Engine]


def reading(second: int, device: str = "probe", simulated: bool = False) -> str:
    mark = ',"simulated":true' if simulated else ""
    return (
        f'{{"timestamp":"2025-12-02T17:50:{second:02d}","publisher_id":"{device}"{mark},'
        '"sensor_readings":{"N":22.5,"P":17.8,"K":152.3,"CO2":498.2,"Temperature":22.1,'
        '"Moisture":54.8,"pH":7.18}}'
    )


class CountingParts(ProductParts):
    """The real parts, counting how often each is built."""

    def __init__(self, paths: DataPaths) -> None:
        super().__init__(paths)
        self.built: dict[str, int] = {}

    def __getattribute__(self, name: str) -> Any:
        if name in ("source", "publisher", "broker", "mirror"):
            self.built[name] = self.built.get(name, 0) + 1
        return super().__getattribute__(name)


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[MakeEngine]:
    engines: list[Engine] = []

    def make(**overrides: Any) -> Engine:
        paths = DataPaths(tmp_path / "data")
        settings = {key.replace("__", "."): value for key, value in overrides.items()}
        store = SettingsStore(paths.settings, settings, {})
        secrets = SecretStore("test", Redactor().add, {})
        engine = Engine(paths, store, secrets, CountingParts(paths), now_us)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        assert engine.stop(5)


@pytest.fixture
def broker() -> Iterator[MosquittoServer]:
    with MosquittoServer() as server:
        yield server


def built(engine: Engine) -> dict[str, int]:
    parts = engine._bench.parts
    assert isinstance(parts, CountingParts)
    return dict(parts.built)


def connected(engine: Engine) -> None:
    wait_until(lambda: engine.snapshot().link.state is LinkState.CONNECTED, 15, "connection")


def test_nothing_connects_before_somebody_chose_a_broker(make_engine: MakeEngine) -> None:
    engine = make_engine()
    engine.start()
    wait_until(lambda: engine.snapshot().store.opened)
    assert not engine.configured
    assert engine.snapshot().link.state is LinkState.OFF


def test_devices_of_earlier_runs_are_known_at_the_start(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    first = make_engine(broker__port=broker.port)
    first.start()
    connected(first)
    broker.publish(TOPIC, reading(1))
    wait_until(lambda: first.snapshot().counters.stored == 1)
    assert first.stop(5)
    second = make_engine()
    second.start()
    wait_until(lambda: second.live.devices())
    (device,) = second.live.devices()
    assert (device.publisher_id, device.analysis.index) == ("probe", 65)
    assert second.snapshot().store.rows == 1


def test_applied_settings_restart_only_what_they_concern(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    wait_until(lambda: built(engine).get("mirror") == 1)
    before = built(engine)
    engine.submit(ApplySettings({"ui.theme": "dark"}))
    wait_until(lambda: engine.settings.ui.theme == "dark")
    time.sleep(0.3)
    assert built(engine) == before
    engine.submit(ApplySettings({"storage.csv_mirror": False}))
    wait_until(lambda: built(engine)["mirror"] == 2)
    assert built(engine) == before | {"mirror": 2}
    engine.submit(ApplySettings({"broker.keepalive_s": 20}))
    wait_until(lambda: built(engine)["source"] == 2)
    connected(engine)
    assert built(engine).get("publisher") is None


def test_a_setting_out_of_range_is_refused_and_named(make_engine: MakeEngine) -> None:
    engine = make_engine()
    engine.start()
    engine.submit(ApplySettings({"broker.port": 70000}))
    wait_until(lambda: any(p.code == "settings.bad_value" for p in engine.snapshot().problems))
    assert engine.settings.broker.port == 1883


def test_an_unknown_time_zone_is_refused_before_it_is_saved(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    engine.submit(ApplySettings({"broker.timezone": "Mars/Base"}))
    wait_until(lambda: any(p.code == "timezone.unknown" for p in engine.snapshot().problems))
    assert engine.settings.broker.timezone == "system"
    assert engine.snapshot().link.state is LinkState.CONNECTED
    engine.submit(ApplySettings({"broker.timezone": "Asia/Kolkata"}))
    wait_until(lambda: engine.settings.broker.timezone == "Asia/Kolkata")
    wait_until(lambda: not engine.snapshot().problems)


def test_a_start_with_an_unknown_time_zone_falls_back_and_says_so(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(broker__timezone="Mars/Base")
    engine.start(connect=False)
    wait_until(lambda: engine.snapshot().store.opened)
    assert [p.code for p in engine.snapshot().problems] == ["timezone.unknown"]


def test_a_stop_in_the_middle_of_a_command_leaves_nothing_behind(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, broker: MosquittoServer
) -> None:
    engine = make_engine(broker__port=broker.port)
    real = engine._bench.parts.source

    def slow_source(*arguments: Any) -> Any:
        time.sleep(0.5)
        return real(*arguments)

    monkeypatch.setattr(engine._bench.parts, "source", slow_source)
    engine.start()
    time.sleep(0.1)
    assert engine.stop(5)
    time.sleep(0.6)
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"control", "pipeline", "mqtt-net", "publisher"}


def test_a_row_that_cannot_be_read_does_not_stop_ingestion(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    first = make_engine(broker__port=broker.port)
    first.start()
    connected(first)
    broker.publish(TOPIC, reading(1))
    wait_until(lambda: first.snapshot().counters.stored == 1)
    assert first.stop(5)
    with closing(sqlite3.connect(first.paths.database)) as db, db:
        db.execute("UPDATE sensor_readings SET health_status = 'Splendid'")
    second = make_engine(broker__port=broker.port)
    second.start()
    connected(second)
    broker.publish(TOPIC, reading(2))
    wait_until(lambda: second.snapshot().counters.stored == 1)


def test_disconnect_and_connect(make_engine: MakeEngine, broker: MosquittoServer) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    engine.submit(Disconnect())
    wait_until(lambda: engine.snapshot().link.state is LinkState.OFF)
    broker.publish(TOPIC, reading(1))
    engine.submit(Connect())
    wait_until(lambda: engine.snapshot().counters.stored == 1, 15, "the kept message")


def test_the_demo_runs_on_a_broker_of_its_own_and_is_deleted_in_one_action(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(builtin_broker__port=free_port())
    engine.start()
    engine.submit(StartDemo(devices=2, interval_s=0.2))
    wait_until(lambda: len(engine.live.devices()) == 2, 20, "two devices")
    status = engine.snapshot()
    assert status.builtin_broker.state is BrokerState.RUNNING
    assert all(device.simulated for device in engine.live.devices())
    engine.submit(DeleteSimulated())
    wait_until(lambda: engine.snapshot().store.simulated_rows == 0, 15, "the deletion")
    wait_until(lambda: not engine.live.devices())
    assert engine.snapshot().publisher.state is PublisherState.STOPPED


def test_the_publisher_goes_on_from_the_last_stored_values(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = make_engine(broker__port=broker.port, publisher__interval_s=0.2)
    engine.start()
    connected(engine)
    broker.publish(TOPIC, reading(1, "simulator-01", simulated=True).replace("152.3", "171.5"))
    wait_until(lambda: engine.snapshot().counters.stored == 1)
    engine.submit(StartPublisher())
    wait_until(lambda: engine.snapshot().counters.stored >= 3, 15, "readings")
    with closing(sqlite3.connect(engine.paths.database)) as db:
        (potassium,) = db.execute("SELECT K FROM sensor_readings WHERE id = 2").fetchone()
    assert potassium == pytest.approx(171.5, abs=3)
    engine.submit(StopPublisher())
    wait_until(lambda: engine.snapshot().publisher.state is PublisherState.STOPPED)
    wait_until(lambda: not engine.settings.publisher.enabled)


def test_a_locked_store_is_said_and_costs_nothing(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    broker.publish(TOPIC, reading(1))
    wait_until(lambda: engine.snapshot().counters.stored == 1)
    with closing(sqlite3.connect(engine.paths.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        broker.publish(TOPIC, reading(2))
        wait_until(lambda: engine.snapshot().store.state is StoreState.DOWN, 20, "the state")
        assert engine.snapshot().counters.unacked == 1
        other.execute("ROLLBACK")
    wait_until(lambda: engine.snapshot().counters.stored == 2, 20, "the waiting reading")
    assert engine.snapshot().store.state is StoreState.OK


def test_an_export_reports_its_rows(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    for second in range(5):
        broker.publish(TOPIC, reading(second))
    wait_until(lambda: engine.snapshot().counters.stored == 5)
    request = ExportRequest(out=tmp_path / "out.csv")
    count = engine.jobs.count_export(request)
    wait_until(lambda: count.done)
    handle = engine.jobs.export(request)
    wait_until(lambda: handle.done)
    assert (count.value, handle.value, handle.problem) == (5, 5, None)
    assert len(request.out.read_text(encoding="utf-8-sig").splitlines()) == 6
