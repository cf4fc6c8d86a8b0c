"""Judging the server's readings again, and seeing to those that were on their way to it.

Only what this program judged is touched: the rows of the existing system have no key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.reading import Source
from harit_desktop.storage.cursors import SELECT_CURSOR, server_cursor
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import PROTOCOL_ERRORS, Remedy, ServerError, server_error
from harit_desktop.storage.mysql.journal_tail import PAGE_ROWS
from harit_desktop.storage.mysql.rejudging import (
    as_journal,
    columns,
    judged_of,
    judgement_columns,
    update,
)
from harit_desktop.storage.mysql.tables import READINGS, SCHEMA_VERSION, STORE
from harit_desktop.storage.reader import Cancelled, QueryCancelled, broken_off
from harit_desktop.storage.reanalysis import done_part, ends_of
from harit_desktop.storage.rejudging import (
    JUDGED_COLUMNS,
    TIME_AT,
    Judge,
    Judged,
    Rejudged,
    rejudged,
)

if TYPE_CHECKING:
    from harit_desktop.domain.reanalysis import ReanalysisRequest
    from harit_desktop.storage.reanalysis import LocalReadings

T = TypeVar("T")

READ_TIMEOUT_S = 15.0
SLICE_ROWS = 250
FOLLOW_S = 5.0
"""How long a page is waited for that may be on its way: longer than a page takes."""
_FOLLOW_LOOK_S = 0.05
_TRIES = 5
_PAUSE_S = 0.1
_NO_SUCH_TABLE = 1146

_META = "SELECT name, value FROM harit_store WHERE name IN ('schema_version', 'store_id', 'layout')"
# Changes nothing, and is refused where the update itself would be.
_MAY_UPDATE = "UPDATE sensor_readings SET profile = profile WHERE id = 0"
_LAST_ID = "SELECT COALESCE(MAX(id), 0) FROM sensor_readings"
_PUBLISHERS = "SELECT DISTINCT publisher_id FROM sensor_readings WHERE publisher_id > ''"
_ENDS = "SELECT MIN(timestamp_us), MAX(timestamp_us) FROM sensor_readings WHERE publisher_id = %s"
_KNOWN = "SELECT reading_key FROM sensor_readings WHERE reading_key IN %s AND id <= %s"
_NEXT = """
SELECT {} FROM sensor_readings
WHERE publisher_id = %s AND timestamp_us >= %s AND (timestamp_us > %s OR id > %s)
    AND timestamp_us <= %s AND id <= %s AND reading_key IS NOT NULL AND same_as IS NULL
ORDER BY timestamp_us, id LIMIT %s
"""
_OF_KEYS = "SELECT id, reading_key, {} FROM sensor_readings WHERE reading_key IN %s"

_PAGE_END = "SELECT max(id) FROM (SELECT id FROM sensor_readings WHERE id > ? ORDER BY id LIMIT ?)"
_SENT = f"""
SELECT id, reading_key, publisher_id, timestamp_us, {", ".join(JUDGED_COLUMNS)}
FROM sensor_readings WHERE id > ? AND id <= ? ORDER BY id LIMIT ?
"""  # noqa: S608 - names of the schema


class ServerReanalysis:
    """One run, in the order: enter, `begin`, `only_local` beside the journal's slices,
    `judged` and `write`, `follow`.

    Entering names a server that cannot do it, before anything is changed. Every method
    raises ServerError, a KnownError(server.*), and QueryCancelled soon after `cancelled()`.
    """

    def __init__(
        self, address: ServerAddress, request: ReanalysisRequest, cancelled: Cancelled
    ) -> None:
        self._address = address
        self._cancelled = cancelled
        self._only = request.publisher_id
        self._from_us, self._to_us = ends_of(request)
        self._connection: ServerConnection | None = None
        self._stack = ExitStack()
        self._local: LocalReadings | None = None
        self._cursor = self._store_id = ""
        self._begun_at = self._sent_id = 0

    def __enter__(self) -> ServerReanalysis:
        if not self._address.user:
            raise ServerError("server.no_credentials", Remedy.ASK)
        self._stack.enter_context(broken_off(self._interrupt, self._cancelled))
        try:
            meta = self._call(lambda connection: self._described(connection))
            self._store_id = meta["store_id"]
            self._cursor = server_cursor(self._store_id)
            self._adopted = meta.get("layout") == "adopted"
            self._judgement = judgement_columns(adopted=self._adopted)
            self._call(lambda connection: connection.run(_MAY_UPDATE))
            self._last_id = int(self._call(lambda connection: connection.value(_LAST_ID)))
        except BaseException:
            self._drop()
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None and self._connection is not None:
            self._connection.close()
        else:
            # One that does not answer would make us wait for its farewell.
            self._drop()
        self._stack.close()

    def begin(self, local: LocalReadings) -> None:
        """Notes how far the journal is sent, before any of it is judged."""
        self._local = local
        self._begun_at = self._sent_up_to(local)

    def only_local(self, rows: Sequence[Rejudged]) -> list[Rejudged]:
        """Those of the journal's rows that the server did not have at the begin."""
        waiting = [row for row in rows if row.id > self._begun_at]
        if not waiting:
            return []
        keys = [row.key for row in waiting]
        found = self._call(lambda connection: connection.rows(_KNOWN, keys, self._last_id))
        known = {bytes(key) for (key,) in found}
        return [row for row in waiting if row.key not in known]

    def judged(self, judge: Judge) -> Iterator[tuple[list[Rejudged], float]]:
        """Slices of the server's rows, up to the newest one at the begin, in the order of
        devices and of time, with the share of the work that is done with each."""
        if self._local is not None:
            # What is sent after this page bears the journal's new judgement.
            self._sent_id = self._sent_up_to(self._local)
        devices = [self._only]
        if self._only is None:
            devices = [row[0] for row in self._call(lambda c: c.rows(_PUBLISHERS))]
        for number, publisher_id in enumerate(devices):
            if publisher_id == Source.LEGACY.value:
                continue
            for rows, part in self._of_device(str(publisher_id), judge):
                yield rows, (number + part) / len(devices)

    def _of_device(self, publisher_id: str, judge: Judge) -> Iterator[tuple[list[Rejudged], float]]:
        first_us, last_us = self._call(lambda c: c.rows(_ENDS, publisher_id))[0]
        if first_us is None:
            return
        first_us, last_us = max(first_us, self._from_us), min(last_us, self._to_us)
        statement = _NEXT.format(columns(adopted=self._adopted))
        after = (first_us, 0)
        while rows := self._rows_after(statement, publisher_id, after):
            after = rows[-1][TIME_AT], rows[-1][0]
            found = (rejudged(as_journal(row), judge) for row in rows)
            yield [row for row in found if row is not None], done_part(after[0], first_us, last_us)

    def _rows_after(
        self, statement: str, publisher_id: str, after: tuple[int, int]
    ) -> list[tuple[Any, ...]]:
        scope = (publisher_id, after[0], after[0], after[1], self._to_us, self._last_id)
        return self._call(lambda connection: connection.rows(statement, *scope, SLICE_ROWS))

    def write(self, rows: Sequence[Rejudged]) -> None:
        """Writes the judgements that differ, in one statement."""
        self._write([(row.id, row.now) for row in rows if row.was != row.now])

    def follow(self) -> None:
        """Brings those readings in line that were sent while the journal was judged.

        A page that was read before may arrive after everything else, so that it is waited
        for, for some seconds: without a word from the forwarder none is on its way.
        """
        local = self._local
        if local is None:
            return
        sent_id = self._sent_up_to(local)
        until_s = time.monotonic() + FOLLOW_S
        while sent_id <= self._sent_id < local.last_id and time.monotonic() < until_s:
            if self._cancelled():
                raise QueryCancelled
            time.sleep(_FOLLOW_LOOK_S)
            sent_id = self._sent_up_to(local)
        page = local.ask(_PAGE_END, self._sent_id, PAGE_ROWS)
        end_id = min(local.last_id, sent_id, page[0][0] or sent_id)
        after_id = self._begun_at
        while rows := local.ask(_SENT, after_id, end_id, SLICE_ROWS):
            after_id = rows[-1][0]
            self._align([row for row in rows if self._is_chosen(row[2], row[3])])

    def _sent_up_to(self, local: LocalReadings) -> int:
        found = local.ask(SELECT_CURSOR, self._cursor)
        return int(found[0][0]) if found else 0

    def _is_chosen(self, publisher_id: str, time_us: int) -> bool:
        return self._only in (None, publisher_id) and self._from_us <= time_us <= self._to_us

    def _align(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Gives the server's rows the judgement of the journal's."""
        if not rows:
            return
        wanted = {row[1]: Judged(*row[4:]) for row in rows}
        statement = _OF_KEYS.format(self._judgement)
        found = self._call(lambda connection: connection.rows(statement, list(wanted)))
        pairs = [(row[0], wanted[bytes(row[1])], judged_of(row[2:])) for row in found]
        self._write([(row_id, now) for row_id, now, was in pairs if now != was])

    def _write(self, rows: Sequence[tuple[int, Judged]]) -> None:
        if not rows:
            return
        statement = update(len(rows), adopted=self._adopted)
        given = [value for row_id, now in rows for value in (row_id, *now)]
        self._call(lambda connection: connection.run(statement, *given))

    def _call(self, work: Callable[[ServerConnection], T]) -> T:
        """Runs statements that may be run twice; connects first where that is needed."""
        for number in range(_TRIES):
            if self._cancelled():
                raise QueryCancelled
            try:
                return work(self._open())
            except PROTOCOL_ERRORS as error:
                named = server_error(error, self._address.host, self._address.port)
            except ServerError as error:
                named = error
            if self._cancelled():
                raise QueryCancelled from named
            self._after(named, last=number == _TRIES - 1)
        raise AssertionError("the last try either answers or raises")

    def _after(self, error: ServerError, *, last: bool) -> None:
        """Makes ready for another try, where that may help."""
        was_open = self._connection is not None
        if error.remedy is Remedy.RECONNECT and was_open and error.code == "server.lost":
            self._drop()
        elif error.remedy is not Remedy.REPEAT:
            raise error
        if last:
            raise error
        time.sleep(_PAUSE_S)

    def _open(self) -> ServerConnection:
        if self._connection is None:
            connection = ServerConnection(self._address, read_timeout_s=READ_TIMEOUT_S)
            self._connection = connection
            try:
                connection.establish()
                connection.autocommit(True)
                if self._store_id and self._described(connection)["store_id"] != self._store_id:
                    reason = READINGS
                    raise ServerError("server.failed", Remedy.INSPECT, number=0, reason=reason)
            except BaseException:
                self._drop()
                raise
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.break_off()

    def _interrupt(self) -> None:
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def _described(self, connection: ServerConnection) -> dict[str, str]:
        """What the store says of itself. Raises KnownError where it is none of this version."""
        try:
            meta: dict[str, str] = dict(connection.rows(_META))
        except PROTOCOL_ERRORS as error:
            if server_error(error).error_number != _NO_SUCH_TABLE:
                raise
            meta = {}
        version = int(meta.get("schema_version", 0))
        if version > SCHEMA_VERSION:
            raise KnownError("server.newer_version", version=version, supported=SCHEMA_VERSION)
        if version < SCHEMA_VERSION or "store_id" not in meta:
            raise KnownError("server.table_missing", table=STORE)
        return meta
