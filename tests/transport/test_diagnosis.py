"""The broker's and the API's checks, on real servers that are well or wrong in one way."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.diagnosis import Facts
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.status import LinkState
from harit_desktop.transport import diagnosis_broker
from harit_desktop.transport.diagnosis_api import ApiDiagnosis, look_at_local_api
from harit_desktop.transport.diagnosis_broker import BrokerDiagnosis
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.local_api_guard import LocalApiConfig
from harit_desktop.wire.api_json import read_history
from tests.faults.certificates import Authority
from tests.faults.peers import ScriptedServer, silent
from tests.flask_backend import FlaskBackend
from tests.servers import MosquittoServer, free_port, wait_until
from tests.storage.builders import EXAMPLE
from tests.transport.conftest import TOPIC, Receiver, endpoint_of, now_us


def code_of(step: Callable[[], object]) -> str:
    with pytest.raises(KnownError) as raised:
        step()
    return raised.value.code


@pytest.fixture
def diagnose() -> Iterator[Callable[..., BrokerDiagnosis]]:
    made: list[BrokerDiagnosis] = []

    def make(
        endpoint: MqttEndpoint, topics: Sequence[str] = (TOPIC,), password: str | None = None
    ) -> BrokerDiagnosis:
        made.append(BrokerDiagnosis(endpoint, topics, lambda: password))
        return made[-1]

    yield make
    for each in made:
        each.close()


Diagnose = Callable[..., BrokerDiagnosis]


@pytest.mark.parametrize("protocol", ["auto", "3.1.1"])
def test_a_broker_that_is_well(
    mosquitto: MosquittoServer, diagnose: Diagnose, protocol: str
) -> None:
    mosquitto.publish(TOPIC, "old", "-r")
    look = diagnose(endpoint_of(mosquitto, protocol=protocol))
    assert look.find_name()["addresses"] == "127.0.0.1"
    assert look.reach_port()["port"] == mosquitto.port
    assert look.log_in()["protocol"] == ("5" if protocol == "auto" else "3.1.1")
    assert look.subscribe() == {"count": 1, "topic": TOPIC}
    assert look.hear(0.3) is None
    mosquitto.publish(TOPIC, "new")
    heard = look.hear(5.0)
    assert heard is not None
    assert heard[:2] == (TOPIC, b"new")


def test_nothing_is_left_at_the_broker_and_nothing_is_sent(diagnose: Diagnose) -> None:
    with MosquittoServer(verbose=True) as broker:
        look = diagnose(endpoint_of(broker, client_id="the-program"))
        look.log_in()
        look.subscribe()
        look.hear(0.1)
        look.close()
        wait_until(lambda: "DISCONNECT from harit-doctor-" in broker.log)
        assert "PUBLISH from" not in broker.log
        assert "the-program" not in broker.log
        client_id = "harit-doctor-" + broker.log.partition("as harit-doctor-")[2].split()[0]
        again = Receiver(endpoint_of(broker, client_id=client_id), [TOPIC], "")
        again.wait_for(LinkState.CONNECTED)
        assert again.source.status().session_present is False
        assert again.source.stop(3.0)


def test_the_running_program_is_not_disturbed(
    mosquitto: MosquittoServer, diagnose: Diagnose, receive: Callable[..., Receiver]
) -> None:
    endpoint = endpoint_of(mosquitto)
    receiver = receive(endpoint, share_group="farm")
    receiver.wait_for(LinkState.CONNECTED)
    since_us = receiver.source.status().since_us
    look = diagnose(endpoint)
    look.log_in()
    look.subscribe()
    for number in range(20):
        mosquitto.publish(TOPIC, str(number))
    receiver.wait_for_messages(20)
    look.close()
    assert receiver.payloads == [str(number) for number in range(20)]
    assert receiver.source.status().since_us == since_us


def test_a_host_or_port_that_is_not_there(diagnose: Diagnose) -> None:
    assert code_of(diagnose(MqttEndpoint("nobody.invalid")).find_name) == "broker.dns"
    assert code_of(diagnose(MqttEndpoint("x" * 70)).find_name) == "broker.dns"
    closed = diagnose(MqttEndpoint("127.0.0.1", free_port()))
    assert code_of(closed.reach_port) == "broker.refused"


def test_a_login_that_is_refused(diagnose: Diagnose, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    with MosquittoServer([f"password_file {passwords}"], anonymous=False) as broker:
        look = diagnose(endpoint_of(broker, username="me"), password="wrong")
        look.reach_port()
        assert code_of(look.log_in) == "broker.auth"


def test_a_topic_that_is_denied(diagnose: Diagnose, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic read allowed/#\n")
    with MosquittoServer([f"acl_file {rules}"]) as broker:
        look = diagnose(endpoint_of(broker), ("allowed/#", "secret/a", "bad/#/topic"))
        look.log_in()
        with pytest.raises(KnownError) as raised:
            look.subscribe()
        assert raised.value.code == "broker.subscribe_denied"
        # Mosquitto takes a subscription that its rules deny, and then sends nothing.
        assert raised.value.params["topic"] == "bad/#/topic"


def test_tls_trusted_untrusted_and_absent(
    diagnose: Diagnose, tmp_path: Path, mosquitto: MosquittoServer
) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.certificate("server")
    config = [f"certfile {certificate}", f"keyfile {key}"]
    with MosquittoServer(config) as broker:
        look = diagnose(endpoint_of(broker, tls=True, ca_file=str(authority.file)))
        facts = look.secure()
        assert str(facts["version"]).startswith("TLS")
        assert facts["days"] == 1
        look.log_in()
        assert look.subscribe()["count"] == 1
        untrusted = diagnose(endpoint_of(broker, tls=True))
        assert code_of(untrusted.secure) == "broker.tls"
        plain = diagnose(endpoint_of(broker))
        plain.reach_port()
        assert code_of(plain.log_in) == "broker.no_mqtt"
    absent = diagnose(endpoint_of(mosquitto, tls=True, ca_file=str(authority.file)))
    assert code_of(absent.secure) == "broker.tls"
    missing = diagnose(endpoint_of(mosquitto, tls=True, ca_file=str(tmp_path / "none.pem")))
    assert code_of(missing.secure) == "broker.tls"


def test_a_peer_that_never_answers(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_broker, "LOGIN_S", 0.4)
    with ScriptedServer(silent) as peer:
        look = diagnose(MqttEndpoint("127.0.0.1", peer.port))
        began_s = time.monotonic()
        assert code_of(look.log_in) == "broker.timeout"
        assert time.monotonic() - began_s < 6
        assert peer.connections == 2


def test_a_peer_of_another_kind(diagnose: Diagnose) -> None:
    def web_server(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.close()

    with ScriptedServer(web_server) as peer:
        look = diagnose(MqttEndpoint("127.0.0.1", peer.port))
        assert code_of(look.log_in) == "broker.no_mqtt"


def test_giving_up_ends_a_wait(mosquitto: MosquittoServer, diagnose: Diagnose) -> None:
    look = diagnose(endpoint_of(mosquitto))
    look.log_in()
    look.subscribe()
    timer = threading.Timer(0.3, look.give_up)
    timer.start()
    began_s = time.monotonic()
    assert look.hear(20.0) is None
    assert time.monotonic() - began_s < 5
    timer.join()


def test_a_broker_that_goes_away_meanwhile(diagnose: Diagnose) -> None:
    with MosquittoServer() as broker:
        look = diagnose(endpoint_of(broker))
        look.log_in()
        look.subscribe()
        broker.kill()
        assert code_of(lambda: look.hear(5.0)) == "broker.lost"


# The API.


@pytest.fixture
def ask() -> Iterator[Callable[..., ApiDiagnosis]]:
    made: list[ApiDiagnosis] = []

    def make(url: str, token: str | None = None, timeout_s: float = 2.0) -> ApiDiagnosis:
        read = functools.partial(read_history, zone="system")
        made.append(ApiDiagnosis(url, lambda: token, timeout_s, read, now_us))
        return made[-1]

    yield make
    for each in made:
        each.close()


Ask = Callable[..., ApiDiagnosis]
VALUES = {channel.key: value or 0.0 for channel, value in zip(CHANNELS, EXAMPLE, strict=True)}


@pytest.fixture
def backend() -> Iterator[FlaskBackend]:
    with FlaskBackend() as server:
        yield server


def test_an_api_that_is_well(backend: FlaskBackend, ask: Ask) -> None:
    for _ in range(3):
        backend.add(VALUES)
    look = ask(backend.url)
    assert look.read_address() == {"url": f"{backend.url}/"}
    look.find_name()
    look.reach_port()
    look.ask_health()
    assert code_of(look.show_token) == "doctor.no_token"
    facts = look.read_history()
    assert (facts["count"], facts["unreadable"]) == (3, 0)
    assert 0 <= int(facts["age_s"]) < 60
    look.read_latest()
    assert all(request.startswith("GET") for request in backend.requests())


def test_an_api_without_readings(backend: FlaskBackend, ask: Ask) -> None:
    look = ask(backend.url)
    assert code_of(look.read_history) == "doctor.api_empty"
    assert code_of(look.read_latest) == "doctor.api_empty"


def test_a_token_that_is_right_or_wrong(ask: Ask) -> None:
    with FlaskBackend(token="right-token") as backend:
        right = ask(backend.url, "right-token")
        right.show_token()
        wrong = ask(backend.url, "wrong-token")
        assert code_of(wrong.show_token) == "api.auth"
        wrong.ask_health()
        assert code_of(ask(backend.url).show_token) == "doctor.token_wanted"
        assert code_of(ask(backend.url).read_history) == "api.auth"
    private = ask("http://192.168.255.254:5000", "right-token")
    assert code_of(private.show_token) == "doctor.token_kept"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://127.0.0.1", "api.bad_url"),
        ("http://farm.example.com", "api.not_private"),
        ("http://me:word@127.0.0.1", "api.bad_url"),
    ],
)
def test_an_address_that_cannot_be_used(ask: Ask, url: str, code: str) -> None:
    assert code_of(ask(url).read_address) == code


def test_an_api_that_is_not_there(ask: Ask) -> None:
    assert code_of(ask(f"http://127.0.0.1:{free_port()}").reach_port) == "api.unreachable"
    assert code_of(ask("https://nobody.invalid").find_name) == "api.dns"


def test_tls_where_there_is_none(backend: FlaskBackend, ask: Ask) -> None:
    assert code_of(ask(f"https://127.0.0.1:{backend.port}").secure) == "api.tls"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("e500", "api.http"),
        ("e503", "api.busy"),
        ("html", "api.not_json"),
        ("redirect", "api.redirected"),
        ("hang", "api.timeout"),
    ],
)
def test_an_api_that_is_ill(backend: FlaskBackend, ask: Ask, fault: str, code: str) -> None:
    backend.set_fault(fault)
    look = ask(backend.url, timeout_s=1.0)
    look.reach_port()
    assert code_of(look.read_history) == code


# Our own API's port.


def test_a_port_that_is_free_taken_or_forbidden(backend: FlaskBackend) -> None:
    port = free_port()
    facts: Facts = look_at_local_api(LocalApiConfig(port=port))
    assert facts == {"host": "127.0.0.1", "port": port, "running": 0}
    # The existing backend answers /health with the very same words.
    taken = LocalApiConfig(port=backend.port)
    assert code_of(lambda: look_at_local_api(taken)) == "local_api.port_busy"
    open_to_all = LocalApiConfig(host="0.0.0.0", port=port)
    assert code_of(lambda: look_at_local_api(open_to_all)) == "local_api.no_consent"
    elsewhere = LocalApiConfig(host="192.0.2.1", port=port, token="t", allow_network=True)
    assert code_of(lambda: look_at_local_api(elsewhere)) == "local_api.cannot_listen"


class _Service:
    """Never asked for more than its health."""

    def give_up(self) -> None:
        pass

    def post(self, body: bytes) -> object:
        raise AssertionError

    def latest(self) -> bytes | None:
        raise AssertionError

    def history(self, limit: int) -> bytes:
        raise AssertionError

    def stats(self) -> bytes:
        raise AssertionError


def test_our_own_api_is_known_when_it_runs() -> None:
    from harit_desktop.transport.local_api import LocalApi

    config = LocalApiConfig(port=free_port())
    served = LocalApi(config, _Service())  # type: ignore[arg-type]  # never asked
    served.start()
    try:
        wait_until(lambda: served.status().state == "running", 10)
        assert look_at_local_api(config)["running"] == 1
    finally:
        assert served.stop(5.0)
