"""The window by keyboard alone: mnemonics, regions, dialogs, and a ring that shows the focus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLineEdit,
    QMenu,
    QMenuBar,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.regions import first_focusable
from harit_desktop.ui.theme import ThemeController
from tests.ui.conftest import WindowMaker


@pytest.fixture
def window(make_window: WindowMaker) -> MainWindow:
    return make_window()


def mnemonic(action: QAction) -> str:
    """The underlined letter of a menu entry, in lower case."""
    text = action.text().replace("&&", "")
    return text.partition("&")[2][:1].lower()


def menus(bar: QMenuBar) -> Iterator[tuple[str, list[QAction]]]:
    def below(menu: QMenu) -> Iterator[tuple[str, list[QAction]]]:
        yield menu.title(), menu.actions()
        for action in menu.actions():
            inner = action.menu()
            if isinstance(inner, QMenu):
                yield from below(inner)

    yield "menu bar", bar.actions()
    for action in bar.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from below(inner)


def test_the_mnemonics_of_each_menu_are_unique(window: MainWindow) -> None:
    for title, actions in menus(window.menuBar()):
        letters = Counter(filter(None, map(mnemonic, actions)))
        twice = [letter for letter, times in letters.items() if times > 1]
        assert not twice, (title, [action.text() for action in actions])


def test_no_two_shortcuts_are_the_same(window: MainWindow) -> None:
    keys = Counter(
        shortcut.toString() for action in window.actions() for shortcut in action.shortcuts()
    )
    assert [key for key, times in keys.items() if times > 1] == []


def test_f6_goes_round_all_regions_and_back(window: MainWindow, qtbot: QtBot) -> None:
    window.toolbar.setFocus()

    def round_trip(modifier: Qt.KeyboardModifier) -> list[QWidget]:
        met: list[QWidget] = []
        for _ in range(12):
            qtbot.keyClick(window, Qt.Key.Key_F6, modifier)
            focused = QApplication.focusWidget()
            assert focused is not None
            if focused in met:
                break
            met.append(focused)
        return met

    there = round_trip(Qt.KeyboardModifier.NoModifier)
    assert len(there) >= 4
    back = round_trip(Qt.KeyboardModifier.ShiftModifier)
    assert set(back) == set(there)


@pytest.mark.parametrize("page", ["live", "messages"])
def test_every_page_is_a_region(window: MainWindow, page: str) -> None:
    window.pages.show_page(page)
    shown = window.pages.stack.currentWidget()
    assert shown is not None
    assert first_focusable(shown) is not None


@pytest.mark.parametrize("name", ["settings", "about", "connect", "export", "restore"])
def test_every_dialog_is_used_and_left_by_keyboard(
    window: MainWindow, qtbot: QtBot, name: str
) -> None:
    openers = {
        "settings": window.dialogs.open_settings,
        "about": window.dialogs.open_about,
        "connect": window.open_connect,
        "export": window.open_export,
        "restore": window.dialogs.open_restore,
    }
    openers[name]()
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QDialog)
    qtbot.waitUntil(lambda: dialog.isActiveWindow())
    defaults = [b for b in dialog.findChildren(QPushButton) if b.isDefault() and b.isVisible()]
    assert len(defaults) <= 1
    met: list[QWidget] = []
    for _ in range(80):
        qtbot.keyClick(QApplication.focusWidget() or dialog, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert dialog.isAncestorOf(focused), focused.objectName()
        if met and focused is met[0]:
            break
        met.append(focused)
    buttons = [b for b in dialog.findChildren(QPushButton) if b.isVisible() and b.isEnabled()]
    # Of buttons of which one is down, arrow keys reach the others.
    alone = [b for b in buttons if not (b.group() and b.group().exclusive())]
    unreached = [b.objectName() for b in alone if b not in met]
    assert unreached == []
    named = [w for w in met if not (w.accessibleName() or _text_of(w))]
    assert [f"{type(w).__name__} {w.objectName()}" for w in named] == []
    qtbot.keyClick(QApplication.focusWidget() or dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)


def _text_of(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    return str(text()) if callable(text) else ""


def ring_pixels(widget: QWidget, theme: ThemeController) -> int:
    """How many pixels around a widget have the colour of the focus ring."""
    shown: QImage = widget.window().grab().toImage()
    ratio = shown.devicePixelRatio()
    corner = widget.mapTo(widget.window(), QPoint(-3, -3))
    area = shown.copy(
        round(corner.x() * ratio),
        round(corner.y() * ratio),
        round((widget.width() + 6) * ratio),
        round((widget.height() + 6) * ratio),
    )
    wanted = theme.tokens.color("focus")
    return sum(
        area.pixelColor(x, y).rgb() == wanted.rgb()
        for x in range(area.width())
        for y in range(area.height())
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_ring_is_seen(
    qtbot: QtBot, theme: ThemeController, make_window: WindowMaker, scheme: str
) -> None:
    window = make_window(**{"ui.theme": scheme})
    window.presenter.refresh()
    window.pages.show_page("messages")
    QApplication.processEvents()
    edit = window.message_page.filter_edit
    button = window.message_page.pause_button
    for widget in (edit, button):
        assert isinstance(widget, (QLineEdit, QPushButton))
        other = button if widget is edit else edit
        other.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        without = ring_pixels(widget, theme)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        outline = 2 * (widget.width() + widget.height())
        assert ring_pixels(widget, theme) - without > outline / 2
    theme.set_scheme("light")


def test_escape_leaves_the_filter_of_messages_alone(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_.find.trigger()
    assert window.message_page.filter_edit.hasFocus()
    qtbot.keyClick(window.message_page.filter_edit, Qt.Key.Key_Escape)
    assert window.isVisible()
    assert window.message_page.filter_edit.hasFocus()
