"""Connections that are verified or refused, and servers that are no servers."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.status import ServerState
from harit_desktop.storage.mysql import connection as connection_module
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import connect
from harit_desktop.storage.mysql.errors import ServerError
from tests.mariadb_server import PASSWORD, USER, MariaDbServer
from tests.storage.mysql.forwarding import Sending

SECRET = "TopSecret-42"


def packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def greeting(plugin: bytes = b"mysql_native_password", version: bytes = b"8.0.36") -> bytes:
    """What a MySQL server says first; it can do everything but TLS."""
    capabilities = 0x00FFFFFF & ~0x0800
    low, high = capabilities & 0xFFFF, capabilities >> 16
    body = b"\x0a" + version + b"\0" + struct.pack("<I", 7) + b"12345678\0"
    body += struct.pack("<HBHHB", low, 45, 2, high, 21) + b"\0" * 10 + b"123456789012\0"
    return packet(0, body + plugin + b"\0")


OK = b"\x00\x00\x00\x02\x00\x00\x00"


class FakeServer:
    """Answers each connection with a script, and keeps what it was told."""

    def __init__(self, script: Callable[[socket.socket, FakeServer], None]) -> None:
        self.heard = bytearray()
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def hear(self, peer: socket.socket) -> bytes:
        data = peer.recv(65536)
        self.heard += data
        return data

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                peer.settimeout(10)
                self._script(peer, self)


@contextmanager
def faked(script: Callable[[socket.socket, FakeServer], None]) -> Iterator[FakeServer]:
    server = FakeServer(script)
    try:
        yield server
    finally:
        server.close()


def address_of(server: FakeServer, *, tls: bool = False) -> ServerAddress:
    return ServerAddress("127.0.0.1", server.port, "soil_health_db", "harit", SECRET, tls)


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog", b"mysql_old_password"])
@pytest.mark.parametrize("switch", [False, True])
def test_a_password_in_clear_is_never_sent(plugin: bytes, switch: bool) -> None:
    def ask(peer: socket.socket, server: FakeServer) -> None:
        peer.sendall(greeting() if switch else greeting(plugin))
        server.hear(peer)
        question = b"\xfe" + plugin + b"\0\x02Password: " if switch else b"\x01\x02Password: "
        peer.sendall(packet(2, question))
        server.hear(peer)

    with faked(ask) as server, pytest.raises(ServerError) as raised:
        connect(address_of(server))
    assert raised.value.code == "server.plain_password"
    assert SECRET.encode() not in server.heard
    assert b"harit" in server.heard


def rogue(plugin: bytes, key: rsa.RSAPrivateKey) -> Callable[[socket.socket, FakeServer], None]:
    """Asks for a full login and gives out a key of its own."""
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def ask(peer: socket.socket, server: FakeServer) -> None:
        peer.sendall(greeting(plugin))
        server.hear(peer)
        number = 2
        if plugin == b"caching_sha2_password":
            peer.sendall(packet(number, b"\x01\x04"))
            server.hear(peer)
            number += 2
        peer.sendall(packet(number, b"\x01" + pem))
        server.heard.clear()
        server.hear(peer)

    return ask


@pytest.mark.parametrize("plugin", [b"caching_sha2_password", b"sha256_password"])
def test_a_key_from_the_network_gets_no_password(
    plugin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    with faked(rogue(plugin, key)) as server:
        with pytest.raises(ServerError):
            connect(address_of(server))
        assert len(server.heard) > 256, "on this computer it is given"
    monkeypatch.setattr(connection_module, "is_loopback", lambda _: False)
    with faked(rogue(plugin, key)) as server:
        with pytest.raises(ServerError) as raised:
            connect(address_of(server))
        assert raised.value.code == "server.plain_password"
        assert not server.heard


@pytest.mark.parametrize(
    ("where", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("fe80::1%lo", False),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
    ],
)
def test_only_this_computer_is_loopback(where: str, loopback: bool) -> None:
    class Peer:
        def getpeername(self) -> tuple[str, int]:
            return where, 3306

    assert connection_module.is_loopback(Peer()) is loopback  # type: ignore[arg-type]  # all it asks


def test_a_server_without_tls_gets_no_login_where_tls_is_asked_for() -> None:
    def greet(peer: socket.socket, server: FakeServer) -> None:
        peer.sendall(greeting())
        server.hear(peer)

    with faked(greet) as server, pytest.raises(ServerError) as raised:
        connect(address_of(server, tls=True))
    assert (raised.value.code, raised.value.params["cause"]) == ("server.tls", "not_tls")
    assert not server.heard


def test_a_server_that_asks_for_a_local_file_gets_none() -> None:
    def ask(peer: socket.socket, server: FakeServer) -> None:
        peer.sendall(greeting())
        server.hear(peer)
        for number in (2, 1):
            peer.sendall(packet(number, OK))
            server.hear(peer)
        peer.sendall(packet(1, b"\xfb/etc/hostname"))
        server.hear(peer)

    with faked(ask) as server, pytest.raises(ServerError) as raised:
        connect(address_of(server))
    assert raised.value.code == "server.failed"
    assert raised.value.params["reason"] == "asked for a local file"
    with open("/etc/hostname", "rb") as file:
        assert file.read().strip() not in bytes(server.heard)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        packet(0, b"\x0a"),
        packet(0, b"\x0a\xff\xff\xff\0" + bytes(40)),
        packet(0, b"\xff\x10\x04" + b"x" * 1_000_000),
        packet(0, b"\xff\x10\x04#08004Too many connections"),
        greeting(b"\xff\xfe\xfd"),
        greeting(version=b"not.a.number"),
        bytes(range(256)) * 20,
    ],
)
def test_whatever_answers_becomes_a_named_error(answer: bytes) -> None:
    def say(peer: socket.socket, server: FakeServer) -> None:
        peer.sendall(answer)
        peer.shutdown(socket.SHUT_WR)
        server.hear(peer)

    with faked(say) as server, pytest.raises(KnownError) as raised:
        connect(address_of(server), read_timeout_s=2.0)
    assert raised.value.code.startswith("server.")
    assert len(str(raised.value)) < 500
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("logged_in", [False, True])
def test_an_answer_without_end_is_cut_off(logged_in: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "MAX_ANSWER_BYTES", 8_000_000)

    def pour(peer: socket.socket, server: FakeServer) -> None:
        number = 0
        if logged_in:
            peer.sendall(greeting())
            server.hear(peer)
            for number in (2, 1):
                peer.sendall(packet(number, OK))
                server.hear(peer)
        while True:
            peer.sendall(b"\xff\xff\xff" + bytes([number % 256]) + bytes(0xFFFFFF))
            number += 1

    with faked(pour) as server, pytest.raises(ServerError) as raised:
        connect(address_of(server))
    assert raised.value.code == "server.failed"
    assert raised.value.params["reason"] == "an answer without end"


COLUMN = b"\x03def\0\0\0\x01a\0\x0c\x21\0\xff\0\0\0\xfd\0\0\0\0\0"


def begin_rows(peer: socket.socket, server: FakeServer) -> None:
    """Logs in, and begins to answer the first question."""
    peer.sendall(greeting())
    server.hear(peer)
    for number in (2, 1, 1, 1, 1):
        peer.sendall(packet(number, OK))
        server.hear(peer)
    end = packet(3, b"\xfe\0\0\x02\0")
    peer.sendall(packet(1, b"\x01") + packet(2, COLUMN) + end)


def test_rows_without_end_are_cut_off_before_they_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows of a byte each: their number counts, not their size."""
    monkeypatch.setattr(connection_module, "MAX_ANSWER_PACKETS", 20_000)

    def pour(peer: socket.socket, server: FakeServer) -> None:
        begin_rows(peer, server)
        rows = b"".join(packet((4 + number) % 256, b"\x01x") for number in range(256))
        while True:
            peer.sendall(rows)

    with faked(pour) as server:
        connection = connect(address_of(server))
        with pytest.raises(ServerError) as raised:
            connection.rows("SELECT 1")
    assert raised.value.params["reason"] == "an answer without end"


@pytest.mark.parametrize("whole_rows", [False, True])
def test_an_answer_that_drips_is_given_up(
    whole_rows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time; all of them would take for ever."""
    monkeypatch.setattr(connection_module, "MIN_CALL_S", 1.0)

    def drip(peer: socket.socket, server: FakeServer) -> None:
        begin_rows(peer, server)
        if not whole_rows:
            peer.sendall(b"\xff\xff\x00\x04")
        for number in range(100):
            time.sleep(0.1)
            peer.sendall(packet((4 + number) % 256, b"\x01x") if whole_rows else b"x")

    with faked(drip) as server:
        connection = connect(address_of(server), read_timeout_s=0.3)
        began_s = time.monotonic()
        with pytest.raises(ServerError) as raised:
            connection.rows("SELECT 1")
        assert time.monotonic() - began_s < 4.0
    assert raised.value.params["reason"] == "an answer without end"


def test_a_connection_serves_on_after_a_long_quiet_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "MIN_CALL_S", 0.5)
    with MariaDbServer() as server, connect(server.address, read_timeout_s=0.2) as connection:
        for _ in range(2):
            assert connection.value("SELECT 1") == 1
            time.sleep(0.7)
        connection.ping(reconnect=False)
        time.sleep(0.7)
        connection.begin()
        time.sleep(0.7)
        connection.commit()


def test_an_old_server_is_refused_by_its_version() -> None:
    def login(peer: socket.socket, server: FakeServer) -> None:
        peer.sendall(greeting(version=b"5.5.62"))
        while server.hear(peer):
            peer.sendall(packet(2 if b"harit" in server.heard[-200:] else 1, OK))
            server.heard.clear()

    with faked(login) as server, pytest.raises(ServerError) as raised:
        connect(address_of(server))
    assert raised.value.code == "server.version"
    assert raised.value.params == {"version": "MySQL 5.5.62"}


def test_a_login_that_never_ends_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time; all of them would take for ever."""
    monkeypatch.setattr(connection_module, "HANDSHAKE_TIMEOUT_S", 1.0)

    def drip(peer: socket.socket, _server: FakeServer) -> None:
        peer.sendall(b"\xff\xff\x00\x00\x0a")
        for _ in range(100):
            time.sleep(0.1)
            peer.sendall(b"8")

    with faked(drip) as server:
        began_s = time.monotonic()
        with pytest.raises(ServerError) as raised:
            connect(address_of(server), read_timeout_s=30.0)
        assert time.monotonic() - began_s < 4.0
    assert raised.value.code == "server.silent"


def test_a_frozen_server_does_not_hang_the_login() -> None:
    with MariaDbServer() as server:
        server.freeze()
        with pytest.raises(ServerError) as raised:
            connect(server.address, read_timeout_s=1.0)
        assert raised.value.code == "server.silent"


def test_tls_is_verified_by_authority_and_name() -> None:
    with MariaDbServer(tls=True) as server:
        with connect(server.address) as connection:
            assert connection.encrypted
            found = connection.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            assert found[0][1] != ""
        for address, cause in (
            (replace(server.address, ca_file=""), "untrusted"),
            (replace(server.address, host="localhost"), "hostname"),
            (replace(server.address, ca_file="/nowhere/ca.pem"), "ca_file"),
        ):
            with pytest.raises(ServerError) as raised:
                connect(address)
            assert raised.value.code == "server.tls"
            assert raised.value.params["cause"] == cause


def test_a_login_refused_without_tls_may_want_tls() -> None:
    with MariaDbServer(tls=True) as server:
        server.query(f"ALTER USER {USER}@'%' REQUIRE SSL", database=None)
        with pytest.raises(ServerError) as raised:
            connect(replace(server.address, tls=False))
        assert raised.value.code == "server.auth_or_tls"
        assert raised.value.params == {"user": USER}
        connect(server.address).close()
        with pytest.raises(ServerError) as raised:
            connect(replace(server.address, password="wrong"))
        assert raised.value.code == "server.auth"


def test_a_server_that_takes_only_tls_is_named() -> None:
    def refuse(peer: socket.socket, server: FakeServer) -> None:
        peer.sendall(greeting())
        server.hear(peer)
        peer.sendall(packet(2, b"\xff\x57\x0c#08004Connections using insecure transport"))

    with faked(refuse) as server, pytest.raises(ServerError) as raised:
        connect(address_of(server))
    assert (raised.value.code, raised.value.params["cause"]) == ("server.tls", "required")


def test_every_session_has_the_careful_settings() -> None:
    with MariaDbServer() as server, connect(server.address) as connection:
        (found,) = connection.rows(
            "SELECT @@sql_mode, @@tx_isolation, @@innodb_lock_wait_timeout,"
            " @@character_set_connection, @@autocommit"
        )
        assert found == (
            "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
            "READ-COMMITTED",
            5,
            "utf8mb4",
            0,
        )
        assert not connection.encrypted


def test_the_password_is_in_no_text(
    caplog: pytest.LogCaptureFixture, make_sending: Callable[..., Sending]
) -> None:
    caplog.set_level(logging.DEBUG)
    with MariaDbServer() as server:
        connection = connect(server.address)
        texts = [repr(server.address), str(server.address), repr(connection)]
        connection.close()
        wrong = replace(server.address, password=SECRET)
        with pytest.raises(ServerError) as raised:
            connect(wrong)
        texts += [str(raised.value), repr(raised.value), str(raised.value.__cause__)]
        sending = make_sending(server, address=wrong)
        sending.start()
        sending.wait_for(ServerState.REFUSED, "server.auth")
        texts += [repr(sending.forwarder.status()), caplog.text]
    assert not [text for text in texts if SECRET in text or PASSWORD in text]
