"""Whether an API's newest rows are rows of our own server, against a real MariaDB."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import ForwardState
from harit_desktop.storage.forward_queue import ForwardQueue
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.same_database import same_database
from harit_desktop.transport.api_forwarder import ApiForwarder
from harit_desktop.wire.api_json import read_history
from tests.mariadb_server import DATABASE, OLD_READINGS, MariaDbServer
from tests.servers import wait_until
from tests.storage.builders import EXAMPLE, make_item
from tests.storage.mysql.forwarding import Sending, make_old_database, now_us, old_insert

KEYS = ("N", "P", "K", "CO2", "Temperature", "Moisture", "pH")
HISTORY = (
    "SELECT timestamp, health_index, health_status, is_anomalous, anomaly_score,"
    " N, P, K, CO2, temperature, moisture, pH FROM sensor_readings"
    " ORDER BY timestamp DESC, id DESC LIMIT 50"
)

MakeSending = Callable[..., Sending]


def history_of(server: MariaDbServer) -> bytes:
    """What the existing backend answers when it works on this server's database."""
    rows: list[dict[str, Any]] = []
    for when, index, status, anomalous, score, *values in server.query(HISTORY):
        readings = dict(zip(KEYS, values, strict=True))
        row = {"timestamp": when.isoformat(), "health_index": index, "health_status": status}
        row |= {"is_anomalous": anomalous, "anomaly_score": score, "sensor_readings": readings}
        rows.append(row)
    return json.dumps({"total": len(rows), "readings": rows, "mode": "MySQL"}).encode()


def read(history: bytes) -> ApiPage:
    return read_history(history, "system")


def database_of(address: ServerAddress, history: bytes) -> str | None:
    return same_database(address, read(history))


def age_all(server: MariaDbServer, minutes: int) -> None:
    server.query(f"UPDATE sensor_readings SET timestamp = timestamp - INTERVAL {minutes} MINUTE")


def changed(history: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    answer = json.loads(history)
    for row in answer["readings"]:
        change(row)
    return json.dumps(answer).encode()


def test_rows_that_the_backend_wrote_a_moment_ago_tell(server: MariaDbServer) -> None:
    make_old_database(server, 1)
    assert database_of(server.address, history_of(server)) == DATABASE


def test_old_rows_tell_where_there_are_some(server: MariaDbServer) -> None:
    make_old_database(server, 5)
    age_all(server, 60 * 24)
    assert database_of(server.address, history_of(server)) == DATABASE


def test_a_few_old_rows_may_be_chance(server: MariaDbServer) -> None:
    make_old_database(server, 2)
    age_all(server, 60 * 24)
    assert database_of(server.address, history_of(server)) is None


@pytest.mark.parametrize("adopted", [False, True])
def test_our_own_rows_in_the_answer_tell(
    server: MariaDbServer, make_sending: MakeSending, adopted: bool
) -> None:
    if adopted:
        server.query(OLD_READINGS)
    sending = make_sending(server, approved=True)
    sending.start()
    sending.commit([make_item(n, values=(20.1 + n, *EXAMPLE[1:])) for n in range(30)])
    sending.wait_ready()
    assert database_of(server.address, history_of(server)) == DATABASE


def test_another_backend_that_heard_the_same_readings_is_another_one(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    server.query(OLD_READINGS)
    sending = make_sending(server, approved=True)
    sending.start()
    sending.commit([make_item(n, values=(20.1 + n, *EXAMPLE[1:])) for n in range(30)])
    sending.wait_ready()
    # In the same second and with the same values, but judged by itself.
    theirs = changed(history_of(server), lambda row: row.update(health_index=12))
    assert database_of(server.address, theirs) is None


def test_other_values_or_times_are_another_database(server: MariaDbServer) -> None:
    make_old_database(server, 5)
    history = history_of(server)

    def other_values(row: dict[str, Any]) -> None:
        row["sensor_readings"]["K"] += 0.01

    def other_time(row: dict[str, Any]) -> None:
        row["timestamp"] = row["timestamp"] + ".250000"

    assert database_of(server.address, changed(history, other_values)) is None
    assert database_of(server.address, changed(history, other_time)) is None


def test_a_copy_of_the_database_is_another_one(server: MariaDbServer) -> None:
    make_old_database(server, 5)
    age_all(server, 60 * 24)
    copy = history_of(server)
    old_insert(server, EXAMPLE)
    server.query("UPDATE sensor_readings SET timestamp = NOW() - INTERVAL 1 HOUR WHERE id = 6")
    assert database_of(server.address, copy) is None


def test_an_answer_without_rows_tells_only_after_the_first_post(server: MariaDbServer) -> None:
    server.query(OLD_READINGS)
    assert database_of(server.address, history_of(server)) is None
    old_insert(server, EXAMPLE)
    assert database_of(server.address, history_of(server)) == DATABASE


def test_another_harit_knows_its_readings_by_itself(server: MariaDbServer) -> None:
    make_old_database(server, 5)
    theirs = changed(history_of(server), lambda row: row.update(publisher_id="a", timestamp_us=1))
    assert database_of(server.address, theirs) is None


ODD_ROWS: list[Any] = [
    None,
    {},
    {"timestamp": "2025-01-01T00:00:00", "sensor_readings": None},
    {"timestamp": "2025-01-01T00:00:00", "sensor_readings": dict.fromkeys(KEYS)},
    {"timestamp": "2025-01-01T00:00:00", "sensor_readings": {"N": float("nan")}},
    {"timestamp": "9999-99-99", "sensor_readings": {"N": 5}},
    {"timestamp": "2025-01-01T00:00:00", "sensor_readings": {"N": True}},
]


def with_row(history: bytes, odd: Any) -> bytes:
    answer = json.loads(history)
    answer["readings"].insert(0, odd)
    return json.dumps(answer).encode()


@pytest.mark.parametrize("odd", ODD_ROWS)
def test_an_odd_row_does_not_hide_that_the_others_are_ours(server: MariaDbServer, odd: Any) -> None:
    make_old_database(server, 5)
    assert database_of(server.address, with_row(history_of(server), odd)) == DATABASE
    age_all(server, 60 * 24)
    assert database_of(server.address, with_row(history_of(server), odd)) == DATABASE


def test_an_odd_judgement_does_not_hide_it_either(server: MariaDbServer) -> None:
    make_old_database(server, 5)
    odd = changed(history_of(server), lambda row: row.update(anomaly_score=float("nan")))
    assert database_of(server.address, odd) == DATABASE


def test_an_odd_row_does_not_make_another_database_ours(server: MariaDbServer) -> None:
    make_old_database(server, 5)
    age_all(server, 60 * 24)
    history = history_of(server)
    age_all(server, 1)
    assert database_of(server.address, with_row(history, None)) is None


@pytest.mark.parametrize("count", [0, 2])
def test_rows_that_cannot_be_understood_may_be_ours(server: MariaDbServer, count: int) -> None:
    make_old_database(server, count)
    if count:
        age_all(server, 60 * 24)
    history = history_of(server)
    assert database_of(server.address, history) is None
    for odd in ODD_ROWS:
        with pytest.raises(KnownError) as raised:
            database_of(server.address, with_row(history, odd))
        assert raised.value.problem == Problem("api.not_json", {"host": ""})


def test_a_newer_row_that_cannot_be_understood_may_be_the_one_that_we_have(
    server: MariaDbServer,
) -> None:
    make_old_database(server, 5)
    age_all(server, 60 * 24)
    older = history_of(server)
    old_insert(server, EXAMPLE)
    server.query("UPDATE sensor_readings SET timestamp = NOW() - INTERVAL 1 HOUR WHERE id = 6")
    with pytest.raises(KnownError) as raised:
        database_of(server.address, with_row(older, None))
    assert raised.value.code == "api.not_json"


@pytest.mark.parametrize("stamp", ["0002-01-01T00:00:00", "9998-12-31T23:59:59.999999"])
def test_a_row_of_a_strange_time_is_another_databases(server: MariaDbServer, stamp: str) -> None:
    make_old_database(server, 3)
    row = {"timestamp": stamp, "sensor_readings": {"N": 1}, "health_index": [1]}
    assert database_of(server.address, json.dumps({"readings": [row]}).encode()) is None


def test_an_empty_database_holds_nobodys_rows(server: MariaDbServer) -> None:
    row = {"timestamp": "2025-01-01T00:00:00", "sensor_readings": dict.fromkeys(KEYS, 1.0)}
    answer = json.dumps({"readings": [row]}).encode()
    assert database_of(server.address, answer) is None


def test_a_server_that_is_away_says_so() -> None:
    with MariaDbServer() as server:
        make_old_database(server, 3)
        answer = history_of(server)
        server.kill()
        began_s = time.monotonic()
        with pytest.raises(KnownError) as raised:
            database_of(server.address, answer)
        assert raised.value.code == "server.unreachable"
        assert time.monotonic() - began_s < 10


class BackendOnOurDatabase:
    """The existing backend as the forwarder's client, working on our own server."""

    def __init__(self, server: MariaDbServer) -> None:
        self._server = server
        self.posts = 0

    def history(self, limit: int) -> bytes:
        return history_of(self._server)

    def post_reading(self, body: bytes) -> bytes:
        self.posts += 1
        sent = json.loads(body)
        old_insert(self._server, [sent[key] for key in KEYS])
        return b'{"soil_health_index": 61}'

    def close(self) -> None:
        """Nothing is open between two requests."""


@pytest.mark.parametrize(("shipped", "posts"), [(True, 0), (False, 1)])
def test_an_api_on_our_own_database_gets_no_second_reading(
    server: MariaDbServer, make_sending: MakeSending, shipped: bool, posts: int
) -> None:
    server.query(OLD_READINGS)
    sending = make_sending(server, approved=True)
    sending.start()
    sending.wait_ready()
    if not shipped:
        # The server has none of our rows by which its history could be known.
        assert sending.forwarder.stop(5.0)
    backend = BackendOnOurDatabase(server)
    queue = ForwardQueue(sending.path, "test")
    queue.start_at_end_if_new()
    forwarder = ApiForwarder(
        backend,
        queue,
        lambda item: json.dumps(dict(zip(KEYS, item.reading.values, strict=True))).encode(),
        "test",
        now_us,
        read_history=read,
        own_database=lambda page: same_database(server.address, page),
    )
    sending.commit([make_item(n, values=(60.1 + n, *EXAMPLE[1:])) for n in range(10)])
    if shipped:
        sending.wait_ready()
    forwarder.start()
    try:
        wait_until(lambda: forwarder.status().state is ForwardState.REFUSED, 15)
        problem = forwarder.status().problem
        assert problem is not None
        assert problem.code == "api.forward_own_database"
        assert backend.posts == posts
    finally:
        assert forwarder.stop(5.0)
