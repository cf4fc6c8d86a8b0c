"""The program's side: command line, messages of the child, and errors by name."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harit_desktop.broker import supervisor
from harit_desktop.broker.child_protocol import ROLE, ChildOptions, EngineFailure
from harit_desktop.broker.errors import BrokerError
from harit_desktop.broker.ports import listen_address, reachable_address
from harit_desktop.broker.runner import run_child
from harit_desktop.broker.supervisor import BrokerConfig, BuiltinBroker, child_command
from harit_desktop.domain.status import BrokerState

CONFIG = BrokerConfig(data_dir=Path("/data dir/मिट्टी"), port=1883)


def test_from_source_the_child_is_this_package() -> None:
    command = child_command(CONFIG)
    assert command[:4] == [sys.executable, "-m", "harit_desktop", ROLE]


def test_a_packaged_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert child_command(CONFIG)[:2] == [sys.executable, ROLE]


def test_the_child_understands_its_options() -> None:
    arguments = child_command(CONFIG)[4:]
    options = ChildOptions.from_arguments(arguments)
    assert (options.host, options.port, options.tries) == ("127.0.0.1", 1883, 51)
    assert options.data_dir == str(CONFIG.data_dir)


def test_a_restart_tries_no_port_beyond_the_promised_range() -> None:
    options = ChildOptions.from_arguments(child_command(CONFIG, 1893)[4:])
    assert (options.port, options.port + options.tries - 1) == (1893, 1933)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: a[:-1],
        lambda a: a[2:],
        lambda a: [*a, "--more", "1"],
        lambda a: [*a[:3], "x", *a[4:]],
        lambda a: [*a[:7], "hivemq", *a[8:]],
    ],
)
def test_wrong_options_are_a_failure(spoil: Callable[[list[str]], list[str]]) -> None:
    arguments = child_command(CONFIG)[4:]
    assert arguments[2] == "--port"
    assert arguments[6] == "--engine"
    with pytest.raises(EngineFailure, match="bad_arguments"):
        ChildOptions.from_arguments(spoil(arguments))


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "192.168.1.20", "::", "", "farm-hub", "127.1", "128.0.0.1"]
)
def test_it_refuses_to_serve_the_network(tmp_path: Path, host: str) -> None:
    broker = BuiltinBroker(BrokerConfig(data_dir=tmp_path, host=host))
    with pytest.raises(BrokerError) as caught:
        broker.start()
    assert caught.value.code == "builtin_broker.network_consent"
    assert broker.poll().state is BrokerState.STOPPED


def test_the_child_refuses_the_network_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(BrokerConfig, "refuse_unsafe", lambda _: None)
    for changes, code in (
        ({}, "network_consent"),
        ({"allow_network": True}, "no_password"),
        ({"allow_network": True, "host": "farm-hub", "password": "kqn4wzr8"}, "bad_address"),
        ({"allow_network": True, "host": "192.0.2.77", "password": "kqn4wzr8"}, "bad_address"),
    ):
        given = {"host": "0.0.0.0", "username": "harit", **changes}
        broker = BuiltinBroker(BrokerConfig(data_dir=tmp_path, engine="amqtt", **given))
        with pytest.raises(BrokerError) as caught:
            broker.start()
        assert caught.value.code == f"builtin_broker.{code}"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "no_password"),
        ({"username": "", "password": "kqn4wzr8"}, "bad_username"),
        ({"username": "a:b", "password": "kqn4wzr8"}, "bad_username"),
        ({"username": "a\nb", "password": "kqn4wzr8"}, "bad_username"),
        ({"username": "#a", "password": "kqn4wzr8"}, "bad_username"),
        ({"host": "farm-hub", "password": "kqn4wzr8"}, "bad_address"),
        ({"host": "", "password": "kqn4wzr8"}, "bad_address"),
        ({"allow_network": False, "password": "kqn4wzr8"}, "network_consent"),
    ],
)
def test_a_listener_on_the_network_needs_consent_and_a_login(
    tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    given = {"host": "0.0.0.0", "allow_network": True, "username": "harit", **changes}
    with pytest.raises(BrokerError) as caught:
        BuiltinBroker(BrokerConfig(data_dir=tmp_path, **given)).start()
    assert caught.value.code == f"builtin_broker.{code}"
    assert "kqn4wzr8" not in f"{caught.value!r} {caught.value.params} {BrokerConfig(tmp_path)!r}"


def test_addresses_to_listen_at() -> None:
    assert listen_address("localhost", allow_network=False) == "127.0.0.1"
    assert listen_address("127.0.0.53", allow_network=False) == "127.0.0.53"
    assert listen_address("::1", allow_network=False) == "::1"
    assert listen_address("192.168.1.20", allow_network=True) == "192.168.1.20"
    assert listen_address("fd00::7", allow_network=True) == "fd00::7"
    assert reachable_address("0.0.0.0") == "127.0.0.1"
    assert reachable_address("::") == "::1"
    assert reachable_address("192.168.1.20") == "192.168.1.20"


def test_on_the_network_one_port_is_tried_and_no_password_is_an_argument() -> None:
    config = BrokerConfig(
        data_dir=Path("/d"), host="0.0.0.0", allow_network=True, username="h", password="kqn4wzr8"
    )
    command = child_command(config, 1893)
    options = ChildOptions.from_arguments(command[4:])
    assert (options.port, options.tries, options.allow_network, options.login) == (1883, 1, 1, 1)
    assert not any("kqn4" in part for part in command)
    assert "kqn4" not in repr(config) + repr(config.login)


def fake_child(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    command = [sys.executable, "-c", script]
    monkeypatch.setattr(supervisor, "child_command", lambda *_: command)


def test_a_child_that_says_nothing_sensible(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_child(
        monkeypatch,
        "import sys; print('{\"event\": 1}'); print('x' * 5000);"
        " print('bad \\x1b[2J \\u202e', file=sys.stderr); sys.exit(9)",
    )
    broker = BuiltinBroker(BrokerConfig(data_dir=tmp_path))
    with pytest.raises(BrokerError) as caught:
        broker.start()
    assert caught.value.code == "builtin_broker.exited"
    assert caught.value.params["exit_code"] == 9
    lines = broker.log_lines()
    assert all(line.isprintable() and len(line) < 2000 for line in lines)
    assert any(line.startswith("bad \\x1b[2J") for line in lines)
    broker.stop()


def test_only_the_last_lines_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_child(monkeypatch, "import sys\nfor n in range(5000): print(n, file=sys.stderr)")
    broker = BuiltinBroker(BrokerConfig(data_dir=tmp_path))
    with pytest.raises(BrokerError):
        broker.start()
    assert broker.log_lines() == tuple(str(n) for n in range(4950, 5000))
    broker.stop()


def test_a_program_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(supervisor, "child_command", lambda *_: [str(tmp_path / "nothing")])
    broker = BuiltinBroker(BrokerConfig(data_dir=tmp_path))
    with pytest.raises(BrokerError) as caught:
        broker.start()
    assert caught.value.code == "builtin_broker.not_started"
    broker.stop()


def test_the_child_says_why_it_ends(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harit_desktop.broker.runner.watch", lambda _stop: None)
    assert run_child(["--nonsense"]) == 1
    assert '"code": "bad_arguments"' in capfd.readouterr().out


def test_a_child_that_is_ready_too_late_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_child(
        monkeypatch,
        "import sys; sys.stdin.read(); print('"
        '{"event": "listening", "engine": "amqtt", "host": "127.0.0.1", "port": 1, "pid": 1,'
        ' "durable": false}'
        "')",
    )
    broker = BuiltinBroker(BrokerConfig(data_dir=tmp_path))
    stopper = threading.Timer(0.3, broker.stop)
    stopper.start()
    with pytest.raises(BrokerError) as caught:
        broker.start()
    stopper.join()
    assert caught.value.code == "builtin_broker.stopped"
    assert broker.poll().state is BrokerState.STOPPED
