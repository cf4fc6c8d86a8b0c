"""The way to the broker: slow, cut, black, unknown, or leading to somebody hostile.

F24, F26, F27, F40, F41.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.programs import wait_for
from tests.faults.history import check_history
from tests.faults.peers import ScriptedServer, Talk, sending, silent, welcoming
from tests.faults.program import Program, at, at_port
from tests.faults.sensors import Plan, Sensors, send
from tests.faults.test_kills import SEED
from tests.servers import MosquittoServer, free_port
from tests.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

KEEPALIVE_S = 5
PROGRAMS = 3
BACK_S = 40.0
"""The pause before the next attempt doubles with each failure; this is after six of them."""

Fault = Callable[[TcpProxy, random.Random], None]


def delay(proxy: TcpProxy, moments: random.Random) -> None:
    proxy.delay_s = moments.uniform(0.05, 0.4)


def throttle(proxy: TcpProxy, moments: random.Random) -> None:
    proxy.bytes_per_s = moments.choice([200, 2000, 20_000])


def blackhole(proxy: TcpProxy, moments: random.Random) -> None:
    proxy.blackhole = True


def refuse(proxy: TcpProxy, moments: random.Random) -> None:
    proxy.refusing = True


def reset(proxy: TcpProxy, moments: random.Random) -> None:
    proxy.reset()


def cut_inside_a_packet(proxy: TcpProxy, moments: random.Random) -> None:
    proxy.cut_after(moments.randrange(1, 5000), "client", reset=True)


def cut_inside_an_acknowledgement(proxy: TcpProxy, moments: random.Random) -> None:
    proxy.cut_after(moments.randrange(1, 60), "server", reset=True)


HARMLESS: list[Fault] = [delay, throttle, blackhole, refuse]
ENDING: list[Fault] = [reset, cut_inside_a_packet, cut_inside_an_acknowledgement]


def disturb(proxy: TcpProxy, seed: int, stop: threading.Event) -> None:
    """Random faults, each for up to a second; only few end the connection, because the
    pause after each end grows."""
    moments = random.Random(seed)
    # Once only: three orderly ends look like a fight over the client id.
    proxy.cut()
    while not stop.is_set():
        faults = ENDING if moments.random() < 0.3 else HARMLESS
        moments.choice(faults)(proxy, moments)
        stop.wait(moments.uniform(0.1, 1.0))
        proxy.heal()
        stop.wait(moments.uniform(0.0, 0.5))
    proxy.heal()


@pytest.mark.slow
def test_random_faults_of_the_network_lose_nothing(broker: MosquittoServer, tmp_path: Path) -> None:
    """F24: several programs, each with its own session and its own bad line."""
    print(f"seed {SEED}")
    plan = Plan(1300, rate=150)
    stop = threading.Event()
    with ExitStack() as stack:
        proxies = [stack.enter_context(TcpProxy("127.0.0.1", broker.port)) for _ in range(PROGRAMS)]
        programs = [
            stack.enter_context(Program(tmp_path / f"data{n}", *at_port(proxy.port)))
            for n, proxy in enumerate(proxies)
        ]
        for program in programs:
            program.wait_for_state("connected")
        sensors = stack.enter_context(Sensors(broker.port, tmp_path, plan))
        disturbers = [
            threading.Thread(target=disturb, args=(proxy, SEED + n, stop))
            for n, proxy in enumerate(proxies)
        ]
        for each in disturbers:
            each.start()
        try:
            confirmed = sensors.finish()
        finally:
            stop.set()
            for each in disturbers:
                each.join()
        assert min(proxy.connections for proxy in proxies) > 1, "no line was ever cut"
        for number, program in enumerate(programs):
            late_s = 5 if number == 0 else 0
            check_history(program.store, confirmed, plan, timeout_s=BACK_S, late_s=late_s)
        for program in programs:
            program.wait_for_state("connected", BACK_S)
            program.stop_in_time()


@pytest.mark.slow
def test_a_line_that_swallows_everything_and_a_computer_that_sleeps(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    """F24, F32: a black line is seen within twice the keep-alive (and 3 s), and the program
    closes in time while it lasts. F40: a program stopped until the broker gave it up."""
    plan = Plan(360, rate=30)
    keepalive = f"broker.keepalive_s={KEEPALIVE_S}"
    with TcpProxy("127.0.0.1", broker.port) as proxy, ExitStack() as stack:
        stays, closes, sleeps = (
            stack.enter_context(Program(tmp_path / name, *at_port(port, keepalive)))
            for name, port in (("a", proxy.port), ("b", proxy.port), ("c", broker.port))
        )
        for program in (stays, closes, sleeps):
            program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            time.sleep(1)
            sleeps.freeze()
            proxy.blackhole = True
            closes.stop_in_time()
            stays.wait_for_report(lambda r: r["connection"] != "connected", 2 * KEEPALIVE_S + 3)
            wait_for(lambda: broker.log.count("has exceeded timeout") >= 2, 10)
            proxy.heal()
            sleeps.thaw()
            stays.wait_for_state("connected", 20)
            sleeps.wait_for_state("connected", 20)
            confirmed = sensors.finish()
        check_history(stays.store, confirmed, plan)
        check_history(sleeps.store, confirmed, plan, timeout_s=1, late_s=0)
        stays.stop_in_time()
        sleeps.stop_in_time()


@pytest.mark.slow
def test_servers_that_never_answer(tmp_path: Path) -> None:
    """F26, F32: no CONNACK, and a TLS handshake that never ends; with the one as with the
    other it says so, tries on, and ends in time."""
    with (
        ScriptedServer(silent) as plain,
        ScriptedServer(silent) as encrypted,
        Program(tmp_path / "plain", *at_port(plain.port)) as first,
        Program(tmp_path / "tls", *at_port(encrypted.port, "broker.tls=true")) as second,
    ):
        # MQTT 5 is tried for 3 s and then MQTT 3.1.1 for 10 s, TLS for 10 s.
        first.wait_until_says("does not answer", 17)
        second.wait_until_says("does not answer", 17)
        wait_for(lambda: plain.connections >= 3 and encrypted.connections >= 2, 10)
        time.sleep(0.2)
        for program in (first, second):
            program.stop_in_time()
        assert {first for first in plain.first_bytes if first} == {b"\x10"}
        assert {first for first in encrypted.first_bytes if first} == {b"\x16"}


@pytest.fixture
def own_hosts(tmp_path: Path) -> tuple[Path, list[str]]:
    """A file that is /etc/hosts for one process, and the words that start that process."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    command = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"this user may not have its own /etc/hosts: {tried.stderr.decode().strip()}")
    return hosts, command


def test_a_name_that_is_unknown_wrong_and_then_right(
    broker: MosquittoServer, tmp_path: Path, own_hosts: tuple[Path, list[str]]
) -> None:
    """F27: each attempt looks the name up again."""
    plan = Plan(20)
    hosts, prefix = own_hosts
    options = at(broker, "broker.host=farm.invalid")
    with Program(tmp_path / "data", *options, prefix=prefix) as program:
        program.wait_until_says("no computer named 'farm.invalid'", 15)
        hosts.write_text("127.0.0.1 localhost\n127.0.0.9 farm.invalid\n")
        program.wait_until_says("nothing answers at farm.invalid", 15)
        hosts.write_text("127.0.0.1 localhost\n127.0.0.1 farm.invalid\n")
        program.wait_for_state("connected", 15)
        send(broker.port, [plan.payload(n) for n in plan.numbers])
        check_history(program.store, set(plan.numbers), plan, late_s=0.5)
        program.stop_in_time()


def publish(topic: bytes, payload: bytes, first: int = 0x32) -> bytes:
    body = len(topic).to_bytes(2) + topic + b"\x00\x01" + payload
    assert len(body) < 128
    return bytes([first, len(body)]) + body


RUBBISH: dict[str, Talk] = {
    "what is no MQTT": sending(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "a refusal of no known kind": sending(b"\x20\x02\x00\x77"),
    "a topic that is no text": welcoming(publish(b"\xff\xfe", b"{}")),
    "a topic longer than its packet": welcoming(b"\x32\x04\xff\xff\x00\x00"),
    "quality of service 3": welcoming(publish(b"t", b"{}", 0x36)),
    "a length without end": welcoming(b"\x32\xff\xff\xff\xff\xff\xff"),
    "256 MB announced": welcoming(b"\x32\xff\xff\xff\x7f\x00\x01t"),
    "packets of a client": welcoming(b"\xc0\x00\x10\x00\x82\x00\xe0\x00"),
    "random bytes": welcoming(random.Random(3).randbytes(5000)),
}


@pytest.mark.slow
def test_hostile_brokers_and_then_an_honest_one(tmp_path: Path) -> None:
    """F41: after each kind of rubbish the program lives and tries again; at the end an honest
    broker on the same port has its readings stored."""
    plan = Plan(20)
    ports = [free_port() for _ in range(PROGRAMS)]
    names = list(RUBBISH)
    with ExitStack() as stack:
        groups = [[RUBBISH[name] for name in names[n::PROGRAMS]] for n in range(PROGRAMS)]
        servers = [
            stack.enter_context(ScriptedServer(*group, port=port))
            for group, port in zip(groups, ports, strict=True)
        ]
        programs = [
            stack.enter_context(Program(tmp_path / f"data{n}", *at_port(port)))
            for n, port in enumerate(ports)
        ]
        for program, server, group in zip(programs, servers, groups, strict=True):
            wait_for(lambda s=server, g=group: s.connections >= len(g), 40)
            time.sleep(0.5)
            assert program.process.poll() is None, program.lines
            assert program.rss_mb < 200
            server.close()
        for program, port in zip(programs, ports, strict=True):
            broker = stack.enter_context(MosquittoServer(port=port))
            program.wait_for_state("connected", BACK_S)
            send(broker.port, [plan.payload(n) for n in plan.numbers])
            check_history(program.store, set(plan.numbers), plan, late_s=0)
            program.stop_in_time()
            assert "Traceback" not in program.log


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_close_while_nothing_was_ever_reached(tmp_path: Path, host: str) -> None:
    """F32: refused, and a name that does not resolve."""
    options = at_port(free_port(), f"broker.host={host}")
    with Program(tmp_path / "data", *options) as program:
        wait_for(lambda: program.reports, 10)
        program.stop_in_time()
