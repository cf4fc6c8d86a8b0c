"""What the running engine notes of itself, with its real parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harit_desktop.app import ProductParts, now_us
from harit_desktop.domain.status import LinkState
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime import recorder
from harit_desktop.runtime.commands import BackUpNow, Connect, Disconnect, RestoreBackup
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore
from tests.end_to_end.programs import rows
from tests.servers import MosquittoServer, wait_until

pytestmark = pytest.mark.broker


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine whose recorder looks often and writes at once."""
    monkeypatch.setattr(recorder, "TICK_S", 0.05)
    monkeypatch.setattr(recorder, "WRITE_EVERY_S", 0.2)
    monkeypatch.setattr(recorder, "HOLD_US", 300_000)
    with MosquittoServer() as broker:
        paths = DataPaths(tmp_path / "data")
        store = SettingsStore(paths.settings, {"broker.port": broker.port}, {})
        secrets = SecretStore("test", Redactor().add, {})
        engine = Engine(paths, store, secrets, ProductParts(paths), now_us)
        engine.start()
        wait_until(lambda: engine.snapshot().link.state is LinkState.CONNECTED, 15, "connection")
        yield engine
        assert engine.stop(5)


def noted(engine: Engine) -> list[tuple[str, int, int]]:
    return rows(engine.paths.database, "SELECT kind, from_us, until_us FROM recording_log")


def test_a_user_who_disconnects_is_no_broken_broker(engine: Engine) -> None:
    wait_until(lambda: noted(engine), 10)
    engine.submit(Disconnect())
    wait_until(lambda: len(noted(engine)) == 2, 10, "the second stretch")
    engine.submit(Connect())
    wait_until(lambda: engine.snapshot().link.state is LinkState.CONNECTED, 15, "connection")
    back_us = now_us()
    wait_until(lambda: noted(engine)[0][2] > back_us, 10)
    run, trouble = noted(engine)
    assert (run[0], trouble[0]) == ("run", "disconnected")
    assert run[1] <= trouble[1] < trouble[2] <= back_us


def test_a_restored_store_goes_on_with_this_run(engine: Engine) -> None:
    wait_until(lambda: noted(engine), 10)
    engine.submit(BackUpNow())
    wait_until(lambda: engine.snapshot().backup.path, 20, "the backup")
    engine.submit(RestoreBackup(Path(engine.snapshot().backup.path)))
    wait_until(
        lambda: any(p.code == "store.restored" for p in engine.snapshot().problems), 20, "restore"
    )
    restored_us = now_us()
    wait_until(lambda: max(row[2] for row in noted(engine)) > restored_us, 10)
    assert [row[0] for row in noted(engine)].count("run") == 1


def test_an_engine_that_ends_says_when(engine: Engine) -> None:
    wait_until(lambda: noted(engine), 10)
    ended_us = now_us()
    assert engine.stop(5)
    ((kind, _, until_us),) = noted(engine)
    assert kind == "run"
    assert ended_us <= until_us < ended_us + 2_000_000
