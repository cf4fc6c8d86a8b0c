"""The row above the table of alerts: what is shown of them, and what can be done with all."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QMargins, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from harit_desktop.ui.alerts.alert_filter import DEFAULT_SPAN, AlertFilter, Shown
from harit_desktop.ui.history.flow import FlowBox
from harit_desktop.ui.icons import icon
from harit_desktop.ui.message_banner import BannerButton
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import ThemeController, set_look
from harit_desktop.ui.words import count

FILTER_DELAY_MS = 150
_FILTER_PX = 280
_NARROW_FILTER_PX = 200
_EVERY, _COMPUTER = "every", "computer"


class FilterBar(QFrame):
    """`changed` comes with every change of the filter, typed texts a moment later."""

    changed = Signal()
    acknowledge_asked = Signal()
    export_asked = Signal()
    rules_asked = Signal()

    def __init__(self, theme: ThemeController) -> None:
        super().__init__()
        self._theme = theme
        set_look(self, class_="bar")
        self.edit = self._make_edit()
        self._group = QButtonGroup(self)
        self._shown = Shown.OPEN
        self._buttons: dict[Shown, QPushButton] = {}
        self.devices = self._make_devices()
        self.spans = self._make_spans()
        self.acknowledge = BannerButton(self.tr("Acknowledge selected"))
        self.acknowledge.setObjectName("button.alerts.ack")
        self.acknowledge.setEnabled(False)
        self.export = self._make_export()
        self.rules = self._tool("button.alerts.rules", self.tr("Alert rules…"))
        self._build()
        self._connect()
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def filter(self) -> AlertFilter:
        chosen = self.devices.currentData()
        return AlertFilter(
            shown=self._shown,
            publisher_id=None if chosen == _EVERY else "" if chosen == _COMPUTER else chosen[1:],
            span=self.spans.currentData(),
            text=self.edit.text(),
        )

    def show_state(self, shown: Shown) -> None:
        """Presses one of the three buttons."""
        if shown is not self._shown:
            self._buttons[shown].setChecked(True)
            self._press(shown)

    def set_open(self, number: int) -> None:
        """How many are open."""
        text = self.tr("Open {count}").format(count=count(number)) if number else self.tr("Open")
        if self._open.text() != text:
            self._open.setText(text)
            self._open.setAccessibleName(text)
            self._fit()

    def set_devices(self, names: Mapping[str, str]) -> None:
        """Takes the names of the devices, by their ids; the choice stays what it is."""
        entries = [(self.tr("All devices"), _EVERY), (self.tr("This computer"), _COMPUTER)]
        # An id may be any text, also one of the two words above.
        entries += [(name, f"={publisher_id}") for publisher_id, name in names.items()]
        combo = self.devices
        if [(combo.itemText(n), combo.itemData(n)) for n in range(combo.count())] == entries:
            return
        chosen = combo.currentData()
        combo.blockSignals(True)
        combo.clear()
        for name, data in entries:
            combo.addItem(name, data)
        combo.setCurrentIndex(max(0, combo.findData(chosen)))
        combo.blockSignals(False)
        self._fit()
        if combo.currentData() != chosen:
            self.changed.emit()

    # -- the widgets -----------------------------------------------------------------------

    def _make_edit(self) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName("edit.alerts.filter")
        edit.setAccessibleName(self.tr("Filter alerts"))
        edit.setPlaceholderText(self.tr("Device, channel or text"))
        edit.setClearButtonEnabled(True)
        self._search = edit.addAction(
            icon("search", self._theme.tokens), QLineEdit.ActionPosition.LeadingPosition
        )
        return edit

    def _make_shown(self) -> QWidget:
        holder = QWidget()
        holder.setAccessibleName(self.tr("Which alerts"))
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        texts = {
            Shown.OPEN: (self.tr("Open"), " segmentFirst"),
            Shown.ACKNOWLEDGED: (self.tr("Acknowledged"), ""),
            Shown.ALL: (self.tr("All"), " segmentLast"),
        }
        for shown, (text, end) in texts.items():
            button = QPushButton(text)
            button.setObjectName(f"button.alerts.show.{shown.value}")
            button.setCheckable(True)
            set_look(button, class_="segment" + end)
            button.clicked.connect(lambda _=False, shown=shown: self._press(shown))
            self._group.addButton(button)
            self._buttons[shown] = button
            row.addWidget(button)
        self._open = self._buttons[Shown.OPEN]
        self._open.setChecked(True)
        return holder

    def _press(self, shown: Shown) -> None:
        self._shown = shown
        self.changed.emit()

    def _make_devices(self) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName("combo.alerts.device")
        combo.setAccessibleName(self.tr("Device"))
        combo.addItem(self.tr("All devices"), _EVERY)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        combo.setMaximumWidth(scaled(180))
        return combo

    def _make_spans(self) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName("combo.alerts.time")
        combo.setAccessibleName(self.tr("Time"))
        for text, key in (
            (self.tr("Last 24 hours"), "24h"),
            (self.tr("Last 7 days"), "7d"),
            (self.tr("Last 30 days"), "30d"),
            (self.tr("All times"), "all"),
        ):
            combo.addItem(text, key)
        combo.setCurrentIndex(combo.findData(DEFAULT_SPAN))
        return combo

    def _make_export(self) -> QToolButton:
        button = self._tool("button.alerts.export", self.tr("Export alerts…"))
        button.setToolTip(self.tr("Export all alerts of the chosen devices to a CSV file"))
        set_look(button, class_="outlined square")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        return button

    def _tool(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setAccessibleName(text.removesuffix("…"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_look(button, class_="outlined")
        return button

    def _build(self) -> None:
        self._fields = (self.edit, self._make_shown(), self.devices, self.spans)
        self._flow = FlowBox(QMargins(0, 0, 0, 0))
        self._right = (self.acknowledge, self.export, self.rules)
        self.tab_parts = (*self._fields, *self._right)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 7, 12, 7)
        self._row.setSpacing(8)
        self._row.addWidget(self._flow, 1)
        self._apart = False
        self._set_apart(True)
        for combo in (self.devices, self.spans):
            _name(combo)

    def _connect(self) -> None:
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FILTER_DELAY_MS)
        self._timer.timeout.connect(self.changed)
        self.edit.textChanged.connect(self._timer.start)
        self.devices.activated.connect(self.changed)
        self.spans.activated.connect(self.changed)
        self.acknowledge.clicked.connect(self.acknowledge_asked)
        self.export.clicked.connect(self.export_asked)
        self.rules.clicked.connect(self.rules_asked)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Without room beside the filter the buttons stand in its last line."""
        margins = self._row.contentsMargins()
        room = self.width() - margins.left() - margins.right()
        least, usual = scaled(_NARROW_FILTER_PX), scaled(_FILTER_PX)
        others = sum(widget.sizeHint().width() + 8 for widget in self._fields[1:])
        self._set_rules_text(True)
        buttons = sum(button.sizeHint().width() + 8 for button in self._right)
        left = room - others - buttons
        self.edit.setFixedWidth(min(left, usual) if left >= least else least)
        self._set_apart(left >= least)

    def _set_apart(self, apart: bool) -> None:
        self._set_rules_text(apart)
        if apart == self._apart:
            self._flow.place()
            return
        self._apart = apart
        for button in self._right:
            if apart:
                self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
                button.show()
            else:
                self._row.removeWidget(button)
        self._flow.set_widgets(self._fields if apart else (*self._fields, *self._right))

    def _set_rules_text(self, words: bool) -> None:
        styles = Qt.ToolButtonStyle
        style = styles.ToolButtonTextOnly if words else styles.ToolButtonIconOnly
        self.rules.setToolButtonStyle(style)
        set_look(self.rules, class_="outlined" if words else "outlined square")
        self.rules.setToolTip("" if words else self.rules.text())

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self._search.setIcon(icon("search", tokens))
        self.export.setIcon(icon("export", tokens))
        self.rules.setIcon(icon("settings", tokens))
        self._fit()


def _name(combo: QComboBox) -> None:
    """A label that nobody sees. On Linux a screen reader takes the chosen entry for the name
    of a combo box, and only a label beside it for what is chosen there."""
    label = QLabel(combo.accessibleName(), combo.parentWidget())
    label.setBuddy(combo)
    label.hide()
