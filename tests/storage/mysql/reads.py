"""What the tests of reads share: forwarding by hand, and looks at what was read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.storage.mysql.adoption import apply
from harit_desktop.storage.mysql.connection import connect
from harit_desktop.storage.mysql.insert import statements
from harit_desktop.storage.mysql.journal_tail import JournalTail
from harit_desktop.storage.mysql.legacy import take_over
from harit_desktop.storage.series import Series
from tests.mariadb_server import DATABASE, MariaDbServer
from tests.storage.builders import START_US

EVER = (0, 2**60)


def seconds(number: float) -> int:
    return START_US + round(number * US_PER_S)


def make_tables(server: MariaDbServer) -> None:
    connection = connect(server.address)
    apply(connection, DATABASE, approved=True)
    connection.close()


def send(server: MariaDbServer, db_path: Path, count: int = 10**9, *, note: bool = True) -> None:
    """Forwards the next `count` readings, as the forwarder does; without `note` it ends
    before it has written down that it did."""
    connection = connect(server.address, read_timeout_s=30)
    layout = apply(connection, DATABASE, approved=True)
    tail = JournalTail(db_path)
    tail.use(layout.store_id)
    while count > 0 and (page := tail.page(layout.store_id)[:count]):
        for sql, _ in statements(page, layout, 2**20):
            connection.query(sql)
        connection.commit()
        count -= len(page)
        if not note:
            break
        tail.advance(layout.store_id, page[-1][0])
    tail.close()
    connection.close()


def sweep(server: MariaDbServer) -> None:
    """Takes over and links the rows of the old backend."""
    connection = connect(server.address)
    layout = apply(connection, DATABASE, approved=True)
    connection.autocommit(True)
    while take_over(connection, layout):
        pass
    connection.close()


def assert_same(found: Series, expected: Series) -> None:
    assert (found.bucketed, found.bucket_us) == (expected.bucketed, expected.bucket_us)
    np.testing.assert_array_equal(found.time_us, expected.time_us)
    np.testing.assert_array_equal(found.flags, expected.flags)
    for name in ("values", "index", "low", "high"):
        one, two = getattr(found, name), getattr(expected, name)
        if two is None:
            assert one is None
        else:
            np.testing.assert_allclose(one, two, rtol=1e-12, err_msg=name)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def old_row(server: MariaDbServer, number: int, values: str, rest: str) -> None:
    server.query(
        "INSERT INTO sensor_readings (timestamp, N, P, K, CO2, temperature, moisture, pH,"
        " health_index, health_status, is_anomalous, anomaly_score, critical_factors)"
        f" VALUES (FROM_UNIXTIME({seconds(number) // US_PER_S}), {values}, {rest})"
    )
