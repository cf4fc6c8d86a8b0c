"""Sample pages of fields, choices, buttons and views."""

from PySide6.QtCore import QDateTime, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QTableView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gallery.basics import button, label, line, row, segments, tool
from harit_desktop.ui.icons import ICON_NAMES, icon, pixmap, status_icon
from harit_desktop.ui.theme import ThemeController, Tokens, inset_text, set_look


def fields_page(theme: ThemeController) -> QWidget:
    """A settings page: every field, choice and button, enabled and not."""
    page = QWidget()
    page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    set_look(page, class_="surface")
    outer = QHBoxLayout(page)
    outer.setContentsMargins(0, 0, 0, 0)
    sidebar = QListWidget()
    set_look(sidebar, class_="sidebar")
    sidebar.setFixedWidth(172)
    sidebar.setIconSize(QSize(16, 16))
    for name, glyph in (("Broker", "broker"), ("Storage", "database"), ("Alerts", "bell")):
        sidebar.addItem(QListWidgetItem(icon(glyph, theme.tokens), name))
    sidebar.setCurrentRow(0)
    outer.addWidget(sidebar)
    column = QVBoxLayout()
    column.setContentsMargins(20, 12, 20, 12)
    outer.addLayout(column)
    column.addLayout(_form(theme))
    column.addWidget(line())
    column.addLayout(_choices())
    column.addLayout(_button_rows(theme))
    inset = QFrame()
    set_look(inset, class_="inset")
    inside = QVBoxLayout(inset)
    ok = QLabel()
    ok.setPixmap(pixmap("ok-ring", theme.tokens, 14, "accent"))
    verdict = label("Connected. First reading in 0.8 s.", "strong", "ok")
    inside.addLayout(
        row(button("Test connection"), verdict, None, label("14:29:51", "dense muted"))
    )
    inside.addLayout(row(ok, label("Host found", "dense muted"), None))
    inside.addWidget(label("▲ The certificate expires in 21 days.", "dense", "warn"))
    column.addWidget(inset)
    progress = QProgressBar()
    progress.setTextVisible(False)
    progress.setValue(60)
    column.addWidget(progress)
    payload = QPlainTextEdit('{"device": "soil-01", "N": 212, "note": "नमी कम"}')
    set_look(payload, class_="mono")
    column.addWidget(payload)
    page.resize(900, 760)
    return page


def _form(theme: ThemeController) -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(7)
    combo = QComboBox()
    combo.addItems(["Krishi farm broker", "Second"])
    off = QComboBox()
    off.addItem("Disabled")
    off.setEnabled(False)
    host = QLineEdit("192.168.1.20")
    empty = QLineEdit()
    empty.setPlaceholderText("Optional, only if the broker asks for one")
    bad = QLineEdit("mqtt://farm")
    set_look(bad, invalid="true")
    search = QLineEdit()
    search.setPlaceholderText("Filter by device, channel or text")
    search.addAction(icon("search", theme.tokens), QLineEdit.ActionPosition.LeadingPosition)
    search.setClearButtonEnabled(True)
    port = QSpinBox()
    port.setRange(1, 65535)
    port.setValue(8883)
    double = QDoubleSpinBox()
    double.setSuffix(" s")
    when = QDateTimeEdit(QDateTime.fromSecsSinceEpoch(1_700_000_000))
    when.setCalendarPopup(True)
    for spin_box in (port, double, when):
        inset_text(spin_box)
    gone = QLineEdit("disabled field")
    gone.setEnabled(False)
    secret = QLineEdit("technician")
    secret.setEchoMode(QLineEdit.EchoMode.Password)
    eye = QPushButton()
    eye.setIcon(icon("eye", theme.tokens))
    set_look(eye, class_="square")
    rows: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
        ("Profile", (combo, button("New"), button("Duplicate"), button("Delete", "danger"), off)),
        ("Host", (host, QLabel("Port"), port, QLabel("Every"), double)),
        ("CA certificate", (empty, button("Browse…"))),
        ("Wrong", (bad, label("▲ Leave out mqtt://", "dense", "crit"))),
        ("Filter", (search, when, gone)),
        ("Password", (secret, eye, button("What is this?", "link"))),
    )
    for position, (name, widgets) in enumerate(rows):
        caption = label(name, "muted")
        grid.addWidget(caption, position, 0, Qt.AlignmentFlag.AlignRight)
        grid.addLayout(row(*widgets, None), position, 1)
    return grid


def _choices() -> QHBoxLayout:
    boxes: list[QWidget] = []
    for text, state, enabled in (
        ("Use TLS", Qt.CheckState.Checked, True),
        ("Check host name", Qt.CheckState.Unchecked, True),
        ("Partly", Qt.CheckState.PartiallyChecked, True),
        ("Disabled", Qt.CheckState.Checked, False),
    ):
        box = QCheckBox(text)
        box.setTristate(state == Qt.CheckState.PartiallyChecked)
        box.setCheckState(state)
        box.setEnabled(enabled)
        boxes.append(box)
    first, second = QRadioButton("ISO 8601"), QRadioButton("Local")
    first.setChecked(True)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(40)
    slider.setMaximumWidth(120)
    return row(*boxes, first, second, slider, None, spacing=12)


def _button_rows(theme: ThemeController) -> QVBoxLayout:
    column = QVBoxLayout()
    disabled, primary_off = button("Disabled"), button("Disabled", "primary")
    checked = button("Checked")
    checked.setCheckable(True)
    checked.setChecked(True)
    disabled.setEnabled(False)
    primary_off.setEnabled(False)
    main = button("OK", "primary")
    column.addLayout(
        row(
            button("Restore defaults"), button("Cancel"), main, disabled, primary_off, checked, None
        )
    )
    warn = tool("2 warnings", "bell", theme.tokens, color="warn")
    set_look(warn, severity="warn")
    off = tool("Freeze", "pause", theme.tokens)
    off.setEnabled(False)
    pick = segments(("Open 3", "Acknowledged", "All"), 2)
    column.addLayout(row(pick, tool("Settings", "settings", theme.tokens), warn, off, None))
    return column


def views_page(theme: ThemeController) -> QWidget:
    """Table, tree, scroll area, icons and an open menu."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.addWidget(_alert_table(theme))
    lower = QHBoxLayout()
    column.addLayout(lower)
    tree = QTreeWidget()
    tree.ensurePolished()
    tree.setHeaderLabels(["Field", "Value"])
    top = QTreeWidgetItem(["payload", ""])
    top.addChildren([QTreeWidgetItem([key, "212"]) for key in ("N", "P", "K")])
    tree.addTopLevelItem(top)
    tree.addTopLevelItem(QTreeWidgetItem(["topic", "harit/soil-01"]))
    top.setExpanded(True)
    lower.addWidget(tree)
    group = QGroupBox("Columns")
    inside = QVBoxLayout(group)
    for name in ("N", "P", "K"):
        inside.addWidget(QCheckBox(name))
    lower.addWidget(group)
    area = QScrollArea()
    tall = label("\n".join(f"scrolled line {n}" for n in range(60)), "dense")
    area.setWidget(tall)
    lower.addWidget(area)
    lower.addWidget(_icon_sheet(theme.tokens))
    lower.addWidget(_popup(theme.tokens, page))
    page.resize(1130, 640)
    return page


def _alert_table(theme: ThemeController) -> QTableView:
    model = QStandardItemModel(0, 4)
    model.setHorizontalHeaderLabels(["Severity", "Device", "What happened", "Started"])
    for name, state, device in (
        ("Critical", "crit", "Canal side"),
        ("Warning", "warn", "Canal side"),
        ("Silent", "stale", "Nursery bed"),
        ("System", "fallback", "This computer"),
        ("Ended", "ok", "North plot"),
        ("Waiting", "empty", "नर्सरी क्यारी"),
    ):
        first = QStandardItem(name)
        first.setIcon(status_icon(state, theme.tokens))
        rest = (device, "Fell to 16.4 %, limit 25 %", "23 Nov 12:14")
        model.appendRow([first, *(QStandardItem(text) for text in rest)])
    table = QTableView()
    table.setModel(model)
    model.setParent(table)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(32)
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.horizontalHeader().setDefaultAlignment(
        Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    )
    table.horizontalHeader().setHighlightSections(False)
    table.horizontalHeader().setStretchLastSection(True)
    table.setColumnWidth(2, 320)
    table.selectRow(0)
    return table


def _icon_sheet(tokens: Tokens) -> QWidget:
    host = QWidget()
    grid = QGridLayout(host)
    for position, name in enumerate(ICON_NAMES):
        cell = QLabel()
        cell.setPixmap(pixmap(name, tokens, 20))
        cell.setToolTip(name)
        grid.addWidget(cell, position // 7, position % 7)
    return host


def _popup(tokens: Tokens, parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setWindowFlags(Qt.WindowType.Widget)
    group = QActionGroup(menu)
    for name, checked in (("System", True), ("Light", False)):
        action = QAction(name, menu, checkable=True, checked=checked)
        group.addAction(action)
        menu.addAction(action)
    menu.addSeparator()
    export = menu.addAction(icon("export", tokens), "Export CSV…")
    export.setShortcut("Ctrl+E")
    menu.addMenu("Time range")
    menu.addAction("Show panel").setCheckable(True)
    menu.actions()[-1].setChecked(True)
    menu.addAction("Not now").setEnabled(False)
    menu.setActiveAction(export)
    return menu
