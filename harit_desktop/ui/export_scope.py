"""What of the store goes into an export: devices, time range, simulated data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QDateTime, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDateTimeEdit,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.device_names import record_of
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import calm_calendar, set_look
from harit_desktop.ui.words import plain

_VISIBLE, _SELECTION, _ALL, _CUSTOM = range(4)
_RANGE_NAMES = {_VISIBLE: "visible", _SELECTION: "selection", _ALL: "all", _CUSTOM: "custom"}
_LIST_PX = 84


@dataclass(frozen=True)
class ExportScope:
    """What the window shows when the dialog opens; times in UTC microseconds.

    `visible_to_us` None is until now. `selection_us` is what was selected in a chart, both
    ends inclusive.
    """

    visible_from_us: int | None
    now_us: int
    focus: str | None
    devices: Sequence[DeviceState]
    simulated_rows: int
    visible_to_us: int | None = None
    selection_us: tuple[int, int] | None = None


class ScopeFields(QWidget):
    """The left half of the dialog; says when another choice of rows was made."""

    changed = Signal()

    def __init__(self, scope: ExportScope, book: DeviceBook) -> None:
        super().__init__()
        self._scope = scope
        self._book = book
        self._range = QButtonGroup(self)
        self.devices = self._make_devices()
        self.simulated = self._make_simulated()
        from_us, to_us = scope.selection_us or (scope.visible_from_us, scope.visible_to_us)
        self.from_edit = self._moment("dialog.export.from", from_us or scope.now_us)
        self.to_edit = self._moment("dialog.export.to", to_us or scope.now_us)
        self._build()

    def chosen_devices(self) -> list[str]:
        """The ids of the checked devices."""
        return [
            item.data(Qt.ItemDataRole.UserRole)
            for item in self._items()
            if item.checkState() is Qt.CheckState.Checked
        ]

    def publisher_ids(self) -> tuple[str, ...] | None:
        """For a request: None where every device is checked."""
        chosen = self.chosen_devices()
        return None if len(chosen) == self.devices.count() else tuple(chosen)

    def bounds(self) -> tuple[int | None, int | None]:
        """First and last instant of the chosen range; None is open."""
        scope, chosen = self._scope, self._range.checkedId()
        if chosen == _VISIBLE:
            return scope.visible_from_us, scope.visible_to_us
        if chosen == _SELECTION and scope.selection_us is not None:
            return scope.selection_us
        if chosen == _CUSTOM:
            return _to_us(self.from_edit), _to_us(self.to_edit) + 999_999
        return None, None

    def is_reversed(self) -> bool:
        """Whether the range ends before it begins."""
        from_us, to_us = self.bounds()
        return from_us is not None and to_us is not None and from_us > to_us

    def _items(self) -> list[QListWidgetItem]:
        return [self.devices.item(row) for row in range(self.devices.count())]

    def _make_devices(self) -> QListWidget:
        devices = QListWidget()
        devices.setObjectName("dialog.export.devices")
        devices.setAccessibleName(self.tr("Devices"))
        for device in self._scope.devices:
            item = QListWidgetItem(self._device_text(device.publisher_id))
            item.setData(Qt.ItemDataRole.UserRole, device.publisher_id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            devices.addItem(item)
        devices.ensurePolished()
        devices.setSpacing(3)
        devices.setMinimumHeight(scaled(_LIST_PX))
        devices.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        devices.itemChanged.connect(self._report)
        return devices

    def _device_text(self, publisher_id: str) -> str:
        """Name and id: two beds may have the same name."""
        name = record_of(self._book, publisher_id).name
        if not name:
            return plain(publisher_id)
        return self.tr("{name} ({id})").format(name=plain(name), id=plain(publisher_id))

    def _make_simulated(self) -> QCheckBox:
        rows = self._scope.simulated_rows
        box = QCheckBox(
            self.tr("Include simulated data (1 reading)")
            if rows == 1
            else self.tr("Include simulated data (%Ln readings)", "", rows)
        )
        box.setObjectName("dialog.export.simulated")
        box.setEnabled(self._scope.simulated_rows > 0)
        box.toggled.connect(self._report)
        return box

    def _moment(self, name: str, time_us: int) -> QDateTimeEdit:
        edit = QDateTimeEdit(QDateTime.fromMSecsSinceEpoch(time_us // 1000))
        edit.setObjectName(name)
        edit.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        edit.setCalendarPopup(True)
        calm_calendar(edit.calendarWidget())
        edit.dateTimeChanged.connect(self._choose_custom)
        return edit

    def _report(self, *_: object) -> None:
        self.changed.emit()

    def _choose_custom(self) -> None:
        if self._range.checkedId() == _CUSTOM:
            self.changed.emit()
        else:
            self._range.button(_CUSTOM).setChecked(True)

    def _check_all(self, state: Qt.CheckState) -> None:
        self.devices.blockSignals(True)
        for item in self._items():
            item.setCheckState(state)
        self.devices.blockSignals(False)
        self.devices.viewport().update()
        self.changed.emit()

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        title = dialog_parts.title_of(self.devices, self.tr("Devices"))
        column.addLayout(dialog_parts.row(title, *self._make_all_or_none()))
        column.addWidget(self.devices, 1)
        column.addWidget(self.simulated)
        range_title = QLabel(self.tr("Range"))
        set_look(range_title, class_="muted")
        column.addWidget(range_title)
        column.addLayout(self._range_rows())

    def _make_all_or_none(self) -> list[QWidget]:
        made: list[QWidget] = []
        for name, text, spoken, state in (
            ("all", self.tr("All"), self.tr("All devices"), Qt.CheckState.Checked),
            ("none", self.tr("None"), self.tr("No device"), Qt.CheckState.Unchecked),
        ):
            button = dialog_parts.button(f"dialog.export.devices.{name}", text)
            button.setAccessibleName(spoken)
            set_look(button, class_="link")
            button.clicked.connect(lambda _=False, state=state: self._check_all(state))
            button.setVisible(len(self._scope.devices) > 1)
            made.append(button)
        return made

    def _range_rows(self) -> QVBoxLayout:
        texts = {
            _VISIBLE: self.tr("What the charts show"),
            _SELECTION: self.tr("What is selected in the chart"),
            _ALL: self.tr("All stored readings"),
            _CUSTOM: self.tr("From"),
        }
        column = QVBoxLayout()
        column.setSpacing(2)
        for number, text in texts.items():
            button = QRadioButton(text)
            button.setObjectName(f"dialog.export.range.{_RANGE_NAMES[number]}")
            self._range.addButton(button, number)
            if number != _CUSTOM:
                column.addWidget(button)
        column.addLayout(self._moments())
        self._offer_selection()
        self._range.idToggled.connect(self._on_range)
        return column

    def _offer_selection(self) -> None:
        selection = self._range.button(_SELECTION)
        if self._scope.selection_us is None:
            selection.setEnabled(False)
            selection.setToolTip(self.tr("Drag across a chart on the History page to select."))
        if self._scope.selection_us is not None:
            selection.setChecked(True)
        elif self._scope.visible_from_us is not None:
            self._range.button(_VISIBLE).setChecked(True)
        else:
            self._range.button(_ALL).setChecked(True)

    def _moments(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._range.button(_CUSTOM).setAccessibleName(self.tr("From a time to another"))
        self.from_edit.setAccessibleName(self.tr("From"))
        row.addWidget(self._range.button(_CUSTOM))
        row.addWidget(self.from_edit)
        row.addWidget(dialog_parts.title_of(self.to_edit, self.tr("to"), self.tr("To")))
        row.addWidget(self.to_edit)
        row.addStretch(1)
        return row

    def _on_range(self, _number: int, checked: bool) -> None:
        if checked:
            self.changed.emit()


def _to_us(edit: QDateTimeEdit) -> int:
    return edit.dateTime().toMSecsSinceEpoch() * 1000
