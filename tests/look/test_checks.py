"""The checks find what they are for, and leave what is well alone."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QTabBar,
    QTableWidget,
    QToolBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.look import checks
from tests.look.stage import StallWatch

LONG = "A sentence that is certainly wider than sixty pixels"
Maker = Callable[[], QWidget]


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


def put(widget: QWidget, parent: QWidget, box: tuple[int, int, int, int]) -> QWidget:
    widget.setParent(parent)
    widget.setGeometry(*box)
    widget.show()
    return widget


def wrapped() -> QLabel:
    label = QLabel(" ".join([LONG] * 4))
    label.setWordWrap(True)
    return label


def tab_bar() -> QTabBar:
    bar = QTabBar()
    bar.setUsesScrollButtons(False)
    for _ in range(4):
        bar.addTab("Measured values")
    return bar


def hinting() -> QLineEdit:
    edit = QLineEdit()
    edit.setPlaceholderText(LONG)
    return edit


def columns() -> QTableWidget:
    table = QTableWidget(1, 1)
    table.setHorizontalHeaderLabels([LONG])
    return table


@pytest.mark.parametrize(
    "make", [lambda: QLabel(LONG), wrapped, lambda: QPushButton(LONG), tab_bar, hinting, columns]
)
def test_text_without_its_room_is_found_unless_a_tool_tip_has_it(
    window: QWidget, make: Maker
) -> None:
    widget = put(make(), window, (0, 0, 60, 30))
    assert {fault.kind for fault in checks.truncated(window)} == {"truncated"}
    widget.setGeometry(0, 0, 4000, 300)
    if isinstance(widget, QTableWidget):
        widget.setColumnWidth(0, 900)
    assert checks.truncated(window) == []


def test_a_tool_tip_makes_a_cut_name_right(window: QWidget) -> None:
    label = put(QLabel(LONG), window, (0, 0, 60, 30))
    label.setToolTip(LONG)
    assert checks.truncated(window) == []


def test_covered_and_outside(window: QWidget) -> None:
    put(QLabel("one"), window, (0, 0, 100, 30))
    put(QLabel("two"), window, (90, 0, 100, 30))
    assert [fault.kind for fault in checks.overlaps(window)] == ["overlap"]
    assert checks.outside(window) == []
    put(QLabel("three"), window, (350, 200, 100, 30))
    assert [fault.kind for fault in checks.outside(window)] == ["outside"]


def test_a_field_without_words_and_a_promise(window: QWidget) -> None:
    field = put(QLineEdit(), window, (0, 0, 100, 30))
    assert [fault.kind for fault in checks.nameless(window, frozenset())] == ["nameless"]
    field.setAccessibleName("Host")
    assert checks.nameless(window, frozenset()) == []
    plain = put(QWidget(), window, (0, 50, 100, 30))
    plain.setObjectName("page.live")
    assert len(checks.nameless(window, frozenset({"page.live"}))) == 1


@pytest.mark.parametrize(("color", "found"), [("#aaaaaa", 1), ("#5d665e", 0)])
def test_faint_text(window: QWidget, color: str, found: int) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, "#ffffff")
    palette.setColor(QPalette.ColorRole.WindowText, color)
    window.setPalette(palette)
    label = put(QLabel("Words to be read"), window, (0, 0, 200, 30))
    label.setPalette(palette)
    assert len(checks.faint(window, window.grab())) == found
    label.setEnabled(False)
    assert checks.faint(window, window.grab()) == []


def test_menus_and_tool_bars(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    menu = window.menuBar().addMenu("&File")
    menu.addAction("&Save")
    assert checks.same_mnemonics(window.menuBar()) == []
    menu.addMenu("&Recent").addActions([menu.addAction("&Settings")])
    assert [fault.detail for fault in checks.same_mnemonics(window.menuBar())] == [
        "2 entries claim 's'"
    ]
    bar = QToolBar()
    window.addToolBar(bar)
    for number in range(5):
        button = QToolButton()
        button.setText(f"Measurement {number}")
        bar.addWidget(button)
    window.resize(1200, 300)
    window.show()
    QApplication.processEvents()
    assert checks.hidden_tools(window) == []
    window.resize(220, 300)
    QApplication.processEvents()
    assert checks.hidden_tools(window) != []


def test_a_layout_that_fits_is_well(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    for widget in (QLabel(LONG), QPushButton("Save"), QPushButton("Cancel")):
        row.addWidget(widget)
    window.show()
    found = [*checks.truncated(window), *checks.overlaps(window), *checks.outside(window)]
    assert [*found, *checks.nameless(window, frozenset())] == []


@pytest.fixture
def watch(qapp: QApplication) -> Iterator[StallWatch]:
    made = StallWatch()
    yield made
    made.end()


def test_a_main_thread_that_waits_is_noticed(qtbot: QtBot, watch: StallWatch) -> None:
    watch.arm()
    qtbot.wait(50)
    watch.disarm()
    calm_s = watch.longest_s
    watch.arm()
    time.sleep(0.6)
    watch.disarm()
    assert watch.longest_s >= 0.6 > calm_s
