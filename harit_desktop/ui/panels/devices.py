"""The Devices panel: every device that reported, and which of them the window looks at."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.domain.status import EngineStatus, ServerState
from harit_desktop.ui.panels.device_delegate import DeviceDelegate
from harit_desktop.ui.panels.device_rows import DeviceModel
from harit_desktop.ui.panels.store_texts import uses_server
from harit_desktop.ui.theme_tokens import LIGHT, Tokens
from harit_desktop.ui.words import count

_UP, _DOWN = "Alt+Up", "Alt+Down"


class DevicesPanel(QWidget):
    """`list.devices`. Where nothing is chosen yet it chooses the first device that comes."""

    device_chosen = Signal(str)
    """The user, or the panel for want of a choice, chose this device."""
    device_asked = Signal(str)
    """The user wants to name this device, or give it limits."""
    placed = Signal(object)
    """The user put devices in another order: the list of the DeviceRecords that change."""

    def __init__(self, parent: QWidget | None = None, tokens: Tokens = LIGHT) -> None:
        super().__init__(parent)
        self._focus: str | None = None
        self._now_us = 0
        self._knows = "opening"
        self._title = QLabel()
        self._title.setProperty("class", "caption strong muted")
        self._count = QLabel()
        self._count.setObjectName("label.devices.count")
        self._count.setProperty("class", "caption muted")
        self._empty = QLabel()
        self._empty.setObjectName("label.devices.empty")
        self._empty.setProperty("class", "dense muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._empty.setContentsMargins(12, 4, 12, 0)
        self.model = DeviceModel()
        self._delegate = DeviceDelegate(tokens)
        self._list = self._make_list()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._list)
        self._lay_out()
        self._set_words()

    def _make_list(self) -> QListView:
        view = QListView()
        view.setObjectName("list.devices")
        view.setProperty("class", "plain")
        view.setModel(self.model)
        view.setItemDelegate(self._delegate)
        view.setMouseTracking(True)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.selectionModel().currentChanged.connect(self._take_choice)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(lambda at: self._open_menu(view, at))
        for keys, step in ((_UP, -1), (_DOWN, 1)):
            shortcut = QShortcut(QKeySequence(keys), view)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(partial(self._move_focus, step))
        return view

    def device_menu(self, publisher_id: str) -> QMenu:
        """What can be done with a device of the list."""
        menu = QMenu(self)
        menu.setObjectName("menu.devices")
        model = self.model
        for name, text, keys, step in (
            ("up", self.tr("Move &up"), _UP, -1),
            ("down", self.tr("Move &down"), _DOWN, 1),
        ):
            action = menu.addAction(text, partial(self._move, publisher_id, step))
            action.setObjectName(f"menu.devices.{name}")
            action.setShortcut(QKeySequence(keys))
            # The list has the key; here it is only told.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setShortcutVisibleInContextMenu(True)
            action.setEnabled(model.movable(publisher_id, step))
        order = menu.addAction(
            self.tr("Order by &name"), lambda: self._place(model.by_name(publisher_id))
        )
        order.setObjectName("menu.devices.byName")
        order.setEnabled(model.is_placed(publisher_id))
        menu.addSeparator()
        asked = menu.addAction(self.tr("D&evice…"), lambda: self.device_asked.emit(publisher_id))
        asked.setObjectName("menu.devices.device")
        return menu

    def _open_menu(self, view: QListView, at: QPoint) -> None:
        index = view.indexAt(at)
        # By the keyboard the point may be beside every row.
        index = index if index.isValid() else view.currentIndex()
        if index.isValid():
            menu = self.device_menu(self.model.shown_ids()[index.row()])
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(view.viewport().mapToGlobal(at))

    def _move_focus(self, step: int) -> None:
        if self._focus is not None:
            self._move(self._focus, step)

    def _move(self, publisher_id: str, step: int) -> None:
        self._place(self.model.moved(publisher_id, step))

    def _place(self, records: list[DeviceRecord]) -> None:
        if records:
            self.placed.emit(records)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 4)
        head.addWidget(self._title, 1)
        head.addWidget(self._count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)

    @property
    def focus_device(self) -> str | None:
        """The chosen device; it may be one that has not reported yet."""
        return self._focus

    def set_devices(self, devices: Sequence[DeviceState], now_us: int) -> None:
        """Takes every device's newest state."""
        self._now_us = now_us
        self.model.set_devices(devices, now_us)
        self._follow_rows()

    def set_book(self, book: DeviceBook, corrections: Corrections) -> None:
        """Takes what people entered about their devices, and the calibrations that follow."""
        self.model.set_book(book, corrections, self._now_us)
        # A row with the name of a zone above it is higher.
        self._list.scheduleDelayedItemsLayout()
        self._follow_rows()

    def _follow_rows(self) -> None:
        known = self.model.ids()
        if known and self._focus not in known:
            self._focus = known[0]
            self.device_chosen.emit(known[0])
        self._show_choice()
        shown = self.model.shown_ids()
        self._count.setText(count(len(shown)) if shown else "")
        self._stack.setCurrentWidget(self._list if shown else self._empty)

    def set_store(self, status: EngineStatus) -> None:
        """Takes the state of the store: only one that is open and empty has no devices."""
        knows = _known_of(status)
        if knows != self._knows:
            self._knows = knows
            self._show_empty()

    def _show_empty(self) -> None:
        texts = {
            "all": self.tr(
                "No devices yet. A device appears here by itself when its first reading arrives."
            ),
            "opening": self.tr("Looking for stored devices…"),
            "closed": self.tr(
                "The stored devices are not known while the store cannot be opened. "
                "They appear here when it can."
            ),
            "local": self.tr(
                "Devices that only the database server knows appear here when it answers."
            ),
        }
        self._empty.setText(texts[self._knows])

    def set_limits(self, limits: ProfileLimits) -> None:
        """Takes the profile's limits, by which a row says "Moisture low"."""
        self.model.set_limits(limits)
        self.model.refresh(self._now_us)

    def set_focus(self, publisher_id: str | None) -> None:
        """Shows a choice made elsewhere; says nothing about it."""
        self._focus = publisher_id
        self._show_choice()

    def next_device(self) -> None:
        """Chooses the device below, after the last one the first."""
        self._step(1)

    def previous_device(self) -> None:
        """Chooses the device above, before the first one the last."""
        self._step(-1)

    def tick(self, now_us: int) -> None:
        """Lets the ages go on."""
        self._now_us = now_us
        self.model.refresh(now_us)

    def set_tokens(self, tokens: Tokens) -> None:
        """Takes the colours of a theme, and the text size that the application has now."""
        self._delegate.tokens = tokens
        self._list.scheduleDelayedItemsLayout()
        self._list.viewport().update()

    def _step(self, by: int) -> None:
        known = self.model.shown_ids()
        if known:
            at = self.model.row_of(self._focus)
            self._choose(known[(max(at, 0) + by) % len(known)])

    def _choose(self, publisher_id: str) -> None:
        if publisher_id != self._focus:
            self._focus = publisher_id
            self._show_choice()
            self.device_chosen.emit(publisher_id)

    def _take_choice(self, current: QModelIndex) -> None:
        if current.isValid():
            self._choose(self.model.shown_ids()[current.row()])

    def _show_choice(self) -> None:
        self.model.keep(self._focus, self._now_us)
        row = self.model.row_of(self._focus)
        if self._list.currentIndex().row() != row:
            self._list.setCurrentIndex(self.model.index(row) if row >= 0 else QModelIndex())

    def _set_words(self) -> None:
        self._title.setText(self.tr("Devices"))
        self._list.setAccessibleName(self.tr("Devices"))
        self._show_empty()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._set_words()
            self.model.refresh(self._now_us)


def _known_of(status: EngineStatus) -> str:
    """What an empty list means: "all" that nothing is stored, else what is not known yet."""
    store = status.store
    if not store.opened:
        return "opening" if store.problem is None else "closed"
    if uses_server(status) and status.server.state is not ServerState.READY:
        return "local"
    return "all" if store.rows == 0 else "opening"
