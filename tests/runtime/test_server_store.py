"""The engine with a database server as its store, a real one, and with backups."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.app import ProductParts, now_us
from harit_desktop.domain.status import LinkState, ServerState, StoreState
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.commands import (
    ApplySettings,
    ApproveChange,
    BackUpNow,
    DeleteSimulated,
    RestoreBackup,
)
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore
from tests.mariadb_server import DATABASE, OLD_READINGS, PASSWORD, USER, MariaDbServer
from tests.servers import MosquittoServer, wait_until

pytestmark = pytest.mark.broker

TOPIC = "harit-samarth/sensor/data"
MakeEngine = Callable[..., Engine]


@pytest.fixture(scope="module")
def running_server() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


@pytest.fixture
def server(running_server: MariaDbServer) -> MariaDbServer:
    running_server.drop_database()
    return running_server


@pytest.fixture
def broker() -> Iterator[MosquittoServer]:
    with MosquittoServer(persistence=True) as server:
        yield server


@pytest.fixture
def make_engine(tmp_path: Path, broker: MosquittoServer) -> Iterator[MakeEngine]:
    engines: list[Engine] = []

    def make(server: MariaDbServer | None = None, **overrides: Any) -> Engine:
        paths = DataPaths(tmp_path / "data")
        settings = {"broker.port": broker.port, **(use_server(server) if server else {})}
        settings |= {key.replace("__", "."): value for key, value in overrides.items()}
        store = SettingsStore(paths.settings, settings, {})
        secrets = SecretStore("test", Redactor().add, {"HARIT_STORAGE__MYSQL_PASSWORD": PASSWORD})
        engine = Engine(paths, store, secrets, ProductParts(paths), now_us)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        assert engine.stop(5)


def use_server(server: MariaDbServer) -> dict[str, Any]:
    return {
        "storage.backend": "mysql",
        "storage.mysql_host": server.host,
        "storage.mysql_port": server.port,
        "storage.mysql_database": DATABASE,
        "storage.mysql_user": USER,
    }


def reading(number: int, simulated: bool = False) -> str:
    mark = ',"simulated":true' if simulated else ""
    return (
        f'{{"timestamp":"2025-12-02T17:{number // 60:02d}:{number % 60:02d}",'
        f'"publisher_id":"probe"{mark},"sensor_readings":{{"N":22.5,"P":17.8,"K":152.3,'
        '"CO2":498.2,"Temperature":22.1,"Moisture":54.8,"pH":7.18}}'
    )


def connected(engine: Engine) -> None:
    wait_until(lambda: engine.snapshot().link.state is LinkState.CONNECTED, 15, "connection")


def publish(broker: MosquittoServer, numbers: range) -> None:
    broker.publish_lines(TOPIC, "\n".join(reading(number) for number in numbers) + "\n")


def rows_on(server: MariaDbServer) -> int:
    try:
        return int(server.scalar("SELECT count(*) FROM sensor_readings"))
    except Exception as error:
        # The table does not exist before the first connection.
        if error.args[0] == 1146:
            return 0
        raise


def rows_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        (count,) = db.execute("SELECT count(*) FROM sensor_readings").fetchone()
    return int(count)


def test_readings_reach_the_server_and_are_read_from_it(
    make_engine: MakeEngine, broker: MosquittoServer, server: MariaDbServer
) -> None:
    engine = make_engine(server)
    engine.start()
    connected(engine)
    publish(broker, range(50))
    wait_until(lambda: rows_on(server) == 50, 20, "rows on the server")
    wait_until(lambda: engine.snapshot().counters.waiting == 0)
    status = engine.snapshot()
    assert (status.store.backend, status.store.state) == ("mysql", StoreState.OK)
    assert status.server.state is ServerState.READY
    assert engine.history.last_values("probe") == (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)


def test_the_store_changes_both_ways_while_readings_come(
    make_engine: MakeEngine, broker: MosquittoServer, server: MariaDbServer
) -> None:
    engine = make_engine()
    engine.start()
    connected(engine)
    publish(broker, range(40))
    engine.submit(ApplySettings(use_server(server)))
    publish(broker, range(40, 80))
    wait_until(lambda: rows_on(server) == 80, 20, "what was here before goes there too")
    engine.submit(ApplySettings({"storage.backend": "sqlite"}))
    wait_until(lambda: engine.snapshot().store.backend == "sqlite")
    publish(broker, range(80, 120))
    wait_until(lambda: engine.snapshot().store.rows == 120, 20, "rows here")
    assert rows_on(server) == 80
    engine.submit(ApplySettings({"storage.backend": "mysql"}))
    wait_until(lambda: rows_on(server) == 120, 20, "the rest")
    assert engine.snapshot().counters.duplicates == 0


def test_an_old_database_is_left_alone_until_somebody_says_yes(
    make_engine: MakeEngine, broker: MosquittoServer, server: MariaDbServer
) -> None:
    server.query(OLD_READINGS)
    server.query("INSERT INTO sensor_readings (N, health_index) VALUES (21.5, 61)")
    before = server.query("SHOW CREATE TABLE sensor_readings")
    engine = make_engine(server)
    engine.start()
    connected(engine)
    publish(broker, range(5))
    wait_until(lambda: engine.snapshot().server.state is ServerState.CONSENT, 20, "the question")
    wait_until(lambda: engine.snapshot().counters.waiting == 5)
    status = engine.snapshot()
    assert status.server.change is not None
    assert (status.server.change.kind, status.server.change.rows) == ("adopt", 1)
    assert status.store.state is StoreState.SPOOLING
    assert server.query("SHOW CREATE TABLE sensor_readings") == before
    engine.submit(ApproveChange())
    wait_until(lambda: rows_on(server) == 6, 20, "the waiting rows")


def test_a_full_spool_stops_the_intake_and_the_server_frees_it(
    make_engine: MakeEngine, broker: MosquittoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.runtime.store_keeper.SPOOLED_READING_BYTES", 1_000_000)
    with MariaDbServer() as own:
        own.stop()
        engine = make_engine(own, storage__spool_limit_mb=10)
        engine.start()
        connected(engine)
        for number in range(30):
            broker.publish(TOPIC, reading(number))
        wait_until(
            lambda: (
                engine.snapshot().store.problem is not None
                and engine.snapshot().store.problem.code == "store.spool_full"
            ),
            20,
            "the full spool is said",
        )
        status = engine.snapshot()
        assert status.store.state is StoreState.DOWN
        assert status.counters.unacked > 0
        own.start()
        wait_until(lambda: rows_on(own) == 30, 60, "all rows")
        wait_until(lambda: engine.snapshot().store.state is StoreState.OK, 20)


def test_simulated_readings_go_from_the_server_too(
    make_engine: MakeEngine, broker: MosquittoServer, server: MariaDbServer
) -> None:
    engine = make_engine(server)
    engine.start()
    connected(engine)
    broker.publish(TOPIC, reading(1))
    broker.publish(TOPIC, reading(2, simulated=True))
    wait_until(lambda: rows_on(server) == 2, 20, "rows on the server")
    engine.submit(DeleteSimulated())
    wait_until(lambda: rows_on(server) == 1, 20, "the deletion")


def test_a_backup_is_made_and_put_back_while_the_program_runs(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = make_engine()
    engine.start()
    connected(engine)
    publish(broker, range(20))
    wait_until(lambda: engine.snapshot().store.rows == 20)
    engine.submit(BackUpNow())
    wait_until(lambda: engine.snapshot().backup.path != "", 20, "the backup")
    backup = Path(engine.snapshot().backup.path)
    assert rows_in(backup) == 20
    publish(broker, range(20, 30))
    wait_until(lambda: engine.snapshot().store.rows == 30)
    engine.submit(RestoreBackup(backup))
    wait_until(lambda: engine.snapshot().store.rows == 20, 20, "the restored store")
    connected(engine)
    (note,) = [p for p in engine.snapshot().problems if p.code == "store.restored"]
    assert rows_in(engine.paths.root / str(note.params["kept_as"])) == 30
    publish(broker, range(30, 35))
    wait_until(lambda: engine.snapshot().store.rows == 25, 20, "new readings in the restored store")


def test_a_file_that_is_no_backup_changes_nothing(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    engine = make_engine()
    engine.start()
    connected(engine)
    publish(broker, range(3))
    wait_until(lambda: engine.snapshot().store.rows == 3)
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    engine.submit(RestoreBackup(bad))
    wait_until(lambda: any(p.code == "backup.bad_file" for p in engine.snapshot().problems), 20)
    assert engine.snapshot().store.rows == 3
    assert engine.snapshot().link.state is LinkState.CONNECTED
