"""The broker stops, dies, forgets, freezes or refuses: F12-F15, F25, F28, F29."""

from __future__ import annotations

import re
import subprocess
import time
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.programs import REPOSITORY, wait_for
from tests.faults.history import check_history, faults
from tests.faults.locks import locked
from tests.faults.program import Program, at, prepared
from tests.faults.sensors import Plan, Sensors, new_client, send
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

KEEPALIVE_S = 5
QUIET_S = 6.0
LAST_MOMENT = 18
"""Messages in a tenth of a second, at the rate of the test."""

FEW = 3


def shipped_broker() -> MosquittoServer:
    """With the lines that docs/mosquitto.conf tells people to use, but for port and folder."""
    text = (REPOSITORY / "docs" / "mosquitto.conf").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert "persistence true" in lines
    server = MosquittoServer()
    ours = ("listener", "allow_anonymous", "persistence_location")
    kept = [line for line in lines if not line.startswith(ours)]
    server.use([*kept, f"persistence_location {server.folder}/"])
    return server


def connects(broker: MosquittoServer) -> int:
    """How often somebody asked the broker to be let in."""
    return len(re.findall(r": New connection from", broker.log))


@pytest.mark.slow
def test_brokers_that_go_and_come_back(tmp_path: Path) -> None:
    """F12, and F13: SIGKILL under the configuration of the documentation. Side by side.

    Mosquitto confirms a message a moment before it writes it to its file: of those confirmed
    in the last tenth of a second before a kill, a few may be gone, and none before.
    """
    plan = Plan(2600, rate=180)
    at_risk: set[int] = set()
    ends: list[Callable[[MosquittoServer], None]] = [MosquittoServer.stop, MosquittoServer.kill]
    with ExitStack() as stack:
        brokers = [stack.enter_context(shipped_broker()) for _ in ends]
        programs = [
            stack.enter_context(Program(tmp_path / f"data{n}", *at(broker)))
            for n, broker in enumerate(brokers)
        ]
        for program in programs:
            program.wait_for_state("connected")
        sensors = [
            stack.enter_context(Sensors(broker.port, tmp_path, plan, f"s{n}"))
            for n, broker in enumerate(brokers)
        ]
        for away_s in (0.5, 1.5):
            time.sleep(1)
            for end, broker, each, program in zip(ends, brokers, sensors, programs, strict=True):
                end(broker)
                assert each.running, "all was sent before the broker went"
                program.wait_for_report(lambda r: r["connection"] == "lost", 5)
                if end is MosquittoServer.kill:
                    last = max(each.confirmed)
                    at_risk |= set(range(last - LAST_MOMENT, last + 1))
            time.sleep(away_s)
            for broker, program in zip(brokers, programs, strict=True):
                broker.start()
                program.wait_for_state("connected", 20)
        for number, (each, program) in enumerate(zip(sensors, programs, strict=True)):
            confirmed = each.finish()
            safe = confirmed if number == 0 else confirmed - at_risk
            check_history(program.store, safe, plan, late_s=5 if number == 0 else 0)
            assert program.store.count() >= plan.count - 2 * FEW
            assert not program.says("did not keep this program's session")
            program.stop_in_time()


def test_late_acknowledgements_do_not_hit_new_messages(tmp_path: Path) -> None:
    """F14: the broker forgets its session while a batch waits for the store; then new messages
    have the packet ids of the old ones. The program dies after the old batch's commit."""
    old, new = Plan(5), Plan(5, first=100)
    log = tmp_path / "data" / "harit.db-wal"
    with MosquittoServer() as broker:
        with Program(tmp_path / "data", *at(broker)) as program:
            program.wait_for_state("connected")
            with locked(program.database):
                send(broker.port, [old.payload(n) for n in old.numbers])
                program.wait_for_report(lambda r: r["received"] == 5, 5)
                broker.kill()
                broker.start()
                program.wait_until_says("did not keep this program's session", 10)
                send(broker.port, [new.payload(n) for n in new.numbers])
                program.wait_for_report(lambda r: r["received"] == 10, 5)
                size = log.stat().st_size
            ends = time.monotonic() + 5
            while log.stat().st_size == size and time.monotonic() < ends:
                pass
            time.sleep(0.003)
            program.kill()
        with Program(tmp_path / "data", *at(broker)) as last:
            # What was still in memory of the old ones is gone with both of its holders.
            safe = set(new.numbers)
            wait_for(lambda: not faults(last.store.readings(), safe, [old, new]), 15)
            check_history(last.store, safe, old, new)
            last.stop_in_time()


@pytest.mark.slow
def test_readings_while_the_program_is_off(tmp_path: Path) -> None:
    """F15 with the documented configuration: all arrive."""
    plan = Plan(2500)
    with shipped_broker() as broker:
        data = prepared(tmp_path / "data", broker)
        with Sensors(broker.port, tmp_path, plan) as sensors:
            confirmed = sensors.finish()
        broker.kill()
        broker.start()
        with Program(data, *at(broker)) as program:
            check_history(program.store, confirmed, plan, late_s=1)
            assert not program.says("threw away")
            program.stop_in_time()


def test_a_broker_that_throws_away_is_named(tmp_path: Path) -> None:
    """F15 with a broker as it comes: it confirms 3000 and keeps about 1000; we say so."""
    plan = Plan(3000)
    with MosquittoServer(["sys_interval 1"]) as broker:
        data = prepared(tmp_path / "data", broker)
        with Sensors(broker.port, tmp_path, plan) as sensors:
            sensors.finish()
        wait_for(lambda: broker.retained("$SYS/broker/publish/messages/dropped") == "2000", 10)
        with Program(data, *at(broker)) as program:
            wait_for(lambda: program.store.count() >= 1000, 15)
            program.wait_until_says("threw away", 15)
            assert 1000 <= program.store.count() < 1300
            program.stop_in_time()


@pytest.mark.slow
def test_a_frozen_broker_is_noticed(broker: MosquittoServer, tmp_path: Path) -> None:
    """F25: seen within twice the keep-alive (and 3 s for a busy computer), and recovered from."""
    plan = Plan(1200, rate=300)
    options = at(broker, f"broker.keepalive_s={KEEPALIVE_S}")
    with Program(tmp_path / "data", *options) as program:
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            time.sleep(1)
            broker.freeze()
            program.wait_for_report(lambda r: r["connection"] != "connected", 2 * KEEPALIVE_S + 3)
            broker.thaw()
            program.wait_for_state("connected", 20)
            check_history(program.store, sensors.finish(), plan)
        program.stop_in_time()


class Rival:
    """Another program that uses our client id and always comes back."""

    def __init__(self, port: int, client_id: str) -> None:
        import paho.mqtt.client as mqtt

        self.client: Any = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.slow
def test_the_same_client_id_elsewhere(tmp_path: Path) -> None:
    """F28, with both versions of the protocol: stops after three kicks and says why."""
    with ExitStack() as stack:
        brokers, programs = [], []
        for protocol in ("5", "3.1.1"):
            broker = stack.enter_context(MosquittoServer(verbose=True))
            options = at(broker, f"broker.protocol={protocol}")
            program = stack.enter_context(Program(tmp_path / protocol, *options))
            program.wait_for_state("connected")
            settings = tomllib.loads((program.data_dir / "settings.toml").read_text())
            rival = Rival(broker.port, settings["broker"]["client_id"])
            stack.callback(rival.close)
            brokers.append(broker)
            programs.append(program)
        for program in programs:
            program.wait_until_says("another program uses the client id", 30)
            program.wait_for_state("refused", 5)
        before = [connects(broker) for broker in brokers]
        time.sleep(QUIET_S)
        after = [connects(broker) for broker in brokers]
        assert all(b - a <= 1 for a, b in zip(before, after, strict=True)), "goes on fighting"
        for program in programs:
            program.stop_in_time()


def password_broker(tmp_path: Path) -> MosquittoServer:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "ravi", "right"], check=True)
    return MosquittoServer([f"password_file {passwords}"], anonymous=False, verbose=True)


@pytest.mark.slow
def test_a_wrong_password_is_said_and_not_tried_all_the_time(tmp_path: Path) -> None:
    """F29; the right one at the next start works."""
    plan = Plan(20)
    with password_broker(tmp_path) as broker:
        options = at(broker, "broker.username=ravi")
        with Program(tmp_path / "data", *options, HARIT_BROKER__PASSWORD="wrong") as program:
            program.wait_until_says("refused the user name or password", 5)
            program.wait_for_state("refused", 5)
            before = connects(broker)
            time.sleep(QUIET_S)
            assert connects(broker) == before, "hammers the broker"
            program.stop_in_time()
        with Program(tmp_path / "data", *options, HARIT_BROKER__PASSWORD="right") as program:
            program.wait_for_state("connected", 10)
            client = new_client()
            client.username_pw_set("ravi", "right")
            client.connect("127.0.0.1", broker.port)
            client.loop_start()
            for number in plan.numbers:
                client.publish("harit-samarth/sensor/data", plan.payload(number), qos=1)
            check_history(program.store, set(plan.numbers), plan, late_s=0.5)
            client.disconnect()
            client.loop_stop()
            program.stop_in_time()
