"""Readings reach the server whole, once and exactly as they were sent."""

from __future__ import annotations

import json
import random
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.channels import CHANNELS, Values
from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.reading import Source, TimeSource, reading_key
from harit_desktop.domain.status import ServerState
from harit_desktop.storage.mysql.tables import JOURNAL_COLUMNS
from tests.mariadb_server import MariaDbServer
from tests.servers import wait_until
from tests.storage.builders import START_US, make_item, make_items
from tests.storage.mysql.forwarding import Sending, now_us
from tests.storage.quality import with_reasons

MakeSending = Callable[..., Sending]
VALUES = ", ".join(channel.column for channel in CHANNELS)


def count(server: MariaDbServer) -> int:
    return int(server.scalar("SELECT COUNT(*) FROM sensor_readings"))


def test_a_new_database_gets_its_table_and_all_readings(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.commit(make_items(0, 2500))
    sending.start()
    sending.wait_ready()
    # The server's own count is asked for after a slice was sent.
    wait_until(lambda: sending.forwarder.status().rows == 2500)
    status = sending.forwarder.status()
    assert (count(server), status.forwarded) == (2500, 2500)
    assert status.version.startswith("MariaDB 1")
    assert status.change is None
    store_id = server.scalar("SELECT value FROM harit_store WHERE name = 'store_id'")
    cursors = dict(sending.local("SELECT name, last_id FROM cursors"))
    assert cursors["forwarded"] == cursors[f"server:{store_id}"] == 2500


def test_every_column_arrives_as_it_is_in_the_journal(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    absent = (None, 17.8, None, 498.2, 22.1, 54.8, 7.18)
    sending.commit(
        [
            make_item(1, time_us=START_US + 123_456, factors=("Nitrogen", "pH"), index=None),
            make_item(2, values=absent, source=Source.SIMULATOR, topic='it\'s \\ "50 %"\n\0'),
            make_item(3, "नमी 💧", topic="%s %(name)s /* */ --"),
            with_reasons(make_item(4), ("Moisture", "spike.returned"), ("pH", "it's \\ नमी")),
        ]
    )
    sending.start()
    sending.wait_ready()
    columns = [name for name in JOURNAL_COLUMNS if name not in ("id", "timestamp")]
    names = ", ".join(columns)
    sent = sending.local(f"SELECT {names} FROM sensor_readings ORDER BY timestamp_us")
    assert server.query(f"SELECT {names} FROM sensor_readings ORDER BY timestamp_us") == sent


def test_the_readable_time_is_the_servers_local_time_to_the_microsecond(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.commit([make_item(0, time_us=START_US + 654_321)])
    sending.start()
    sending.wait_ready()
    expected = server.scalar(f"SELECT FROM_UNIXTIME({START_US // 1_000_000}.654321)")
    assert server.scalar("SELECT timestamp FROM sensor_readings") == expected


def test_any_number_arrives_to_the_last_bit(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    chance = random.Random(7)
    edges = [0.1, 1 / 3, -0.0, 5e-324, 1.7976931348623157e308, 1e22, 123456789.123456789]
    numbers = [*edges, *(struct.unpack("<d", chance.randbytes(8))[0] for _ in range(3000))]
    numbers = [number for number in numbers if number - number == 0.0]
    items = [make_item(i, values=tuple(numbers[i : i + 7])) for i in range(0, len(numbers) - 7, 7)]
    sending = make_sending(server)
    sending.commit(items)
    sending.start()
    sending.wait_ready()
    order = f"SELECT {VALUES} FROM sensor_readings ORDER BY timestamp_us"
    assert server.query(order) == sending.local(order)


def test_ids_that_differ_in_case_space_or_accent_are_different(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    names = ["node-A", "NODE-a", "node-A ", "nod\u00e9-A", "node\u0301-A"]
    sending = make_sending(server)
    sending.commit([make_item(0, name) for name in names])
    sending.start()
    sending.wait_ready()
    for name in names:
        assert server.query(
            f"SELECT publisher_id FROM sensor_readings WHERE publisher_id = '{name}'"
        ) == [(name,)]
    found = server.scalar("SELECT COUNT(DISTINCT publisher_id) FROM sensor_readings")
    assert found == len(names)


def test_readings_that_come_later_follow_soon(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    for number in range(5):
        sending.commit([make_item(number)])
        wait_until(lambda n=number: count(server) == n + 1, 2.0, "the reading is there")  # type: ignore[misc]  # lambda default


def test_two_programs_with_the_same_readings_store_each_once(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    items = make_items(0, 6000)
    both = [make_sending(server, name) for name in ("one", "two")]
    for sending in both:
        for first in range(0, 6000, 500):
            sending.journal.commit(items[first : first + 500])
    for sending in both:
        sending.start()
    for sending in both:
        sending.wait_ready(30.0)
    assert count(server) == 6000


def named_item(
    message_id: str, values: Values, *, number: int = 0, impossible: str | None = None
) -> CommitItem:
    """A reading whose publisher gives its messages ids; `impossible` is the text of a time."""
    item = make_item(number, values=values)
    assert item.analysed is not None
    reading = structs.replace(item.analysed.reading, message_id=message_id)
    if impossible is not None:
        reading = structs.replace(
            reading, sent_us=1, sent_timestamp=impossible, time_source=TimeSource.SUSPECT
        )
    key = reading_key(reading)
    assert key is not None
    return structs.replace(item, analysed=structs.replace(item.analysed, reading=reading, key=key))


@pytest.mark.parametrize("later", [False, True])
def test_an_id_that_was_used_for_another_reading_is_named(
    server: MariaDbServer, make_sending: MakeSending, later: bool
) -> None:
    """By two programs that do not know of each other's readings; a true copy is none."""
    one, two = (make_sending(server, name) for name in ("one", "two"))
    values = (0.1, None, 1 / 3, 498.2, 22.1, 54.8, 7.18)
    items = [named_item(f"m{i}", values, number=i) for i in range(6)]
    items.append(named_item("odd", values, impossible="0000-01-01"))
    one.commit(items)
    one.start()
    one.wait_ready()
    reused = [named_item("m1", (1.5, *values[1:]), number=1), named_item("m2", values, number=20)]
    odd = [named_item("odd", values, impossible="0000-01-01", number=9)]
    copies = [named_item(f"m{i}", values, number=i) for i in (0, 3, 4, 5)]
    if later:
        two.start()
        two.commit([named_item("m0", values), *make_items(50, 3)])
        two.wait_ready()
    two.commit([*copies, *reused, *odd, *make_items(60, 3)])
    if not later:
        two.start()
    two.wait_for(ServerState.READY, "server.rows_refused")
    wait_until(lambda: two.forwarder.status().waiting == 0, 5.0, "all is sent")
    problem = two.forwarder.status().problem
    assert problem is not None
    assert problem.params == {"count": 2}
    kept = two.local("SELECT reason_code, reason, payload FROM rejected_messages ORDER BY id")
    assert {row[0] for row in kept} == {"message_id_reused"}
    assert sorted(json.loads(row[2])["message_id"] for row in kept) == ["m1", "m2"]
    assert dict(two.local("SELECT name, value FROM counters"))["rejected_total"] == 2
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings WHERE message_id IS NOT NULL") == 7
    # Sent once more, it is not kept once more.
    assert two.forwarder.stop(5.0)
    connection = sqlite3.connect(two.path)
    connection.execute("UPDATE cursors SET last_id = 0")
    connection.commit()
    connection.close()
    two.restart_forwarder()
    two.wait_for(ServerState.READY, "server.rows_refused")
    assert two.local("SELECT count(*) FROM rejected_messages") == [(2,)]


def test_a_cursor_that_was_lost_doubles_nothing(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.commit(make_items(0, 1500))
    sending.start()
    sending.wait_ready()
    assert sending.forwarder.stop(5.0)
    sending.journal.close()
    connection = sqlite3.connect(sending.path)
    connection.execute("UPDATE cursors SET last_id = 700")
    connection.commit()
    connection.close()
    sending.journal.open()
    sending.restart_forwarder()
    sending.wait_ready()
    assert count(server) == 1500


def test_another_store_gets_everything_and_the_first_one_only_what_is_new(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    server.query("CREATE DATABASE IF NOT EXISTS other")
    server.query("DROP TABLE IF EXISTS other.sensor_readings, other.harit_store")
    server.query("GRANT ALL ON other.* TO harit@'%'")
    sending = make_sending(server)
    sending.commit(make_items(0, 30))
    sending.start()
    sending.wait_ready()
    first = sending.address
    sending.address = replace(first, database="other")
    sending.restart_forwarder()
    sending.wait_ready()
    assert server.scalar("SELECT COUNT(*) FROM other.sensor_readings") == 30
    sending.commit(make_items(30, 5))
    sending.wait_ready()
    sending.address = first
    sending.restart_forwarder()
    sending.wait_ready()
    assert sending.forwarder.status().forwarded == 5
    assert count(server) == 35


def test_old_readings_of_ours_leave_the_server(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    today = now_us()
    old = [make_item(i, time_us=today - 40 * US_PER_DAY + i) for i in range(1200)]
    new = [make_item(i, time_us=today - 20 * US_PER_DAY + i) for i in range(10)]
    sending = make_sending(server, retention_days=30)
    sending.commit([*old, *new])
    sending.start()
    sending.wait_ready()
    wait_until(lambda: count(server) == 10, 10.0, "the old ones are gone")


def test_simulated_readings_are_deleted_and_no_others(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    simulated = [make_item(i, "simulator", source=Source.SIMULATOR) for i in range(600)]
    sending.commit([*simulated, *make_items(0, 40)])
    sending.start()
    sending.wait_ready()
    sending.forwarder.delete_simulated()
    assert server.query("SELECT DISTINCT source FROM sensor_readings") == [("mqtt",)]
    assert count(server) == 40
    wait_until(lambda: sending.forwarder.status().rows == 40, 5.0, "the count follows")


def test_encryption_is_shown_and_comes_back_after_a_loss(make_sending: MakeSending) -> None:
    with MariaDbServer(tls=True) as server:
        sending = make_sending(server)
        sending.commit([make_item()])
        sending.start()
        sending.wait_ready()
        assert sending.forwarder.status().tls
        server.kill()
        sending.commit(make_items(10, 5))
        sending.wait_for(ServerState.LOST, "server.unreachable")
        server.start()
        sending.forwarder.retry_now()
        sending.wait_ready()
        assert count(server) == 6
        sending.close()


def test_a_server_that_does_not_sync_is_named(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    server.query("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    try:
        sending = make_sending(server)
        sending.start()
        sending.wait_for(ServerState.READY, "server.not_durable")
    finally:
        server.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1")


def test_without_a_user_nothing_is_tried(server: MariaDbServer, make_sending: MakeSending) -> None:
    sending = make_sending(server, address=replace(server.address, user=""))
    sending.start()
    sending.wait_for(ServerState.REFUSED, "server.no_credentials")


def test_a_journal_that_comes_later_is_waited_for(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.journal.close()
    for path in sending.path.parent.iterdir():
        path.unlink()
    sending.start()
    sending.journal.open()
    sending.commit(make_items(0, 3))
    sending.wait_ready()
    assert count(server) == 3


def test_a_journal_that_was_replaced_is_sent_from_its_begin(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    sending = make_sending(server)
    sending.commit(make_items(0, 20))
    sending.start()
    sending.wait_ready()
    sending.journal.close()
    for path in sending.path.parent.iterdir():
        path.unlink()
    sending.journal.open()
    sending.commit(make_items(100, 4))
    wait_until(lambda: count(server) == 24, 10.0, "the new file's readings are there")


def test_the_status_says_how_many_wait(server: MariaDbServer, make_sending: MakeSending) -> None:
    sending = make_sending(server, address=replace(server.address, port=1))
    sending.commit(make_items(0, 12))
    sending.start()
    sending.wait_for(ServerState.LOST, "server.unreachable")
    status = sending.forwarder.status()
    assert status.waiting == 12
    assert status.retry_at_us is not None
