"""Brokers that mean harm, and strangers at an honest one: limits hold, and readings go on."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.storage.bounded import REJECTED_BOUNDS
from tests.end_to_end.programs import CANONICAL, rows, wait_for
from tests.faults.peers import ScriptedServer, Talk, welcoming
from tests.faults.program import Program, at, at_port
from tests.faults.sensors import TOPIC, Plan, new_client, send
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

STORM = 20_000
"""Topics of the storm in the suite; `benchmarks/fuzz.py --storm` sends 100 000."""
RSS_MB = 230
"""The whole program, of which about 100 is there before the storm."""


def packet(topic: str, payload: bytes, *, retained: bool = False) -> bytes:
    """A PUBLISH of MQTT 3.1.1 at QoS 0."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + payload
    head, length = bytearray([0x30 | retained]), len(body)
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def storm(topics: int) -> Iterator[bytes]:
    """Retained messages, each of a topic and of a device of its own: readings with a time and
    without one, states, analyses, junk, and some that are too large."""
    chance = random.Random(1)
    values = {"N": 20.0, "P": 17.0, "K": 150.0, "CO2": 500.0, "Temperature": 21.0, "pH": 7.0}
    for number in range(topics):
        name = f"device-{number}"
        topic = f"farm/{chance.randrange(10**9)}/{name}/" + "x" * chance.randrange(40)
        reading = {"publisher_id": name, "sensor_readings": values}
        kinds: tuple[object, ...] = (
            reading,
            {**reading, "timestamp": f"2025-12-02T17:{number % 60:02}:{number // 60 % 60:02}Z"},
            {"publisher_id": name, "status": "online"},
            {"publisher_id": name, "analysis": {"soil_health_index": 50}},
            {"who": name, "knows": number},
        )
        payload = json.dumps(kinds[number % len(kinds)]).encode()
        if number % 500 == 0:
            payload = b"[" * 100_000
        yield packet(topic, payload, retained=True)


def storming(topics: int, calm: threading.Event) -> Talk:
    """Lets the client in, sends the storm, and once it is `calm` one honest reading."""
    storms = welcoming(b"".join(storm(topics)), close=False)

    def talk(peer: socket.socket) -> None:
        def reads_on() -> None:
            with contextlib.suppress(OSError):
                storms(peer)

        threading.Thread(target=reads_on, daemon=True).start()
        calm.wait(120)
        peer.sendall(packet(TOPIC, CANONICAL))

    return talk


def ran_out(report: dict[str, Any], topics: int) -> bool:
    """Whether each message of the storm was taken or found no room, and nothing waits."""
    return bool(report["received"] >= min(topics, 15_000) and report["unacked"] == 0)


@pytest.mark.slow
def test_a_storm_of_retained_topics(tmp_path: Path) -> None:
    """Devices, rejected messages, log and memory stay within their limits, and the reading that
    comes last is stored."""
    calm = threading.Event()
    with (
        ScriptedServer(storming(STORM, calm)) as hostile,
        Program(
            tmp_path / "data",
            *at_port(hostile.port, "broker.protocol=3.1.1", "broker.topics=#"),
        ) as program,
    ):
        program.wait_for_state("connected", 30)
        program.wait_for_report(lambda r: ran_out(r, STORM), 60)
        calm.set()
        found = "SELECT 1 FROM sensor_readings WHERE publisher_id = 'sensor-publisher-01'"
        wait_for(lambda: rows(program.database, found), 30)
        assert program.rss_mb < RSS_MB
        rejected = rows(program.database, "SELECT count(*), sum(kept_bytes) FROM rejected_messages")
        assert rejected[0][0] <= REJECTED_BOUNDS.max_rows
        assert rejected[0][1] <= REJECTED_BOUNDS.max_bytes
        assert len(program.log) < 1_000_000
        program.stop_in_time()
        assert "Traceback" not in program.log


@pytest.mark.slow
def test_listening_to_everything(broker: MosquittoServer, tmp_path: Path) -> None:
    """With `#` the talk of the whole broker comes in, our own included: what is no reading is
    refused or only heard, within the limits, and nothing of ours comes back as a reading."""
    plan = Plan(30)
    junk = [b"x" * 200_000] * 30 + [b'{"relay": "on"}'] * 2000
    with Program(
        tmp_path / "data",
        *at(broker, "broker.topics=#", "analysis.publish=true", "analysis.home_assistant=true"),
    ) as program:
        program.wait_for_state("connected", 30)
        for number, topic in enumerate(("house/relay", "cam/1/jpeg", "a/" * 100 + "b", TOPIC)):
            send(broker.port, junk[number::4], topic=topic)
        send(broker.port, [plan.payload(n) for n in plan.numbers])
        wait_for(lambda: program.store.count() == plan.count, 30)
        program.wait_for_report(lambda r: r["received"] >= len(junk) + plan.count, 30)
        assert program.store.count() == plan.count, "an analysis of ours was taken for a reading"
        kept = rows(program.database, "SELECT count(*), sum(kept_bytes) FROM rejected_messages")
        assert 0 < kept[0][0] <= REJECTED_BOUNDS.max_rows
        assert kept[0][1] <= REJECTED_BOUNDS.max_bytes
        program.stop_in_time()


def test_a_forged_id_is_told_by_its_topic(broker: MosquittoServer, tmp_path: Path) -> None:
    """Nothing in a message proves who sent it: each row names the topic that it came by, on
    which the broker's access rules decide."""
    forged = CANONICAL.replace(b"22.5", b"23.5").replace(b"17:50", b"17:51")
    with Program(tmp_path / "data", *at(broker, "broker.topics=farm/#")) as program:
        program.wait_for_state("connected", 30)
        send(broker.port, [CANONICAL], topic="farm/north/probe")
        send(broker.port, [forged], topic="farm/stranger")
        wait_for(lambda: program.store.count() == 2)
        found = rows(
            program.database, "SELECT publisher_id, topic FROM sensor_readings ORDER BY id"
        )
        program.stop_in_time()
    assert found == [
        ("sensor-publisher-01", "farm/north/probe"),
        ("sensor-publisher-01", "farm/stranger"),
    ]


def test_with_an_access_rule_the_broker_refuses_the_forger(tmp_path: Path) -> None:
    """What the documentation tells people to do: one user and one topic for each probe."""
    passwords, rules = tmp_path / "passwords", tmp_path / "rules"
    for name, flag in (("north", "-c"), ("south", ""), ("harit", "")):
        command = ["mosquitto_passwd", *filter(None, [flag]), "-b", passwords, name, f"pw-{name}"]
        subprocess.run(list(map(str, command)), check=True)
    rules.write_text("pattern write farm/%u/probe\nuser harit\ntopic read farm/#\n")
    with (
        MosquittoServer(
            [f"password_file {passwords}", f"acl_file {rules}"], anonymous=False
        ) as broker,
        Program(
            tmp_path / "data",
            *at(broker, "broker.topics=farm/#", "broker.username=harit", "analysis.publish=false"),
            HARIT_BROKER__PASSWORD="pw-harit",
        ) as program,
    ):
        program.wait_for_state("connected", 30)
        client = new_client()
        client.username_pw_set("south", "pw-south")
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        client.publish("farm/north/probe", CANONICAL, qos=1).wait_for_publish(10)
        client.publish("farm/south/probe", CANONICAL, qos=1).wait_for_publish(10)
        wait_for(lambda: program.store.count() == 1)
        assert rows(program.database, "SELECT topic FROM sensor_readings") == [
            ("farm/south/probe",)
        ]
        client.disconnect()
        client.loop_stop()
        program.stop_in_time()
