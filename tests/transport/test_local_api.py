"""Our own API as a drop-in for the existing backend: the requests of its scripts and its page."""

from __future__ import annotations

import datetime as dt
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from harit_desktop.app import api_service
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import LocalApiState
from harit_desktop.transport import local_api_app
from harit_desktop.transport.local_api import LocalApi
from harit_desktop.transport.local_api_answers import ApiAnswer
from harit_desktop.transport.local_api_app import MAX_LIMIT
from harit_desktop.transport.local_api_guard import LocalApiConfig
from harit_desktop.wire.timestamps import format_utc
from tests.servers import free_port, wait_until
from tests.transport.local_api_rig import (
    ANALYZE,
    EXAMPLE,
    HISTORY,
    LATEST,
    PAGE,
    STATS,
    Rig,
    assert_plain_error,
    now_us,
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as running:
        yield running


def test_health(rig: Rig) -> None:
    response = rig.get("/health")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "service": "soil-health-api"}


def test_the_generator_script_posts_seven_values(rig: Rig) -> None:
    response = rig.post(EXAMPLE)
    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {
        "timestamp",
        "soil_health_index",
        "health_status",
        "is_anomalous",
        "anomaly_score",
        "critical_factors",
        "sensor_readings",
    }
    assert (answer["soil_health_index"], answer["health_status"]) == (65, "Good")
    assert answer["sensor_readings"] == EXAMPLE
    moment = dt.datetime.fromisoformat(answer["timestamp"])
    assert moment.tzinfo is None
    assert abs(moment.timestamp() - time.time()) < 60
    (row,) = rig.rows()
    assert (row["publisher_id"], row["source"], row["time_source"]) == (
        "unknown",
        "api",
        "received",
    )
    assert row["N"] == 22.5


def test_a_fallback_publisher_adds_its_time_and_name(rig: Rig) -> None:
    body = {**EXAMPLE, "timestamp": "2025-12-02T17:50:00.123456", "publisher_id": "probe-7"}
    first, again = rig.post({**body, "battery": "full"}), rig.post(body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["timestamp"] == "2025-12-02T17:50:00.123456"
    (row,) = rig.rows()
    assert (row["publisher_id"], row["time_source"]) == ("probe-7", "sent")
    status = rig.api.status()
    assert (status.answered, status.stored, status.turned_away) == (2, 1, 0)


def test_the_page_reads_latest_history_and_stats(rig: Rig) -> None:
    assert rig.get(LATEST).status_code == 404
    assert rig.get(HISTORY).json() == {"total": 0, "readings": [], "mode": "SQLite"}
    for minute in range(5):
        stamp = f"2025-12-02T17:5{minute}:00"
        rig.post({**EXAMPLE, "timestamp": stamp, "publisher_id": "p"})
    page = {"headers": {"Origin": PAGE}}
    latest = rig.get(LATEST, **page).json()
    assert latest["timestamp"] == "2025-12-02T17:54:00.000000"
    assert (latest["soil_health_index"], latest["mode"]) == (65, "SQLite")
    history = rig.get(f"{HISTORY}?limit=3", **page).json()
    assert (history["total"], history["mode"]) == (3, "SQLite")
    stamps = [row["timestamp"][14:16] for row in history["readings"]]
    assert stamps == ["54", "53", "52"]
    row = history["readings"][0]
    assert (row["health_index"], row["publisher_id"]) == (65, "p")
    assert row["timestamp_us"] == rig.rows()[-1]["timestamp_us"]
    assert row["sensor_readings"] == EXAMPLE
    assert rig.get(STATS, **page).json() == {
        "total_readings": 5,
        "average_health_index": 65.0,
        "anomaly_count": 0,
        "anomaly_percentage": 0.0,
        "status_distribution": {"Good": 5},
        "mode": "SQLite",
    }


def test_times_are_those_of_the_profile_s_zone(tmp_path: Path) -> None:
    with Rig(tmp_path, zone="Asia/Kolkata") as rig:
        rig.post({**EXAMPLE, "timestamp": "2025-12-02T17:50:00"})
        assert rig.rows()[0]["timestamp"] == "2025-12-02T12:20:00.000000+00:00"
        for path in (LATEST, HISTORY):
            answer = rig.get(path).json()
            row = answer["readings"][0] if path == HISTORY else answer
            assert row["timestamp"] == "2025-12-02T17:50:00.000000"


def test_simulated_readings_are_stored_and_not_given_out(rig: Rig) -> None:
    assert rig.post({**EXAMPLE, "simulated": True}).status_code == 200
    assert rig.rows()[0]["source"] == "simulator"
    assert rig.get(LATEST).status_code == 404
    assert rig.get(STATS).json()["total_readings"] == 0


@pytest.mark.parametrize("origin", [PAGE, "http://LOCALHOST:8080"])
def test_the_page_may_ask_from_its_browser(rig: Rig, origin: str) -> None:
    asked = requests.options(
        rig.url(ANALYZE),
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
            "Access-Control-Request-Private-Network": "true",
        },
        timeout=5,
    )
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in asked.headers["Access-Control-Allow-Headers"]
    assert asked.headers["Access-Control-Allow-Private-Network"] == "true"
    assert asked.headers["Vary"] == "Origin"
    sent = rig.post(EXAMPLE, headers={"Origin": origin})
    assert sent.status_code == 200
    assert sent.headers["Access-Control-Allow-Origin"] == origin
    assert "Access-Control-Allow-Origin" not in rig.get("/health").headers


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", 12),
        ("?limit=1", 1),
        ("?limit=007", 7),
        ("?limit=100", 12),
        (f"?limit={MAX_LIMIT + 1}", 12),
        ("?limit=" + "9" * 5000, 12),
    ],
)
def test_limits(rig: Rig, query: str, wanted: int) -> None:
    for second in range(12):
        rig.post({**EXAMPLE, "timestamp": f"2025-12-02T17:50:{second:02}Z"})
    assert rig.get(HISTORY + query).json()["total"] == wanted


@pytest.mark.parametrize(
    "limit", ["0", "-1", "000", "", "ten", "1.5", "1e3", "+5", " 5", "٣", "5;drop", "0x10", "nan"]
)
def test_bad_limits_are_refused_in_words(rig: Rig, limit: str) -> None:
    response = rig.get(HISTORY, params={"limit": limit})
    assert response.status_code == 400
    assert_plain_error(response)
    assert "limit" in response.json()["error"]


def test_a_large_limit_is_the_largest_one() -> None:
    assert local_api_app._limit(str(10**9)) == MAX_LIMIT
    assert local_api_app._limit(str(MAX_LIMIT - 1)) == MAX_LIMIT - 1


def test_a_missing_field_has_the_old_words(rig: Rig) -> None:
    body = {key: value for key, value in EXAMPLE.items() if key != "pH"}
    response = rig.post(body)
    assert response.status_code == 400
    assert response.json() == {"error": "Missing required fields", "required": list(EXAMPLE)}


@pytest.mark.parametrize("value", [None, "22.5", True, [1], {}, 1e7, -1e7])
def test_a_bad_value_has_the_old_words(rig: Rig, value: Any) -> None:
    response = rig.post({**EXAMPLE, "N": value})
    assert response.status_code == 400
    assert response.json()["error"].startswith("Invalid data type")
    assert rig.rows() == []


def test_impossible_values_are_stored_and_flagged(rig: Rig) -> None:
    assert rig.post({**EXAMPLE, "pH": 15, "N": -1}).status_code == 200
    (row,) = rig.rows()
    assert (row["pH"], row["quality_pH"], row["quality_N"]) == (15.0, 4, 4)


def test_a_message_id_of_another_reading_is_refused_in_words(rig: Rig) -> None:
    assert rig.post({**EXAMPLE, "message_id": "m1"}).status_code == 200
    response = rig.post({**EXAMPLE, "N": 1, "message_id": "m1"})
    assert response.status_code == 400
    assert_plain_error(response)
    assert "message_id" in response.json()["error"]


def test_what_another_harit_sends_on_is_stored_once(rig: Rig) -> None:
    """A reading without a time of its own, received over MQTT by both."""
    payload = b'{"publisher_id": "p", "sensor_readings": %s}' % json.dumps(EXAMPLE).encode()
    rig.inbox.put(RawMessage("harit-samarth/sensor/data", payload, now_us()))
    wait_until(lambda: len(rig.rows()) == 1)
    sent_on = {
        **EXAMPLE,
        "publisher_id": "p",
        "timestamp": format_utc(now_us() + 1_500_000),
        "relayed": True,
    }
    assert rig.post(sent_on).status_code == 200
    assert len(rig.rows()) == 1
    other = {**sent_on, "N": 1.0}
    assert rig.post(other).status_code == 200
    assert rig.post(other).status_code == 200
    assert len(rig.rows()) == 2


def test_a_reading_is_answered_only_after_its_commit(rig: Rig) -> None:
    rig.hold.set()
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(rig.post, EXAMPLE)
        time.sleep(0.3)
        assert not posted.done()
        assert rig.rows() == []
        assert rig.get("/health").status_code == 200
        rig.hold.clear()
        assert posted.result().status_code == 200
    assert len(rig.rows()) == 1


def test_a_full_inbox_asks_to_come_again(tmp_path: Path) -> None:
    with Rig(tmp_path, inbox_limit=1) as rig, ThreadPoolExecutor(4) as pool:
        rig.hold.set()
        posts = [pool.submit(rig.post, {**EXAMPLE, "N": n}) for n in range(4)]
        wait_until(lambda: sum(p.done() for p in posts) >= 2, 5, "two were turned away")
        refused = [p.result() for p in posts if p.done()]
        rig.hold.clear()
        for response in refused:
            assert response.status_code == 503
            assert int(response.headers["Retry-After"]) > 0
            assert_plain_error(response)
        stored = [p.result() for p in posts if p.result().status_code == 200]
        assert len(rig.rows()) == len(stored) == 2
        assert rig.api.status().turned_away == 2


def test_a_store_that_hangs_leaves_the_other_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_service, "COMMIT_WITHIN_S", 2.0)
    with Rig(tmp_path) as rig, ThreadPoolExecutor(28) as pool:
        rig.hold.set()
        posts = [pool.submit(rig.post, {**EXAMPLE, "N": n}) for n in range(28)]
        time.sleep(0.8)
        began_s = time.monotonic()
        assert rig.get("/health").status_code == 200
        assert rig.get(HISTORY).status_code == 200
        assert time.monotonic() - began_s < 1.9
        for post in posts:
            response = post.result()
            assert response.status_code == 503
            assert "Retry-After" in response.headers
        rig.hold.clear()


def request_threads() -> list[str]:
    """Those that answer requests; the one that listens has no number."""
    return [one.name for one in threading.enumerate() if one.name.startswith("local-api-")]


class _Broken:
    def post(self, body: bytes) -> ApiAnswer:
        raise ValueError("secret /home/farm/path")

    def give_up(self) -> None:
        pass

    def latest(self) -> bytes | None:
        raise KnownError("store.locked", path="/home/farm")

    def history(self, limit: int) -> bytes:
        raise MemoryError

    def stats(self) -> bytes:
        raise KeyError("x")


class _Hanging(_Broken):
    """A store that does not answer, and cannot be asked to stop."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()

    def stats(self) -> bytes:
        self.entered.set()
        self.leave.wait(10)
        return b"{}"


@pytest.fixture
def broken() -> Iterator[str]:
    api = LocalApi(LocalApiConfig(port=0), _Broken())
    api.start()
    wait_until(lambda: api.status().state is LocalApiState.RUNNING)
    yield f"http://127.0.0.1:{api.status().port}"
    assert api.stop(5.0)


def test_a_fault_inside_stays_inside(broken: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answers = [
            requests.post(broken + ANALYZE, json=EXAMPLE, timeout=5),
            requests.get(broken + HISTORY, timeout=5),
            requests.get(broken + STATS, timeout=5),
        ]
    for answer in answers:
        assert answer.status_code == 500
        assert answer.json() == {"error": "Internal server error"}
    assert "secret /home/farm/path" in caplog.text
    locked = requests.get(broken + LATEST, timeout=5)
    assert (locked.status_code, int(locked.headers["Retry-After"]) > 0) == (503, True)
    assert "farm" not in locked.text


def test_a_busy_port_is_said_and_asked_for_again() -> None:
    port = free_port()
    api = LocalApi(LocalApiConfig(port=port), _Broken(), try_again_s=0.2)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        api.start()
        wait_until(lambda: api.status().state is LocalApiState.FAILED)
        problem = api.status().problem
        assert problem is not None
        assert (problem.code, problem.params["port"]) == ("local_api.port_busy", port)
        assert api.healthy()
    wait_until(lambda: api.status().state is LocalApiState.RUNNING)
    assert (api.status().port, api.status().problem) == (port, None)
    assert requests.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    assert api.stop(5.0)
    assert api.status().state is LocalApiState.OFF
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))


def test_an_address_of_another_computer_is_said() -> None:
    config = LocalApiConfig("192.0.2.1", 0, token="t", allow_network=True)
    api = LocalApi(config, _Broken(), try_again_s=0.1)
    api.start()
    wait_until(lambda: api.status().problem is not None)
    problem = api.status().problem
    assert problem is not None
    assert problem.code == "local_api.cannot_listen"
    assert api.stop(2.0)


def test_it_ends_soon_whatever_its_clients_do(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig, ThreadPoolExecutor(4) as pool:
        idle = [socket.create_connection(("127.0.0.1", rig.port)) for _ in range(5)]
        idle[0].sendall(b"POST /api/soil-health/analyze HTTP/1.1\r\nHost: local")
        rig.hold.set()
        posts = [pool.submit(rig.post, EXAMPLE) for _ in range(3)]
        time.sleep(0.3)
        began_s = time.monotonic()
        assert rig.api.stop(1.0)
        assert time.monotonic() - began_s < 1.5
        assert not request_threads()
        for post in posts:
            response = post.result()
            assert response.status_code == 503
            assert "may be stored" in response.json()["error"]
            assert int(response.headers["Retry-After"]) > 0
        for client in idle:
            client.close()
        # They were queued, and are stored after all.
        rig.hold.clear()
        wait_until(lambda: len(rig.rows()) == 3)


def test_a_new_api_answers_after_one_that_gave_up(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig, ThreadPoolExecutor(4) as pool:
        rig.hold.set()
        given_up = [pool.submit(rig.post, {**EXAMPLE, "N": n}) for n in range(3)]
        wait_until(lambda: rig.inbox.received == 3)
        assert rig.api.stop(1.0)
        assert [post.result().status_code for post in given_up] == [503] * 3
        rig.serve_anew()
        rig.hold.clear()
        assert rig.post({**EXAMPLE, "N": 9}).status_code == 200
        wait_until(lambda: len(rig.rows()) == 4)


def test_a_request_that_cannot_be_given_up_is_told() -> None:
    service = _Hanging()
    api = LocalApi(LocalApiConfig(port=0), service)
    api.start()
    wait_until(lambda: api.status().state is LocalApiState.RUNNING)
    url = f"http://127.0.0.1:{api.status().port}{STATS}"
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(requests.get, url, timeout=10)
        assert service.entered.wait(5)
        began_s = time.monotonic()
        assert not api.stop(0.5)
        assert time.monotonic() - began_s < 1.0
        assert len(request_threads()) == 1
        service.leave.set()
        assert isinstance(asked.exception(), requests.ConnectionError)
    wait_until(lambda: not request_threads())


def test_a_client_that_does_not_read_leaves_no_thread(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_service, "encode_history", lambda *_: b"1" * 80_000_000)
    with socket.create_connection(("127.0.0.1", rig.port)) as client:
        client.sendall(f"GET {HISTORY} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        assert rig.api.stop(1.0)
    assert not request_threads()


def test_what_is_under_way_at_the_end_is_answered(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig, ThreadPoolExecutor(1) as pool:
        rig.hold.set()
        post = pool.submit(rig.post, EXAMPLE)
        wait_until(lambda: rig.inbox.received == 1)
        threading.Timer(0.3, rig.hold.clear).start()
        assert rig.api.stop(4.0)
        assert post.result().status_code == 200
    assert len(rig.rows()) == 1


def test_many_clients_at_once_lose_nothing(rig: Rig) -> None:
    def send(client: int) -> int:
        with requests.Session() as session:
            return sum(
                session.post(
                    rig.url(ANALYZE),
                    json={**EXAMPLE, "publisher_id": f"p{client}", "N": number},
                    timeout=20,
                ).status_code
                == 200
                for number in range(20)
            )

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(send, range(40))) == 800
    assert len(rig.rows()) == 800
    assert rig.api.status().stored == 800
    assert rig.get(STATS).json()["total_readings"] == 800


def test_every_answer_is_json_with_the_same_headers(rig: Rig) -> None:
    responses = [
        rig.get("/health"),
        rig.get("/nothing"),
        rig.get("/health", headers={"Host": "evil.example"}),
        rig.post(data="x"),
        requests.put(rig.url("/health"), timeout=5),
    ]
    assert [r.status_code for r in responses] == [200, 404, 403, 415, 405]
    for response in responses:
        json.loads(response.content)
        headers = response.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Vary"] == "Origin"
        assert "Server" not in headers
        assert "Set-Cookie" not in headers


def test_localhost_is_served_at_each_of_its_addresses(tmp_path: Path) -> None:
    with Rig(tmp_path, host="localhost") as rig:
        found = socket.getaddrinfo("localhost", rig.port, type=socket.SOCK_STREAM)
        for family, _, _, _, address in found:
            try:
                with socket.socket(family) as probe:
                    probe.bind((address[0], 0))
            except OSError:
                # That family is switched off here.
                continue
            with socket.socket(family) as client:
                client.settimeout(5)
                client.connect(address)
                client.sendall(
                    f"GET /health HTTP/1.0\r\nHost: localhost:{rig.port}\r\n\r\n".encode()
                )
                assert client.recv(100).startswith(b"HTTP/1.0 200")
