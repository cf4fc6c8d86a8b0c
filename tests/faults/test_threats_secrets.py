"""Every secret of the program in every way it runs, and then a search of all that is left: F33.

Each secret holds a word of its own, which is looked for as it is and as base64 at any offset;
percent-encoding and escapes leave it as it is. The environment of a process is where its secrets
come from, so it is not searched: it is readable for its own user alone.
"""

from __future__ import annotations

import base64
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from harit_desktop.observability.redact import Redactor
from harit_desktop.settings.model import SECRET_KEYS
from harit_desktop.settings.profile_transfer import export_profile
from harit_desktop.settings.profiles import ProfileBook, profile_values
from harit_desktop.settings.store import SettingsStore, environment_name
from harit_desktop.settings.transfer import export_settings
from tests.end_to_end.programs import CANONICAL, PROGRAM, REPOSITORY, environment, wait_for
from tests.faults.certificates import Authority
from tests.faults.fake_mysql import asks_for_the_password, shouts
from tests.faults.peers import ScriptedServer, Talk, silent
from tests.faults.program import Program, at, at_port
from tests.faults.sensors import TOPIC
from tests.servers import MosquittoServer, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

CORES = {key: f"Core{place}Zq8Xv4Wj7" for place, key in enumerate(sorted(SECRET_KEYS))}
SECRETS = {key: f"p@/+:%{core}&=ok" for key, core in CORES.items()}
VARIABLES = {environment_name(key): secret for key, secret in SECRETS.items()}
EVERY_MESSAGE = [
    {"id": "dry", "channel": "Moisture", "low": 90.0, "on_delay_s": 0, "on_readings": 1}
]


def shapes(core: str) -> Iterator[bytes]:
    """How the word of a secret can stand in a file."""
    yield core.encode()
    yield core.encode("utf-16-le")
    yield core.encode().hex().encode()
    for before in range(3):
        # What the neighbours have a share in is left out at both ends.
        coded = base64.b64encode(b"\0" * before + core.encode())
        yield coded[4 if before else 0 : -4]
        yield base64.urlsafe_b64encode(b"\0" * before + core.encode())[4 if before else 0 : -4]


def leaks(texts: Mapping[str, bytes]) -> list[str]:
    return [
        f"{key} in {place}"
        for place, data in texts.items()
        for key, core in CORES.items()
        if any(shape in data for shape in shapes(core))
    ]


def files_of(*folders: Path) -> dict[str, bytes]:
    return {
        str(file): file.read_bytes()
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink()
    }


def running(program: Program) -> dict[str, bytes]:
    """What others can see of the processes, and what was said so far."""
    process = psutil.Process(program.process.pid)
    seen = {
        f"cmdline {each.pid}": Path(f"/proc/{each.pid}/cmdline").read_bytes()
        for each in [process, *process.children(recursive=True)]
    }
    said = "\n".join([*program.lines, *map(json.dumps, program.reports)])
    return seen | {"output": said.encode()} | files_of(program.data_dir)


def run(arguments: Sequence[str], **changes: str) -> dict[str, bytes]:
    """A command that ends by itself; what it said."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(**VARIABLES, **changes),
        cwd=REPOSITORY,
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return {f"{arguments[0]} said": done.stdout + done.stderr}


def test_the_search_finds_every_shape() -> None:
    for key, secret in SECRETS.items():
        data = secret.encode()
        for shown in (
            data,
            b"xy" + base64.b64encode(data),
            base64.b64encode(b"user:" + data),
            base64.b64encode(b"\0ravi\0" + data),
            base64.urlsafe_b64encode(b"a" + data + b"bc"),
            secret.encode("utf-16-le"),
        ):
            assert leaks({"there": shown}) == [f"{key} in there"]
    assert leaks({"there": b"p@/+:% nothing"}) == []


def test_the_log_masks_what_it_knows_in_every_shape() -> None:
    redactor = Redactor()
    for secret in SECRETS.values():
        redactor.add(secret)
    for key, secret in SECRETS.items():
        import urllib.parse

        for shown in (
            secret,
            urllib.parse.quote(secret, safe=""),
            urllib.parse.quote_plus(secret),
            base64.b64encode(secret.encode()).decode(),
        ):
            assert leaks({"line": redactor.clean(f"failed for {shown} at").encode()}) == [], key


def echoing(peer: socket.socket) -> None:
    """A web server that fails and repeats the whole request, headers too."""
    heard = peer.recv(65_536)
    body = b"you said: " + heard
    head = f"HTTP/1.1 500 {heard[:200].hex()}\r\nContent-Length: {len(body)}\r\n\r\n"
    peer.sendall(head.encode() + body)


def repeating_broker(secret: str) -> Talk:
    """A broker that refuses an MQTT 5 client and says its password back."""
    reason = f"no entry with {secret}".encode()
    properties = b"\x1f" + len(reason).to_bytes(2, "big") + reason
    body = b"\x00\x87" + bytes([len(properties)]) + properties

    def talk(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(b"\x20" + bytes([len(body)]) + body)
        silent(peer)

    return talk


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "certificates"
    folder.mkdir()
    return Authority(folder)


def password_file(folder: Path) -> Path:
    path = folder / "passwords"
    secret = SECRETS["broker.password"]
    subprocess.run(["mosquitto_passwd", "-c", "-b", path, "ravi", secret], check=True)
    return path


@pytest.mark.slow
def test_no_secret_is_left_anywhere(tmp_path: Path, authority: Authority) -> None:
    """Connections that fail, are refused, are let in and break; errors in the middle; doctor,
    export, backup, the window; settings and profile exported."""
    certificate, key = authority.certificate(
        "probe", passphrase=SECRETS["broker.key_passphrase"].encode()
    )
    tls = ["broker.tls=true", f"broker.ca_file={authority.file}"]
    tls += [f"broker.cert_file={certificate}", f"broker.key_file={key}"]
    login = "broker.username=ravi"
    raises = "raise:harit_desktop.transport.mqtt_connection:"
    heard: list[bytes] = []
    with ExitStack() as stack:
        lets_in = stack.enter_context(
            MosquittoServer([f"password_file {password_file(tmp_path)}"], anonymous=False)
        )
        echo = stack.enter_context(ScriptedServer(echoing))
        asks = stack.enter_context(
            ScriptedServer(
                asks_for_the_password(heard, b"mysql_clear_password"),
                shouts(heard),
                speaks_first=True,
            )
        )
        repeats = stack.enter_context(ScriptedServer(repeating_broker(SECRETS["broker.password"])))
        web = f"http://127.0.0.1:{echo.port}"
        everything = [
            *("storage.backend=mysql", f"storage.mysql_port={asks.port}", "storage.mysql_user=u"),
            *(f"api.url={web}", "api.forward=true", f"local_api.port={free_port()}"),
            *("local_api.enabled=true", "alerts.email_to=a@farm.example", "alerts.smtp_user=me"),
            *("alerts.smtp_host=127.0.0.1", f"alerts.smtp_port={echo.port}"),
            *("alerts.smtp_tls=none", f"alerts.webhook_url={web}/hook"),
            f"alerts.rules={json.dumps(EVERY_MESSAGE)}",
        ]

        def start(name: str, options: list[str], *inject: str) -> Program:
            program = Program(tmp_path / name, *options, inject=inject, **VARIABLES)
            return stack.enter_context(program)

        builtin = [
            *("broker.mode=builtin", f"builtin_broker.port={free_port()}"),
            *("builtin_broker.host=0.0.0.0", "builtin_broker.allow_network=true"),
        ]
        runs = {
            "let in": start("a", at(lets_in, login, *everything)),
            "errors": start(
                "b", at(lets_in, login), f"{raises}connect@1", f"{raises}build_client@1"
            ),
            "repeats": start("c", at_port(repeats.port, login)),
            "no TLS there": start("d", at(lets_in, login, *tls)),
            "nobody there": start("e", at_port(free_port(), login, *tls)),
            "built in": start("f", at_port(1, *builtin)),
        }
        runs["let in"].wait_for_state("connected", 30)
        runs["errors"].wait_for_state("connected", 30)
        runs["built in"].wait_for_state("connected", 30)
        runs["repeats"].wait_for_state("refused", 30)
        publish(lets_in, CANONICAL)
        wait_for(lambda: runs["let in"].store.count() == 1)
        # The web server was asked by the API's client, for the webhook, and by e-mail.
        wait_for(lambda: echo.connections >= 3, 30)
        wait_for(lambda: asks.connections >= 1, 30)
        assert "injected fault" in runs["errors"].log
        for name, program in runs.items():
            assert leaks(running(program)) == [], name
        said = run(["doctor", "--data-dir", str(tmp_path / "a"), *at(lets_in, login, *everything)])
        assert leaks(said) == []
        for program in runs.values():
            program.stop_in_time()
        a = ["--data-dir", str(tmp_path / "a")]
        out = tmp_path / "out"
        out.mkdir()
        said |= run(["export", "--out", str(out / "all.csv"), *a])
        said |= run(["backup", *a])
        shot = ["--screenshot", str(out / "window.png"), "--after", "3", *a]
        said |= run([*shot, *at(lets_in, login, *everything)], QT_QPA_PLATFORM="offscreen")
        export_everything(tmp_path / "a", out)
        assert {"all.csv", "window.png", "settings.toml", "profile.toml"} <= {
            file.name for file in out.iterdir()
        }
        left = files_of(out, *(program.data_dir for program in runs.values()))
        said |= {name: "\n".join(program.lines).encode() for name, program in runs.items()}
    assert leaks(said) == []
    assert leaks(left) == []
    assert not any(CORES["storage.mysql_password"].encode() in piece for piece in heard)


def publish(broker: MosquittoServer, payload: bytes) -> None:
    from tests.faults.sensors import new_client

    client = new_client()
    client.username_pw_set("ravi", SECRETS["broker.password"])
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(TOPIC, payload, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def export_everything(data: Path, out: Path) -> None:
    store = SettingsStore(data / "settings.toml", {"broker.username": "ravi"}, VARIABLES)
    export_settings(store.current, out / "settings.toml")
    book = ProfileBook(data / "broker_profiles")
    made = book.create("Farm", profile_values(store.current))
    export_profile(made, out / "profile.toml")


HANGING = """\
import time
from keyring.backend import KeyringBackend


class Hanging(KeyringBackend):
    priority = 9

    def get_password(self, service, username):
        time.sleep(600)

    def set_password(self, service, username, password):
        time.sleep(600)

    def delete_password(self, service, username):
        time.sleep(600)
"""


@pytest.mark.slow
def test_a_keyring_that_hangs_holds_up_neither_program_nor_window(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    """F43: the status goes on, the window is painted, both end in time, and nothing is kept in
    plain text instead."""
    (tmp_path / "hanging.py").write_text(HANGING)
    hangs = {
        "PYTHON_KEYRING_BACKEND": "hanging.Hanging",
        "PYTHONPATH": f"{REPOSITORY}:{tmp_path}",
    }
    options = at(broker, "broker.username=ravi")
    with Program(tmp_path / "a", *options, **hangs) as program:
        wait_for(lambda: len(program.reports) >= 3, 30)
        seen = len(program.reports)
        wait_for(lambda: len(program.reports) >= seen + 2, 10)
        assert program.report["connection"] != "connected"
        program.stop_in_time()
    shot = tmp_path / "a.png"
    done = subprocess.run(
        [*PROGRAM, "--screenshot", shot, "--after", "2", "--data-dir", tmp_path / "b", *options],
        env=environment(QT_QPA_PLATFORM="offscreen", **hangs),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert shot.stat().st_size > 10_000
