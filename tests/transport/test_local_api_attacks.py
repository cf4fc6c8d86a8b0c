"""What strangers may try against our own API, and that others are served meanwhile."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from harit_desktop.transport import local_api_channel, local_api_door
from harit_desktop.transport.local_api_answers import MAX_BODY_BYTES
from tests.servers import wait_until
from tests.transport.local_api_rig import (
    ANALYZE,
    EXAMPLE,
    HISTORY,
    LATEST,
    PAGE,
    STATS,
    Rig,
    assert_plain_error,
)

EVIL = "http://evil.example"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as running:
        yield running


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost.evil.example:{port}", ""],
)
def test_another_host_name_is_refused(rig: Rig, host: str) -> None:
    response = rig.get(LATEST, headers={"Host": host.format(port=rig.port)})
    assert response.status_code == 403
    assert_plain_error(response)
    assert rig.api.status().turned_away == 1


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "LocalHost:{port}", "[::1]:{port}"])
def test_loopback_names_are_served(rig: Rig, host: str) -> None:
    assert rig.get("/health", headers={"Host": host.format(port=rig.port)}).status_code == 200


def test_two_host_headers_or_none_are_refused(rig: Rig) -> None:
    own = b"Host: 127.0.0.1:%d\r\n" % rig.port
    assert status_of(rig.raw(b"GET /health HTTP/1.1\r\n" + own + b"\r\n")) == 200
    assert status_of(rig.raw(b"GET /health HTTP/1.1\r\n" + own * 2 + b"\r\n")) == 403
    assert status_of(rig.raw(b"GET /health HTTP/1.1\r\n\r\n")) == 403
    elsewhere = b"GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    assert status_of(rig.raw(elsewhere)) == 403


@pytest.mark.parametrize(
    "origin", [EVIL, "null", f"{PAGE}.evil.example", "http://localhost", "https://localhost:8080"]
)
def test_another_page_cannot_post_or_read(rig: Rig, origin: str) -> None:
    responses = [
        rig.post(EXAMPLE, headers={"Origin": origin}),
        # What a browser sends without asking first.
        rig.post(
            data=json.dumps(EXAMPLE), headers={"Origin": origin, "Content-Type": "text/plain"}
        ),
        rig.get(LATEST, headers={"Origin": origin}),
        requests.options(
            rig.url(ANALYZE),
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Private-Network": "true",
            },
            timeout=5,
        ),
    ]
    for response in responses:
        assert response.status_code == 403
        assert not any(name.startswith("Access-Control") for name in response.headers)
    assert rig.rows() == []


def test_a_page_cannot_embed_an_answer(rig: Rig) -> None:
    def ask(site: str, mode: str) -> int:
        return rig.get(LATEST, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}).status_code

    assert ask("cross-site", "no-cors") == 403
    assert ask("same-site", "no-cors") == 403
    assert ask("none", "navigate") == 404
    assert ask("cross-site", "navigate") == 404


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""],
)
def test_another_content_type_is_refused(rig: Rig, kind: str) -> None:
    response = rig.post(data=json.dumps(EXAMPLE), headers={"Content-Type": kind})
    assert response.status_code == 415
    assert_plain_error(response)


def test_json_with_a_charset_is_taken_and_packed_json_is_not(rig: Rig) -> None:
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert rig.post(data=json.dumps(EXAMPLE), headers=kind).status_code == 200
    packed = gzip.compress(b"0" * 10_000_000)
    assert rig.post(data=packed, headers={**kind, "Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[1]",
        b'"N"',
        b"\xff\xfe{}",
        b'{"N":1,"N":2,"P":1,"K":1,"CO2":1,"Temperature":1,"Moisture":1,"pH":1}',
        b'{"N":NaN,"P":1,"K":1,"CO2":1,"Temperature":1,"Moisture":1,"pH":1}',
        b'{"N":1,"P":1,"K":1,"CO2":1,"Temperature":1,"Moisture":1,"pH":Infinity}',
        b'{"N":1e999,"P":1,"K":1,"CO2":1,"Temperature":1,"Moisture":1,"pH":1}',
        b'{"N":' + b"9" * 5000 + b',"P":1,"K":1,"CO2":1,"Temperature":1,"Moisture":1,"pH":1}',
        b"[" * 30_000,
        b'{"a":' * 10_000,
        json.dumps({**EXAMPLE, "deep": json.loads("[" * 20 + "]" * 20)}).encode(),
        json.dumps({**EXAMPLE, "publisher_id": "a\u202eb"}).encode(),
        json.dumps({**EXAMPLE, "publisher_id": "a" * 65}).encode(),
        json.dumps({**EXAMPLE, "publisher_id": 5}).encode(),
        json.dumps({**EXAMPLE, "timestamp": "0" * 30_000}).encode(),
        json.dumps({**EXAMPLE, "timestamp": "yesterday"}).encode(),
        json.dumps({**EXAMPLE, "message_id": ""}).encode(),
    ],
)
def test_bad_bodies_are_refused_in_words(rig: Rig, body: bytes) -> None:
    response = rig.post(data=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert_plain_error(response)
    assert rig.rows() == []


def test_the_longest_body_is_taken_and_a_longer_one_is_not(rig: Rig) -> None:
    text = json.dumps(EXAMPLE).encode()
    kind = {"Content-Type": "application/json"}
    assert rig.post(data=text.ljust(MAX_BODY_BYTES), headers=kind).status_code == 200
    for size in (MAX_BODY_BYTES + 1, 1_000_000, 3_000_000):
        response = rig.post(data=text.ljust(size), headers=kind)
        assert response.status_code == 413
        assert_plain_error(response)
    # Without a length, in pieces.
    pieces = (b" " * 10_000 for _ in range(100))
    assert rig.post(data=pieces, headers=kind).status_code == 413
    assert rig.post(data=iter([text[:9], text[9:]]), headers=kind).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/static/../app.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/health/",
        "//health",
        "/health%00",
        "/api/soil-health/history/%0d%0aSet-Cookie:x=1",
        "/console",
        "/\u0928",
    ],
)
def test_other_paths_are_not_found(rig: Rig, path: str) -> None:
    request = requests.Request("GET", rig.url("/")).prepare()
    request.url = rig.url(path)
    with requests.Session() as session:
        response = session.send(request, timeout=5, allow_redirects=False)
    if path == "//health":
        # The server takes several slashes for one.
        assert response.status_code == 200
        return
    assert response.status_code == 404
    assert_plain_error(response)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", HISTORY),
        ("PUT", ANALYZE),
        ("GET", ANALYZE),
        ("POST", STATS),
        ("TRACE", "/health"),
    ],
)
def test_other_methods_are_not_allowed(rig: Rig, method: str, path: str) -> None:
    response = requests.request(method, rig.url(path), timeout=5)
    assert response.status_code == 405
    assert response.headers["Allow"]
    assert_plain_error(response)


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /health HTTP/1.1\r\nHost: {host}\r\nX: a\rSet-Cookie: b=1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: {host}\r\n X: folded\r\nno colon\r\n\r\n",
        b"POST " + ANALYZE.encode() + b" HTTP/1.1\r\nHost: {host}\r\nContent-Length: -5\r\n\r\n",
        b"POST " + ANALYZE.encode() + b" HTTP/1.1\r\nHost: {host}\r\n"
        b"Content-Length: 3\r\nContent-Length: 5\r\n\r\n{}   ",
        b"POST " + ANALYZE.encode() + b" HTTP/1.1\r\nHost: {host}\r\n"
        b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST " + ANALYZE.encode() + b" HTTP/1.1\r\nHost: {host}\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: {host}\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"get /health HTTP/1.1\r\n\r\n",
        b"GET\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_in_our_words(rig: Rig, request_head: bytes) -> None:
    host = f"127.0.0.1:{rig.port}".encode()
    answer = rig.raw(request_head.replace(b"{host}", host))
    assert status_of(answer) in (400, 431, 501)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert "error" in json.loads(body)
    assert b"nosniff" in head
    for word in (b"waitress", b"Server:", b"Set-Cookie", b"folded", b"colon", b"aaaa"):
        assert word not in answer
    assert rig.get("/health").status_code == 200


def test_headers_of_a_request_reach_no_answer(rig: Rig) -> None:
    response = rig.get("/health", headers={"Origin": "x", "X-Forwarded-For": "1.2.3.4", "A": "b=1"})
    assert response.status_code == 403
    assert "x" not in response.headers.values()


def test_two_hundred_connections_are_all_served(rig: Rig) -> None:
    def ask(number: int) -> int:
        if number % 3:
            return rig.get(STATS).status_code
        return rig.post({**EXAMPLE, "N": number / 10}).status_code

    with ThreadPoolExecutor(200) as pool:
        assert set(pool.map(ask, range(200))) == {200}
    assert len(rig.rows()) == 67


def flood(rig: Rig, source: str, stop: threading.Event) -> None:
    """Half requests from one address, 200 at a time, again as soon as one is ended."""
    begun = f"POST {ANALYZE} HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n".encode()
    clients: list[socket.socket] = []
    while not stop.is_set():
        client = socket.create_connection(("127.0.0.1", rig.port), 5, (source, 0))
        clients.append(client)
        with suppress(OSError):
            client.sendall(begun)
        if len(clients) > 200:
            clients.pop(0).close()
        if len(clients) == 200:
            time.sleep(0.002)
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("source", "limits"),
    [
        ("127.0.0.2", (12, 8)),
        ("127.0.0.2", (8, 12)),
        ("127.0.0.2", (256, 224)),
        # Of the same address, far fewer in the time that a head needs than there are places.
        ("127.0.0.1", (256, 224)),
    ],
)
def test_half_requests_keep_nobody_out(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, source: str, limits: tuple[int, int]
) -> None:
    monkeypatch.setattr(local_api_door, "CONNECTIONS", limits[0])
    monkeypatch.setattr(local_api_door, "LOOPBACK_CONNECTIONS", limits[1])
    stop = threading.Event()
    attacker = threading.Thread(target=flood, args=(rig, source, stop))
    attacker.start()
    try:
        time.sleep(0.5)
        for number in range(20):
            began_s = time.monotonic()
            assert rig.post({**EXAMPLE, "N": float(number)}).status_code == 200
            # Far from the seconds that half a request may wait.
            assert time.monotonic() - began_s < 3
    finally:
        stop.set()
        attacker.join(10)
    assert len(rig.rows()) == 20


def test_a_kept_connection_outlives_half_requests_of_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_api_door, "CONNECTIONS", 12)
    monkeypatch.setattr(local_api_door, "LOOPBACK_CONNECTIONS", 8)
    with closing(http.client.HTTPConnection("127.0.0.1", rig.port, timeout=5)) as kept:
        kept.request("GET", "/health")
        kept.getresponse().read()
        sock = kept.sock
        stop = threading.Event()
        attacker = threading.Thread(target=flood, args=(rig, "127.0.0.2", stop))
        attacker.start()
        time.sleep(1)
        kept.request("GET", "/health")
        assert kept.getresponse().read()
        assert kept.sock is sock
        stop.set()
        attacker.join(10)


def test_where_all_are_being_answered_the_next_hears_of_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_api_door, "LOOPBACK_CONNECTIONS", 4)
    rig.hold.set()
    with ThreadPoolExecutor(4) as pool:
        held = [pool.submit(rig.post, {**EXAMPLE, "N": float(n)}) for n in range(4)]
        wait_until(lambda: len(rig.answers._waiting) == 4, 5)
        response = rig.post(EXAMPLE)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert_plain_error(response)
        other = socket.create_connection(("127.0.0.1", rig.port), 5, ("127.0.0.2", 0))
        other.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n".encode())
        assert status_of(other.recv(4096)) == 200
        other.close()
        rig.hold.clear()
        assert {one.result().status_code for one in held} == {200}
    assert len(rig.rows()) == 4


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (b"GET /health HTTP/1.1\r\nX: ", b"x"),
        (b"POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n", b"1"),
    ],
)
def test_a_byte_now_and_then_is_no_excuse(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, sent: bytes, drip: bytes
) -> None:
    monkeypatch.setattr(local_api_channel, "HEAD_S", 0.5)
    monkeypatch.setattr(local_api_channel, "BODY_S", 0.5)
    with socket.create_connection(("127.0.0.1", rig.port), 10) as client:
        client.sendall(sent)
        began_s = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - began_s < 8:
                client.sendall(drip)
                time.sleep(0.1)
        assert time.monotonic() - began_s < 6


@pytest.mark.parametrize(
    "sent", [b"", b"GET /hea", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1"]
)
def test_a_silent_client_is_let_go(rig: Rig, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    for name in ("SILENT_S", "HEAD_S", "BODY_S"):
        monkeypatch.setattr(local_api_channel, name, 0.5)
    with socket.create_connection(("127.0.0.1", rig.port), 10) as client:
        client.sendall(sent)
        began_s = time.monotonic()
        assert client.recv(100) == b""
        assert time.monotonic() - began_s < 5


def test_an_answer_that_nobody_reads_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_api_channel, "UNREAD_S", 0.5)
    monkeypatch.setattr("harit_desktop.app.api_service.encode_history", lambda *_: b"1" * 8_000_000)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", rig.port))
        client.sendall(f"GET {HISTORY} HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n".encode())
        wait_until(lambda: rig.api.status().answered == 1)
        time.sleep(3)
        client.settimeout(10)
        got = 0
        try:
            while piece := client.recv(65536):
                got += len(piece)
        except ConnectionError:
            pass
        assert got < 8_000_000


def test_pipelined_requests_are_answered_in_order(rig: Rig) -> None:
    host = f"Host: 127.0.0.1:{rig.port}\r\n".encode()
    one = b"GET /health HTTP/1.1\r\n" + host + b"\r\n"
    two = b"GET /nothing HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", rig.port), 5) as client:
        client.sendall(one + two)
        found = b""
        while piece := client.recv(4096):
            found += piece
    assert [part[:3] for part in found.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404"]


def test_the_token_is_asked_for_where_there_is_one(tmp_path: Path) -> None:
    with Rig(tmp_path, token="correct-horse") as rig:

        def ask(header: Any, path: str = LATEST) -> requests.Response:
            return rig.get(path, headers={"Authorization": header} if header else {})

        for wrong in (None, "correct-horse", "Bearer", "Bearer wrong", "Basic correct-horse", "é"):
            response = ask(wrong)
            assert response.status_code == 401
            assert_plain_error(response)
            assert response.headers["WWW-Authenticate"] == "Bearer"
        assert rig.get(f"{LATEST}?token=correct-horse").status_code == 401
        assert ask("bearer correct-horse").status_code == 404
        assert ask("Bearer correct-horse", "/health").status_code == 200
        # A browser asks first without it.
        asked = requests.options(
            rig.url(ANALYZE),
            headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"},
            timeout=5,
        )
        assert asked.status_code == 204
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
        assert rig.rows() == []
