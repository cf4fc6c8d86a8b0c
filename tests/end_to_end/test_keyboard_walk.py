"""The whole program by keyboard alone: real keys on a real display, never the mouse."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.ui.settings.pages import PAGES as PAGES_OF_SETTINGS
from tests.end_to_end.programs import Window, wait_for
from tests.look.farm import make_farm
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker, pytest.mark.timeout(240)]

REGIONS = (
    "toolbar.main",
    "dock.devices",
    "tabs.main",
    "banner.alert",
    "banner.message",
    "page",
    "dock.health",
    "status",
)
"""In the order in which Tab meets them; those that are not shown are left out."""
PAGES = {"ctrl+1": "live", "ctrl+2": "history", "ctrl+3": "alerts", "ctrl+4": "messages"}
MOST_STOPS = 120
DATES = ("QDateTimeEdit", "MomentEdit")
Focus = dict[str, Any]


class Keyboard:
    """Presses keys and follows the focus."""

    def __init__(self, window: Window, display: str) -> None:
        self.window = window
        self._environment = os.environ | {"DISPLAY": display}

    def press(self, *keys: str) -> None:
        command = ["xdotool", "key", "--clearmodifiers", "--delay", "30", *keys]
        subprocess.run(command, env=self._environment, check=True, timeout=20)

    def focus(self) -> Focus:
        return self.window.do("focus")

    def move(self, key: str) -> Focus:
        """Presses a key that moves the focus; where it went."""
        before = self.focus()
        self.press(key)
        # Within a date, Tab goes from the day to the month.
        ends = time.monotonic() + (0.3 if before.get("class") in DATES else 2)
        while time.monotonic() < ends:
            after = self.focus()
            if after and after["id"] != before.get("id"):
                return after
            time.sleep(0.01)
        return self.focus()

    def round(self, key: str = "Tab") -> list[Focus]:
        """Every stop from here until the first one comes again."""
        met, stays = [self.move(key)], 0
        while len(met) < MOST_STOPS:
            there = self.move(key)
            assert there, f"the focus was lost after {met[-1]['name']}"
            stays += 1
            if there["id"] == met[-1]["id"] and stays <= most(there):
                continue
            if there["id"] == met[-1]["id"]:
                raise AssertionError(f"{key} stays in {there['class']} {there['name']}")
            if there["id"] in [one["id"] for one in met]:
                return met
            met.append(there)
            stays = 0
        raise AssertionError(f"{key} does not come round: {[one['name'] for one in met]}")

    def modal(self) -> str:
        name: str = self.window.do("modal")["name"]
        return name

    def wait_for_modal(self, name: str) -> None:
        wait_for(lambda: self.modal() == name, 10)
        wait_for(lambda: self.focus().get("window") == name, 10)


def most(focus: Focus) -> int:
    """How often Tab may stay in one field: a date has five parts."""
    return 5 if focus["class"] in DATES else 0


def region(focus: Focus) -> str:
    """The part of the window in which the focus is."""
    for name in (focus["name"], *focus["around"]):
        if name in REGIONS:
            return str(name)
        if name.startswith("page."):
            return "page"
    return "status" if focus["name"].startswith("status.") else focus["name"]


@pytest.fixture
def keyboard(tmp_path: Path, display: str, broker: MosquittoServer) -> Iterator[Keyboard]:
    """A farm on the screen, its charts drawn, and the window in front."""
    data = tmp_path / "data"
    make_farm(data)
    with Window(data, display, ["--set", f"broker.port={broker.port}"]) as window:
        window.wait("conn.broker.state", state="live")
        wait_for(lambda: window.state("chart.N").get("points", 0) > 0)
        made = Keyboard(window, display)
        wait_for(lambda: made.focus())
        yield made
        assert made.modal() == ""
        made.press("ctrl+q")
        assert window.process.wait(15) == 0
    assert "Traceback" not in window.stderr


def good(stops: list[Focus]) -> None:
    """Every stop is on screen, can be used, and says what it is."""
    bad = [
        (one["class"], one["name"], one["spoken"])
        for one in stops
        if not (one["visible"] and one["enabled"] and one["spoken"].strip())
    ]
    assert bad == []


@pytest.mark.parametrize(("key", "page"), PAGES.items(), ids=PAGES.values())
def test_tab_goes_through_a_page_in_the_order_of_its_parts(
    keyboard: Keyboard, key: str, page: str
) -> None:
    keyboard.press(key)
    keyboard.window.wait(f"page.{page}", visible=True)
    time.sleep(0.5)
    # From the toolbar on, where the order begins.
    while region(keyboard.move("F6")) != "toolbar.main":
        pass
    stops = keyboard.round()
    good(stops)
    start = next((n for n, one in enumerate(stops) if region(one) != "toolbar.main"), 0)
    # What remains of the toolbar comes again at the end of the round.
    parts = [name for name, _ in groupby(map(region, stops[start:]))]
    known = [name for name in REGIONS if name in parts]
    wanted = [name for name in known if name != "toolbar.main"] + ["toolbar.main"]
    assert parts == wanted
    assert {"toolbar.main", "dock.devices", "page"} <= set(parts)


def test_tab_and_shift_tab_are_each_others_way_back(keyboard: Keyboard) -> None:
    while region(keyboard.move("F6")) != "toolbar.main":
        pass
    there = [one["id"] for one in keyboard.round("Tab")]
    back = [one["id"] for one in keyboard.round("shift+Tab")]
    assert set(there) == set(back)


@pytest.mark.parametrize(("key", "page"), PAGES.items(), ids=PAGES.values())
def test_f6_visits_the_regions(keyboard: Keyboard, key: str, page: str) -> None:
    keyboard.press(key)
    keyboard.window.wait(f"page.{page}", visible=True)
    time.sleep(0.5)
    stops = keyboard.round("F6")
    good(stops)
    met = [region(one) for one in stops]
    assert {"toolbar.main", "dock.devices", "tabs.main", "page"} <= set(met)
    back = [region(one) for one in keyboard.round("shift+F6")]
    assert set(back) == set(met)


DIALOGS = {
    "dialog.settings": ("ctrl+comma",),
    "dialog.export": ("ctrl+e",),
    "dialog.about": ("F1",),
    "dialog.restore": ("alt+f", "r"),
    "dialog.calibration": ("alt+a", "c"),
    "dialog.device": ("alt+a", "d"),
    "dialog.reanalyse": ("alt+a", "r"),
    "dialog.broker": ("alt+m", "b"),
    "dialog.mapping": ("alt+t", "l"),
}


@pytest.mark.parametrize(("name", "keys"), DIALOGS.items(), ids=DIALOGS)
def test_a_dialog_is_opened_walked_and_left(
    keyboard: Keyboard, name: str, keys: tuple[str, ...]
) -> None:
    while region(keyboard.move("F6")) != "page":
        pass
    before = keyboard.focus()
    keyboard.press(*keys)
    keyboard.wait_for_modal(name)
    stops = keyboard.round()
    good(stops)
    assert {one["window"] for one in stops} == {name}
    assert any(one["class"] == "QPushButton" for one in stops)
    keyboard.press("Escape")
    wait_for(lambda: keyboard.modal() == "", 10)
    after = wait_for(lambda: keyboard.focus(), 10)
    assert after["id"] == before["id"], "the focus is back where it was"


def test_every_page_of_the_settings_is_reached_and_walked(keyboard: Keyboard) -> None:
    keyboard.press("ctrl+comma")
    keyboard.wait_for_modal("dialog.settings")
    while keyboard.focus()["name"] != "list.settings.pages":
        keyboard.move("shift+Tab")
    keyboard.press("Home")
    seen: set[tuple[str, ...]] = set()
    for _ in PAGES_OF_SETTINGS:
        stops = keyboard.round()
        good(stops)
        names = tuple(sorted(one["name"] for one in stops))
        assert names not in seen, "another page has other fields"
        seen.add(names)
        while keyboard.focus()["name"] != "list.settings.pages":
            keyboard.move("Tab")
        keyboard.press("Down")
    keyboard.press("Escape")
    wait_for(lambda: keyboard.modal() == "", 10)


def test_a_note_is_written_and_the_filter_found(keyboard: Keyboard) -> None:
    keyboard.press("ctrl+4")
    keyboard.window.wait("page.messages", visible=True)
    keyboard.press("ctrl+f")
    assert wait_for(lambda: keyboard.focus().get("name") == "edit.messages.filter", 10)
    keyboard.press("ctrl+3")
    keyboard.window.wait("page.alerts", visible=True)
    keyboard.press("ctrl+f")
    assert wait_for(lambda: keyboard.focus().get("name") == "edit.alerts.filter", 10)
    keyboard.press("ctrl+m")
    wait_for(lambda: keyboard.window.state("table.alerts").get("visible"))


def test_the_strips_are_walked_with_the_arrows(keyboard: Keyboard) -> None:
    while region(keyboard.move("F6")) != "page":
        pass
    first = keyboard.focus()["name"]
    assert first.startswith("strip.")
    assert keyboard.move("Down")["name"] != first
    assert keyboard.move("Up")["name"] == first
    keyboard.press("Left", "Left", "ctrl+Left", "Home", "End", "Escape")
    assert keyboard.focus()["name"] == first
    keyboard.press("space")
    frozen = wait_for(lambda: keyboard.window.state("button.freeze"))
    wait_for(lambda: "Resume" in keyboard.window.state("button.freeze")["text"])
    keyboard.press("space")
    wait_for(lambda: "Resume" not in keyboard.window.state("button.freeze")["text"])
    assert frozen


def test_the_first_start_needs_no_mouse(tmp_path: Path, display: str) -> None:
    options = ["--set", "builtin_broker.port=22883"]
    with Window(tmp_path / "data", display, options) as window:
        window.wait("page.first", visible=True)
        keyboard = Keyboard(window, display)
        wait_for(lambda: keyboard.focus().get("name") == "first.simulate")
        good(keyboard.round())
        while keyboard.focus()["name"] != "first.connect":
            keyboard.move("Tab")
        keyboard.press("space")
        wait_for(lambda: keyboard.modal() != "", 10)
        good(keyboard.round())
        keyboard.press("Escape")
        wait_for(lambda: keyboard.focus().get("name") == "first.connect", 10)
        while keyboard.focus()["name"] != "first.simulate":
            keyboard.move("Tab")
        keyboard.press("Return")
        wait_for(lambda: window.state("chart.N").get("points", 0) > 0)
        assert wait_for(lambda: keyboard.focus(), 10), "the page that went leaves the focus"
        assert window.close() == 0
