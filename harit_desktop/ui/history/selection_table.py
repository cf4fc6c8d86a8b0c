"""The statistics of a selection as a table: channel by channel, a line for each device."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.history.selection_stats import DeviceStatistics, Values
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import LIGHT, SIZES, Tokens, set_look
from harit_desktop.ui.words import channel_name, channel_number, channel_value

Index = QModelIndex | QPersistentModelIndex
_ROW_PX = 18
_HEAD_PX = 26
_GLYPH = "◆ "


class Row(NamedTuple):
    """A heading (no device), or a device's values of a channel."""

    key: str
    publisher_id: str = ""
    values: Values | None = None


class SelectionModel(QAbstractTableModel):
    """Columns: device, lowest, mean, highest. A value beyond its limit is marked by shape,
    colour and words."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._names: Mapping[str, str] = {}
        self._slots: Mapping[str, int] = {}
        self._limits: ProfileLimits = {}
        self.tokens: Tokens = LIGHT

    def show(
        self,
        found: Sequence[DeviceStatistics],
        channels: Sequence[str],
        names: Mapping[str, str],
        slots: Mapping[str, int],
        limits: ProfileLimits,
    ) -> None:
        """Takes the statistics of the devices, in their order, for the channels shown."""
        self.beginResetModel()
        self._names, self._slots, self._limits = names, slots, limits
        self._rows = []
        for key in channels:
            at = CHANNEL_INDEX[key]
            self._rows.append(Row(key))
            self._rows += [Row(key, one.publisher_id, one.channels[at]) for one in found]
        self.endResetModel()

    def row(self, at: int) -> Row:
        return self._rows[at]

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Device"), *self._ends())[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.TextAlignmentRole and not row.publisher_id:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        if role == Qt.ItemDataRole.ForegroundRole:
            return self.tokens.color(self._color(row, column))
        if role == Qt.ItemDataRole.FontRole:
            return self._font(row, column)
        if role == Qt.ItemDataRole.ToolTipRole and column == 0 and row.publisher_id:
            return f"<qt>{_escaped(self._name(row))}</qt>"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        row = self._rows[index.row()]
        on = Qt.ItemFlag.ItemIsEnabled
        return on | Qt.ItemFlag.ItemIsSelectable if row.publisher_id else on

    def _ends(self) -> tuple[str, str, str]:
        return self.tr("min"), self.tr("mean"), self.tr("max")

    def _name(self, row: Row) -> str:
        return self._names.get(row.publisher_id, row.publisher_id)

    def _text(self, row: Row, column: int) -> str:
        if not row.publisher_id:
            if column:
                return self._ends()[column - 1]
            unit = CHANNELS[CHANNEL_INDEX[row.key]].unit
            name = channel_name(row.key)
            return self.tr("{channel}, {unit}").format(channel=name, unit=unit) if unit else name
        if column == 0:
            return self._name(row)
        value = None if row.values is None else row.values[column - 1]
        mark = _GLYPH if self._is_beyond(row, column) else ""
        return mark + channel_number(row.key, value)

    def _spoken(self, row: Row, column: int) -> str:
        if not row.publisher_id or column == 0:
            return self._text(row, column)
        ends = (self.tr("lowest"), self.tr("mean"), self.tr("highest"))
        value = None if row.values is None else row.values[column - 1]
        text = self.tr("{device}, {channel}, {which}: {value}")
        if self._is_beyond(row, column):
            text = self.tr("{device}, {channel}, {which}: {value}, beyond its limit")
        return text.format(
            device=self._name(row),
            channel=channel_name(row.key),
            which=ends[column - 1],
            value=channel_value(row.key, value),
        )

    def _is_beyond(self, row: Row, column: int) -> bool:
        limits = self._limits.get(row.key)
        if limits is None or row.values is None:
            return False
        _, _, low, high = limits
        return (column == 1 and row.values.low < low) or (column == 3 and row.values.high > high)

    def _color(self, row: Row, column: int) -> str:
        if not row.publisher_id:
            return "text2" if column else "text1"
        if self._is_beyond(row, column):
            return "crit"
        if column == 0:
            return self.tokens.device(self._slots.get(row.publisher_id, 0)).color
        return "text1"

    def _font(self, row: Row, column: int) -> QFont:
        if not row.publisher_id:
            size, weight = (SIZES.caption, 400) if column else (SIZES.dense, 600)
            return app_font(size, weight, text_scale())
        bold = 600 if self._is_beyond(row, column) else 500 if column == 0 else 400
        return app_font(SIZES.dense, bold, text_scale())


class SelectionTable(QTableView):
    """`history.selection.stats`: as high as its lines; the panel around it scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history.selection.stats")
        self.setAccessibleName(self.tr("Selection statistics"))
        self._model = SelectionModel()
        self.setModel(self._model)
        set_look(self, class_="plain")
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(8)
        header = self.horizontalHeader()
        header.hide()
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def show_statistics(
        self,
        found: Sequence[DeviceStatistics],
        channels: Sequence[str],
        names: Mapping[str, str],
        slots: Mapping[str, int],
        limits: ProfileLimits,
    ) -> None:
        self._model.show(found, channels, names, slots, limits)
        height = 4
        for at in range(self._model.rowCount()):
            px = _ROW_PX if self._model.row(at).publisher_id else _HEAD_PX
            px = round(px * max(1.0, text_scale()))
            self.setRowHeight(at, px)
            height += px
        self.setFixedHeight(height)

    def set_tokens(self, tokens: Tokens) -> None:
        self._model.tokens = tokens
        self.viewport().update()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
