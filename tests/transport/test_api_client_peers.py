"""The client against servers that no web server would be: slow, endless, broken, lying."""

import gzip
import threading
import time
import traceback
import zlib

import pytest

from harit_desktop.transport.api_address import ApiAddress
from harit_desktop.transport.api_client import ApiClient
from harit_desktop.transport.api_failures import failure_of
from harit_desktop.transport.api_stream import Patience
from tests.faults.peers import ScriptedServer, Talk, silent
from tests.servers import free_port, wait_until
from tests.transport.api_peers import (
    JSON,
    answer,
    client_of,
    failure,
    head,
    keep_open,
    recorded,
    reset,
    saying,
    trickle,
)

PAGE = b'{"total": 0, "readings": [], "mode": "MySQL"}'
JUDGED = b'{"soil_health_index": 65}'
GZIP = JSON + "Content-Encoding: gzip\r\n"
CHUNKED = JSON + "Transfer-Encoding: chunked\r\n"
MIB = 2**20


def code_of(talk: Talk, timeout_s: float = 5.0) -> str:
    """How a request of the history ends."""
    with ScriptedServer(talk) as server:
        client = client_of(server.port, timeout_s)
        try:
            return failure(lambda: client.history(10)).code
        finally:
            client.close()


@pytest.mark.parametrize(
    "talk",
    [
        silent,
        saying(then=trickle(b"H", 0.2)),
        saying(b"HTTP/1.1 200 OK\r\n", then=trickle(b"A: b\r\n", 0.2)),
        saying(head(), then=trickle(b" ", 0.2)),
        saying(head(CHUNKED), then=trickle(b"1\r\n \r\n", 0.2)),
        saying(then=trickle(b"HTTP/1.1 100 Continue\r\n\r\n", 0.2)),
        saying(head(CHUNKED) + b"0\r\n", then=trickle(b"A: b\r\n", 0.2)),
    ],
    ids=["silent", "status", "headers", "body", "chunks", "continue", "trailers"],
)
def test_the_deadline_is_over_the_whole_request(talk: Talk) -> None:
    began_s = time.monotonic()
    assert code_of(talk, 1.0) == "api.timeout"
    assert 0.9 < time.monotonic() - began_s < 3


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (saying(), "api.lost"),
        (saying(then=reset), "api.lost"),
        (saying(head() + b'{"readings": [', then=reset), "api.lost"),
        (saying(answer(PAGE)[:-5]), "api.lost"),
        (saying(head(CHUNKED) + b"ff\r\n{"), "api.lost"),
        (saying(head(CHUNKED) + b"what\r\n{"), "api.lost"),
        (saying(answer(PAGE[:-5])), "api.not_json"),
        (saying(head() + PAGE[:-5]), "api.not_json"),
        (saying(answer(b"")), "api.not_json"),
        (saying(answer(b"[]")), "api.not_json"),
        (saying(answer(b"null")), "api.not_json"),
        (saying(answer(b"{}")), "api.not_json"),
        (saying(answer(b'{"readings": {}}')), "api.not_json"),
        (saying(answer(b"\xff\xfe{}")), "api.not_json"),
        (saying(answer(b'{"readings": ' + b"[" * 1_000_000)), "api.not_json"),
        (saying(answer(b'{"a": NaN, "readings": ' + b"[" * 1_000_000)), "api.not_json"),
        (saying(b"220 mail.example ESMTP\r\n"), "api.not_json"),
        (saying(b"\x00" * 5000), "api.not_json"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200), "api.not_json"),
        (saying(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000), "api.not_json"),
        (saying(answer(PAGE, GZIP)), "api.not_json"),
        (saying(answer(gzip.compress(PAGE)[:-9], GZIP)), "api.not_json"),
        (saying(answer(PAGE, JSON + "Content-Encoding: br\r\n")), "api.not_json"),
        (saying(answer(b"", JSON, "204 No Content")), "api.not_json"),
        (saying(answer(b"{}", JSON, "999 What")), "api.http"),
    ],
)
def test_broken_answers(talk: Talk, code: str) -> None:
    assert code_of(talk) == code


@pytest.mark.parametrize(
    "talk",
    [
        saying(head(JSON + f"Content-Length: {6 * MIB}\r\n")),
        saying(head() + b" " * 6 * MIB),
        saying(head(CHUNKED) + b"ffffff\r\n" + b" " * 6 * MIB),
        # http.client would read all that comes as one chunk.
        saying(head(CHUNKED) + b"-1\r\n", then=trickle(b" " * MIB, 0.0)),
        saying(b"HTTP/1.1 100 Continue\r\n\r\n" * 300_000),
    ],
    ids=["said", "unsaid", "chunk", "negative-chunk", "continues"],
)
def test_no_answer_is_read_beyond_the_limit(talk: Talk) -> None:
    assert code_of(talk, 20.0) == "api.too_big"


def test_a_bomb_is_not_unpacked() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * MIB) for _ in range(200)) + packer.flush()
    assert len(bomb) < MIB
    assert code_of(saying(answer(bomb, GZIP))) == "api.too_big"


def test_a_packed_answer_is_unpacked() -> None:
    with ScriptedServer(saying(answer(gzip.compress(PAGE), GZIP))) as server:
        client = client_of(server.port)
        assert client.history(10) == PAGE
        client.close()


def test_a_row_with_nan_does_not_hide_the_others() -> None:
    page = b'{"readings": [{"anomaly_score": NaN}]}'
    with ScriptedServer(saying(answer(page))) as server:
        client = client_of(server.port)
        assert client.history(10) == page
        client.close()


def test_a_refused_connection_and_a_dead_name() -> None:
    client = client_of(free_port())
    assert failure(client.health).code == "api.unreachable"
    client.close()
    nowhere = ApiClient(ApiAddress("https", "no-such-host.invalid", 443), None, 5)
    assert failure(nowhere.health).code in {"api.dns", "api.timeout"}
    nowhere.close()


def test_a_lookup_that_hangs_does_not_hold_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    calls: list[str] = []

    def stuck(host: str, *_: object, **__: object) -> list[object]:
        calls.append(host)
        let_go.wait(20)
        return []

    monkeypatch.setattr("socket.getaddrinfo", stuck)
    client = ApiClient(ApiAddress("http", "pi.local", 5000), None, 1)
    try:
        assert failure(client.health).code == "api.timeout"
        assert failure(client.health).code == "api.timeout"
        assert calls == ["pi.local"]
        threading.Timer(0.2, client.close).start()
        assert failure(client.health).code == "api.lost"
    finally:
        let_go.set()


def test_a_redirect_is_not_followed() -> None:
    seen: list[bytes] = []
    with ScriptedServer(recorded(seen, answer(JUDGED))) as other:
        place = f"Location: http://127.0.0.1:{other.port}/\r\n"
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            assert code_of(saying(answer(b"", place, status))) == "api.redirected"
    assert seen == []


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        ("400 Bad", "refused", "api.refused"),
        ("413 Large", "refused", "api.refused"),
        ("415 Type", "refused", "api.refused"),
        ("422 No", "refused", "api.refused"),
        ("401 No", "stop", "api.auth"),
        ("403 No", "stop", "api.auth"),
        ("404 No", "stop", "api.not_found"),
        ("405 No", "stop", "api.not_found"),
        ("408 Late", "retry", "api.http"),
        ("429 Busy", "retry", "api.busy"),
        ("500 Broken", "retry", "api.http"),
        ("502 Broken", "retry", "api.http"),
        ("503 Busy", "retry", "api.busy"),
        ("599 Broken", "retry", "api.http"),
    ],
)
def test_what_a_status_means_for_a_posted_reading(status: str, kind: str, code: str) -> None:
    words = b'{"error": "not\\u202e this\\none"}'
    with ScriptedServer(saying(answer(words, JSON, status))) as server:
        client = client_of(server.port)
        found = failure(lambda: client.post_reading(b"{}"))
        client.close()
    assert (found.kind, found.code) == (kind, code)
    if kind == "refused":
        assert found.params["reason"] == "not this one"


@pytest.mark.parametrize("status", ["400 Bad", "413 Large", "415 Type", "422 No"])
def test_only_the_api_itself_refuses_a_reading(status: str) -> None:
    """A proxy's page must not make a reading count as unwanted."""
    page = answer(b"<h1>400 The plain HTTP request was sent to HTTPS port</h1>", "", status)
    with ScriptedServer(saying(page)) as server:
        client = client_of(server.port)
        found = failure(lambda: client.post_reading(b"{}"))
        client.close()
    assert (found.kind, found.code) == ("retry", "api.http")


def test_a_post_is_done_only_when_the_api_says_so() -> None:
    with ScriptedServer(saying(answer(b'{"ok": true}')), saying(answer(JUDGED))) as server:
        client = client_of(server.port)
        assert failure(lambda: client.post_reading(b"{}")).code == "api.not_json"
        assert client.post_reading(b"{}") == JUDGED
        client.close()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("86400", 300.0),
        ("9" * 400, 300.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
        ("Sat, 31 Dec 2095 23:59:59 GMT", 300.0),
    ],
)
def test_how_long_to_wait(text: str, seconds: float | None) -> None:
    busy = answer(b"{}", f"{JSON}Retry-After: {text}\r\n", "503 Busy")
    with ScriptedServer(saying(busy)) as server:
        client = client_of(server.port)
        found = failure(lambda: client.post_reading(b"{}"))
        client.close()
    assert found.retry_after_s == seconds
    assert found.params["seconds"] == (seconds or 0)


def test_a_connection_serves_many_requests() -> None:
    seen: list[bytes] = []
    with ScriptedServer(recorded(seen, answer(JUDGED))) as server:
        client = client_of(server.port, token="s3cret")
        for number in range(20):
            client.post_reading(b'{"N": %d}' % number)
        client.close()
        assert server.connections == 1
        wait_until(lambda: len(seen) == 20)
    first = seen[0].decode()
    assert first.startswith("POST /api/soil-health/analyze HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in first
    assert "\r\nAuthorization: Bearer s3cret\r\n" in first
    assert "\r\nContent-Type: application/json\r\n" in first
    assert first.endswith('\r\n\r\n{"N": 0}')


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    with ScriptedServer(saying(answer(JUDGED))) as server:
        client = client_of(server.port)
        client.post_reading(b"{}")
        time.sleep(0.05)
        client.post_reading(b"{}")
        client.close()
        assert server.connections == 2


def test_words_that_nobody_asked_for_end_a_connection() -> None:
    double = answer(JUDGED) + answer(b'{"soil_health_index": 1}')
    with ScriptedServer(saying(double, then=keep_open)) as server:
        client = client_of(server.port)
        assert client.post_reading(b"{}") == JUDGED
        assert client.post_reading(b"{}") == JUDGED
        client.close()


def test_the_key_goes_only_where_nobody_listens_in() -> None:
    seen: list[bytes] = []
    with ScriptedServer(recorded(seen, answer(JUDGED))) as server:
        address = ApiAddress("http", "127.0.0.1", server.port)
        client = ApiClient(address, "s3cret", 5)
        client.post_reading(b"{}")
        client.close()
        wait_until(lambda: seen)
        assert b"s3cret" in seen.pop()

        class Elsewhere(ApiAddress):
            """The same server, as if it were another computer."""

            is_loopback = False  # type: ignore[assignment]  # a property otherwise

        open_line = ApiClient(Elsewhere("http", "127.0.0.1", server.port), "s3cret", 5)
        open_line.post_reading(b"{}")
        open_line.close()
        wait_until(lambda: seen)
        assert b"uthorization" not in seen.pop()


def test_the_key_is_in_no_text() -> None:
    with ScriptedServer(saying(answer(b"", JSON, "401 No")), saying()) as server:
        client = client_of(server.port, token="s3cret\r\nevil: 1")
        texts = [repr(client), str(client), repr(vars(client))]
        for _ in range(2):
            found = failure(client.health)
            texts += [str(found), repr(found), *traceback.format_exception(found)]
        client.close()
    assert "s3cret" not in "".join(texts)


def test_closing_an_idle_client_closes_its_connection() -> None:
    gone = threading.Event()

    def talk(peer: object) -> None:
        saying(answer(JUDGED), then=keep_open)(peer)  # type: ignore[arg-type]  # a socket
        gone.set()

    with ScriptedServer(talk) as server:
        client = client_of(server.port)
        client.post_reading(b"{}")
        client.close()
        assert gone.wait(5)
        client.close()


def test_the_time_is_bounded_whatever_the_settings_say() -> None:
    slow = failure_of(TimeoutError(), ApiAddress("http", "pi", 1), 30.0)
    assert slow.params["seconds"] == 30
    patience = Patience()
    patience.begin(0.01)
    time.sleep(0.02)
    with pytest.raises(TimeoutError):
        patience.left_s()
