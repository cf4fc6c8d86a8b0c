"""The dialog behind Device…: name, zone, alert limits, and whether the device is listed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.runtime.alert_plan import alarm_limits
from harit_desktop.runtime.commands import ApplySettings, SaveDevice
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.alerts.device_limits import DeviceLimits
from harit_desktop.ui.device_names import device_label, record_of
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.extras.device_health import DeviceHealth
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.settings.rules_field import MOST_RULES
from harit_desktop.ui.side_dock import scrolling
from harit_desktop.ui.words import joined

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

_SIZE_PX = (640, 560)
_MOST_CHARS = 64
_MOST_NAMED = 6


class DeviceDialog(QDialog):
    """What the owner says of a device. The id is the probe's own and is only shown.

    Another device can be chosen, a hidden one too; Save keeps what was changed of all.
    """

    def __init__(self, engine: Engine, publisher_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._book: DeviceBook = engine.book
        self._drafts: dict[str, DeviceRecord] = {}
        self._shown = publisher_id
        self.setObjectName("dialog.device")
        self.setWindowTitle(self.tr("Device"))
        self.setAccessibleName(self.tr("Device"))
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self.devices = QComboBox()
        self.name_edit = QLineEdit()
        self.zone = QComboBox()
        self.health = DeviceHealth()
        self.hidden = QCheckBox(self.tr("Hide from the list of devices"))
        self.limits = DeviceLimits()
        self._problem = sentences("dialog.device.problem", "dense", "crit")
        self._problem.hide()
        self._neighbours = sentences("dialog.device.neighbours", "dense muted")
        self._build()
        self._show(publisher_id)

    def choose(self, publisher_id: str) -> None:
        """Goes on to another device; what was typed for this one is kept until Save."""
        place = self.devices.findData(publisher_id)
        if place >= 0:
            self.devices.setCurrentIndex(place)

    def poll(self) -> None:
        """Takes what was entered elsewhere meanwhile; called by the frame clock."""
        self._show_health()
        if self._engine.book is not self._book:
            self._book = self._engine.book
            self._follow_zone()

    # -- the work ----------------------------------------------------------------------

    def _show(self, publisher_id: str) -> None:
        self._shown = publisher_id
        record = self._drafts.get(publisher_id) or record_of(self._book, publisher_id)
        self.name_edit.setText(record.name)
        self.name_edit.setPlaceholderText(printable(publisher_id))
        self.zone.setEditText(record.zone)
        self.hidden.setChecked(record.hidden)
        self._follow_zone()
        self._show_health()
        alarms = alarm_limits(self._engine.judgement.limits())
        self.limits.set_rules(self._engine.settings.alerts.rules, alarms)
        self.limits.show_device(publisher_id)

    def _show_health(self) -> None:
        """Says how the device itself is, as far as it reported."""
        devices = self._engine.live.devices()
        known = next((one for one in devices if one.publisher_id == self._shown), None)
        self.health.show_device(known, time.time_ns() // 1000)

    def _draft(self) -> DeviceRecord:
        """The record as the fields say it; its place in the list stays."""
        return msgspec.structs.replace(
            record_of(self._book, self._shown),
            name=_tidy(self.name_edit.text()),
            zone=_tidy(self.zone.currentText()),
            hidden=self.hidden.isChecked(),
        )

    def _change_device(self) -> None:
        self._drafts[self._shown] = self._draft()
        self._show(str(self.devices.currentData()))

    def _save(self) -> None:
        self._drafts[self._shown] = self._draft()
        if not self._save_limits():
            return
        for publisher_id, draft in self._drafts.items():
            if draft != record_of(self._book, publisher_id):
                self._engine.submit(SaveDevice(draft))
        self.accept()

    def _save_limits(self) -> bool:
        """Whether the limits can be kept; goes to what has to be mended."""
        wrong = self.limits.problem_device()
        if wrong is not None:
            self.choose(wrong)
            self.limits.focus_problem()
            self._show_reason()
            return False
        present = self._engine.settings.alerts.rules
        rules = self.limits.rules(present)
        if len(rules) > MOST_RULES and len(rules) > len(present):
            text = self.tr("▲ There are {most} alert rules at most. Delete some in the settings.")
            dialog_parts.say(self._problem, text.format(most=MOST_RULES), "crit")
            return False
        if rules != tuple(present):
            self._engine.submit(ApplySettings(changes={"alerts.rules": rules}))
        return True

    def _show_reason(self) -> None:
        """Scrolls to why a limit cannot be kept; its place is known once it is laid out."""
        QTimer.singleShot(0, self, self._scroll_to_reason)

    def _scroll_to_reason(self) -> None:
        said = self.limits.said
        if said is not None:
            self._area.ensureWidgetVisible(said, 0, 8)

    def _follow_zone(self, *_: object) -> None:
        """Says which devices would be compared with this one."""
        zone = _tidy(self.zone.currentText())
        others = [
            device_label(self._book, publisher_id)
            for publisher_id in self._known()
            if publisher_id != self._shown and self._zone_of(publisher_id) == zone
        ]
        if not others:
            text = (
                self.tr("No other device is in this zone: its drift cannot be judged.")
                if zone
                else self.tr("No other device is without a zone: its drift cannot be judged.")
            )
        else:
            named = others[:_MOST_NAMED]
            if len(others) > len(named):
                named.append(self.tr("{n} more").format(n=len(others) - len(named)))
            template = (
                self.tr("Compared with {devices}.")
                if zone
                else self.tr("Compared with those that have no zone either: {devices}.")
            )
            text = template.format(devices=joined(named))
        dialog_parts.say(self._neighbours, text)

    def _zone_of(self, publisher_id: str) -> str:
        return (self._drafts.get(publisher_id) or record_of(self._book, publisher_id)).zone

    def _known(self) -> list[str]:
        live = {device.publisher_id for device in self._engine.live.devices()}
        return sorted(live | set(self._book.records) | {self._shown})

    # -- the widgets -------------------------------------------------------------------

    def _build(self) -> None:
        self._fill()
        self.name_edit.setObjectName("dialog.device.name")
        self.name_edit.setMaxLength(_MOST_CHARS)
        self.hidden.setObjectName("dialog.device.hidden")
        explained = sentences("dialog.device.explained", "dense muted")
        explained.setText(
            self.tr(
                "Probes of one zone measure the same soil. They are compared with each other: one "
                "that drifts away from the others is marked. Put only probes into a zone that "
                "stand in like soil and are watered alike."
            )
        )
        hides = sentences("dialog.device.hides", "dense muted")
        hides.setText(self.tr("A hidden device goes on being received, judged and stored."))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        title = dialog_parts.title_of
        rows: tuple[tuple[QLabel | None, QWidget], ...] = (
            (title(self.devices, self.tr("Device id")), self.devices),
            (self.health.title, self.health),
            (title(self.name_edit, self.tr("Name")), self.name_edit),
            (title(self.zone, self.tr("Zone")), self.zone),
            (None, self._neighbours),
            (None, explained),
            (None, self.hidden),
            (None, hides),
        )
        for number, (label, widget) in enumerate(rows):
            if label is not None:
                grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(widget, number, 1)
        body, inside = dialog_parts.body()
        inside.addLayout(grid)
        inside.addSpacing(6)
        inside.addWidget(self.limits)
        inside.addWidget(self._problem)
        inside.addStretch(1)
        column = dialog_parts.edge_to_edge(self)
        area = scrolling(body)
        # Its fields are reached one by one, and it follows them.
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column.addWidget(area, 1)
        self._area = area
        self.limits.changed.connect(self._show_reason)
        column.addWidget(self._make_footer())
        self.name_edit.setFocus()

    def _make_footer(self) -> QFrame:
        cancel = dialog_parts.button("dialog.device.cancel", self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        save = dialog_parts.button("dialog.device.save", self.tr("Save"))
        save.setDefault(True)
        save.clicked.connect(self._save)
        return dialog_parts.footer(None, cancel, save)

    def _fill(self) -> None:
        self.devices.setObjectName("dialog.device.id")
        for publisher_id in self._known():
            shown = printable(publisher_id)
            if record_of(self._book, publisher_id).hidden:
                shown = self.tr("{device} (hidden)").format(device=shown)
            self.devices.addItem(shown, publisher_id)
        self.devices.setCurrentIndex(self.devices.findData(self._shown))
        self.devices.currentIndexChanged.connect(self._change_device)
        self.zone.setObjectName("dialog.device.zone")
        self.zone.setEditable(True)
        self.zone.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for zone in sorted(set(self._book.zones().values()), key=str.casefold):
            self.zone.addItem(printable(zone))
        edit = QLineEdit()
        edit.setMaxLength(_MOST_CHARS)
        edit.setPlaceholderText(self.tr("For example: north plot, drip line 2"))
        # The combo box has the frame and the focus ring; its line has neither.
        edit.setStyleSheet(
            "QLineEdit, QLineEdit:focus { border: 0; padding: 0; background: transparent; }"
        )
        self.zone.setLineEdit(edit)
        self.zone.editTextChanged.connect(self._follow_zone)


def _tidy(text: str) -> str:
    """What was typed, without spaces around it and characters that nobody sees."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
