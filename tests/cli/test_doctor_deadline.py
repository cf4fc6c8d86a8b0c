"""`doctor` ends in time, whatever hangs: the real checks against servers that stop answering."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from harit_desktop.app import plan_diagnosis
from harit_desktop.cli import doctor
from harit_desktop.cli.doctor import run_chains
from harit_desktop.cli.doctor_checks import Chain, Result
from harit_desktop.cli.doctor_passed import SAYS, passed
from harit_desktop.domain.diagnosis import Checks
from harit_desktop.observability.redact import Redactor
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import diagnosis as server_diagnosis
from harit_desktop.transport import diagnosis_broker
from harit_desktop.transport.diagnosis_broker import LOGIN_S
from tests.faults.fake_mysql import Wire
from tests.faults.peers import ScriptedServer, Talk, silent, welcoming
from tests.storage.builders import START_US

TIME_S = 1.5
MARGIN_S = 1.5
UNASKED: tuple[str, ...] = ("doctor.no_tls", "doctor.no_websocket", "doctor.not_listening")
UNASKED += ("doctor.client_id_untold",)
NO_ROW = b'{"error": "no data"}'
NO_ROWS = b'{"total": 0, "readings": []}'


@contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue is full, so that the system lets further connections wait."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


def granting_nothing(peer: socket.socket) -> None:
    """A broker that lets the client in, and then says no more."""
    if not (connect := peer.recv(65_536)):
        return
    five = connect[connect.index(b"MQTT") + 4] == 5
    peer.sendall(b"\x20\x03\x00\x00\x00" if five else b"\x20\x02\x00\x00")
    silent(peer)


def answering(count: int) -> Talk:
    """An API that answers so many requests, and no more."""
    left = [count]

    def talk(peer: socket.socket) -> None:
        while request := peer.recv(65_536):
            if left[0] <= 0:
                silent(peer)
                return
            left[0] -= 1
            body = NO_ROWS if b"history" in request else NO_ROW
            peer.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )

    return talk


def letting_in(peer: socket.socket) -> None:
    """A database server that lets the client in and answers no question."""
    wire = Wire(peer, [])
    wire.greet()
    wire.receive()
    wire.question()
    silent(peer)


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    paths = DataPaths(tmp_path / "data")
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.close()
    return paths


Ask = Callable[..., dict[str, Result]]


@pytest.fixture
def ask(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Runs the checks of some settings with `TIME_S` for all of them, and measures it."""
    monkeypatch.setenv("HARIT_STORAGE__MYSQL_PASSWORD", "word")
    chains: list[Chain] = []

    def run(**sections: dict[str, object]) -> dict[str, Result]:
        settings = msgspec.convert(sections, Settings)
        planned = plan_diagnosis(paths, settings, (), Redactor(), wait_s=5.0)
        began_s = time.monotonic()
        chains.extend(Chain(c, passed, began_s + TIME_S + c.longer_s) for c in planned)
        results = list(run_chains(chains, threading.Event()))
        assert time.monotonic() - began_s < TIME_S + doctor.GOODBYE_S + MARGIN_S
        return {result.name: result for result in results}

    yield run
    for chain in chains:
        chain.join(10)


def server_at(port: int, **more: object) -> dict[str, object]:
    return {"backend": "mysql", "mysql_port": port, "mysql_user": "me", **more}


def assert_hangs(results: dict[str, Result], *names: str) -> None:
    for name in names:
        assert results[name].code == "doctor.out_of_time", results[name]
        assert results[name].state == "fail"
        chain = name.partition(".")[0] + "."
        order = [each for each in results if each.startswith(chain)]
        after = [results[each] for each in order[order.index(name) + 1 :]]
        assert {each.code for each in after} <= {"doctor.not_reached", *UNASKED}


def test_names_that_are_never_found(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hangs(*_: object, **__: object) -> Sequence[object]:
        released.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "at last")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    try:
        results = ask(broker={"host": "b"}, storage=server_at(1), api={"url": "https://a"})
    finally:
        released.set()
    assert_hangs(results, "broker.name", "server.name", "api.name")


def test_ports_that_never_answer(ask: Ask) -> None:
    with full_port() as port:
        results = ask(
            broker={"port": port},
            storage=server_at(port),
            api={"url": f"http://127.0.0.1:{port}"},
            local_api={"enabled": True, "port": port},
        )
    assert_hangs(results, "broker.port", "server.port", "api.port", "local_api.port")


def test_handshakes_that_never_end(ask: Ask) -> None:
    with ScriptedServer(silent) as peer:
        results = ask(
            broker={"port": peer.port, "tls": True},
            storage=server_at(peer.port, mysql_tls=True),
            api={"url": f"https://127.0.0.1:{peer.port}"},
        )
    assert_hangs(results, "broker.tls", "server.tls", "api.tls")


def test_peers_that_say_nothing(ask: Ask) -> None:
    assert 2 * LOGIN_S > TIME_S
    with ScriptedServer(silent) as peer:
        results = ask(
            broker={"port": peer.port},
            storage=server_at(peer.port),
            api={"url": f"http://127.0.0.1:{peer.port}"},
        )
    assert_hangs(results, "broker.login", "server.login", "api.health")


def test_peers_that_fall_silent_after_the_login(ask: Ask) -> None:
    with (
        ScriptedServer(granting_nothing) as broker,
        ScriptedServer(letting_in, speaks_first=True) as server,
        ScriptedServer(answering(1)) as api,
    ):
        results = ask(
            broker={"port": broker.port},
            storage=server_at(server.port),
            api={"url": f"http://127.0.0.1:{api.port}"},
        )
    assert_hangs(results, "broker.subscribe", "server.database", "api.token")


def test_peers_that_fall_silent_at_the_end(
    ask: Ask, paths: DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = SimpleNamespace(change=None, layout="new")
    monkeypatch.setattr(server_diagnosis, "inspect", lambda *_: sound)
    monkeypatch.setattr(diagnosis_broker, "OWN_MESSAGE_S", 0.1)
    with (
        closing(sqlite3.connect(paths.database, isolation_level=None)) as other,
        ScriptedServer(welcoming(close=False)) as broker,
        ScriptedServer(letting_in, speaks_first=True) as server,
        ScriptedServer(answering(2)) as api,
    ):
        other.execute("BEGIN IMMEDIATE")
        results = ask(
            broker={"port": broker.port},
            storage=server_at(server.port),
            api={"url": f"http://127.0.0.1:{api.port}"},
        )
    assert_hangs(results, "broker.message", "server.rights", "api.latest", "store.write")


def planned_of(paths: DataPaths, wait_s: float) -> list[Checks]:
    settings = msgspec.convert({"storage": {"backend": "mysql"}}, Settings)
    return plan_diagnosis(paths, settings, (), Redactor(), wait_s)


def test_only_a_long_wait_makes_it_longer(paths: DataPaths) -> None:
    for wait_s, longer_s in ((0.0, 0.0), (5.0, 0.0), (60.0, 55.0)):
        granted = {checks.name: checks.longer_s for checks in planned_of(paths, wait_s)}
        assert granted.pop("broker") == longer_s
        assert set(granted.values()) == {0.0}
    assert doctor.ENDS_WITHIN_S == 40.0


def test_every_step_has_its_words(paths: DataPaths) -> None:
    planned = planned_of(paths, 5.0)
    assert {c.name: [s.name for s in c.steps] for c in planned} == {
        chain: list(steps) for chain, steps in SAYS.items()
    }
