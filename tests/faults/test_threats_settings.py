"""Settings that somebody wrote for us, names that are SQL, and text that forges a log."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import requests

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.routing import widest_filter
from harit_desktop.observability.redact import RedactingFormatter, Redactor
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import connect
from tests.end_to_end.programs import CANONICAL, rows, run_program, wait_for
from tests.faults.peers import ScriptedServer, silent
from tests.faults.program import Program, at
from tests.faults.sensors import TOPIC, send
from tests.faults.test_security import listeners
from tests.servers import MosquittoServer, free_port

HOSTILE_SETTINGS = """\
commands = ["touch {marker}"]

[broker]
host = "$(touch {marker})"
client_id = "a\\u202eb"
password = "in-the-file-8142"
exec = "touch {marker}"

[builtin_broker]
engine = "/bin/sh"
host = "0.0.0.0"

[local_api]
enabled = true
host = "0.0.0.0"
port = {port}

[storage]
backend = "mysql'; DROP TABLE"
mysql_host = "127.0.0.1/?local_infile=1"
backup_dir = "`touch {marker}`"

[[alerts.rules]]
id = "x"
command = "touch {marker}"
"""


@pytest.mark.e2e
def test_settings_of_somebody_else_run_nothing_and_open_nothing(tmp_path: Path) -> None:
    """Values that cannot be are left out by name, keys that we do not know are no commands, and
    an address for the network without consent is none."""
    marker, data, port = tmp_path / "ran", tmp_path / "data", free_port()
    data.mkdir()
    text = HOSTILE_SETTINGS.format(marker=marker, port=port)
    (data / "settings.toml").write_text(text)
    with Program(data) as program:
        wait_for(lambda: len(program.reports) >= 3, 30)
        assert {ip for ip, _ in listeners(program.process.pid)} <= {"127.0.0.1"}
        assert "in-the-file-8142" not in "\n".join(program.lines) + program.log
        program.stop_in_time()
    assert not marker.exists()


def test_a_database_host_is_a_host_and_no_address_with_options() -> None:
    """Nothing of it reaches the options of the driver, and no server is asked."""
    with ScriptedServer(silent, speaks_first=True) as server:
        for host in (
            f"127.0.0.1:{server.port}/?local_infile=1",
            "127.0.0.1/?local_infile=1&ssl_disabled=true",
            "user:pw@127.0.0.1",
            "/var/run/mysqld/mysqld.sock",
        ):
            address = ServerAddress(host, server.port, "soil", "u", "pw-4711-x", tls=False)
            with pytest.raises(KnownError) as caught:
                connect(address, read_timeout_s=2.0)
            assert caught.value.code in ("server.dns", "server.unreachable"), host
            assert "pw-4711-x" not in str(caught.value)
        assert server.connections == 0


NAMES = (
    "x'); DROP TABLE sensor_readings;--",
    'x" OR "1"="1',
    "x` UNION SELECT password FROM users",
    "%",
    "_______________",
    "\\",
)


@pytest.mark.e2e
@pytest.mark.broker
def test_names_that_are_sql_are_names(broker: MosquittoServer, tmp_path: Path) -> None:
    """As ids, as keys of a message, as a filter of an export and as a parameter of our API."""
    values = {"N": 20.0, **dict.fromkeys(NAMES, 1.0), "__proto__": 5, "": 1}
    payloads = [
        json.dumps({"publisher_id": name, "sensor_readings": values, name: name}).encode()
        for name in NAMES
    ]
    port = free_port()
    api = [f"local_api.port={port}", "local_api.enabled=true"]
    with Program(tmp_path / "data", *at(broker, *api)) as program:
        program.wait_for_state("connected", 30)
        send(broker.port, [CANONICAL, *payloads], topic=TOPIC)
        wait_for(lambda: program.store.count() == 1 + len(NAMES))
        stored = rows(program.database, "SELECT publisher_id, N FROM sensor_readings WHERE id > 1")
        assert stored == [(name, 20.0) for name in NAMES]
        history = f"http://127.0.0.1:{port}/api/soil-health/history"
        for name in NAMES:
            for parameter in ("sort", "order", "limit", "publisher_id", "columns"):
                answer = requests.get(history, params={parameter: name}, timeout=5)
                assert answer.status_code in (200, 400)
        program.stop_in_time()
    out = tmp_path / "out.csv"
    for name in (*NAMES, "nobody' OR 1=1 --"):
        done = run_program(
            "export", "--out", str(out), "--data-dir", str(tmp_path / "data"), "--device", name
        )
        assert done.returncode == 0, done.stderr
        lines = out.read_text(encoding="utf-8-sig").strip().splitlines()
        assert len(lines) == 1 + (name in NAMES), name
    assert program.store.integrity() == []


def logged(text: str, error: Exception | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.LogRecord("t", logging.ERROR, "f", 1, "device %s", (text,), info)
    return RedactingFormatter(Redactor()).format(record)


def test_no_text_of_others_begins_a_line_of_the_log_or_turns_it() -> None:
    forged = "x\r\n2026-11-24 00:00:00,000 ERROR MainThread harit_desktop admin logged in\x1b[2J"
    turned = "a\u202egnp.exe\u2066b\u200fc"
    line = logged(forged + turned)
    assert line.isprintable()
    assert "\\u202e" in line
    try:
        raise ValueError(forged + turned)
    except ValueError as error:
        first, *others = logged("y", error).split("\n")
    assert first.endswith("device y")
    assert others
    assert all(other.startswith("  ") for other in others)
    assert all(other.isprintable() for other in others)


def test_filters_that_take_everything_are_known() -> None:
    for topic in ("#", "+", "+/#", "+/+/#", "+/+", "$share/g/#", "/#"):
        expected = topic if topic != "/#" else ""
        assert widest_filter(["farm/a", topic]) == expected
    assert widest_filter(["farm/#", "$SYS/#", "harit-samarth/+/data"]) == ""
