"""Columns that would round or cut what is sent: nothing is sent to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harit_desktop.domain.status import ServerState
from harit_desktop.storage.mysql import session
from harit_desktop.storage.mysql.tables import wanted_columns
from tests.mariadb_server import MariaDbServer
from tests.storage.builders import make_items
from tests.storage.mysql.forwarding import Sending, make_old_database

MakeSending = Callable[..., Sending]


@pytest.mark.parametrize(
    ("column", "kind", "shown"),
    [
        ("N", "FLOAT", "float"),
        ("CO2", "INT", "int(11)"),
        ("moisture", "DECIMAL(6,2)", "decimal(6,2)"),
        ("pH", "DOUBLE(8,2)", "double(8,2)"),
        ("anomaly_score", "FLOAT", "float"),
        ("timestamp_us", "DOUBLE", "double"),
        ("received_us", "INT", "int(11)"),
        ("reading_key", "BINARY(40)", "binary(40)"),
        ("publisher_id", "VARCHAR(20)", "varchar(20) utf8mb4"),
        ("message_id", "VARCHAR(64) CHARACTER SET latin1", "varchar(64) latin1"),
        ("topic", "VARCHAR(5)", "varchar(5) utf8mb4"),
    ],
)
def test_a_column_that_cannot_hold_its_values_is_named_and_readings_wait(
    server: MariaDbServer, make_sending: MakeSending, column: str, kind: str, shown: str
) -> None:
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query(f"ALTER TABLE sensor_readings MODIFY `{column}` {kind} NULL")
    sending.restart_forwarder()
    sending.commit(make_items(0, 5))
    sending.wait_for(ServerState.REFUSED, "server.wrong_column")
    status = sending.forwarder.status()
    assert status.problem is not None
    assert status.problem.params == {"table": "sensor_readings", "column": column, "type": shown}
    assert status.waiting == 5
    wanted = wanted_columns(adopted=False, collation="utf8mb4_nopad_bin")[column]
    server.query(f"ALTER TABLE sensor_readings MODIFY `{column}` {wanted}")
    sending.forwarder.retry_now()
    sending.wait_ready()
    assert server.scalar("SELECT COUNT(*) FROM sensor_readings") == 5


def test_a_column_that_changes_under_way_is_noticed(
    server: MariaDbServer, make_sending: MakeSending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_TYPES_EVERY_S", 0.2)
    sending = make_sending(server)
    sending.start()
    sending.wait_ready()
    server.query("ALTER TABLE sensor_readings MODIFY N FLOAT")
    sending.wait_for(ServerState.REFUSED, "server.wrong_column")


def test_an_exact_column_of_an_old_table_must_be_exact(
    server: MariaDbServer, make_sending: MakeSending
) -> None:
    make_old_database(server)
    server.query("ALTER TABLE sensor_readings MODIFY CO2 INT")
    sending = make_sending(server, approved=True)
    sending.start()
    sending.wait_ready()
    server.query("ALTER TABLE sensor_readings MODIFY CO2_exact FLOAT")
    sending.restart_forwarder()
    sending.wait_for(ServerState.REFUSED, "server.wrong_column")
