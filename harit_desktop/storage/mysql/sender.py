"""Sends readings over one connection: all of them arrive once, or are named as refused."""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.domain.errors import Problem
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error
from harit_desktop.storage.mysql.insert import KEY, JournalRow, NotStorable, statements
from harit_desktop.storage.mysql.journal_tail import Refused
from harit_desktop.storage.mysql.tables import Layout

MAX_STATEMENT_BYTES = 1024 * 1024
_PACKET_MARGIN_BYTES = 64

REFUSED_IN_A_ROW = 100
"""So many refusals without an accepted row between are no matter of the rows."""

_KEYS = "SELECT reading_key FROM sensor_readings WHERE reading_key IN %s"


class Sender:
    """For one connection in autocommit mode: every statement is a transaction of its own."""

    def __init__(self, connection: ServerConnection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout
        packet_bytes = int(connection.value("SELECT @@max_allowed_packet"))
        self._max_bytes = min(MAX_STATEMENT_BYTES, packet_bytes - _PACKET_MARGIN_BYTES)
        self._refused_in_a_row = 0
        self._expects_known = False

    def send(self, rows: Sequence[JournalRow]) -> tuple[int, list[Refused]]:
        """Brings all rows onto the server; how many are new there, and what it cannot hold.

        Sorted by key, so that two programs with the same rows never wait for each other in a
        circle. Raises ServerError or what the driver raises, with some of the rows sent; the
        call may be repeated. Where everything is refused nothing is given up: ServerError.
        """
        refused: list[Refused] = []
        rows = sorted(rows, key=lambda row: bytes(row[KEY]))
        if self._expects_known:
            # An INSERT of a known row uses up an id, and adopted tables have not many.
            known = self._present(rows)
            self._expects_known = bool(known)
            rows = [row for row in rows if bytes(row[KEY]) not in known]
        return self._send(rows, refused), refused

    def _send(self, rows: Sequence[JournalRow], refused: list[Refused]) -> int:
        try:
            return self._insert(rows, refused)
        except NotStorable as error:
            problem = ServerError("server.failed", Remedy.BISECT, reason=str(error))
        except PROTOCOL_ERRORS as error:
            problem = server_error(error)
            if problem.remedy is not Remedy.BISECT:
                raise
        if len(rows) == 1:
            self._refuse(rows[0], problem, refused)
            return 0
        middle = len(rows) // 2
        return self._send(rows[:middle], refused) + self._send(rows[middle:], refused)

    def _insert(self, rows: Sequence[JournalRow], refused: list[Refused]) -> int:
        new = 0
        for statement, part in statements(rows, self._layout, self._max_bytes):
            if len(statement) > self._max_bytes:
                # Sent, it would only make the server end the connection.
                reason = f"{len(statement)} bytes, max_allowed_packet is less"
                error = ServerError(
                    "server.failed", Remedy.BISECT, 1153, number=1153, reason=reason
                )
                if len(part) == 1:
                    self._refuse(part[0], error, refused)
                    continue
                raise error
            inserted = self._connection.query(statement)
            if inserted < len(part):
                self._check_present(part, refused)
            self._refused_in_a_row = 0
            new += inserted
        return new

    def _check_present(self, rows: Sequence[JournalRow], refused: list[Refused]) -> None:
        """A row that was not inserted is there already; or another unique index, which is
        none of ours, took it for a copy of some other row."""
        self._expects_known = True
        present = self._present(rows)
        for row in rows:
            if bytes(row[KEY]) not in present:
                reason = "a unique index of this table has the same values already"
                error = ServerError(
                    "server.failed", Remedy.BISECT, 1062, number=1062, reason=reason
                )
                self._refuse(row, error, refused)

    def _present(self, rows: Sequence[JournalRow]) -> set[bytes]:
        keys = [bytes(row[KEY]) for row in rows]
        return {bytes(key) for (key,) in self._connection.rows(_KEYS, keys)} if keys else set()

    def _refuse(self, row: JournalRow, error: ServerError, refused: list[Refused]) -> None:
        self._refused_in_a_row += 1
        reason = str(error.params.get("reason", error))
        params: dict[str, str | int | float] = {"number": error.error_number, "reason": reason}
        if self._refused_in_a_row > REFUSED_IN_A_ROW:
            raise ServerError("server.failed", Remedy.ASK, error.error_number, **params)
        refused.append((row, Problem("server.row_refused", params)))
