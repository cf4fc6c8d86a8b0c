"""A row of a remote API that was sent to the server gives way there, too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.mysql.journal_tail import JournalTail
from tests.mariadb_server import MariaDbServer
from tests.servers import wait_until
from tests.storage.builders import EXAMPLE
from tests.storage.mysql.forwarding import Sending, make_old_database
from tests.storage.mysql.reads import EVER, old_row
from tests.storage.polled import heard, polled, values_of

MakeSending = Callable[..., Sending]
VISIBLE = "timestamp_us IS NOT NULL AND same_as IS NULL"


def visible(server: MariaDbServer) -> list[tuple[str, str]]:
    """Publisher and source of what readers show."""
    return server.query(
        f"SELECT publisher_id, source FROM sensor_readings WHERE {VISIBLE} ORDER BY timestamp_us"
    )


def wait_visible(server: MariaDbServer, expected: list[tuple[str, str]]) -> None:
    wait_until(lambda: visible(server) == expected, 15.0, f"{expected} are shown")


def test_the_server_follows(server: MariaDbServer, make_sending: MakeSending) -> None:
    sending = make_sending(server)
    sending.start()
    sending.commit([heard(-90, values_of(1)), polled(1), polled(500)])
    sending.wait_ready()
    both = [("probe", "mqtt"), ("probe", "api"), ("probe", "api")]
    assert visible(server) == both
    sending.commit([heard(0, received_s=900)])
    wait_visible(server, [("probe", "mqtt"), ("probe", "mqtt"), ("probe", "api")])
    wait_until(lambda: sending.forwarder.status().rows == 3, 10.0, "three are counted")
    history = HistoryReader(sending.path, server.address)
    assert len(history.series("probe", *EVER, 100).time_us) == 3
    history.close()
    # Nothing was deleted, and every row is where it was.
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings") == 4
    sending.commit([polled(1)])
    sending.wait_ready()
    assert len(visible(server)) == 3


def test_a_server_that_is_down_hears_of_it_later(make_sending: MakeSending) -> None:
    with MariaDbServer() as server:
        sending = make_sending(server)
        sending.start()
        sending.commit([polled(1)])
        sending.wait_ready()
        server.kill()
        sending.commit([heard(0, received_s=900)])
        sending.forwarder.stop(5.0)
        server.start()
        assert visible(server) == [("api", "api")]
        sending.restart_forwarder()
        wait_visible(server, [("probe", "mqtt")])


def test_ended_before_it_was_noted(
    server: MariaDbServer, make_sending: MakeSending, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = make_sending(server)
    sending.commit([polled(1), polled(500)])
    sending.start()
    sending.wait_ready()

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(JournalTail, "withdrew", fail)
        sending.commit([heard(0, received_s=900)])
        wait_visible(server, [("probe", "mqtt"), ("api", "api")])
        assert sending.local("SELECT * FROM cursors WHERE name LIKE 'withdrawn:%'") == []
        sending.forwarder.stop(5.0)
    sending.commit([heard(499, received_s=900)])
    sending.restart_forwarder()
    wait_visible(server, [("probe", "mqtt")] * 2)
    store_id = server.scalar("SELECT value FROM harit_store WHERE name = 'store_id'")
    wait_until(
        lambda: (
            sending.local("SELECT * FROM cursors WHERE name LIKE 'withdrawn:%'")
            == [(f"withdrawn:{store_id}", 2)]
        ),
        5.0,
        "both are noted",
    )


def test_what_never_was_on_a_server_is_not_withdrawn_there(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.commit([polled(1)])
    sending.commit([heard(0, received_s=900)])
    assert sending.local("SELECT count(*) FROM withdrawn_readings") == [(0,)]
    sending.start()
    sending.wait_ready()
    assert visible(server) == [("probe", "mqtt")]


def test_it_is_withdrawn_only_behind_its_successor(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.commit([polled(1)])
    sending.wait_ready()
    sending.forwarder.stop(5.0)
    sending.commit([heard(0, received_s=900)])
    tail = JournalTail(sending.path)
    store_id = server.scalar("SELECT value FROM harit_store WHERE name = 'store_id'")
    assert tail.withdrawn(store_id) == []
    tail.advance(store_id, sending.last_id())
    assert len(tail.withdrawn(store_id)) == 1
    tail.withdrew(store_id, 1)
    assert tail.withdrawn(store_id) == []
    # A server that may have lost its last seconds is told everything again.
    tail.use(store_id, 10**9)
    assert len(tail.withdrawn(store_id)) == 1
    tail.close()


def test_a_row_of_the_old_backend_follows(server: MariaDbServer, make_sending: MakeSending) -> None:
    make_old_database(server, 0)
    sending = make_sending(server, approved=True)
    sending.start()
    sending.commit([polled(1)])
    sending.wait_ready()
    numbers = ", ".join(map(str, EXAMPLE))
    old_row(server, 1, numbers, "61, 'Good', 0, 0.1, '[]'")
    wait_until(
        lambda: server.scalar("SELECT COUNT(*) FROM sensor_readings WHERE same_as = 1") == 1,
        10.0,
        "the old row is linked to the API's",
    )
    sending.commit([heard(0, received_s=900)])
    wait_visible(server, [("probe", "mqtt")])
    linked = server.query("SELECT source, same_as = id FROM sensor_readings WHERE same_as > 0")
    assert sorted(linked) == [("api", 1), ("legacy", 0)]
    # A second one is another reading: hidden rows take none.
    old_row(server, 2, numbers, "61, 'Good', 0, 0.1, '[]'")
    wait_visible(server, [("probe", "mqtt"), ("legacy", "legacy")])
