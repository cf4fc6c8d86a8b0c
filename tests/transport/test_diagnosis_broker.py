"""What a broker's checks find beyond right and wrong: limits, sessions, silence, topics; and
what they make of peers that lie, hang or flood."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import LinkState
from harit_desktop.transport import diagnosis_broker, diagnosis_tls
from harit_desktop.transport.diagnosis_broker import BrokerDiagnosis
from harit_desktop.transport.diagnosis_certificate import read_certificate
from harit_desktop.transport.diagnosis_hearing import MOST_TOPICS, Hearing
from harit_desktop.transport.diagnosis_line import Line
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import Publication
from tests.cli.test_doctor_deadline import full_port
from tests.faults.certificates import Authority
from tests.faults.peers import ScriptedServer, Talk, sending, silent, welcoming
from tests.servers import MosquittoServer, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of

Diagnose = Callable[..., BrokerDiagnosis]


@pytest.fixture
def diagnose() -> Iterator[Diagnose]:
    made: list[BrokerDiagnosis] = []

    def make(endpoint: MqttEndpoint, *topics: str, **options: object) -> BrokerDiagnosis:
        made.append(
            BrokerDiagnosis(endpoint, topics or (TOPIC,), lambda: None, **options)  # type: ignore[arg-type]  # test options
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


def problem_of(step: Callable[[], object]) -> Problem:
    with pytest.raises(KnownError) as raised:
        step()
    return raised.value.problem


def logged_in(look: BrokerDiagnosis) -> BrokerDiagnosis:
    look.log_in()
    look.subscribe()
    return look


# Limits, sessions, delivery.


def test_the_limits_that_a_broker_tells(diagnose: Diagnose) -> None:
    config = ["max_packet_size 4096", "max_keepalive 30", "retain_available false"]
    with MosquittoServer([*config, "max_inflight_messages 7"]) as broker:
        look = logged_in(diagnose(endpoint_of(broker, keepalive_s=60)))
        facts = look.tell_limits()
        assert facts["maximum_packet_bytes"] == 4096
        assert facts["keepalive_s"] == 30
        assert facts["retain"] == 0
        assert facts["receive_maximum"] == 7
        assert (facts["wildcards"], facts["shared"]) == (1, 1)
        old = logged_in(diagnose(endpoint_of(broker, protocol="3.1.1")))
        assert problem_of(old.tell_limits).code == "doctor.limits_untold"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_broker_that_keeps_sessions_and_is_left_clean(diagnose: Diagnose, protocol: str) -> None:
    with MosquittoServer(verbose=True) as broker:
        look = logged_in(diagnose(endpoint_of(broker, protocol=protocol)))
        look.keep_session()
        second = broker.log.rpartition(" as harit-doctor-")[2].split()[0]
        client_id = f"harit-doctor-{second}"
        assert client_id.endswith("S")
        look.close()
        # The id of the check is new to the broker again.
        endpoint = endpoint_of(broker, protocol=protocol, client_id=client_id)
        again = Receiver(endpoint, [TOPIC], "")
        again.wait_for(LinkState.CONNECTED)
        assert again.source.status().session_present is False
        assert again.source.stop(3.0)


def test_a_broker_that_forgets_who_goes_away(diagnose: Diagnose) -> None:
    def forgetful(peer: socket.socket) -> None:
        welcoming(close=False)(peer)

    with ScriptedServer(forgetful) as peer:
        look = diagnose(MqttEndpoint("127.0.0.1", peer.port))
        look.log_in()
        assert problem_of(look.keep_session).code == "doctor.session_forgotten"


def test_a_message_that_was_kept_shows_that_it_is_delivered(
    mosquitto: MosquittoServer, diagnose: Diagnose
) -> None:
    mosquitto.publish(TOPIC, "old", "-r")
    look = logged_in(diagnose(endpoint_of(mosquitto)))
    assert look.deliver() == {"topic": TOPIC, "own": 0}
    # It does not count as the first message.
    assert look.hear(0.2) is None


def test_rules_that_take_our_message_and_keep_it_back(diagnose: Diagnose, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic write harit/_probe/#\n")
    with MosquittoServer([f"acl_file {rules}"]) as broker:
        look = logged_in(diagnose(endpoint_of(broker)))
        assert problem_of(look.deliver).code == "doctor.withheld"
        old = logged_in(diagnose(endpoint_of(broker, protocol="3.1.1")))
        assert problem_of(old.deliver).code == "doctor.unproved"


# Everything that is heard.


def test_the_topics_in_use_are_listed_without_what_they_say(
    mosquitto: MosquittoServer, diagnose: Diagnose
) -> None:
    mosquitto.publish("kept/topic", "old", "-r")
    look = logged_in(diagnose(endpoint_of(mosquitto)))

    def publish() -> None:
        time.sleep(0.3)
        for topic in ("other/a", "other/a", TOPIC):
            mosquitto.publish(topic, "what it says")

    thread = threading.Thread(target=publish)
    thread.start()
    facts = look.listen(1.2)
    thread.join()
    assert facts["topics"] == f"2 other/a\n1 {TOPIC}"
    assert (facts["count"], facts["messages"], facts["others"]) == (2, 3, 0)
    assert "what it says" not in str(facts)


def test_nobody_publishes_and_nobody_may_listen(diagnose: Diagnose, tmp_path: Path) -> None:
    with MosquittoServer() as broker:
        look = logged_in(diagnose(endpoint_of(broker)))
        assert problem_of(lambda: look.listen(0.2)).code == "doctor.all_silent"

    def denying(peer: socket.socket) -> None:
        welcoming(b"\x90\x04\x00\x03\x00\x87", close=False)(peer)

    with ScriptedServer(denying) as peer:
        look = diagnose(MqttEndpoint("127.0.0.1", peer.port))
        look.log_in()
        look.subscribe()
        assert problem_of(lambda: look.listen(0.2)).code == "doctor.listen_denied"


def test_many_topics_are_counted_and_not_kept() -> None:
    hearing = Hearing()
    hearing.listen()
    for number in range(10_000):
        topic = f"{number}/" + "x" * 5000
        hearing.take(Publication(topic, b"secret", 0, False, False, 0))
    facts = hearing.facts()
    assert (facts["count"], facts["messages"]) == (MOST_TOPICS, 10_000)
    assert facts["others"] == 10_000 - MOST_TOPICS
    assert len(str(facts["topics"])) < MOST_TOPICS * 100
    assert "secret" not in str(facts)


# WebSockets.


def http(status: str, *fields: str) -> Talk:
    answer = "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode()

    def talk(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(answer)
        peer.shutdown(socket.SHUT_RDWR)

    return talk


@pytest.mark.parametrize(
    ("talk", "cause"),
    [
        (http("404 Not Found"), "path"),
        (http("400 Bad Request"), "path"),
        (http("401 Unauthorized"), "login"),
        (http("302 Found", "Location: http://elsewhere/"), "answer"),
        (http("101 Switching Protocols", "Sec-WebSocket-Accept: wrong"), "answer"),
        (http("9" * 9000), "answer"),
        (sending(b"220 mail.example ESMTP\r\n"), "answer"),
        (sending(b"HTTP/1.1 200 OK\r\n" + b"x" * 100_000), "answer"),
    ],
)
def test_a_port_without_a_websocket(diagnose: Diagnose, talk: Talk, cause: str) -> None:
    with ScriptedServer(talk) as peer:
        endpoint = MqttEndpoint("127.0.0.1", peer.port, transport="websockets", ws_path="/mqtt")
        problem = problem_of(diagnose(endpoint).upgrade)
        assert (problem.code, problem.params["cause"]) == ("broker.websocket", cause)


def test_a_websocket_that_never_answers(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis_broker, "REACH_S", 0.3)
    with ScriptedServer(silent) as peer:
        endpoint = MqttEndpoint("127.0.0.1", peer.port, transport="websockets")
        problem = problem_of(diagnose(endpoint).upgrade)
        assert problem.params["cause"] == "silent"


def test_a_web_server_instead_of_a_broker(diagnose: Diagnose) -> None:
    with ScriptedServer(http("400 Bad Request")) as peer:
        look = diagnose(MqttEndpoint("127.0.0.1", peer.port))
        assert problem_of(look.log_in).params["cause"] == "web_server"


# Clocks and certificates.


def tls_talk(files: tuple[Path, Path], answer: bytes) -> Talk:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)

    def talk(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as secure:
            secure.recv(65_536)
            secure.sendall(answer)

    return talk


@pytest.mark.parametrize(
    ("validity", "told_ago_days", "cause"),
    [
        ({"expired": True}, 9, "clock"),
        ({"expired": True}, 0, "expired"),
        ({"later": True}, -9, "clock"),
        ({"later": True}, 0, "not_yet_valid"),
        ({"later": True}, 5000, "not_yet_valid"),
    ],
)
def test_the_clock_of_a_broker_tells_whose_is_wrong(
    diagnose: Diagnose,
    tmp_path: Path,
    validity: dict[str, Any],
    told_ago_days: int,
    cause: str,
) -> None:
    authority = Authority(tmp_path)
    date = formatdate(time.time() - told_ago_days * 86_400, usegmt=True)
    answer = f"HTTP/1.1 400 Bad Request\r\nDate: {date}\r\n\r\n".encode()
    talk = tls_talk(authority.certificate("server", **validity), answer)
    with ScriptedServer(talk) as peer:
        endpoint = MqttEndpoint(
            "127.0.0.1",
            peer.port,
            tls=True,
            transport="websockets",
            ca_file=str(authority.file),
        )
        assert problem_of(diagnose(endpoint).secure).params["cause"] == cause


def test_a_clock_before_this_program_was_written_is_wrong(
    diagnose: Diagnose, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    talk = tls_talk(authority.certificate("server", later=True), b"")
    with ScriptedServer(talk) as peer:
        endpoint = MqttEndpoint("127.0.0.1", peer.port, tls=True, ca_file=str(authority.file))
        look = diagnose(endpoint, now_s=lambda: diagnosis_tls.WRITTEN_S - 1.0)
        problem = problem_of(look.secure)
        assert problem.params["cause"] == "clock"
        assert str(problem.params["now"]).startswith("2026-10-31")


def test_a_certificate_that_signed_itself(diagnose: Diagnose, tmp_path: Path) -> None:
    files = _self_signed(tmp_path)
    with ScriptedServer(tls_talk(files, b"")) as peer:
        endpoint = MqttEndpoint("127.0.0.1", peer.port, tls=True)
        problem = problem_of(diagnose(endpoint).secure)
        assert problem.params["cause"] == "self_signed"
        assert problem.params["issuer"] == "farm"


def _self_signed(folder: Path) -> tuple[Path, Path]:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "farm")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "self.pem", folder / "self.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x84\xff\xff\xff\xff", b"x" * 5000])
def test_a_certificate_that_is_none(der: bytes) -> None:
    assert read_certificate(der) is None


# Addresses.


def test_an_address_that_never_answers_keeps_nobody_from_the_next(
    diagnose: Diagnose, mosquitto: MosquittoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_port() as hanging:
        found = [("127.0.0.1", hanging), ("127.0.0.1", mosquitto.port)]
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in found]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
        assert diagnose(endpoint_of(mosquitto)).reach_port()["port"] == mosquitto.port


@pytest.mark.parametrize(
    ("number", "code", "here"),
    [
        (errno.EPERM, "broker.filtered", 1),
        (errno.EACCES, "broker.filtered", 1),
        (errno.EHOSTUNREACH, "broker.filtered", 0),
        (errno.ENETUNREACH, "broker.unreachable", None),
        (errno.ECONNREFUSED, "broker.refused", None),
        (errno.ETIMEDOUT, "broker.timeout", None),
    ],
)
def test_a_port_that_is_closed_and_one_that_is_kept_from_us(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, number: int, code: str, here: int | None
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(Line, "open", refuse)
    problem = problem_of(diagnose(MqttEndpoint("127.0.0.1")).reach_port)
    assert (problem.code, problem.params.get("here")) == (code, here)


# Giving up.


def full_step(look: BrokerDiagnosis, name: str) -> Callable[[], object]:
    steps: dict[str, Callable[[], object]] = {
        "port": look.reach_port,
        "tls": look.secure,
        "websocket": look.upgrade,
        "login": look.log_in,
    }
    return steps[name]


@pytest.mark.parametrize("step", ["tls", "websocket", "login"])
def test_a_step_that_is_given_up_ends_within_a_second(diagnose: Diagnose, step: str) -> None:
    with ScriptedServer(silent) as peer:
        options: dict[str, object] = {"tls": step == "tls"}
        if step == "websocket":
            options["transport"] = "websockets"
        look = diagnose(MqttEndpoint("127.0.0.1", peer.port, **options))  # type: ignore[arg-type]  # test options
        over = threading.Event()

        def run() -> None:
            with pytest.raises(KnownError):
                full_step(look, step)()
            over.set()

        thread = threading.Thread(target=run)
        thread.start()
        wait_until(lambda: peer.connections > 0)
        time.sleep(0.1)
        began_s = time.monotonic()
        look.give_up()
        assert over.wait(3)
        thread.join()
        assert time.monotonic() - began_s < 1.5
