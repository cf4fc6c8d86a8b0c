"""Every way in which a broker can be unreachable has its own name, and none hangs us."""

import contextlib
import datetime as dt
import ipaddress
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from harit_desktop.domain.status import LinkState
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import CONNECT_TIMEOUT_S
from harit_desktop.transport.mqtt_errors import CODES, TLS_CAUSES
from harit_desktop.transport.retry import BackOff, KickCounter
from tests.servers import MosquittoServer, free_port, wait_until
from tests.transport.conftest import TOPIC, Receiver, endpoint_of

Receive = Callable[..., Receiver]

pytestmark = pytest.mark.broker


class ScriptedServer:
    """Accepts connections and lets `serve` talk to each of them, one after the other."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, name="scripted-server", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(peer)
            with contextlib.suppress(OSError):
                self._serve(peer)

    def close(self) -> None:
        # A plain close does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for peer in self._open:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for peer in self._open:
            peer.close()


@pytest.fixture
def scripted() -> Iterator[Callable[[Callable[[socket.socket], None]], ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def start(serve: Callable[[socket.socket], None]) -> ScriptedServer:
        servers.append(ScriptedServer(serve))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


Scripted = Callable[[Callable[[socket.socket], None]], ScriptedServer]


def _local(port: int, **changes: object) -> MqttEndpoint:
    fields: dict[str, object] = {"client_id": "harit-test", "keepalive_s": 5, **changes}
    return MqttEndpoint("127.0.0.1", port, **fields)  # type: ignore[arg-type]  # test options


def _problem_of(receiver: Receiver, timeout_s: float = 10.0) -> tuple[str, dict[str, object]]:
    wait_until(lambda: receiver.problem_code, timeout_s, "a problem is reported")
    problem = receiver.source.status().problem
    assert problem is not None
    assert problem.code in CODES
    assert set(problem.params) == {"host", "port", *CODES[problem.code]}
    return problem.code, dict(problem.params)


def _level_of(packet: bytes) -> int | None:
    """The protocol level of a CONNECT; None where the client left without one."""
    _, name, rest = packet.partition(b"MQTT")
    return rest[0] if name and rest else None


def test_nobody_listens(receive: Receive) -> None:
    port = free_port()
    receiver = receive(_local(port))
    assert _problem_of(receiver) == ("broker.refused", {"host": "127.0.0.1", "port": port})
    status = receiver.source.status()
    assert status.state is LinkState.LOST
    assert status.retry_at_us is not None
    assert 0 < status.retry_at_us - status.since_us <= 1_000_000
    first_attempt = status.attempt
    receiver.source.retry_now()
    wait_until(lambda: receiver.source.status().attempt > first_attempt, what="a new attempt")
    assert receiver.source.healthy()
    assert receiver.source.stop(3.0)
    assert receiver.state is LinkState.OFF


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".invalid"])
def test_a_host_name_that_does_not_resolve(receive: Receive, host: str) -> None:
    receiver = receive(MqttEndpoint(host, client_id="harit-test"))
    code, _ = _problem_of(receiver, timeout_s=15.0)
    assert code == "broker.dns"
    assert receiver.state is LinkState.LOST


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_refused_and_not_tried_again_and_again(
    receive: Receive, tmp_path: Path, protocol: str
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "ravi", "right"], check=True)
    with MosquittoServer([f"password_file {passwords}"], anonymous=False, verbose=True) as server:
        endpoint = endpoint_of(server, protocol=protocol, username="ravi", password="wrong-secret")
        assert "wrong-secret" not in repr(endpoint)
        receiver = receive(endpoint)
        code, params = _problem_of(receiver)
        assert (code, params["username"]) == ("broker.auth", "ravi")
        assert "wrong-secret" not in str(params)
        status = receiver.source.status()
        assert status.state is LinkState.REFUSED
        assert status.retry_at_us is not None
        assert status.retry_at_us - status.since_us >= 55_000_000
        time.sleep(1.5)
        assert server.log.count("not authorised") == 1

        good = receive(endpoint_of(server, username="ravi", password="right", client_id="good"))
        good.wait_for(LinkState.CONNECTED)


def test_a_server_that_never_answers_falls_back_and_stops_in_time(
    receive: Receive, scripted: Scripted
) -> None:
    seen: list[int] = []

    def serve(peer: socket.socket) -> None:
        # Byte 8 of CONNECT is the version of the protocol, after the length of one byte
        # (two for the longer packet of MQTT 5).
        packet = peer.recv(1000)
        level = _level_of(packet)
        if level is None:
            return
        seen.append(level)

    server = scripted(serve)
    receiver = receive(_local(server.port))
    wait_until(lambda: len(seen) == 2, 6.0, "a second attempt with the other version")
    assert seen == [5, 4]
    assert receiver.state is LinkState.CONNECTING
    before_s = time.monotonic()
    assert receiver.source.stop(3.0)
    assert time.monotonic() - before_s < 3.0


def test_a_server_that_never_answers_a_fixed_version_times_out(
    receive: Receive, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CONNECT_TIMEOUT_S == 10.0
    monkeypatch.setattr("harit_desktop.transport.retry.CONNECT_TIMEOUT_S", 0.5)
    server = scripted(lambda peer: None)
    receiver = receive(_local(server.port, protocol="5"))
    code, params = _problem_of(receiver)
    assert (code, params["phase"]) == ("broker.timeout", "connack")
    assert receiver.state is LinkState.LOST


def test_stop_leaves_a_hanging_connect_behind_and_it_never_reaches_the_broker(
    receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.transport.mqtt_client.CONNECT_TIMEOUT_S", 3.0)
    with socket.socket() as listener, contextlib.ExitStack() as queue:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The kernel drops further connection requests while this one waits to be accepted.
        queue.enter_context(socket.create_connection(listener.getsockname()))
        receiver = receive(_local(listener.getsockname()[1]))
        time.sleep(0.2)
        before_s = time.monotonic()
        assert not receiver.source.stop(0.5)
        assert time.monotonic() - before_s < 1.5
        listener.accept()[0].close()
        peer, _ = listener.accept()  # the kernel asks again after a second
        with peer:
            peer.settimeout(5.0)
            assert peer.recv(100) == b""
        assert receiver.source.stop(3.0)


def test_a_broker_that_refuses_mqtt_5_gets_3_1_1(receive: Receive, scripted: Scripted) -> None:
    def serve(peer: socket.socket) -> None:
        packet = peer.recv(1000)
        if _level_of(packet) == 5:
            peer.sendall(bytes([0x20, 2, 0, 1]))  # CONNACK: unacceptable protocol version
            peer.close()
            return
        peer.sendall(bytes([0x20, 2, 0, 0]))
        subscribe = peer.recv(1000)
        peer.sendall(bytes([0x90, 3, *subscribe[2:4], 1]))
        peer.recv(1000)

    server = scripted(serve)
    receiver = receive(_local(server.port))
    receiver.wait_for(LinkState.CONNECTED, 5.0)
    assert receiver.source.status().protocol == "3.1.1"
    assert server.connections == 2


def test_a_server_of_another_kind_is_named(receive: Receive, scripted: Scripted) -> None:
    def serve(peer: socket.socket) -> None:
        peer.recv(1000)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.close()

    receiver = receive(_local(scripted(serve).port))
    assert _problem_of(receiver)[0] == "broker.no_mqtt"


def test_a_hostile_broker_can_break_the_connection_but_not_the_thread(
    receive: Receive, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BackOff, "next_pause_s", lambda _self: 0.001)
    monkeypatch.setattr(KickCounter, "ended", lambda _self, **_: False)
    random = Random(20)

    def serve(peer: socket.socket) -> None:
        level = _level_of(peer.recv(1000))
        if level is None:
            return
        mqtt_5 = level == 5
        peer.sendall(bytes([0x20, 3, 0, 0, 0]) if mqtt_5 else bytes([0x20, 2, 0, 0]))
        for _ in range(3):
            body = random.randbytes(random.randrange(60))
            peer.sendall(bytes([random.randrange(256), len(body)]) + body)
        time.sleep(0.001)
        peer.close()

    server = scripted(serve)
    receiver = receive(_local(server.port))
    wait_until(lambda: server.connections > 300, what="300 connections were tried")
    assert receiver.source.healthy()
    assert receiver.source.stop(3.0)


def test_a_denied_subscription_names_the_topic(receive: Receive, tmp_path: Path) -> None:
    # Mosquitto's plain ACL file never refuses a subscription; its security plugin does.
    plugin = _dynamic_security_plugin()
    rules = tmp_path / "dynamic-security.json"
    subprocess.run(
        ["mosquitto_ctrl", "dynsec", "init", rules, "admin", "admin"],
        check=True,
        capture_output=True,
    )
    permissions = json.loads(rules.read_text())
    role = permissions["roles"][0]
    role["acls"] = [rule for rule in role["acls"] if rule["topic"] != "#"]
    rules.write_text(json.dumps(permissions))
    with MosquittoServer([f"plugin {plugin}", f"plugin_opt_config_file {rules}"]) as server:
        receiver = receive(endpoint_of(server, username="admin", password="admin"))
        code, params = _problem_of(receiver)
        assert (code, params["topic"], params["count"]) == ("broker.subscribe_denied", TOPIC, 1)
        assert receiver.state is LinkState.REFUSED
        allowed = "$CONTROL/dynamic-security/v1/response"
        partly = receive(
            endpoint_of(server, username="admin", password="admin", client_id="partly"),
            topics=[allowed, TOPIC],
        )
        assert _problem_of(partly)[0] == "broker.subscribe_denied"
        assert partly.state is LinkState.CONNECTED
        before_us = receiver.source.status().since_us
        receiver.source.retry_now()
        time.sleep(0.2)
        assert receiver.state is LinkState.REFUSED
        assert receiver.source.status().since_us == before_us


def test_a_topic_filter_that_cannot_be_one_is_reported(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    receiver = receive(endpoint_of(mosquitto), topics=["a/#/b", TOPIC])
    receiver.wait_for(LinkState.CONNECTED)
    assert _problem_of(receiver)[1]["topic"] == "a/#/b"
    mosquitto.publish(TOPIC, "through")
    receiver.wait_for_messages(1)


def test_two_programs_with_one_client_id_stop_fighting(
    mosquitto: MosquittoServer, receive: Receive
) -> None:
    first = receive(endpoint_of(mosquitto))
    first.wait_for(LinkState.CONNECTED)
    second = receive(endpoint_of(mosquitto))
    wait_until(
        lambda: LinkState.REFUSED in (first.state, second.state), 20.0, "one of them gives up"
    )
    loser = first if first.state is LinkState.REFUSED else second
    code, params = _problem_of(loser)
    assert (code, params["client_id"]) == ("broker.client_id_in_use", "harit-test")


# --- TLS --------------------------------------------------------------------------------


def _certificate(folder: Path, *, names: list[str], days: int) -> tuple[Path, Path]:
    """A self-signed certificate and its key, valid until `days` from now (may be past)."""
    pytest.importorskip("cryptography", reason="makes the certificates of this test")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test broker")])
    now = dt.datetime.now(dt.UTC)
    subjects: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(each)) if each[0].isdigit() else x509.DNSName(each)
        for each in names
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


def _tls_lines(certificate: Path, key: Path) -> list[str]:
    return [f"certfile {certificate}", f"keyfile {key}"]


def test_a_verified_tls_connection_carries_messages(receive: Receive, tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path, names=["127.0.0.1"], days=30)
    with MosquittoServer(_tls_lines(certificate, key)) as server:
        receiver = receive(endpoint_of(server, tls=True, ca_file=str(certificate)))
        receiver.wait_for(LinkState.CONNECTED)
        assert receiver.source.status().tls
        server.publish(TOPIC, "x" * 40_000, "--cafile", str(certificate))
        receiver.wait_for_messages(1)
        receiver.acknowledge(receiver.messages)
        assert len(receiver.messages[0].payload) == 40_000


@pytest.mark.parametrize(
    ("cause", "names", "days", "trusted"),
    [
        ("untrusted", ["127.0.0.1"], 30, False),
        ("expired", ["127.0.0.1"], -1, True),
        ("hostname", ["another.example"], 30, True),
    ],
)
def test_an_untrustworthy_certificate_is_refused_with_its_cause(
    receive: Receive, tmp_path: Path, cause: str, names: list[str], days: int, trusted: bool
) -> None:
    certificate, key = _certificate(tmp_path, names=names, days=days)
    with MosquittoServer(_tls_lines(certificate, key)) as server:
        ca_file = str(certificate) if trusted else ""
        receiver = receive(endpoint_of(server, tls=True, ca_file=ca_file))
        code, params = _problem_of(receiver)
        assert (code, params["cause"]) == ("broker.tls", cause)
        assert cause in TLS_CAUSES
        assert receiver.state is LinkState.REFUSED


def test_switching_off_the_host_name_check_keeps_the_chain_check(
    receive: Receive, tmp_path: Path
) -> None:
    certificate, key = _certificate(tmp_path, names=["another.example"], days=30)
    with MosquittoServer(_tls_lines(certificate, key)) as server:
        lax = receive(
            endpoint_of(server, tls=True, ca_file=str(certificate), verify_hostname=False)
        )
        lax.wait_for(LinkState.CONNECTED)
        unknown = receive(endpoint_of(server, tls=True, verify_hostname=False, client_id="unknown"))
        assert _problem_of(unknown)[1]["cause"] == "untrusted"


def test_tls_to_a_plain_port_and_plain_to_a_tls_port(
    mosquitto: MosquittoServer, receive: Receive, tmp_path: Path
) -> None:
    receiver = receive(endpoint_of(mosquitto, tls=True))
    code, params = _problem_of(receiver)
    assert (code, params["cause"]) == ("broker.tls", "not_tls")
    certificate, key = _certificate(tmp_path, names=["127.0.0.1"], days=30)
    with MosquittoServer(_tls_lines(certificate, key)) as server:
        receiver = receive(endpoint_of(server))
        assert _problem_of(receiver)[0] == "broker.no_mqtt"


@pytest.mark.parametrize(
    ("cause", "files"),
    [
        ("ca_file", {"ca_file": "missing.pem"}),
        ("cert_file", {"cert_file": "missing.pem", "key_file": "missing.pem"}),
    ],
)
def test_a_certificate_file_that_cannot_be_read_is_named(
    receive: Receive, cause: str, files: dict[str, str]
) -> None:
    receiver = receive(_local(free_port(), tls=True, **files))
    code, params = _problem_of(receiver)
    assert (code, params["cause"]) == ("broker.tls", cause)
    assert receiver.state is LinkState.REFUSED


@pytest.mark.parametrize(
    ("said", "cause"), [("", "passphrase_missing"), ("wrong", "passphrase"), ("right", "")]
)
def test_a_pass_phrase_that_does_not_open_the_key(
    receive: Receive, tmp_path: Path, said: str, cause: str
) -> None:
    certificate, key = _certificate(tmp_path, names=["127.0.0.1"], days=1)
    from cryptography.hazmat.primitives import serialization

    opened = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        opened.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"right"),
        )
    )
    files = {"cert_file": str(certificate), "key_file": str(locked), "key_passphrase": said}
    receiver = receive(_local(free_port(), tls=True, **files))
    code, params = _problem_of(receiver)
    assert (code, params.get("cause", "")) == ("broker.tls" if cause else "broker.refused", cause)


def test_a_key_of_another_certificate(receive: Receive, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    certificate, _ = _certificate(tmp_path, names=["127.0.0.1"], days=1)
    _, key = _certificate(other, names=["127.0.0.1"], days=1)
    files = {"cert_file": str(certificate), "key_file": str(key)}
    receiver = receive(_local(free_port(), tls=True, **files))
    assert _problem_of(receiver)[1]["cause"] == "key_mismatch"


def _dynamic_security_plugin() -> Path:
    for folder in Path("/usr/lib").glob("*-linux-gnu"):
        if (plugin := folder / "mosquitto_dynamic_security.so").exists():
            return plugin
    pytest.skip("this mosquitto comes without its dynamic security plugin")
