"""The bounded table of the message log, newest line first."""

from collections.abc import Sequence
from enum import IntEnum
from html import escape
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QDate,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor

from harit_desktop.domain.mapping import is_waiting, tells_nothing
from harit_desktop.domain.message import HeardKind, MessageRecord, Origin, Outcome
from harit_desktop.ui.icons import icon
from harit_desktop.ui.messages.heard import heard_kind
from harit_desktop.ui.messages.message_filter import Predicate
from harit_desktop.ui.messages.rejection_texts import rejection_text
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.theme import Tokens
from harit_desktop.ui.words import local_time

MAX_ROWS = 50_000

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class Column(IntEnum):
    TIME = 0
    SOURCE = 1
    TOPIC = 2
    DEVICE = 3
    QOS = 4
    RETAINED = 5
    RESULT = 6
    SIZE = 7


# Nothing new was stored and nothing is wrong: these lines step back.
_ASIDE = (
    Outcome.DUPLICATE,
    Outcome.SHOWN,
    Outcome.HEARD,
    Outcome.MERGED,
    Outcome.SKIPPED,
)
_CUT_OFF = (Column.TIME, Column.TOPIC, Column.DEVICE, Column.RESULT)
_RIGHT_ALIGNED = (Column.SIZE,)


class MessageModel(QAbstractTableModel):
    """At most `max_rows` lines, held oldest first and shown newest first.

    Lines come in batches: one insertion a batch, however many there are. The filter is
    applied here rather than in a proxy, which would ask Python once a line and twice a line
    when the oldest fall out.
    """

    def __init__(
        self, tokens: Tokens, max_rows: int = MAX_ROWS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._max_rows = max_rows
        self._records: list[MessageRecord] = []
        self._shown: list[MessageRecord] = []
        self._matches: Predicate | None = None
        self._today: QDate | None = None
        self.set_tokens(tokens)

    @property
    def total_rows(self) -> int:
        """Lines held, whatever the filter shows."""
        return len(self._records)

    @property
    def newest_id(self) -> int:
        return self._records[-1].id if self._records else 0

    @property
    def has_older_days(self) -> bool:
        """Whether a line is held that needs its date."""
        return bool(self._records) and not self._is_today(self._records[0].received_us)

    def set_now(self, now_us: int) -> None:
        """Says which day is today: its lines show the time alone."""
        today = local_time(now_us).date()
        if today != self._today:
            self._today = today
            self._report_change(Column.TIME, Column.TIME)

    def record_at(self, row: int) -> MessageRecord:
        return self._shown[-1 - row]

    def row_of(self, message_id: int) -> int | None:
        """Where a line is shown now; None if it is not."""
        for row, record in enumerate(reversed(self._shown)):
            if record.id == message_id:
                return row
        return None

    def append(self, records: Sequence[MessageRecord]) -> int:
        """Adds newer lines, given oldest first; the oldest held fall out.

        Returns how many rows appeared on top.
        """
        records = records[-self._max_rows :]
        shown = [record for record in records if self._shows(record)]
        self._drop_oldest(len(self._records) + len(records) - self._max_rows)
        self._records.extend(records)
        if shown:
            self.beginInsertRows(QModelIndex(), 0, len(shown) - 1)
            self._shown.extend(shown)
            self.endInsertRows()
        return len(shown)

    def renew(self, records: Sequence[MessageRecord]) -> None:
        """Takes what the store says by now of lines that are held; others are not added."""
        by_id = {record.id: record for record in records}
        self._records = [by_id.get(record.id, record) for record in self._records]
        self._shown = [by_id.get(record.id, record) for record in self._shown]
        self._report_change(0, len(Column) - 1)

    def clear(self) -> None:
        self.beginResetModel()
        self._records, self._shown = [], []
        self.endResetModel()

    def set_filter(self, matches: Predicate | None) -> None:
        self.beginResetModel()
        self._matches = matches
        self._shown = [record for record in self._records if self._shows(record)]
        self.endResetModel()

    def set_tokens(self, tokens: Tokens) -> None:
        self._warn_color = QColor(tokens.warn)
        self._faint_color = QColor(tokens.text3)
        self._warn_icon = icon("triangle", tokens, color="warn")
        self._report_change(0, len(Column) - 1)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles()[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        record = self._shown[-1 - index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            if column == Column.TIME and self._is_today(record.received_us):
                return QLocale().toString(local_time(record.received_us), "HH:mm:ss.zzz")
            return self.text(record, Column(column))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole and column in _CUT_OFF:
            # A tool tip guesses whether it is rich text, and this one comes from outside.
            return f"<qt>{escape(self.text(record, Column(column)))}</qt>"
        if column == Column.RESULT and _is_bad(record):
            if role == Qt.ItemDataRole.ForegroundRole:
                return self._warn_color
            if role == Qt.ItemDataRole.DecorationRole:
                return self._warn_icon
        elif role == Qt.ItemDataRole.ForegroundRole and _steps_back(record):
            return self._faint_color
        return None

    def text(self, record: MessageRecord, column: Column) -> str:
        """What a cell says, as plain text of bounded length; times with their date."""
        match column:
            case Column.TIME:
                return local_time_text(record.received_us)
            case Column.SOURCE:
                return self._origin_text(record.origin)
            case Column.TOPIC:
                return printable(record.topic)
            case Column.DEVICE:
                return printable(record.publisher_id) or "–"
            case Column.QOS:
                # What is tried again comes from the store, where it is not kept.
                return "–" if record.origin is Origin.REDRIVEN else str(record.qos)
            case Column.RETAINED:
                return self.tr("yes") if record.retained else "–"
            case Column.RESULT:
                return self.result_text(record)
            case Column.SIZE:
                return QLocale().toString(record.size_bytes)

    def result_text(self, record: MessageRecord) -> str:
        """What became of the message, with the reason where it was rejected."""
        match record.outcome:
            case Outcome.STORED:
                return self.tr("Stored")
            case Outcome.DUPLICATE:
                return self.tr("Duplicate")
            case Outcome.SHOWN:
                return self.tr("Old value (retained), not stored")
            case Outcome.HEARD:
                return self._heard_text(heard_kind(record), record.retained)
            case Outcome.MERGED:
                return self.tr("Part of a reading")
            case Outcome.SKIPPED:
                return self.tr("Left out by the routing rules")
        if record.problem is None:
            return self.tr("Rejected")
        if was_understood_later(record):
            template = self.tr("Understood later; at first: {reason}")
        elif is_waiting(record.problem):
            template = self.tr("Not mapped: {reason}")
        elif tells_nothing(record.problem):
            template = self.tr("No measurement: {reason}")
        else:
            template = self.tr("Rejected: {reason}")
        return template.format(reason=rejection_text(record.problem))

    def _heard_text(self, kind: HeardKind | None, retained: bool) -> str:
        match kind:
            case HeardKind.ANALYSIS:
                return self.tr("Analysis of another program")
            case HeardKind.STATUS:
                if retained:
                    return self.tr("Old status of another program (retained)")
                return self.tr("Status of another program")
        return self.tr("From another program")

    def _is_today(self, time_us: int) -> bool:
        return local_time(time_us).date() == self._today

    def _report_change(self, first_column: int, last_column: int) -> None:
        if self._shown:
            last = self.index(len(self._shown) - 1, last_column)
            self.dataChanged.emit(self.index(0, first_column), last)

    def _shows(self, record: MessageRecord) -> bool:
        return self._matches is None or self._matches(record)

    def _drop_oldest(self, count: int) -> None:
        if count <= 0:
            return
        dropped = self._records[:count]
        shown = sum(map(self._shows, dropped))
        del self._records[:count]
        if shown:
            last = len(self._shown) - 1
            self.beginRemoveRows(QModelIndex(), last - shown + 1, last)
            del self._shown[:shown]
            self.endRemoveRows()

    def _titles(self) -> tuple[str, ...]:
        return (
            self.tr("Time"),
            self.tr("Source"),
            self.tr("Topic"),
            self.tr("Device"),
            self.tr("QoS"),
            self.tr("Retained"),
            self.tr("Result"),
            self.tr("Bytes"),
        )

    def _origin_text(self, origin: Origin) -> str:
        names = {
            Origin.MQTT: self.tr("MQTT"),
            Origin.API: self.tr("API"),
            Origin.LOCAL: self.tr("Local"),
            Origin.REDRIVEN: self.tr("Tried again"),
        }
        return names[origin]

    @staticmethod
    def _alignment(column: int) -> Qt.AlignmentFlag:
        side = (
            Qt.AlignmentFlag.AlignRight if column in _RIGHT_ALIGNED else Qt.AlignmentFlag.AlignLeft
        )
        return side | Qt.AlignmentFlag.AlignVCenter


def was_understood_later(record: MessageRecord) -> bool:
    """Whether a message that was refused was tried again since, and taken."""
    return record.problem is not None and bool(record.problem.params.get("understood_later"))


def is_not_mapped(record: MessageRecord) -> bool:
    """Whether nobody has said yet what a message means."""
    is_refused = record.outcome is Outcome.REJECTED and not was_understood_later(record)
    return is_refused and is_waiting(record.problem)


def _is_bad(record: MessageRecord) -> bool:
    return record.outcome is Outcome.REJECTED and not (
        is_waiting(record.problem) or _steps_back(record)
    )


def _steps_back(record: MessageRecord) -> bool:
    return record.outcome in _ASIDE or was_understood_later(record) or tells_nothing(record.problem)


def local_time_text(time_us: int) -> str:
    """Day and time to the millisecond in this computer's zone: "23 Nov 14:30:07.512"."""
    return QLocale().toString(local_time(time_us), "d MMM HH:mm:ss.zzz")
