"""A sample main window."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QStatusBar,
    QTabBar,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gallery.basics import button, label, line, row, segments, tool
from gallery.words import WORDS, Words
from harit_desktop.ui.icons import app_icon, pixmap, status_pixmap
from harit_desktop.ui.theme import ThemeController, set_look


def _toolbar(theme: ThemeController, words: Words, parent: QMainWindow) -> QToolBar:
    tokens = theme.tokens
    bar = QToolBar(parent)
    bar.setMovable(False)
    bar.addWidget(tool(words.start, "play", tokens, "outlined", "accent"))
    broker = tool(words.broker, "broker", tokens, "outlined menu")
    broker.setMenu(QMenu(broker))
    broker.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    bar.addWidget(broker)
    bar.addSeparator()
    bar.addWidget(segments(words.ranges, 2))
    bar.addWidget(tool(words.tools[0], "pause", tokens))
    gap = QWidget()
    gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    bar.addWidget(gap)
    alerts = tool(words.tools[1], "bell", tokens, color="crit" if tokens.dark else "")
    if tokens.dark:
        set_look(alerts, severity="crit")
    bar.addWidget(alerts)
    bar.addWidget(tool(words.tools[2], "export", tokens))
    bar.addWidget(tool(words.tools[3], "settings", tokens))
    return bar


def _banner(theme: ThemeController, words: Words, severity: str) -> QFrame:
    made = QFrame()
    set_look(made, class_="banner", severity=severity)
    glyph = QLabel()
    glyph.setPixmap(status_pixmap(severity, theme.tokens))
    first, second = (button(name) for name in words.ack)
    box = row(glyph, label(words.alert, "strong"), label(words.since), None, first, second)
    box.setContentsMargins(12, 6, 8, 6)
    made.setLayout(box)
    return made


def _cards(theme: ThemeController, words: Words) -> QVBoxLayout:
    tokens = theme.tokens
    big = QFrame()
    set_look(big, class_="cardRecommended")
    column = QVBoxLayout(big)
    column.setContentsMargins(18, 14, 18, 16)
    glyph = QLabel()
    glyph.setPixmap(pixmap("play", tokens, 16, "accent"))
    column.addLayout(
        row(glyph, label(words.card, "heading"), None, label(words.hint, "dense accent"))
    )
    body = label(words.body, "muted")
    body.setWordWrap(True)
    column.addWidget(body)
    column.addLayout(row(button(words.go, "primary large"), None))
    small = QHBoxLayout()
    for name, heading in (("broker", "Connect to a broker"), ("folder", "Open existing data")):
        card = QFrame()
        set_look(card, class_="card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(18, 12, 18, 12)
        mark = QLabel()
        mark.setPixmap(pixmap(name, tokens, 18))
        inside.addLayout(row(mark, label(heading, "heading"), None))
        inside.addWidget(label("Sensors already publish to a broker on site.", "dense muted"))
        inside.addLayout(row(button("Connect…"), None))
        small.addWidget(card)
    column_all = QVBoxLayout()
    column_all.setSpacing(16)
    column_all.addWidget(label(words.title, "title"))
    column_all.addWidget(label(words.lead, "muted"))
    column_all.addWidget(big)
    column_all.addLayout(small)
    return column_all


def _value_row(words: Words) -> QHBoxLayout:
    box = QHBoxLayout()
    box.setSpacing(24)
    for severity, state, value, trend in (
        ("", "live", "212", "→ steady"),
        ("crit", "live", "16.4", "below 25–40"),
        ("", "stale", "24.5", "6 min ago"),
    ):
        cell = QVBoxLayout()
        cell.setSpacing(0)
        cell.addWidget(label(words.channel, "dense strong"))
        cell.addLayout(
            row(
                label(value, "value", severity, state),
                label("mg/kg", "caption faint"),
                None,
                spacing=4,
            )
        )
        cell.addWidget(label(trend, "caption" if severity else "caption muted", severity))
        box.addLayout(cell)
    box.addStretch()
    return box


def window_page(theme: ThemeController, language: str = "en") -> QWidget:
    """A main window: menus, toolbar, docks, tabs, banners, cards, status bar."""
    words = WORDS[language]
    window = QMainWindow()
    window.setWindowIcon(app_icon())
    for name in words.menus:
        window.menuBar().addMenu(name)
    window.addToolBar(_toolbar(theme, words, window))
    dock = QDockWidget(words.devices, window)
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    empty = label("No devices yet.", "dense muted")
    empty.setContentsMargins(12, 0, 12, 0)
    empty.setAlignment(Qt.AlignmentFlag.AlignTop)
    dock.setWidget(empty)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    right = QDockWidget(words.health, window)
    right.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    panel = QWidget()
    inside = QVBoxLayout(panel)
    inside.setContentsMargins(12, 0, 12, 12)
    inside.addLayout(row(label("78", "index"), label(words.band, "headingLarge", "ok"), None))
    inside.addWidget(line())
    inside.addLayout(row(label(words.channel), None, label("12.6 / 18")))
    inside.addStretch()
    inside.addLayout(row(*(button(name) for name in words.ack), None))
    right.setWidget(panel)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, right)
    window.resizeDocks([dock, right], [236, 288], Qt.Orientation.Horizontal)
    window.setCentralWidget(_centre(theme, words))
    status = QStatusBar()
    status.addWidget(label(words.status, "strong"))
    for item in ("0.8 msg/s", "1,284,302 readings", "Spool 0", "IST 14:30:07"):
        status.addPermanentWidget(QLabel(item))
    window.setStatusBar(status)
    window.resize(1366, 768)
    return window


def _centre(theme: ThemeController, words: Words) -> QWidget:
    host = QWidget()
    host.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    host.setFocus()
    column = QVBoxLayout(host)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    strip = QFrame()
    set_look(strip, class_="bar")
    tabs = QTabBar()
    tabs.setDrawBase(False)
    tabs.setExpanding(False)
    for name in words.tabs:
        tabs.addTab(name)
    tabs.setCurrentIndex(2)
    inside = row(tabs, None, spacing=0)
    inside.setContentsMargins(4, 0, 4, 0)
    strip.setLayout(inside)
    column.addWidget(strip)
    for severity in ("crit", "warn", "info"):
        column.addWidget(_banner(theme, words, severity))
    column.addStretch()
    body = _cards(theme, words)
    body.insertLayout(0, _value_row(words))
    body.setContentsMargins(40, 8, 40, 8)
    column.addLayout(body)
    column.addStretch()
    return host
