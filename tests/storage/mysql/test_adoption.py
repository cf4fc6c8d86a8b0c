"""A database of the existing system: adopted after a yes, whole, and still good for it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.status import ServerState
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.mysql import adoption, inspection, legacy, tables
from harit_desktop.storage.mysql.connection import ServerConnection, connect
from harit_desktop.storage.mysql.errors import ServerError
from harit_desktop.storage.mysql.tables import INDEXES, OLD_INDEX, added_columns
from tests.mariadb_server import DATABASE, OLD_READINGS, MariaDbServer
from tests.servers import wait_until
from tests.storage.builders import make_item, make_items
from tests.storage.mysql.forwarding import (
    OLD_COLUMNS,
    Sending,
    make_old_database,
    now_us,
    old_insert,
)
from tests.storage.quality import with_reasons

MakeSending = Callable[..., Sending]
SHAPE = (
    "SELECT column_name, column_type, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = DATABASE()"
    " AND table_name = 'sensor_readings' ORDER BY ordinal_position"
)
SEVEN = ", ".join(channel.column for channel in CHANNELS)


def adopt(sending: Sending) -> None:
    sending.start()
    sending.wait_for(ServerState.CONSENT, "server.adoption_needed")
    sending.forwarder.approve()
    sending.wait_ready()


def legacy_done(server: MariaDbServer, rows: int) -> None:
    wait_until(
        lambda: (
            server.scalar("SELECT COUNT(*) FROM sensor_readings WHERE source = 'legacy'") == rows
        ),
        10.0,
        "the old rows are taken over",
    )


def test_nothing_is_changed_before_the_yes(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    rows = make_old_database(server)
    shape = server.query(SHAPE)
    sending = make_sending(server)
    sending.commit(make_items(0, 5))
    sending.start()
    sending.wait_for(ServerState.CONSENT, "server.adoption_needed")
    change = sending.forwarder.status().change
    assert change is not None
    assert (change.kind, change.database, change.rows) == ("adopt", DATABASE, 3)
    assert "sensor_readings.timestamp_us" in change.columns
    assert "sensor_readings.N" not in change.columns
    assert change.tables == ("harit_store",)
    problem = sending.forwarder.status().problem
    assert problem is not None
    assert problem.params == {"database": DATABASE, "rows": 3, "columns": len(change.columns)}
    sending.forwarder.retry_now()
    wait_until(lambda: sending.state is ServerState.CONSENT, 5.0, "it asks again")
    assert server.query(SHAPE) == shape
    assert {name for (name,) in server.query("SHOW TABLES")} == {
        "analysis_history",
        "sensor_readings",
    }
    kept = server.query(f"SELECT id, timestamp, {OLD_COLUMNS} FROM sensor_readings ORDER BY id")
    assert kept == rows


def test_after_the_yes_every_old_row_and_column_stays(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    rows = make_old_database(server)
    shape = server.query(SHAPE)
    sending = make_sending(server)
    sending.commit(make_items(0, 5))
    adopt(sending)
    assert server.query(SHAPE)[: len(shape)] == shape
    assert all(nullable == "YES" for _, _, nullable, _ in server.query(SHAPE)[len(shape) :])
    legacy_done(server, 3)
    kept = server.query(
        f"SELECT id, timestamp, {OLD_COLUMNS} FROM sensor_readings"
        " WHERE reading_key IS NULL ORDER BY id"
    )
    assert kept == rows
    assert server.scalar("SELECT COUNT(*) FROM analysis_history") == 1
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings") == 8


def test_old_rows_get_their_time_by_the_servers_zone(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server)
    sending = make_sending(server)
    adopt(sending)
    legacy_done(server, 3)
    found = server.query(
        "SELECT timestamp_us, UNIX_TIMESTAMP(timestamp) * 1000000, publisher_id, source,"
        " time_source, received_us, same_as FROM sensor_readings"
    )
    for time_us, expected, publisher_id, source, time_source, received_us, same_as in found:
        assert time_us == int(expected) == received_us
        assert abs(time_us - now_us()) < 60 * US_PER_S
        assert (publisher_id, source, time_source) == ("legacy", "legacy", "received")
        assert same_as is None


def test_our_rows_fill_the_old_columns_and_keep_the_exact_values(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server)
    sending = make_sending(server)
    values = (22.123456789, 17.8, None, 498.2, 22.1, 54.8, 1 / 3)
    sent_us = now_us()
    sending.commit([make_item(0, values=values, time_us=sent_us, factors=("Nitrogen",))])
    adopt(sending)
    exact = ", ".join(f"{channel.column}_exact" for channel in CHANNELS)
    ours = "FROM sensor_readings WHERE reading_key IS NOT NULL"
    assert server.query(f"SELECT {exact} {ours}") == [values]
    (old,) = server.query(f"SELECT {SEVEN} {ours}")
    assert old[2] is None
    assert [v for v in old if v] == pytest.approx([v for v in values if v], rel=1e-5)
    (row,) = server.query(
        f"SELECT UNIX_TIMESTAMP(timestamp), timestamp_us, health_index, health_status,"
        f" is_anomalous, anomaly_score, anomaly_score_exact, critical_factors {ours}"
    )
    assert row == (sent_us // US_PER_S, sent_us, 65, "Good", 1, 0.25, 0.25, '["Nitrogen"]')


def test_the_old_backend_goes_on_beside_it(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server)
    sending = make_sending(server)
    sent_us = now_us() + 30 * US_PER_S
    sending.commit([make_item(i, time_us=sent_us + i * US_PER_S) for i in range(3)])
    adopt(sending)
    newest = "SELECT * FROM sensor_readings ORDER BY timestamp DESC LIMIT 5"
    with server.connect_as_root() as connection, connection.cursor() as cursor:
        cursor.execute(newest)
        described = [column[0] for column in cursor.description or ()]
        found = [dict(zip(described, row, strict=True)) for row in cursor.fetchall()]
    assert len(found) == 5
    assert [row["source"] for row in found[:3]] == ["mqtt"] * 3
    assert [row["N"] for row in found[:3]] == [22.5] * 3
    row_id = old_insert(server, (1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5))
    legacy_done(server, 4)
    taken = server.query(f"SELECT publisher_id, N FROM sensor_readings WHERE id = {row_id}")
    assert taken == [("legacy", 1.5)]


@pytest.mark.parametrize("stop_after", range(1, 12))
def test_an_interrupted_adoption_goes_on_without_asking_again(
    stop_after: int, server: MariaDbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make_old_database(server)
    done = 0
    run = ServerConnection.run

    def cut_off(self: ServerConnection, sql: str, *arguments: object) -> int:
        nonlocal done
        if not sql.startswith(("SELECT", "SET")):
            done += 1
            if done > stop_after:
                raise KeyboardInterrupt
        return run(self, sql, *arguments)

    monkeypatch.setattr(ServerConnection, "run", cut_off)
    connection = connect(server.address)
    finished = False
    try:
        adoption.apply(connection, DATABASE, True)
        finished = True
    except KeyboardInterrupt:
        pass
    connection.break_off()
    monkeypatch.undo()
    with connect(server.address) as again:
        # The first step makes our own table, the second one notes the consent.
        layout = adoption.apply(again, DATABASE, approved=stop_after < 2)
        assert inspection.inspect(again, DATABASE).layout == layout
    assert layout.adopted
    assert finished == (stop_after >= 11)
    kept = server.query(f"SELECT id, timestamp, {OLD_COLUMNS} FROM sensor_readings ORDER BY id")
    assert kept == rows


def test_two_programs_may_adopt_at_once(server: MariaDbServer, make_sending: MakeSending) -> None:
    make_old_database(server)
    both = [make_sending(server, name, approved=True) for name in ("one", "two")]
    for number, sending in enumerate(both):
        sending.commit(make_items(number * 100, 50))
        sending.start()
    for sending in both:
        sending.wait_ready()
    ours = "SELECT COUNT(*) FROM sensor_readings WHERE reading_key IS NOT NULL"
    assert server.scalar(ours) == 100


def test_what_is_there_already_needs_nothing(server: MariaDbServer) -> None:
    with connect(server.address) as connection:
        first = adoption.apply(connection, DATABASE, False)
        assert adoption.apply(connection, DATABASE, False) == first


def undoing_statements() -> list[str]:
    """What the owner of an adopted database runs to have it as it was, as docs/store.md says:
    removes our rows, indexes, columns and `harit_store`."""
    ours = [name for name in INDEXES if name != OLD_INDEX]
    columns = added_columns(adopted=True, collation="utf8mb4_bin")
    drops = [f"DROP INDEX {name}" for name in ours] + [f"DROP COLUMN `{name}`" for name in columns]
    return [
        "DELETE FROM sensor_readings WHERE reading_key IS NOT NULL",
        f"ALTER TABLE sensor_readings {', '.join(drops)}",
        "DROP TABLE harit_store",
    ]


def test_undoing_brings_the_old_tables_back(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    rows = make_old_database(server)
    tables = server.query("SHOW CREATE TABLE sensor_readings")[0][1]
    sending = make_sending(server)
    sending.commit(make_items(0, 5))
    adopt(sending)
    sending.close()
    for statement in undoing_statements():
        server.query(statement)
    kept = server.query(f"SELECT id, timestamp, {OLD_COLUMNS} FROM sensor_readings ORDER BY id")
    assert kept == rows

    def without_counter(text: str) -> str:
        return text.split(" AUTO_INCREMENT=")[0]

    now = server.query("SHOW CREATE TABLE sensor_readings")[0][1]
    assert without_counter(now) == without_counter(tables)


def test_a_newer_database_is_left_alone(server: MariaDbServer, make_sending: MakeSending) -> None:
    with connect(server.address) as connection:
        adoption.apply(connection, DATABASE, False)
    server.query("UPDATE harit_store SET value = '99' WHERE name = 'schema_version'")
    sending = make_sending(server)
    sending.commit([make_item()])
    sending.start()
    sending.wait_for(ServerState.REFUSED, "server.newer_version")
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings") == 0


def test_an_older_database_is_migrated_after_a_yes(
    server: MariaDbServer, make_sending: MakeSending, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(server.address) as connection:
        adoption.apply(connection, DATABASE, False)
    wanted = tables.wanted_columns

    def next_version(*, adopted: bool, collation: str) -> dict[str, str]:
        return {**wanted(adopted=adopted, collation=collation), "battery_v": "DOUBLE NULL"}

    for module in (adoption, inspection):
        monkeypatch.setattr(module, "SCHEMA_VERSION", tables.SCHEMA_VERSION + 1)
        monkeypatch.setattr(module, "wanted_columns", next_version)
    sending = make_sending(server)
    sending.start()
    sending.wait_for(ServerState.CONSENT, "server.migration_needed")
    change = sending.forwarder.status().change
    assert change is not None
    assert (change.kind, change.columns) == ("migrate", ("sensor_readings.battery_v",))
    sending.forwarder.approve()
    sending.wait_ready()
    version = "SELECT value FROM harit_store WHERE name = 'schema_version'"
    assert server.scalar(version) == str(tables.SCHEMA_VERSION + 1)


def make_version_1(server: MariaDbServer, *, adopted: bool) -> None:
    """The database as version 1 of this program left it."""
    if adopted:
        make_old_database(server)
    with connect(server.address) as connection:
        adoption.apply(connection, DATABASE, True)
    server.query("ALTER TABLE sensor_readings DROP COLUMN quality_reasons")
    server.query("UPDATE harit_store SET value = '1' WHERE name = 'schema_version'")
    server.query(
        "UPDATE harit_store SET value = 'version 1' WHERE name = 'consent' AND value LIKE 'v%'"
    )


@pytest.mark.parametrize("adopted", [False, True])
def test_a_database_of_version_1_gets_the_reasons_after_a_yes(
    adopted: bool, server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_version_1(server, adopted=adopted)
    shape = server.query(SHAPE)
    sending = make_sending(server)
    reasons = (("Moisture", "spike.returned"), ("pH", "range.impossible"))
    sending.commit([make_item(0), with_reasons(make_item(1), *reasons)])
    sending.start()
    sending.wait_for(ServerState.CONSENT, "server.migration_needed")
    change = sending.forwarder.status().change
    assert change is not None
    assert (change.kind, change.columns) == ("migrate", ("sensor_readings.quality_reasons",))
    assert (change.tables, server.query(SHAPE)) == ((), shape)
    sending.forwarder.approve()
    sending.wait_ready()
    ours = "FROM sensor_readings WHERE reading_key IS NOT NULL ORDER BY timestamp_us"
    sent = sending.local(f"SELECT timestamp_us, quality_reasons {ours}")
    assert server.query(f"SELECT timestamp_us, quality_reasons {ours}") == sent
    assert [json.loads(text) for _, text in sent if text] == [dict(reasons)]
    reader = HistoryReader(sending.path, server.address)
    try:
        states = {state.publisher_id: state for state in reader.last_states(now_us())}
    finally:
        reader.close()
    assert states["probe"].analysis.reasons == reasons


def test_a_migration_that_was_interrupted_goes_on_without_asking_again(
    server: MariaDbServer, make_sending: MakeSending, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version_1(server, adopted=False)
    run = ServerConnection.run

    def cut_off(self: ServerConnection, sql: str, *arguments: object) -> int:
        if sql.startswith("ALTER"):
            raise KeyboardInterrupt
        return run(self, sql, *arguments)

    monkeypatch.setattr(ServerConnection, "run", cut_off)
    connection = connect(server.address)
    with pytest.raises(KeyboardInterrupt):
        adoption.apply(connection, DATABASE, True)
    connection.break_off()
    monkeypatch.undo()
    sending = make_sending(server)
    sending.commit([make_item(0)])
    sending.start()
    sending.wait_ready()
    assert server.scalar("SELECT COUNT(quality_reasons) + COUNT(*) FROM sensor_readings") == 1


@pytest.mark.parametrize(
    ("rights", "needed"),
    [("SELECT, INSERT", "CREATE"), ("SELECT, INSERT, UPDATE, DELETE, CREATE", "ALTER")],
)
def test_a_missing_right_is_named(
    rights: str, needed: str, server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server)
    server.query("CREATE OR REPLACE USER few@'%' IDENTIFIED BY 'few'")
    server.query(f"GRANT {rights} ON {DATABASE}.* TO few@'%'")
    address = replace(server.address, user="few", password="few")
    sending = make_sending(server, address=address, approved=True)
    sending.start()
    sending.wait_for(ServerState.REFUSED, "server.permission")
    problem = sending.forwarder.status().problem
    assert problem is not None
    assert str(problem.params["detail"]).startswith(needed)


def test_a_view_of_that_name_is_refused(server: MariaDbServer) -> None:
    server.query("CREATE VIEW sensor_readings AS SELECT 1 AS id, NOW() AS timestamp")
    with connect(server.address) as connection, pytest.raises(ServerError) as raised:
        adoption.apply(connection, DATABASE, True)
    assert raised.value.code == "server.failed"


def ours_and_theirs(server: MariaDbServer) -> list[tuple[Any, ...]]:
    """Rows of the old backend with the time distance to the row of ours they are linked to."""
    return server.query(
        "SELECT theirs.id, CAST(ours.timestamp_us - theirs.timestamp_us AS SIGNED)"
        " FROM sensor_readings theirs LEFT JOIN sensor_readings ours ON ours.id = theirs.same_as"
        " WHERE theirs.reading_key IS NULL ORDER BY theirs.id"
    )


READING = (22.5, 17.812345, 152.3, 498.2, 22.1, 54.8, 7.18)


def test_the_old_backends_copy_of_a_reading_is_linked(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server, rows=0)
    sending = make_sending(server)
    sending.commit([make_item(values=READING, time_us=now_us())])
    adopt(sending)
    old_insert(server, READING)
    old_insert(server, (*READING[:6], 7.19))
    legacy_done(server, 2)
    wait_until(lambda: ours_and_theirs(server)[0][1] is not None, 5.0, "it is linked")
    assert ours_and_theirs(server)[1][1] is None
    shown = "SELECT COUNT(*) FROM sensor_readings WHERE same_as IS NULL"
    assert server.scalar(shown) == 2


def test_a_reading_that_comes_after_the_old_backends_copy_is_linked(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server, rows=0)
    sending = make_sending(server)
    adopt(sending)
    old_insert(server, READING)
    legacy_done(server, 1)
    assert ours_and_theirs(server)[0][1] is None
    sending.commit([make_item(values=READING, time_us=now_us())])
    wait_until(lambda: ours_and_theirs(server)[0][1] is not None, 5.0, "it is linked")


def test_links_are_one_to_one_and_nearest_in_time(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server, rows=0)
    begin_us = now_us() // US_PER_S * US_PER_S - 3600 * US_PER_S
    for second in (0, 60, 120, 180):
        row_id = old_insert(server, READING)
        time_s = begin_us // US_PER_S + second
        server.query(
            f"UPDATE sensor_readings SET timestamp = FROM_UNIXTIME({time_s}) WHERE id = {row_id}"
        )
    sending = make_sending(server)
    sending.commit(
        [make_item(values=READING, time_us=begin_us + s * US_PER_S) for s in (1, 62, 119)]
    )
    adopt(sending)
    legacy_done(server, 4)
    expected = [1 * US_PER_S, 2 * US_PER_S, -1 * US_PER_S, None]
    wait_until(
        lambda: [distance for _, distance in ours_and_theirs(server)] == expected,
        5.0,
        f"the nearest are linked, are {ours_and_theirs(server)}",
    )


def test_beyond_five_minutes_it_is_another_reading(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server, rows=0)
    old_insert(server, READING)
    sending = make_sending(server)
    sending.commit([make_item(values=READING, time_us=now_us() - 302 * US_PER_S)])
    adopt(sending)
    legacy_done(server, 1)
    sending.commit([make_item(values=(1.0,) * 7, time_us=now_us())])
    sending.wait_ready()
    assert ours_and_theirs(server)[0][1] is None


def test_a_crash_between_taking_over_and_linking_costs_no_link(
    server: MariaDbServer, make_sending: MakeSending, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old_database(server, rows=0)
    sending = make_sending(server)
    sending.commit([make_item(values=READING, time_us=now_us())])
    adopt(sending)
    sending.forwarder.stop(5.0)
    old_insert(server, READING)
    with connect(server.address) as connection:
        connection.autocommit(True)
        layout = inspection.inspect(connection, DATABASE).layout
        assert layout is not None
        with monkeypatch.context() as patch:

            def cut_off(*_: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(legacy, "_finish_links", cut_off)
            with pytest.raises(KeyboardInterrupt):
                legacy.take_over(connection, layout)
        assert ours_and_theirs(server)[0][1] is None
        legacy.take_over(connection, layout)
    assert ours_and_theirs(server)[0][1] is not None
    assert server.query("SELECT name FROM harit_store WHERE name LIKE 'link:%'") == []


def test_many_old_rows_are_taken_over_beside_forwarding(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    server.query(OLD_READINGS)
    server.query(
        "INSERT INTO sensor_readings (timestamp, N)"
        " SELECT NOW() - INTERVAL seq MINUTE, seq FROM seq_1_to_9000"
    )
    sending = make_sending(server, approved=True)
    sending.commit(make_items(0, 3000))
    sending.start()
    sending.wait_ready()
    legacy_done(server, 9000)
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings WHERE timestamp_us IS NULL") == 0
    explained = server.query(f"EXPLAIN {_find_new()}")
    assert "ix_readings_time" in str(explained)


def _find_new() -> str:
    return legacy._FIND_NEW % 2000


@pytest.mark.parametrize("minutes", [-20, 20])
def test_in_the_hour_that_comes_twice_rows_are_of_now(
    make_sending: MakeSending, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """The server's clock is set back an hour `minutes` from now."""
    back = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    # Named by the day of the year without a 29th of February, and by the summer time's clock.
    summer = back.replace(tzinfo=None) + dt.timedelta(hours=2)
    day = summer.replace(year=2025, day=min(summer.day, 28 if summer.month == 2 else 31))
    monkeypatch.setenv("TZ", f"WIN-1SUM-2,J1/0,J{day.timetuple().tm_yday}/{summer:%H:%M:%S}")
    with MariaDbServer() as server:
        monkeypatch.delenv("TZ")
        make_old_database(server, rows=0)
        sending = make_sending(server, approved=True)
        sending.start()
        sending.wait_ready()
        values = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
        old_id = old_insert(server, values)
        sending.commit([make_item(time_us=now_us(), values=values)])
        wait_until(
            lambda: server.scalar(
                f"SELECT same_as IS NOT NULL FROM sensor_readings WHERE id = {old_id}"
            ),
            10.0,
            "they are the same reading",
        )
        time_us = server.scalar(f"SELECT timestamp_us FROM sensor_readings WHERE id = {old_id}")
        assert abs(time_us - now_us()) < 60 * US_PER_S
