"""The History page in the real window: made at the first visit, in line with the rest."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from harit_desktop.ui.time_ranges import RANGES_S
from tests.ui.conftest import EngineMaker, WindowMaker


def test_it_is_made_at_the_first_visit(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    window = make_window(make_engine())
    history = window.presenter.history
    window.presenter.refresh()
    assert history.page is None
    window.show_view("history")
    qtbot.waitUntil(lambda: history.page is not None)
    assert window.pages.stack.currentWidget() is history.page
    assert window.side.dock.accessibleName() == "Selection"
    window.show_view("live")
    assert window.side.dock.accessibleName() == "Soil health"


def test_ranges_of_the_menu_go_to_the_page_on_screen(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    window = make_window(make_engine())
    before = window.presenter.view_state().range_key
    window.show_view("history")
    qtbot.waitUntil(lambda: window.presenter.history.page is not None)
    for action in window.actions_.range_group.actions():
        if action.data() == "1h":
            action.trigger()
    page = window.presenter.history.page
    assert page is not None
    assert page.span.to_us - page.span.from_us == RANGES_S["1h"] * 1_000_000
    assert window.presenter.view_state().range_key == before


def test_what_was_shown_is_shown_again(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    window = make_window(engine)
    window.show_view("history")
    qtbot.waitUntil(lambda: window.presenter.history.page is not None)
    page = window.presenter.history.page
    assert page is not None
    page.set_range("30d")
    window.quit()
    QApplication.processEvents()
    again = make_window(engine)
    assert again.pages.page == "history"
    qtbot.waitUntil(lambda: again.presenter.history.page is not None)
    assert again.presenter.history.state()["range"] == "30d"
