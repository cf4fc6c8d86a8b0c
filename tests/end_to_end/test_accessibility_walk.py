"""The whole program through its accessibility tree alone, as a screen reader uses it.

Nothing is found by its object name here, and nothing is clicked or typed: only roles, names,
values and the actions that the tree itself offers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.programs import Window, rows, wait_for
from tests.look.farm import fresh_reading, make_farm
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

TOPIC = "harit-samarth/sensor/data"
PAGES = ("Live", "History", "Alerts", "Messages")
CHANNELS = ("Nitrogen", "Phosphorus", "Potassium", "CO₂", "Temperature", "Moisture", "pH")
Node = dict[str, Any]


class Reader:
    """What a screen reader does with the program."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def find(self, role: str, name: str = "") -> list[Node]:
        found: list[Node] = self._window.do("find", role=role, name=name)["found"]
        return found

    def one(self, role: str, name: str = "") -> Node:
        """The first of these, once it is there."""
        nodes: list[Node] = wait_for(lambda: self.find(role, name))
        return nodes[0]

    def press(self, role: str, name: str, action: str = "Press") -> None:
        self.one(role, name)
        self._window.do("act", role=role, name=name, action=action)

    def everything(self) -> list[Node]:
        return self.find("")

    def in_front(self) -> str:
        name: str = self._window.do("modal")["name"]
        return name


@pytest.fixture
def window(tmp_path: Path, display: str, broker: MosquittoServer) -> Iterator[Window]:
    """A farm with an alert of two hours ago, and a reading of this moment."""
    data = tmp_path / "data"
    make_farm(data)
    with Window(data, display, ["--set", f"broker.port={broker.port}"]) as made:
        reader = Reader(made)
        wait_for(lambda: reader.find("Button", "^Broker: OK"))
        broker.publish_bytes(TOPIC, fresh_reading("soil-01"))
        reader.press("PageTab", "^Live")
        wait_for(lambda: reader.find("ListItem", "^soil-01.* seconds? ago|^soil-01.* now"))
        yield made
        assert made.close() == 0
    assert "Traceback" not in made.stderr


@pytest.fixture
def reader(window: Window) -> Reader:
    return Reader(window)


def test_the_state_of_the_farm_can_be_read(window: Window, reader: Reader) -> None:
    devices = reader.find("ListItem", "^soil-")
    assert len(devices) == 3
    assert reader.find("List", "^Devices$")
    silent = reader.one("ListItem", "^soil-03")
    assert "silent for" in silent["name"]
    row = reader.one("ListItem", "^soil-01")
    index = re.search(r"\b(\d+)\b, (Excellent|Good|Fair|Poor|Critical)", row["name"])
    assert index is not None, row["name"]
    window.do("keys", name="window.main", sequence="Ctrl+Tab")
    for _ in devices:
        if reader.find("Client", "^Moisture, percent, soil-01$"):
            break
        window.do("keys", name="window.main", sequence="Ctrl+Tab")
    # The panel answers a moment after another device was chosen.
    reader.one("StaticText", f"^Soil health {index[1]} of 100$")
    reader.one("StaticText", f"^{index[2]}$")
    for channel in CHANNELS:
        assert reader.find("Client", f"^{channel}.*soil-01$"), channel
    strip = reader.one("Client", "^Moisture, percent, soil-01$")
    stored = "SELECT moisture FROM sensor_readings WHERE publisher_id = 'soil-01'"
    newest = rows(window.database, stored + " ORDER BY timestamp_us DESC LIMIT 1")[0][0]
    assert strip["description"].startswith(f"{newest:.1f},")
    assert "shown" in strip["description"]
    assert reader.find("StaticText", f"^Moisture {newest:.1f} percent$")
    for part in ("Broker: OK", "API fallback: Not set up", "Database: OK", "Spool: OK"):
        assert reader.find("Button", f"^{part}"), part


def test_every_page_says_what_it_holds(reader: Reader) -> None:
    expected = {
        "Live": ("Client", "^Moisture, percent"),
        "History": ("Client", "^Overview"),
        "Alerts": ("Table", "^Alerts$"),
        "Messages": ("Table", "^Messages$"),
    }
    for page in PAGES:
        reader.press("PageTab", f"^{page}")
        role, name = expected[page]
        reader.one(role, name)
        assert reader.find("Client", f"^{page}$"), "the page itself has a name"
        nameless = [
            node
            for node in reader.everything()
            if node["focusable"]
            and not node["disabled"]
            and not node["name"].strip()
            # The part of a chart or list in which Qt draws; the keyboard never stops there.
            and node["role"] not in ("Client", "Pane", "Cell", "ColumnHeader")
        ]
        assert nameless == [], page


def test_an_alert_is_read_and_acknowledged(window: Window, reader: Reader) -> None:
    banner = reader.one("StaticText", "^Critical alert")
    assert "moisture fell to 16.4 %" in banner["name"]
    assert reader.find("Button", r"^3 alerts$")
    reader.press("PageTab", "^Alerts")
    reader.one("Cell", "Fell to 16.4 %")
    assert reader.find("Client", "^Alert detail$")
    assert reader.find("StaticText", "^Rule: Moisture below 25 %")
    assert len(reader.find("Cell", "^Not acknowledged$")) == 2
    # The banner goes where the page says the same; its button goes with it.
    wait_for(lambda: len(reader.find("Button", "^Acknowledge$")) == 1)
    reader.press("Button", "^Acknowledge$")
    asked = "SELECT acknowledged_us FROM alerts WHERE id = 2"
    wait_for(lambda: rows(window.database, asked)[0][0] is not None)
    wait_for(lambda: len(reader.find("Cell", "^Not acknowledged$")) == 1)
    reader.press("PageTab", "^Live")
    wait_for(lambda: not reader.find("StaticText", "^Critical alert"))


def test_dialogs_are_opened_read_and_left(reader: Reader) -> None:
    reader.press("Button", "^Settings$")
    wait_for(lambda: reader.in_front() == "dialog.settings")
    pages = [node["name"] for node in reader.find("ListItem")]
    assert "Built-in broker" in pages
    assert len(pages) >= 8
    assert reader.one("EditableText", "^Host")["value"] == "127.0.0.1"
    assert reader.find("Button", "^OK$")
    reader.press("Button", "^Cancel$")
    wait_for(lambda: reader.in_front() == "")
    reader.press("Button", "^Export")
    wait_for(lambda: reader.in_front() == "dialog.export")
    assert reader.find("RadioButton") or reader.find("CheckBox")
    reader.press("Button", "^(Cancel|Close)$")
    wait_for(lambda: reader.in_front() == "")
    reader.press("MenuItem", "^Monitor$", "ShowMenu")
    reader.press("MenuItem", "^Broker health")
    wait_for(lambda: reader.in_front() == "dialog.broker")
    assert reader.find("StaticText", "^Address: 127.0.0.1:")
    reader.press("Button", "^Close$")
    wait_for(lambda: reader.in_front() == "")
    reader.press("MenuItem", "^Tools$", "ShowMenu")
    reader.press("MenuItem", "^Listen and map")
    wait_for(lambda: reader.in_front() == "dialog.mapping")
    assert reader.find("List", "^Unknown messages")
    reader.press("Button", "^Close$")
    wait_for(lambda: reader.in_front() == "")


def test_values_are_changed_by_actions(reader: Reader) -> None:
    before = reader.one("CheckBox", "^7 d$")
    assert not before["checked"]
    reader.press("CheckBox", "^7 d$", "Press" if not before["disabled"] else "Toggle")
    wait_for(lambda: reader.one("CheckBox", "^7 d$")["checked"])
    strips = reader.find("Client", "^Moisture, percent")
    wait_for(lambda: "7 d shown" in reader.find("Client", "^Moisture, percent")[0]["description"])
    assert strips
