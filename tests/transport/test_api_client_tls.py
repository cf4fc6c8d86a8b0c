"""The client over TLS: what is verified, and that nothing is said before it is."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harit_desktop.transport.api_address import ApiAddress
from harit_desktop.transport.api_client import ApiClient
from tests.faults.certificates import Authority
from tests.faults.peers import ScriptedServer, Talk, silent
from tests.servers import server_program, wait_until
from tests.transport.api_peers import JSON, answer, failure, recorded, saying

JUDGED = b'{"soil_health_index": 65, "padding": "' + b"x" * 200_000 + b'"}'
Files = tuple[Path, Path]


@contextmanager
def tls_server(files: Files, talk: Talk) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)

    def secured(peer: object) -> None:
        with context.wrap_socket(peer, server_side=True) as tls:  # type: ignore[arg-type]  # a socket
            talk(tls)

    with ScriptedServer(secured) as server:
        yield server


def self_signed(folder: Path) -> Files:
    files = folder / "own.pem", folder / "own.key"
    command = [server_program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(files[0])]
    subprocess.run([*command, "-keyout", str(files[1])], check=True, capture_output=True)
    return files


def client_of(server: ScriptedServer, host: str = "127.0.0.1", timeout_s: float = 5) -> ApiClient:
    return ApiClient(ApiAddress("https", host, server.port), "s3cret", timeout_s)


def post(client: ApiClient) -> bytes:
    return client.post_reading(b"{}")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this computer trusts."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def test_a_trusted_server_is_talked_to(authority: Authority) -> None:
    seen: list[bytes] = []
    with tls_server(authority.certificate("api"), recorded(seen, answer(JUDGED))) as server:
        client = client_of(server)
        for _ in range(5):
            assert post(client) == JUDGED
        client.close()
        assert server.connections == 1
    assert b"\r\nAuthorization: Bearer s3cret\r\n" in seen[0]


def test_a_self_signed_certificate_is_not_trusted(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with tls_server(self_signed(tmp_path), recorded(seen, answer(JUDGED))) as server:
        client = client_of(server)
        found = failure(lambda: post(client))
        client.close()
    assert (found.code, found.kind, found.params["cause"]) == ("api.tls", "retry", "untrusted")
    assert seen == []


def test_an_expired_certificate_and_one_for_another_name(authority: Authority) -> None:
    seen: list[bytes] = []
    talk = recorded(seen, answer(JUDGED))
    with tls_server(authority.certificate("old", expired=True), talk) as server:
        client = client_of(server)
        assert failure(lambda: post(client)).params["cause"] == "expired"
        client.close()
    with tls_server(authority.certificate("api"), talk) as server:
        client = client_of(server, "localhost")
        assert failure(lambda: post(client)).params["cause"] == "hostname"
        client.close()
    assert seen == []


def test_a_server_without_tls() -> None:
    seen: list[bytes] = []

    def plain(peer: object) -> None:
        seen.append(peer.recv(5))  # type: ignore[attr-defined]  # a socket
        peer.sendall(answer(b"{}", JSON, "400 Bad"))  # type: ignore[attr-defined]  # a stand-in has it

    with ScriptedServer(plain) as server:
        client = client_of(server)
        found = failure(lambda: post(client))
        client.close()
    assert (found.code, found.params["cause"]) == ("api.tls", "not_tls")
    assert seen[0][:1] == b"\x16"


def test_a_handshake_that_never_comes_to_an_end() -> None:
    with ScriptedServer(silent) as server:
        client = client_of(server, timeout_s=1)
        assert failure(lambda: post(client)).code == "api.timeout"
        client.close()
        hurried = client_of(server, timeout_s=30)
        threading.Timer(0.3, hurried.close).start()
        began_s = time.monotonic()
        assert failure(lambda: post(hurried)).code == "api.lost"
        assert time.monotonic() - began_s < 5


def test_a_connection_that_ends_inside_tls(authority: Authority) -> None:
    cut = saying(answer(JUDGED)[:-100])
    with tls_server(authority.certificate("api"), cut) as server:
        client = client_of(server)
        assert failure(lambda: post(client)).code in {"api.lost", "api.tls"}
        client.close()


def test_a_large_body_goes_through(authority: Authority) -> None:
    seen: list[bytes] = []
    body = b'{"padding": "' + b"y" * 3_000_000 + b'"}'
    with tls_server(authority.certificate("api"), recorded(seen, answer(JUDGED))) as server:
        client = client_of(server)
        assert client.post_reading(body) == JUDGED
        client.close()
        wait_until(lambda: seen)
    assert seen[0].endswith(body)
