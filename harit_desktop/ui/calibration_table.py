"""The calibrations of one device, oldest to newest: what was entered and what it does."""

from __future__ import annotations

import time
from html import escape

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.calibration import Corrections, Segment
from harit_desktop.domain.device_book import Calibration
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.calibration_texts import (
    dated_text,
    effect_text,
    entered_text,
    note_text,
)
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.words import channel_in_sentence, channel_name

_WIDTHS_PX = (140, 84, 192, 380)
_LEAST_PX = 84
_ID_ROLE = Qt.ItemDataRole.UserRole


class CalibrationTable(QWidget):
    """Lists calibrations; `removal_asked` gives the id of one after a question in place."""

    removal_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Calibration, ...] | None = None
        self.list = self._make_list()
        self._empty = sentences("dialog.calibration.empty", "muted")
        self.remove = dialog_parts.button("dialog.calibration.remove", self.tr("Remove…"))
        self._question = sentences("dialog.calibration.remove.question")
        self.yes = dialog_parts.button("dialog.calibration.remove.yes", self.tr("Remove"))
        self.no = dialog_parts.button("dialog.calibration.remove.no", self.tr("Keep"))
        self._asking = QFrame()
        self._build()
        self._show_state()

    def show_calibrations(
        self, publisher_id: str, calibrations: tuple[Calibration, ...], now_us: int
    ) -> None:
        """Shows those of this device; the chosen line stays chosen."""
        own = sorted(
            (one for one in calibrations if one.publisher_id == publisher_id),
            key=lambda one: (one.at_us, one.id),
        )
        if tuple(own) == self._shown:
            return
        kept = self.chosen()
        self._shown = tuple(own)
        self.list.clear()
        effects = _effects(self._shown, now_us)
        for calibration in self._shown:
            item = self._add(calibration, effects.get(calibration.id, ""), now_us)
            if kept is not None and calibration.id == kept.id:
                self.list.setCurrentItem(item)
        self._stop_asking()

    def chosen(self) -> Calibration | None:
        item = self.list.currentItem()
        if item is None:
            return None
        wanted = item.data(0, _ID_ROLE)
        return next((one for one in self._shown or () if one.id == wanted), None)

    def choose(self, calibration_id: int) -> None:
        """Selects a line, such as one that was just entered."""
        for place in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(place)
            if item is not None and item.data(0, _ID_ROLE) == calibration_id:
                self.list.setCurrentItem(item)
                self.list.scrollToItem(item)

    def _add(self, calibration: Calibration, effect: str, now_us: int) -> QTreeWidgetItem:
        texts = [
            dated_text(calibration.at_us, now_us),
            channel_name(calibration.channel),
            entered_text(calibration),
            effect,
            note_text(calibration),
        ]
        item = QTreeWidgetItem(texts)
        item.setData(0, _ID_ROLE, calibration.id)
        self.list.addTopLevelItem(item)
        moments = self.tr("Holds from {from_}, entered {entered}").format(
            from_=dated_text(calibration.at_us, now_us),
            entered=dated_text(calibration.entered_us, now_us),
        )
        for column, text in enumerate(texts):
            item.setToolTip(column, f"<qt>{escape(text if column else moments)}</qt>")
        return item

    def _ask(self) -> None:
        calibration, item = self.chosen(), self.list.currentItem()
        if calibration is None or item is None:
            return
        template = self.tr(
            "Remove what was entered for {channel} from {moment}? Readings that come are judged "
            "without it; stored ones keep their index until they are judged again."
        )
        self._question.setText(
            template.format(
                channel=channel_in_sentence(calibration.channel),
                moment=dated_text(calibration.at_us, time.time_ns() // 1000),
            )
        )
        self._asking.show()
        self.remove.hide()
        self.no.setFocus()

    def _stop_asking(self) -> None:
        had_focus = self.no.hasFocus() or self.yes.hasFocus()
        self._asking.hide()
        self.remove.show()
        self._show_state()
        if had_focus:
            self.list.setFocus()

    def _on_yes(self) -> None:
        calibration = self.chosen()
        self._stop_asking()
        if calibration is not None:
            self.removal_asked.emit(calibration.id)

    def _show_state(self) -> None:
        empty = not self._shown
        self._empty.setVisible(empty)
        self.list.setVisible(not empty)
        self.remove.setVisible(not empty)
        self.remove.setEnabled(self.chosen() is not None)

    # -- the widgets -------------------------------------------------------------------

    def _make_list(self) -> QTreeWidget:
        made = QTreeWidget()
        made.setObjectName("dialog.calibration.list")
        made.setAccessibleName(self.tr("Calibrations of this device"))
        made.setHeaderLabels(
            [
                self.tr("From"),
                self.tr("Channel"),
                self.tr("Entered"),
                self.tr("What it does"),
                self.tr("Note"),
            ]
        )
        made.setMinimumHeight(scaled(_LEAST_PX))
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setAllColumnsShowFocus(True)
        made.setTabKeyNavigation(False)
        made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = made.header()
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width_px in enumerate(_WIDTHS_PX):
            made.setColumnWidth(column, scaled(width_px))
        made.currentItemChanged.connect(self._stop_asking)
        return made

    def _build(self) -> None:
        self._empty.setText(
            self.tr("Nothing entered yet: the probe is taken at its word, as it was made.")
        )
        self._empty.setAlignment(dialog_parts.TOP)
        self.remove.clicked.connect(self._ask)
        self.yes.clicked.connect(self._on_yes)
        self.no.clicked.connect(self._stop_asking)
        set_look(self.yes, class_="danger")
        set_look(self._asking, class_="inset")
        inside = QHBoxLayout(self._asking)
        inside.setContentsMargins(10, 8, 10, 8)
        inside.setSpacing(8)
        inside.addWidget(self._question, 1)
        inside.addWidget(self.no)
        inside.addWidget(self.yes)
        self._asking.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        column.addWidget(self.remove, 0, dialog_parts.LEFT)
        column.addWidget(self._asking)


def _effects(calibrations: tuple[Calibration, ...], now_us: int) -> dict[int, str]:
    """What each does, by its id, with the end of those that another one follows."""
    corrections = Corrections(calibrations)
    texts = {}
    for channel in {one.channel for one in calibrations}:
        own = [one for one in calibrations if one.channel == channel]
        segments = corrections.segments(own[0].publisher_id, channel)
        ends: list[Segment | None] = [*segments[1:], None]
        for calibration, segment, end in zip(own, segments, ends, strict=True):
            text = effect_text(channel, segment)
            texts[calibration.id] = text if end is None else _until(text, end.from_us, now_us)
    return texts


def _until(text: str, end_us: int, now_us: int) -> str:
    template = QCoreApplication.translate("CalibrationTable", "{effect}; until {moment}")
    return template.format(effect=text, moment=dated_text(end_us, now_us))
