"""`doctor` names each fault of a broker rightly: real Mosquittos, each wrong in one way."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harit_desktop.app.diagnosis import plan_diagnosis
from harit_desktop.cli.doctor import run_chains
from harit_desktop.cli.doctor_checks import Chain, Result
from harit_desktop.cli.doctor_passed import passed
from harit_desktop.observability.redact import Redactor
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.transport import diagnosis_steps
from tests.faults.certificates import Authority
from tests.servers import MosquittoServer, free_port, server_program

TOPIC = "farm/soil"
WAIT_S = 0.2


@dataclass
class Site:
    """All the brokers of this file, and the files that they are reached with."""

    folder: Path
    ours: Authority
    theirs: Authority
    client: tuple[Path, Path]
    ports: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    ours, theirs = Authority(folder), Authority(folder, "another authority")
    site = Site(folder, ours, theirs, ours.certificate("client"))
    passwords = folder / "passwords"
    passwords.touch()
    command = [server_program("mosquitto_passwd", "mosquitto"), "-b", str(passwords)]
    for user in ("asha", "bela"):
        subprocess.run([*command, user, "right"], check=True, capture_output=True)
    rules = folder / "rules"
    rules.write_text("user asha\ntopic read allowed/#\nuser bela\ntopic write harit/_probe/#\n")
    config: list[str] = []
    for name, lines in _listeners(site, passwords, rules).items():
        site.ports[name] = free_port()
        config += [f"listener {site.ports[name]} 127.0.0.1", *lines]
    # One process has all the listeners; its own first one is the plain one.
    with MosquittoServer(config, first=["per_listener_settings true"]) as server:
        site.ports["plain"] = server.port
        yield site


def _listeners(site: Site, passwords: Path, rules: Path) -> dict[str, list[str]]:
    def tls(authority: Authority, name: str, **options: Any) -> list[str]:
        certificate, key = authority.certificate(name, **options)
        return [f"certfile {certificate}", f"keyfile {key}"]

    open_to_all = ["allow_anonymous true"]
    with_client = [f"cafile {site.ours.file}", "require_certificate true"]
    websocket = ["protocol websockets"]
    login = ["allow_anonymous false", f"password_file {passwords}"]
    good = tls(site.ours, "server")
    return {
        "tls": open_to_all + good,
        "expired": open_to_all + tls(site.ours, "expired", expired=True),
        "later": open_to_all + tls(site.ours, "later", later=True),
        "elsewhere": open_to_all + tls(site.ours, "elsewhere", address="127.0.0.9"),
        "client": open_to_all + good + with_client,
        "old": open_to_all + good + with_client + ["tls_version tlsv1.2"],
        "ws": open_to_all + websocket,
        "wss": open_to_all + good + websocket,
        "login": login,
        "rules": [*login, f"acl_file {rules}"],
    }


@dataclass(frozen=True)
class Case:
    """A broker, the settings it is reached with, and the step that tells with its code.

    `words` are in what is said. `wrong` is False where nothing fails.
    """

    name: str
    port: str
    step: str
    code: str
    settings: dict[str, Any] = field(default_factory=dict)
    files: Callable[[Site], dict[str, str]] = lambda _: {}
    password: str = ""
    passphrase: str = ""
    words: str = ""
    wrong: bool = True


def trusting(site: Site) -> dict[str, str]:
    return {"ca_file": str(site.ours.file)}


def as_client(site: Site) -> dict[str, str]:
    certificate, key = site.client
    return {**trusting(site), "cert_file": str(certificate), "key_file": str(key)}


def as_stranger(site: Site) -> dict[str, str]:
    certificate, key = site.theirs.certificate("stranger")
    return {**trusting(site), "cert_file": str(certificate), "key_file": str(key)}


def as_late_client(site: Site) -> dict[str, str]:
    certificate, key = site.ours.certificate("late", expired=True)
    return {**trusting(site), "cert_file": str(certificate), "key_file": str(key)}


def with_wrong_key(site: Site) -> dict[str, str]:
    _, key = site.ours.certificate("another")
    return {**as_client(site), "key_file": str(key)}


def with_locked_key(site: Site) -> dict[str, str]:
    certificate, key = site.ours.certificate("locked", passphrase=b"open")
    return {**trusting(site), "cert_file": str(certificate), "key_file": str(key)}


def with_no_file(site: Site) -> dict[str, str]:
    return {"ca_file": str(site.folder / "absent.pem")}


TLS = {"tls": True}
WS = {"transport": "websockets"}
WSS = {**TLS, **WS}
ASHA = {"username": "asha"}

CASES = (
    Case("well", "plain", "login", "ok", wrong=False),
    Case("well_over_3_1_1", "plain", "session", "ok", {"protocol": "3.1.1"}, wrong=False),
    Case("well_with_tls", "tls", "tls", "ok", TLS, trusting, words="test authority", wrong=False),
    Case("well_with_a_client", "client", "tls", "ok", TLS, as_client, words="ours", wrong=False),
    Case("well_over_websockets", "ws", "websocket", "ok", WS, wrong=False),
    Case("well_over_secure_websockets", "wss", "websocket", "ok", WSS, trusting, wrong=False),
    Case("well_with_a_login", "login", "login", "ok", ASHA, password="right", wrong=False),
    Case("no_such_name", "plain", "name", "broker.dns", {"host": "nobody.invalid"}),
    Case("nobody_there", "nobody", "port", "broker.refused"),
    Case("tls_on_a_plain_port", "plain", "tls", "broker.tls.not_tls", TLS, trusting),
    Case("plain_on_a_tls_port", "tls", "login", "broker.no_mqtt.tls_port"),
    Case("plain_on_a_port_for_clients", "client", "login", "broker.no_mqtt.tls_port"),
    Case("tcp_on_a_websocket_port", "ws", "login", "broker.no_mqtt.websocket_port"),
    Case(
        "tcp_on_a_secure_websocket_port",
        "wss",
        "login",
        "broker.no_mqtt.tls_websocket_port",
    ),
    Case(
        "tls_on_a_secure_websocket_port",
        "wss",
        "login",
        "broker.no_mqtt.websocket_port",
        TLS,
        trusting,
    ),
    Case("tls_on_a_websocket_port", "ws", "tls", "broker.tls.not_tls", WSS, trusting),
    Case("websockets_on_a_tcp_port", "plain", "websocket", "broker.websocket.tcp_port", WS),
    Case("websockets_on_a_tls_port", "wss", "websocket", "broker.no_mqtt.tls_port", WS),
    Case("an_unknown_authority", "tls", "tls", "broker.tls.untrusted", TLS),
    Case("no_file", "tls", "tls", "broker.tls.ca_file", TLS, with_no_file),
    Case("expired", "expired", "tls", "broker.tls.expired", TLS, trusting, words="ended on 20"),
    Case("not_yet_valid", "later", "tls", "broker.tls.not_yet_valid", TLS, trusting),
    Case(
        "another_name", "elsewhere", "tls", "broker.tls.hostname", TLS, trusting, words="127.0.0.9"
    ),
    Case("no_client", "client", "tls", "broker.tls.client_certificate", TLS, trusting),
    Case("no_client_old_tls", "old", "tls", "broker.tls.client_certificate", TLS, trusting),
    Case("strange_client", "client", "tls", "broker.tls.client_refused", TLS, as_stranger),
    Case("late_client", "client", "tls", "broker.tls.client_expired", TLS, as_late_client),
    Case("wrong_key", "client", "tls", "broker.tls.key_mismatch", TLS, with_wrong_key),
    Case("locked_key", "client", "tls", "broker.tls.passphrase_missing", TLS, with_locked_key),
    Case(
        "wrong_pass_phrase",
        "client",
        "tls",
        "broker.tls.passphrase",
        TLS,
        with_locked_key,
        passphrase="shut",
    ),
    Case(
        "right_pass_phrase",
        "client",
        "tls",
        "ok",
        TLS,
        with_locked_key,
        passphrase="open",
        wrong=False,
    ),
    Case("no_user", "login", "login", "broker.auth.anonymous"),
    Case("no_password", "login", "login", "broker.auth.no_password", ASHA),
    Case("wrong_password", "login", "login", "broker.auth", ASHA, password="wrong"),
    Case("wrong_user", "login", "login", "broker.auth", {"username": "ben"}, password="right"),
    Case(
        "rules_that_deny_in_silence",
        "rules",
        "delivery",
        "doctor.unproved",
        ASHA,
        password="right",
        words="nothing can be proved",
        wrong=False,
    ),
    Case(
        "rules_that_keep_back_what_they_took",
        "rules",
        "delivery",
        "doctor.withheld",
        {"username": "bela"},
        password="right",
        wrong=False,
    ),
    Case(
        "rules_of_which_3_1_1_tells_nothing",
        "rules",
        "delivery",
        "doctor.unproved",
        {**ASHA, "protocol": "3.1.1"},
        password="right",
        wrong=False,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_fault_is_named(
    case: Case, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARIT_BROKER__PASSWORD", case.password)
    monkeypatch.setenv("HARIT_BROKER__KEY_PASSPHRASE", case.passphrase)
    port = site.ports.get(case.port) or free_port()
    broker = {"port": port, "topics": [TOPIC], **case.settings, **case.files(site)}
    results = look(broker, tmp_path)
    assert results[case.step].code == case.code, results
    assert case.words in results[case.step].text
    failed = [name for name, result in results.items() if result.state == "fail"]
    assert failed == ([case.step] if case.wrong else [])
    assert all(result.text.isprintable() for result in results.values())
    for secret in filter(None, (case.password, case.passphrase)):
        assert f" {secret} " not in " ".join(result.text for result in results.values())


def test_with_consent_the_topics_in_use_are_named(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARIT_BROKER__PASSWORD", "right")
    monkeypatch.setattr(diagnosis_steps, "LISTEN_S", 1.0)
    talker = subprocess.Popen(
        [
            *("mosquitto_pub", "-h", "127.0.0.1", "-p", str(site.ports["plain"])),
            *("-t", "farm/other", "-m", '{"secret": 1}', "--repeat", "20", "--repeat-delay", "0.2"),
        ]
    )
    try:
        broker = {"port": site.ports["plain"], "topics": [TOPIC]}
        results = look(broker, tmp_path, listen=True)
    finally:
        talker.kill()
        talker.wait(5)
    assert results["message"].code == "doctor.no_message"
    assert results["topics"].code == "ok"
    assert "farm/other" in results["topics"].text
    assert "secret" not in results["topics"].text


def look(broker: dict[str, Any], folder: Path, **options: Any) -> dict[str, Result]:
    settings = msgspec.convert({"broker": broker}, Settings)
    planned = plan_diagnosis(DataPaths(folder), settings, (), Redactor(), WAIT_S, **options)
    (checks,) = (checks for checks in planned if checks.name == "broker")
    chain = Chain(checks, passed)
    found = {result.name: result for result in run_chains([chain], threading.Event())}
    chain.join(5)
    return {name.partition(".")[2]: result for name, result in found.items()}
