"""The toolbar: publisher, broker, time range, freeze, export, settings."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from harit_desktop.domain.status import PublisherState
from harit_desktop.ui.actions import Actions
from harit_desktop.ui.alerts_button import AlertsButton
from harit_desktop.ui.icons import BUTTON_ICON_SIZE, button_icon
from harit_desktop.ui.profiles.profile_texts import elided
from harit_desktop.ui.theme import ThemeController, set_look
from harit_desktop.ui.words import count, plain

_STOPPABLE = (PublisherState.RUNNING, PublisherState.UNCONFIRMED)


class MainToolBar(QToolBar):
    """Shows the state of publisher and broker where they are switched."""

    def __init__(self, actions: Actions, theme: ThemeController) -> None:
        super().__init__()
        self._actions = actions
        self._theme = theme
        self._publisher_state = PublisherState.STOPPED
        self._alerts: QAction | None = None
        self._alerts_button: AlertsButton | None = None
        self.setObjectName("toolbar.main")
        self.setWindowTitle(self.tr("Main toolbar"))
        self.setAccessibleName(self.tr("Main toolbar"))
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(BUTTON_ICON_SIZE)
        self.publisher_button = self._button("button.publisher", actions.publisher, "outlined")
        self.broker_button = self._make_broker_button()
        self.freeze_button = self._button("button.freeze", actions.freeze)
        self._build()
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_publisher(self, state: PublisherState) -> None:
        """Start, Starting… or Stop."""
        self._publisher_state = state
        action = self._actions.publisher
        starting = state is PublisherState.STARTING
        action.setEnabled(not starting)
        if starting:
            text = self.tr("Starting…")
        elif state in _STOPPABLE:
            text = self.tr("Stop &publisher")
        else:
            text = self.tr("Start &publisher")
        if action.text() != text:
            action.setText(text)
            action.setIconText(text.replace("&", ""))
            self.publisher_button.setAccessibleName(action.iconText())
            self._restyle()

    def show_broker(self, name: str, profile: bool = False) -> None:
        """The broker in use, by its profile's name or its address."""
        text = plain(name)
        if self.broker_button.property("broker") == text:
            return
        self.broker_button.setProperty("broker", text)
        shown = elided(text, self.broker_button.fontMetrics(), 180)
        self.broker_button.setText(shown.replace("&", "&&"))
        spoken = self.tr("Broker profile: {name}") if profile else self.tr("Broker: {name}")
        self.broker_button.setAccessibleName(spoken.format(name=text))
        # The whole name, where the button has no room for it; never as rich text.
        escaped = text.replace("&", "&amp;").replace("<", "&lt;")
        self.broker_button.setToolTip(f"<qt>{escaped}</qt>" if shown != text else "")

    def show_freeze(self, frozen: bool, missed: int) -> None:
        """Freeze, or Resume with how many readings wait to be drawn."""
        if not frozen:
            text = self.tr("Freeze")
        elif missed:
            text = self.tr("Resume ({count} new)").format(count=count(missed))
        else:
            text = self.tr("Resume")
        if self._actions.freeze.iconText() != text:
            self._actions.freeze.setIconText(text)
            self.freeze_button.setAccessibleName(text)

    def show_chart_tools(self, shown: bool) -> None:
        """Range and freeze belong to the Live page alone."""
        for action in self._chart_tools:
            action.setVisible(shown)

    def add_alerts(self, button: AlertsButton) -> None:
        """Takes the button that counts the open alerts, left of Export."""
        self._alerts_button = button
        self._alerts = self.insertWidget(self._first_right, button)

    def show_alerts(self, shown: bool) -> None:
        """The Alerts page itself says what the button does."""
        if self._alerts is not None:
            self._alerts.setVisible(shown)

    def set_compact(self, compact: bool) -> None:
        """Leaves the words of Export and Settings to their tool tips."""
        style = (
            Qt.ToolButtonStyle.ToolButtonIconOnly
            if compact
            else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        )
        for button in self._right:
            button.setToolButtonStyle(style)
        if self._alerts_button is not None:
            # Where there is no room, the tab alone says how many there are.
            self._alerts_button.set_compact(compact)

    def _build(self) -> None:
        self.addWidget(self.publisher_button)
        self.addWidget(self.broker_button)
        self._chart_tools = [
            self.addSeparator(),
            self.addWidget(self._make_ranges()),
            self.addWidget(self.freeze_button),
        ]
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(gap)
        self._right = (
            self._button("button.export", self._actions.export),
            self._button("button.settings", self._actions.settings),
        )
        self._first_right, *_ = [self.addWidget(button) for button in self._right]
        self._actions.export.setIconText(self.tr("Export…"))
        self._actions.settings.setIconText(self.tr("Settings"))
        self.show_publisher(PublisherState.STOPPED)
        self.show_freeze(False, 0)

    def _button(self, name: str, action: QAction, look: str = "") -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setObjectName(name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if look:
            set_look(button, class_=look)
        return button

    def _make_broker_button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("button.broker.profile")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_look(button, class_="outlined menu")
        menu = QMenu(button)
        menu.addAction(self._actions.connect_toggle)
        self._actions.add_source_menu(menu)
        menu.addSeparator()
        menu.addAction(self._actions.settings)
        menu.setToolTipsVisible(True)
        button.setMenu(menu)
        self.broker_menu = menu
        return button

    def _make_ranges(self) -> QWidget:
        holder = QWidget()
        holder.setAccessibleName(self.tr("Time range"))
        row = QHBoxLayout(holder)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(0)
        group = QButtonGroup(self)
        group.setObjectName("group.range")
        actions = self._actions.range_group.actions()
        for number, action in enumerate(actions):
            ends = {0: " segmentFirst", len(actions) - 1: " segmentLast"}
            button = self._button(
                f"button.range.{action.data()}", action, "segment" + ends.get(number, "")
            )
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            group.addButton(button)
            row.addWidget(button)
        return holder

    def _restyle(self) -> None:
        tokens = self._theme.tokens
        self._actions.set_tokens(tokens)
        if self._publisher_state in _STOPPABLE:
            self._actions.publisher.setIcon(button_icon("stop", tokens, color="text2"))
        else:
            self._actions.publisher.setIcon(button_icon("play", tokens, color="accent"))
        self.broker_button.setIcon(button_icon("broker", tokens, color="text2"))
