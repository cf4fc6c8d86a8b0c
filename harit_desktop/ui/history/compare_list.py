"""Which devices and channels the History page shows."""

from collections.abc import Mapping, Sequence
from html import escape

from PySide6.QtCore import QEvent, QMargins, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QCheckBox, QLabel, QMenu, QToolButton, QWidget

from harit_desktop.domain.channels import CHANNELS
from harit_desktop.ui.extras.extra_menu import ExtraMenu
from harit_desktop.ui.history.flow import FlowBox
from harit_desktop.ui.history.history_chart import paint_sample
from harit_desktop.ui.history.history_data import MOST_COMPARED
from harit_desktop.ui.theme import Tokens, set_look
from harit_desktop.ui.words import channel_name, count

SHOWN_UNCHECKED = 6
"""So many devices that are not compared have a box of their own; the others are in a menu."""
NAME_PX = 130
_SAMPLE = QSize(26, 10)


class CompareList(FlowBox):
    """`history.compare.<id>` boxes with the line of each device, `history.channels`, and
    `history.extras`."""

    toggled = Signal(str, bool)
    channels_chosen = Signal(object)

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(QMargins(12, 3, 12, 6), parent)
        self.setObjectName("history.compare")
        self._tokens = tokens
        self._names: dict[str, str] = {}
        self._slots: dict[str, int] = {}
        self._boxes: dict[str, QCheckBox] = {}
        self._title = QLabel()
        set_look(self._title, class_="dense strong")
        self._more = self._menu_button("history.compare.more")
        self.channels = self._menu_button("history.channels")
        self.extras = ExtraMenu()
        self._actions: dict[str, QAction] = {}
        self.set_widgets((self._title, self._more, self.channels, self.extras))
        self.extras.resized.connect(self.place)
        self._more.hide()
        self._make_channels()
        self.set_words()

    # -- devices -----------------------------------------------------------------------

    def set_devices(self, names: Mapping[str, str], slots: Mapping[str, int]) -> None:
        """Takes the devices by id with their names, and the slots of those compared."""
        if (dict(names), dict(slots)) == (self._names, self._slots):
            return
        self._names, self._slots = dict(names), dict(slots)
        own = self._with_box()
        for gone in [known for known in self._boxes if known not in own]:
            box = self._boxes.pop(gone)
            box.hide()
            box.deleteLater()
        for publisher_id in own:
            if publisher_id not in self._boxes:
                self._boxes[publisher_id] = self._make_box(publisher_id)
        self._order(own)
        full = len(self._slots) >= MOST_COMPARED
        for publisher_id, box in self._boxes.items():
            self._show_box(box, publisher_id, full)
        self._fill_more([known for known in self._names if known not in own], full)

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        for publisher_id, box in self._boxes.items():
            box.setIcon(self._sample(publisher_id))

    def _with_box(self) -> list[str]:
        chosen = [known for known in self._names if known in self._slots]
        others = [known for known in self._names if known not in self._slots]
        if len(others) <= SHOWN_UNCHECKED:
            return list(self._names)
        few = max(0, SHOWN_UNCHECKED - len(chosen))
        kept = {*chosen, *others[:few]}
        return [known for known in self._names if known in kept]

    def _make_box(self, publisher_id: str) -> QCheckBox:
        box = QCheckBox()
        box.setObjectName(f"history.compare.{publisher_id}")
        box.setIconSize(_SAMPLE)
        set_look(box, class_="dense")
        box.toggled.connect(lambda on, known=publisher_id: self._toggle(known, on))
        return box

    def _show_box(self, box: QCheckBox, publisher_id: str, full: bool) -> None:
        name = self._names[publisher_id]
        checked = publisher_id in self._slots
        shown = box.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, NAME_PX)
        box.setText(shown.replace("&", "&&"))
        box.blockSignals(True)
        box.setChecked(checked)
        box.blockSignals(False)
        box.setIcon(self._sample(publisher_id))
        box.setEnabled(checked or not full)
        box.setAccessibleName(self.tr("Compare {device}").format(device=name))
        most = self.tr("At most {n} devices are compared.").format(n=count(MOST_COMPARED))
        whole = f"<qt>{escape(name)}</qt>" if shown != name else ""
        box.setToolTip(most if full and not checked else whole)
        set_look(box, class_="dense" if checked else "dense muted")

    def _order(self, own: Sequence[str]) -> None:
        """Boxes in the order of the devices, between the title and the menus."""
        boxes = [self._boxes[known] for known in own]
        menus = (self._more, self.channels, self.extras)
        self.set_widgets((self._title, *boxes, *menus))
        before: QWidget = self._title
        for widget in (*boxes, *menus):
            QWidget.setTabOrder(before, widget)
            before = widget

    def _fill_more(self, others: Sequence[str], full: bool) -> None:
        menu = self._more.menu()
        menu.clear()
        for publisher_id in others:
            action = menu.addAction(self._names[publisher_id].replace("&", "&&"))
            action.setCheckable(True)
            action.setEnabled(not full)
            action.toggled.connect(lambda on, known=publisher_id: self._toggle(known, on))
        self._more.setText(self.tr("{n} more").format(n=count(len(others))))
        self._more.setVisible(bool(others))
        self.place()

    def _toggle(self, publisher_id: str, on: bool) -> None:
        self.toggled.emit(publisher_id, on)

    def _sample(self, publisher_id: str) -> QIcon:
        slot = self._slots.get(publisher_id)
        if slot is None:
            return QIcon()
        ratio = self.devicePixelRatioF()
        picture = QPixmap(_SAMPLE * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        middle = _SAMPLE.height() / 2
        paint_sample(painter, 0, middle, _SAMPLE.width(), self._tokens, slot)
        painter.end()
        return QIcon(picture)

    # -- channels ----------------------------------------------------------------------

    def set_channels(self, keys: Sequence[str]) -> None:
        """Marks the channels that are shown."""
        for key, action in self._actions.items():
            action.blockSignals(True)
            action.setChecked(key in keys)
            action.blockSignals(False)
        self._show_channels()

    def chosen_channels(self) -> tuple[str, ...]:
        """The channels that are marked, in the order of the catalogue."""
        return tuple(key for key, action in self._actions.items() if action.isChecked())

    def _make_channels(self) -> None:
        menu = self.channels.menu()
        for channel in CHANNELS:
            action = menu.addAction(channel_name(channel.key))
            action.setObjectName(f"history.channels.{channel.key}")
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(self._choose_channels)
            self._actions[channel.key] = action

    def _choose_channels(self) -> None:
        if not self.chosen_channels():
            # A page without any strip would show nothing that brings one back.
            sender = self.sender()
            if isinstance(sender, QAction):
                sender.setChecked(True)
            return
        self._show_channels()
        self.channels_chosen.emit(self.chosen_channels())

    def _show_channels(self) -> None:
        text = self.tr("{n} of {all} channels")
        shown = text.format(n=count(len(self.chosen_channels())), all=count(len(CHANNELS)))
        self.channels.setText(shown)
        self.channels.setAccessibleName(self.tr("Channels: {shown}").format(shown=shown))
        self.place()

    def set_words(self) -> None:
        """Names everything in the present language."""
        self._title.setText(self.tr("Compare"))
        self._more.setAccessibleName(self.tr("More devices to compare"))
        for key, action in self._actions.items():
            action.setText(channel_name(key))
        self._show_channels()

    def _menu_button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_look(button, class_="outlined menu")
        button.setMenu(QMenu(button))
        return button

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.set_words()
