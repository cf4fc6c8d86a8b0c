"""What the strips show as a table: the same readings as numbers, for screen readers and eyes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS
from harit_desktop.ui.history.history_data import HistoryData
from harit_desktop.ui.history.history_texts import moment
from harit_desktop.ui.history.spans import Span
from harit_desktop.ui.words import channel_name, channel_number, channel_value, clock_text

Index = QModelIndex | QPersistentModelIndex
_FIXED = 2


class DataModel(QAbstractTableModel):
    """Time, device and a column for each channel; the newest line first. NaN is empty."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[str, ...] = ()
        self._names: list[str] = []
        self._times: NDArray[np.int64] = np.empty(0, np.int64)
        self._device: NDArray[np.intp] = np.empty(0, np.intp)
        self._values: NDArray[np.float64] = np.empty((0, 0))
        self._seconds = False

    def show(
        self, data: HistoryData, span: Span, keys: Sequence[str], names: Mapping[str, str]
    ) -> None:
        """Takes the rows within a stretch of time, of all compared devices."""
        self.beginResetModel()
        self._keys = tuple(keys)
        self._names = []
        times, devices, values = [], [], []
        for place, publisher_id in enumerate(data.compared()):
            self._names.append(names.get(publisher_id, publisher_id))
            series = data.series(publisher_id)
            if series is None:
                continue
            inside = (series.time_us >= span.from_us) & (series.time_us <= span.to_us)
            columns = [
                data.shown_values(publisher_id, series, CHANNEL_INDEX[key])[inside]
                for key in self._keys
            ]
            times.append(series.time_us[inside])
            devices.append(np.full(int(inside.sum()), place, np.intp))
            values.append(np.column_stack(columns) if columns else np.empty((0, 0)))
        self._times = np.concatenate(times) if times else np.empty(0, np.int64)
        order = np.argsort(self._times, kind="stable")[::-1]
        self._times = self._times[order]
        self._device = np.concatenate(devices)[order] if devices else np.empty(0, np.intp)
        self._values = np.concatenate(values)[order] if values else np.empty((0, 0))
        self._seconds = self._times.size > 1 and int(np.abs(np.diff(self._times)).max()) < 6e7
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else int(self._times.size)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else _FIXED + len(self._keys)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        worded = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
        if orientation != Qt.Orientation.Horizontal or not worded:
            return None
        if section < _FIXED:
            return (self.tr("Time"), self.tr("Device"))[section]
        key = self._keys[section - _FIXED]
        unit = CHANNELS[CHANNEL_INDEX[key]].unit
        name = channel_name(key)
        return self.tr("{channel}, {unit}").format(channel=name, unit=unit) if unit else name

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column >= _FIXED:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        if column == 0:
            return self._time_text(int(self._times[row]))
        if column == 1:
            return self._names[self._device[row]]
        key, value = self._keys[column - _FIXED], float(self._values[row, column - _FIXED])
        if role == Qt.ItemDataRole.DisplayRole:
            return channel_number(key, value)
        spoken = self.tr("{channel} {value}")
        return spoken.format(channel=channel_name(key), value=channel_value(key, value))

    def _time_text(self, time_us: int) -> str:
        text = moment(time_us)
        if not self._seconds:
            return text
        return self.tr("{date} {time}").format(
            date=text.rsplit(" ", 1)[0], time=clock_text(time_us, seconds=True)
        )


class DataTable(QTableView):
    """`history.table`: shown in place of the strips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history.table")
        self.setAccessibleName(self.tr("Readings in view"))
        self._model = DataModel()
        self.setModel(self._model)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(20)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)

    def show_readings(
        self, data: HistoryData, span: Span, keys: Sequence[str], names: Mapping[str, str]
    ) -> None:
        """Shows the readings of a stretch of time."""
        self._model.show(data, span, keys, names)
