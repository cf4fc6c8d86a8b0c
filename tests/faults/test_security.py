"""Secrets stay secret, TLS means verified, and nothing listens that should not: F33-F35."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.programs import run_program, wait_for
from tests.faults.certificates import Authority
from tests.faults.program import Program, at, at_port
from tests.faults.sensors import Plan, new_client
from tests.faults.test_broker_faults import password_broker
from tests.servers import MosquittoServer, free_port, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

SAID = {
    "untrusted": "is not trusted",
    "expired": "has expired",
    "hostname": "is for another name",
    "not_tls": "does not speak TLS",
    "protocol": "an outdated version of TLS",
}

SECRETS = {
    "HARIT_BROKER__PASSWORD": "bröker-Geheim-7f3a91",
    "HARIT_BROKER__KEY_PASSPHRASE": "kéy-Geheim-52bc08",
    "HARIT_STORAGE__MYSQL_PASSWORD": "mysql-Geheim-e1d4c7",
    "HARIT_API__TOKEN": "api-Geheim-9a60f2",
    "HARIT_LOCAL_API__TOKEN": "lokal-Geheim-c83b15",
    "HARIT_BUILTIN_BROKER__PASSWORD": "built-in-Geheim-4d71e6",
}


def leaks(texts: dict[str, bytes]) -> list[str]:
    """Where a secret shows, as it is or encoded."""
    found = []
    for place, data in texts.items():
        for secret in SECRETS.values():
            encodings = (secret.encode(), secret.encode("utf-16-le"), ascii(secret)[1:-1].encode())
            if any(encoding in data for encoding in encodings):
                found.append(f"{secret} in {place}")
    return found


def everything_of(program: Program) -> dict[str, bytes]:
    """All that others may read of a program that runs, but for its environment: there the
    contract itself puts the secrets of a program without a window."""
    files = {str(f): f.read_bytes() for f in program.data_dir.rglob("*") if f.is_file()}
    process = psutil.Process(program.process.pid)
    for each in [process, *process.children(recursive=True)]:
        files[f"cmdline {each.pid}"] = Path(f"/proc/{each.pid}/cmdline").read_bytes()
    said = "\n".join([*program.lines, *map(str, program.reports)])
    return files | {"output": said.encode()}


def test_the_search_finds_a_secret() -> None:
    (secret, other, *_) = SECRETS.values()
    assert leaks({"a": f"x{secret}y".encode()}) == [f"{secret} in a"]
    assert leaks({"a": repr({"password": ascii(other)}).encode()}) or leaks(
        {"a": ascii(other).encode()}
    )
    assert leaks({"a": b"nothing"}) == []


@pytest.mark.slow
def test_no_secret_in_files_output_or_arguments(tmp_path: Path) -> None:
    """F33: refused, let in, with faults in the connection, and with an encrypted key."""
    authority = Authority(tmp_path)
    passphrase = SECRETS["HARIT_BROKER__KEY_PASSPHRASE"]
    certificate, key = authority.certificate("probe", passphrase=passphrase.encode())
    keyed = [f"broker.cert_file={certificate}", f"broker.key_file={key}"]
    login = "broker.username=ravi"
    fault = "raise:harit_desktop.transport.mqtt_connection:connect@1"
    builds = "raise:harit_desktop.transport.mqtt_connection:build_client@1"
    right = SECRETS["HARIT_BROKER__PASSWORD"]
    passwords = tmp_path / "good"
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "ravi", right], check=True)
    with (
        password_broker(tmp_path) as refuses,
        MosquittoServer([f"password_file {passwords}"], anonymous=False) as lets_in,
        ExitStack() as stack,
    ):

        def start(name: str, options: list[str], *inject: str) -> Program:
            program = Program(tmp_path / name, *options, inject=inject, **SECRETS)
            return stack.enter_context(program)

        tls = ["broker.tls=true", f"broker.ca_file={authority.file}", *keyed]
        runs = {
            "refused": (start("a", at(refuses, login)), "refused the user name or password"),
            "let in": (start("b", at(lets_in, login), fault, builds), "connected 127"),
            "no TLS there": (start("c", at(lets_in, login, *tls)), "does not speak TLS"),
        }
        for program, words in runs.values():
            program.wait_until_says(words, 20)
        assert "injected fault" in runs["let in"][0].log
        for name, (program, _) in runs.items():
            assert not leaks(everything_of(program)), name
            program.stop_in_time()
            assert not leaks(everything_after(program)), name
        out = tmp_path / "out.csv"
        run_program("export", "--out", str(out), "--data-dir", str(tmp_path / "b"))
        assert not leaks({"export": out.read_bytes() if out.exists() else b""})


def everything_after(program: Program) -> dict[str, bytes]:
    files = {str(f): f.read_bytes() for f in program.data_dir.rglob("*") if f.is_file()}
    return files | {"output": "\n".join(program.lines).encode()}


def test_a_secret_on_the_command_line_is_refused(tmp_path: Path) -> None:
    """The arguments of a process are for everybody to read."""
    secret = SECRETS["HARIT_BROKER__PASSWORD"]
    done = run_program(
        "--headless", "--data-dir", str(tmp_path / "d"), "--set", f"broker.password={secret}"
    )
    assert done.returncode == 2
    assert "HARIT_BROKER__PASSWORD" in done.stderr
    assert secret not in done.stderr


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[int]:
    """A server that speaks TLS 1.0 only; its port."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, key = Authority(tmp_path, "old authority").certificate("old")
    port = free_port()
    command = ["openssl", "s_server", "-accept", str(port), "-cert", certificate, "-key", key]
    process = subprocess.Popen(
        [*command, "-tls1", "-cipher", "ALL:@SECLEVEL=0", "-quiet"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        return any(c.status == "LISTEN" for c in psutil.Process(process.pid).net_connections())

    try:
        wait_until(listens, 10, "openssl listens")
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_only_a_verified_broker_is_spoken_to(tmp_path: Path, old_server: int) -> None:
    """F34: each wrong certificate is refused with its reason, and no word goes in clear."""
    good, other = Authority(tmp_path), Authority(tmp_path, "other authority")
    files = {
        "untrusted": other.certificate("self-signed"),
        "expired": good.certificate("expired", expired=True),
        "hostname": good.certificate("wrong-host", address="127.0.0.7"),
        "right": good.certificate("right"),
    }
    trust = ["broker.tls=true", f"broker.ca_file={good.file}"]
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                MosquittoServer([f"certfile {certificate}", f"keyfile {key}"], verbose=True)
            )
            for name, (certificate, key) in files.items()
        }
        servers["not_tls"] = stack.enter_context(MosquittoServer(verbose=True))
        ports = {name: server.port for name, server in servers.items()} | {"protocol": old_server}
        programs = {
            name: stack.enter_context(Program(tmp_path / name, *at_port(port, *trust)))
            for name, port in ports.items()
        }
        programs.pop("right").wait_for_state("connected", 20)
        for cause, program in programs.items():
            program.wait_until_says(SAID[cause], 20)
            if cause != "not_tls":
                assert program.report["connection"] == "refused", cause
        for cause, server in servers.items():
            let_in = "New client connected" in server.log
            assert let_in is (cause == "right"), cause
        for program in programs.values():
            program.stop_in_time()


def listeners(process_id: int) -> set[tuple[str, int]]:
    """Where a process and its children take connections from others."""
    process = psutil.Process(process_id)
    return {
        (connection.laddr.ip, connection.laddr.port)
        for each in [process, *process.children(recursive=True)]
        for connection in each.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN or connection.type.name == "SOCK_DGRAM"
    }


def test_nothing_listens_unless_switched_on(broker: MosquittoServer, tmp_path: Path) -> None:
    """F35; with a window: see the test of its load."""
    with Program(tmp_path / "a", *at(broker)) as program:
        program.wait_for_state("connected")
        assert listeners(program.process.pid) == set()
        program.stop_in_time()


@pytest.mark.parametrize("engine", ["mosquitto", "amqtt"])
def test_the_built_in_broker_listens_on_loopback_only(tmp_path: Path, engine: str) -> None:
    """F35; one that is asked to serve the network says that it does not."""
    port = free_port()
    options = at_port(
        1, "broker.mode=builtin", f"builtin_broker.port={port}", f"builtin_broker.engine={engine}"
    )
    with Program(tmp_path / "a", *options) as program:
        program.wait_for_state("connected", 20)
        assert listeners(program.process.pid) == {("127.0.0.1", port)}
        client = new_client()
        client.connect("127.0.0.1", port)
        client.loop_start()
        plan = Plan(1)
        client.publish("harit-samarth/sensor/data", plan.payload(0), qos=1).wait_for_publish(10)
        wait_for(lambda: program.store.count() == 1)
        client.disconnect()
        client.loop_stop()
        program.stop_in_time()
    if engine == "mosquitto":
        return
    with Program(tmp_path / "b", *options, "--set", "builtin_broker.host=0.0.0.0") as program:
        wait_for(lambda: len(program.reports) >= 2, 15)
        assert {ip for ip, _ in listeners(program.process.pid)} <= {"127.0.0.1"}
        program.stop_in_time()
