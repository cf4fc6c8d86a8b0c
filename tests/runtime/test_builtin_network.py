"""The built-in broker for other devices, as the engine runs it: 0.0.0.0, reached on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.app import ProductParts, now_us
from harit_desktop.broker.login import Login, connect_packet
from harit_desktop.domain.status import BrokerState, EngineStatus, LinkState
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.commands import ApplySettings, Connect, StartPublisher
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.broker

PASSWORD = "kqn4-wzr8-geheim"
KEY = "HARIT_BUILTIN_BROKER__PASSWORD"
MakeEngine = Callable[..., Engine]


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[MakeEngine]:
    engines: list[Engine] = []

    def make(environment: dict[str, str] | None = None, **overrides: Any) -> Engine:
        paths = DataPaths(tmp_path / "data")
        given = {
            "broker.mode": "builtin",
            "builtin_broker.host": "0.0.0.0",
            "builtin_broker.port": free_port(),
            "builtin_broker.allow_network": True,
            **{key.replace("__", "."): value for key, value in overrides.items()},
        }
        secrets = SecretStore("test", Redactor().add, environment or {})
        store = SettingsStore(paths.settings, given, {})
        engine = Engine(paths, store, secrets, ProductParts(paths), now_us)
        engines.append(engine)
        engine.start()
        engine.submit(Connect())
        return engine

    yield make
    for engine in engines:
        engine.stop()


def codes(status: EngineStatus) -> set[str]:
    return {problem.code for problem in status.problems}


def answer(port: int, password: str | None) -> str:
    """What the broker says to a client with this password; empty while there is none."""
    login = None if password is None else Login("harit", password)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as raw:
            raw.sendall(connect_packet(login))
            code = raw.recv(4)[3:]
    except OSError:
        return ""
    return {b"\0": "let in", b"\5": "not authorised"}.get(code, code.hex())


@pytest.mark.parametrize("chosen", ["mosquitto", "amqtt"])
def test_our_own_clients_log_in_and_nobody_else(make_engine: MakeEngine, chosen: str) -> None:
    engine = make_engine({KEY: PASSWORD}, builtin_broker__engine=chosen)
    engine.submit(StartPublisher())
    wait_until(lambda: engine.snapshot().counters.stored > 0, 20, "a reading")
    status = engine.snapshot()
    assert status.builtin_broker.state is BrokerState.RUNNING
    assert status.builtin_broker.engine == chosen
    port = status.builtin_broker.port
    assert answer(port, PASSWORD) == "let in"
    assert answer(port, None) == "not authorised"
    assert answer(port, "wrong") == "not authorised"
    files = [path for path in engine.paths.root.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in path.read_bytes() for path in files)


def test_without_a_password_it_does_not_start_and_starts_with_one(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine()
    wait_until(lambda: "builtin_broker.no_password" in codes(engine.snapshot()), 10, "the problem")
    assert engine.snapshot().builtin_broker.state is not BrokerState.RUNNING
    engine.submit(ApplySettings({}, {"builtin_broker.password": PASSWORD}))
    wait_until(lambda: engine.snapshot().link.state is LinkState.CONNECTED, 15, "the connection")
    assert "builtin_broker.no_password" not in codes(engine.snapshot())
    handle = engine.trials.builtin_password()
    wait_until(lambda: handle.done, 5, "the password")
    assert handle.value == PASSWORD
    engine.submit(ApplySettings({}, {"builtin_broker.password": "another-one"}))
    port = engine.settings.builtin_broker.port
    wait_until(lambda: answer(port, "another-one") == "let in", 15, "the new password")
    assert answer(port, PASSWORD) == "not authorised"


def test_without_consent_it_does_not_start(make_engine: MakeEngine) -> None:
    engine = make_engine({KEY: PASSWORD}, builtin_broker__allow_network=False)
    wait_until(
        lambda: "builtin_broker.network_consent" in codes(engine.snapshot()), 10, "the problem"
    )
    assert engine.snapshot().builtin_broker.state is not BrokerState.RUNNING
