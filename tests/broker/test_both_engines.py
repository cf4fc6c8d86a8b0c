"""What either engine has to do, seen from the program."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from harit_desktop.broker.errors import BrokerError
from harit_desktop.broker.supervisor import BuiltinBroker
from harit_desktop.domain.status import BrokerState
from tests.broker.support import CanBind, Connect, Family, MakeBroker, WaitGone

pytestmark = [
    pytest.mark.broker,
    pytest.mark.parametrize("engine", ["mosquitto", "amqtt"]),
]

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 2.0
SLACK_S = 1.0  # for a machine that is busy with something else


def wait_for_state(broker: BuiltinBroker, state: BrokerState) -> None:
    deadline_s = time.monotonic() + 5.0
    while broker.poll().state is not state:
        assert time.monotonic() < deadline_s, broker.poll()
        time.sleep(0.02)


def test_a_client_gets_what_another_publishes(
    make_broker: MakeBroker, connect: Connect, port: int, engine: str
) -> None:
    broker = make_broker(engine)
    ready = broker.start()
    assert (ready.engine, ready.host, ready.port) == (engine, "127.0.0.1", port)
    assert (ready.durable, ready.protocol) == {
        "mosquitto": (True, "auto"),
        "amqtt": (False, "3.1.1"),
    }[engine]
    listener = connect(ready.port, "listener", clean=False)
    listener.subscribe("harit/+/data")
    connect(ready.port).publish("harit/a/data", "नमी 21".encode())
    assert listener.next_message() == ("harit/a/data", "नमी 21".encode())
    assert broker.poll().state is BrokerState.RUNNING


def test_it_listens_on_loopback_only(
    make_broker: MakeBroker, family: Family, engine: str, port: int
) -> None:
    ready = make_broker(engine).start()
    listening = {
        (process.pid, connection.laddr)
        for process in family(ready.pid)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert [address for _, address in listening] == [("127.0.0.1", port)]


def test_a_busy_port_makes_it_take_the_next_and_say_so(
    make_broker: MakeBroker, connect: Connect, port: int, engine: str
) -> None:
    with socket.socket() as other, socket.socket() as wildcard:
        other.bind(("127.0.0.1", port))
        other.listen()
        wildcard.bind(("0.0.0.0", port + 1))
        wildcard.listen()
        broker = make_broker(engine)
        ready = broker.start()
        assert (ready.asked_port, ready.port) == (port, port + 2)
        status = broker.poll()
        assert (status.asked_port, status.port) == (port, port + 2)
        assert connect(ready.port).wait_connected()[0] == "Success"


def test_no_free_port_is_a_named_error(
    make_broker: MakeBroker, engine: str, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    monkeypatch.setattr("harit_desktop.broker.supervisor.PORT_TRIES", 1)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        broker = make_broker(engine)
        with pytest.raises(BrokerError) as caught:
            broker.start()
    assert caught.value.code == "builtin_broker.port_busy"
    assert caught.value.params["port"] == port
    assert broker.poll().state is BrokerState.FAILED


def test_stop_ends_every_process_and_frees_the_port(
    make_broker: MakeBroker,
    connect: Connect,
    family: Family,
    wait_gone: WaitGone,
    can_bind: CanBind,
    engine: str,
) -> None:
    broker = make_broker(engine)
    ready = broker.start()
    connect(ready.port, "a").wait_connected()
    processes = family(ready.pid)
    began_s = time.monotonic()
    broker.stop(STOP_S)
    assert time.monotonic() - began_s < STOP_S + SLACK_S
    assert wait_gone(processes, 0.5)
    assert can_bind(ready.port)
    assert broker.poll().state is BrokerState.STOPPED
    broker.stop()


def test_it_starts_again_on_the_port_that_clients_know(
    make_broker: MakeBroker, port: int, engine: str
) -> None:
    broker = make_broker(engine)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        used = broker.start().port
    broker.stop()
    assert used == port + 1
    again = broker.start()
    assert (again.asked_port, again.port) == (port, used)
    assert broker.start() == again


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interrupt_does_not_reach_it_and_a_terminate_does(
    make_broker: MakeBroker, connect: Connect, family: Family, wait_gone: WaitGone, engine: str
) -> None:
    broker = make_broker(engine)
    ready = broker.start()
    processes = family(ready.pid)
    os.kill(ready.pid, signal.SIGINT)
    os.kill(ready.pid, signal.SIGHUP)
    time.sleep(0.3)
    assert connect(ready.port).wait_connected()[0] == "Success"
    os.kill(ready.pid, signal.SIGTERM)
    assert wait_gone(processes, STOP_S + SLACK_S)
    wait_for_state(broker, BrokerState.FAILED)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ties mosquitto to us")
def test_a_killed_child_takes_its_engine_with_it(
    make_broker: MakeBroker, family: Family, wait_gone: WaitGone, can_bind: CanBind, engine: str
) -> None:
    broker = make_broker(engine)
    ready = broker.start()
    processes = family(ready.pid)
    os.kill(ready.pid, signal.SIGKILL)
    assert wait_gone(processes, STOP_S + SLACK_S)
    assert can_bind(ready.port)
    wait_for_state(broker, BrokerState.FAILED)
    problem = broker.poll().problem
    assert problem is not None
    assert problem.code == "builtin_broker.exited"
    assert problem.params["exit_code"] == -signal.SIGKILL
    assert broker.start().port == ready.port


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs SIGSTOP")
def test_a_frozen_child_is_killed_at_the_deadline(
    make_broker: MakeBroker, family: Family, wait_gone: WaitGone, engine: str
) -> None:
    broker = make_broker(engine)
    ready = broker.start()
    processes = family(ready.pid)
    os.kill(ready.pid, signal.SIGSTOP)
    began_s = time.monotonic()
    broker.stop(0.3)
    assert time.monotonic() - began_s < 0.3 + STOP_S
    assert wait_gone(processes, STOP_S)


PARENT = """
    import sys, threading
    from pathlib import Path
    import msgspec
    from harit_desktop.broker.supervisor import BrokerConfig, BuiltinBroker

    folder, port, engine = sys.argv[1:]
    broker = BuiltinBroker(BrokerConfig(data_dir=Path(folder), port=int(port), engine=engine))
    print(msgspec.json.encode(broker.start()).decode(), flush=True)
    threading.Event().wait()
"""


def test_a_killed_program_leaves_no_broker_behind(
    tmp_path: Path,
    port: int,
    family: Family,
    wait_gone: WaitGone,
    can_bind: CanBind,
    connect: Connect,
    engine: str,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path), str(port), engine],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:
        assert parent.stdout is not None
        ready = msgspec.json.decode(parent.stdout.readline())
        connect(ready["port"]).wait_connected()
        processes = family(ready["pid"])
        parent.kill()
    assert wait_gone(processes, STOP_S + SLACK_S)
    assert can_bind(port)


def test_stop_ends_a_start_that_is_under_way(make_broker: MakeBroker, engine: str) -> None:
    broker = make_broker(engine)
    codes: list[str] = []

    def start() -> None:
        try:
            broker.start()
        except BrokerError as error:
            codes.append(error.code)

    starter = threading.Thread(target=start)
    starter.start()
    while broker.poll().state is BrokerState.STOPPED:
        time.sleep(0.001)
    broker.stop()
    starter.join(5.0)
    assert not starter.is_alive()
    assert codes == ["builtin_broker.stopped"]
    assert broker.poll().state is BrokerState.STOPPED


def test_a_start_that_takes_too_long_leaves_nothing(
    make_broker: MakeBroker, engine: str, can_bind: CanBind, port: int
) -> None:
    broker = make_broker(engine)
    with pytest.raises(BrokerError) as caught:
        broker.start(deadline_s=0.001)
    assert caught.value.code == "builtin_broker.start_timeout"
    assert broker.poll().state is BrokerState.FAILED
    assert can_bind(port)
    assert broker.start().port == port
