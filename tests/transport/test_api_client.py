"""The client against the existing backend's stand-in, a real process, with every fault."""

import json
import os
import threading
import time
from collections.abc import Iterator

import pytest

from harit_desktop.transport.api_client import NO_READING, ApiClient
from tests.flask_backend import FlaskBackend
from tests.transport.api_peers import VALUES, client_of, failure

BODY = json.dumps(VALUES).encode()


@pytest.fixture(scope="module")
def shared() -> Iterator[FlaskBackend]:
    with FlaskBackend() as backend:
        yield backend


@pytest.fixture
def backend(shared: FlaskBackend) -> Iterator[FlaskBackend]:
    yield shared
    shared.set_fault("none")


@pytest.fixture
def client(backend: FlaskBackend) -> Iterator[ApiClient]:
    made = client_of(backend.port)
    yield made
    made.close()


def test_all_five_endpoints() -> None:
    with FlaskBackend() as backend:
        client = client_of(backend.port)
        assert client.latest() == NO_READING
        assert json.loads(client.health())["status"] == "ok"
        assert json.loads(client.post_reading(BODY))["sensor_readings"] == VALUES
        backend.add({**VALUES, "N": 1.0})
        assert json.loads(client.latest())["sensor_readings"]["N"] == 1.0
        assert [row["sensor_readings"]["N"] for row in _rows(client.history(5))] == [1.0, 22.5]
        assert len(_rows(client.history(1))) == 1
        assert json.loads(client.stats())["total_readings"] == 2
        client.close()


def _rows(page: bytes) -> list[dict[str, dict[str, float]]]:
    rows: list[dict[str, dict[str, float]]] = json.loads(page)["readings"]
    return rows


@pytest.mark.parametrize(
    ("fault", "code", "kind", "retry_after_s"),
    [
        ("e500", "api.http", "retry", None),
        ("e503", "api.busy", "retry", None),
        ("e429", "api.busy", "retry", 2.0),
        ("html", "api.not_json", "retry", None),
        ("redirect", "api.redirected", "retry", None),
        ("huge", "api.too_big", "retry", None),
        ("half_json", "api.not_json", "retry", None),
        ("lost_answer", "api.lost", "retry", None),
    ],
)
@pytest.mark.parametrize("posts", [False, True])
def test_each_fault_has_its_name(
    backend: FlaskBackend,
    client: ApiClient,
    fault: str,
    code: str,
    kind: str,
    retry_after_s: float | None,
    posts: bool,
) -> None:
    held = len(backend.readings())
    backend.set_fault(fault)
    found = failure(lambda: client.post_reading(BODY) if posts else client.history(100))
    assert (found.code, found.kind, found.retry_after_s) == (code, kind, retry_after_s)
    assert found.params["host"] == "127.0.0.1"
    # The same client serves as soon as the server does.
    backend.set_fault("none")
    client.post_reading(BODY)
    stored_unheard = posts and fault == "lost_answer"
    assert len(backend.readings()) == held + 1 + stored_unheard


def test_a_slow_answer_within_the_time_is_an_answer(backend: FlaskBackend) -> None:
    backend.set_fault("slow")
    client = client_of(backend.port, timeout_s=9)
    assert "soil_health_index" in json.loads(client.post_reading(BODY))
    client.close()


@pytest.mark.parametrize("fault", ["slow", "hang"])
def test_no_answer_in_time(backend: FlaskBackend, fault: str) -> None:
    backend.set_fault(fault)
    client = client_of(backend.port, timeout_s=1)
    began_s = time.monotonic()
    found = failure(client.health)
    assert (found.code, found.kind, found.params["seconds"]) == ("api.timeout", "retry", 1)
    assert 1 <= time.monotonic() - began_s < 3
    client.close()


def test_closing_from_another_thread_ends_a_request(backend: FlaskBackend) -> None:
    backend.set_fault("hang")
    client = client_of(backend.port, timeout_s=30)
    threading.Timer(0.3, client.close).start()
    began_s = time.monotonic()
    assert failure(lambda: client.history(5)).code == "api.lost"
    assert time.monotonic() - began_s < 5
    assert failure(client.health).code == "api.lost"


def test_a_frozen_server_and_one_that_was_killed(backend: FlaskBackend, client: ApiClient) -> None:
    client.health()
    backend.freeze()
    hasty = client_of(backend.port, timeout_s=1)
    assert failure(hasty.health).code == "api.timeout"
    hasty.close()
    backend.thaw()
    client.health()
    backend.kill()
    found = failure(client.health)
    assert found.code == "api.unreachable"
    assert found.params["port"] == backend.port
    backend.start()
    client.health()


def test_a_restart_between_two_requests_is_not_noticed(
    backend: FlaskBackend, client: ApiClient
) -> None:
    client.health()
    backend.restart()
    client.post_reading(BODY)


def test_a_reading_that_is_not_wanted_says_why(client: ApiClient) -> None:
    found = failure(lambda: client.post_reading(b'{"N": 1}'))
    assert (found.kind, found.code, found.params["status"]) == ("refused", "api.refused", 400)
    assert found.params["reason"] == "Missing required fields"


def test_a_folder_that_is_not_there(backend: FlaskBackend) -> None:
    address = client_of(backend.port).address
    client = ApiClient(type(address)("http", address.host, address.port, "/farm"), None, 5)
    found = failure(client.health)
    assert (found.kind, found.code) == ("stop", "api.not_found")
    assert found.params["path"] == "/farm/health"
    # Werkzeug's own page of 404 is not the API that has no reading yet.
    assert failure(client.latest).code == "api.not_found"
    client.close()


def test_a_key_is_sent_and_a_wrong_one_is_refused() -> None:
    with FlaskBackend(token="s3cret-key") as backend:
        right = client_of(backend.port, token=" s3cret-key\n")
        right.post_reading(BODY)
        right.close()
        for token in (None, "wrong", "kéy", "a\r\nb: c"):
            client = client_of(backend.port, token=token)
            found = failure(lambda each=client: each.post_reading(BODY))  # type: ignore[misc]  # a default argument
            assert (found.kind, found.code, found.params["status"]) == ("stop", "api.auth", 401)
            client.close()
        assert len(backend.readings()) == 1


def test_proxies_and_password_files_are_not_used(
    backend: FlaskBackend, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    client.health()
