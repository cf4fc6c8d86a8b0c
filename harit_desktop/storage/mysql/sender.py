"""Sends readings over one connection: all of them arrive once, or are named as refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.reading import TimeSource
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error
from harit_desktop.storage.mysql.insert import (
    KEY,
    MESSAGE_ID,
    SENT_TIMESTAMP,
    TIME_SOURCE,
    TIME_US,
    VALUES,
    JournalRow,
    NotStorable,
    statements,
)
from harit_desktop.storage.mysql.refused import MESSAGE_ID_REUSED, ROW_REFUSED, Refused
from harit_desktop.storage.mysql.tables import Layout, exact_values

MAX_STATEMENT_BYTES = 1024 * 1024
_PACKET_MARGIN_BYTES = 64

_KEYS = "SELECT reading_key FROM sensor_readings WHERE reading_key IN %s"
_CONTENTS = (
    "SELECT reading_key, sent_timestamp, time_source, timestamp_us, {values}"
    " FROM sensor_readings WHERE reading_key IN %s"
)


@dataclass(frozen=True)
class Sent:
    """`new` readings came onto the server; `refused` are those that it does not hold.

    `accepted` tells that it took at least one, new or again. `doubt` is set where it refused
    some and took none: then the server may be at fault, and not the readings.
    """

    new: int
    refused: list[Refused]
    accepted: bool
    doubt: ServerError | None = None


class Sender:
    """For one connection in autocommit mode: every statement is a transaction of its own."""

    def __init__(self, connection: ServerConnection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout
        packet_bytes = int(connection.value("SELECT @@max_allowed_packet"))
        self._max_bytes = min(MAX_STATEMENT_BYTES, packet_bytes - _PACKET_MARGIN_BYTES)
        self._contents = _CONTENTS.format(values=exact_values(adopted=layout.adopted))
        self._accepted = False
        self._doubt: ServerError | None = None
        self._expects_known = False

    def send(self, rows: Sequence[JournalRow]) -> Sent:
        """Brings all rows onto the server.

        Sorted by key, so that two programs with the same rows never wait for each other in a
        circle. Raises ServerError or what the driver raises, with some of the rows sent; the
        call may be repeated.
        """
        refused: list[Refused] = []
        self._accepted, self._doubt = False, None
        rows = sorted(rows, key=lambda row: bytes(row[KEY]))
        known: list[JournalRow] = []
        if self._expects_known:
            # An INSERT of a known row uses up an id, and adopted tables have not many.
            rows, known = self._without_known(rows, refused)
            self._expects_known = bool(known)
        new = self._send(rows, refused)
        if self._doubt is not None and not self._accepted and known:
            # What it took before tells as much as a new one whether it takes any now.
            self._send(known[-1:], [])
        doubt = None if self._accepted else self._doubt
        return Sent(new, refused, self._accepted, doubt)

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
                error = _row_error(1153, f"{len(statement)} bytes, max_allowed_packet is less")
                if len(part) == 1:
                    self._refuse(part[0], error, refused)
                    continue
                raise error
            inserted = self._connection.query(statement)
            if inserted < len(part):
                self._check_present(part, refused)
            else:
                self._accepted = True
            new += inserted
        return new

    def _check_present(self, rows: Sequence[JournalRow], refused: list[Refused]) -> None:
        """A row that was not inserted is there already; or another unique index, which is
        none of ours, took it for a copy of some other row."""
        self._expects_known = True
        missing, present = self._without_known(rows, refused)
        self._accepted = self._accepted or bool(present)
        for row in missing:
            error = _row_error(1062, "a unique index of this table has the same values already")
            self._refuse(row, error, refused)

    def _without_known(
        self, rows: Sequence[JournalRow], refused: list[Refused]
    ) -> tuple[list[JournalRow], list[JournalRow]]:
        """The rows that are not on the server, and those that are.

        One whose publisher gave it the id of another reading is refused.
        """
        keys = [bytes(row[KEY]) for row in rows]
        found = self._connection.rows(_KEYS, keys) if keys else []
        present = {bytes(key) for (key,) in found}
        known = [row for row in rows if bytes(row[KEY]) in present]
        named = [row for row in known if row[MESSAGE_ID] is not None]
        if named:
            contents = self._connection.rows(self._contents, [bytes(row[KEY]) for row in named])
            stored = {bytes(key): content for key, *content in contents}
            for row in named:
                if not _is_copy(row, stored.get(bytes(row[KEY]))):
                    problem = Problem(MESSAGE_ID_REUSED, {"message_id": str(row[MESSAGE_ID])})
                    refused.append((row, problem))
        return [row for row in rows if bytes(row[KEY]) not in present], known

    def _refuse(self, row: JournalRow, error: ServerError, refused: list[Refused]) -> None:
        reason = str(error.params.get("reason", error))
        params: dict[str, str | int | float] = {"number": error.error_number, "reason": reason}
        if error.error_number:
            self._doubt = ServerError("server.failed", Remedy.ASK, error.error_number, **params)
        refused.append((row, Problem(ROW_REFUSED, params)))


def _row_error(number: int, reason: str) -> ServerError:
    return ServerError("server.failed", Remedy.BISECT, number, number=number, reason=reason)


def _is_copy(row: JournalRow, stored: Sequence[Any] | None) -> bool:
    """Whether the server has this reading: the same values, and the same time where both name
    one. None is one that was deleted a moment ago."""
    if stored is None:
        return True
    sent_timestamp, time_source, time_us, *values = stored
    if tuple(values) != tuple(row[VALUES]):
        return False
    if sent_timestamp is None or row[SENT_TIMESTAMP] is None:
        return True
    if time_source == row[TIME_SOURCE] == TimeSource.SENT.value:
        return bool(time_us == row[TIME_US])
    # The instant of an impossible time is not kept, its text is.
    return bool(sent_timestamp == row[SENT_TIMESTAMP])
