"""The Test buttons of the Broker and the Storage page: on what is entered, step by step."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.diagnosis import Checks, Step
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import BackupStatus
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.probing import Probe
from harit_desktop.ui.settings.check_texts import finding, passed, warning
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.theme import ThemeController
from tests.servers import MosquittoServer, free_port
from tests.ui.conftest import EngineMaker


class Opened:
    def __init__(self, qtbot: QtBot, theme: ThemeController, engine: Engine, page: str) -> None:
        self._qtbot = qtbot
        self.page = page
        self.dialog = SettingsDialog(
            engine.settings,
            engine.paths.root,
            engine.submit,
            theme,
            ask_broker=engine.test_broker,
            ask_store=engine.test_store,
        )
        qtbot.addWidget(self.dialog)
        self.dialog.open_page(page)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def find(self, name: str) -> Any:
        found = self.dialog.findChild(QWidget, name)
        assert found is not None, name
        return found

    def enter(self, key: str, value: Any) -> None:
        self.dialog.pages[self.page].fields[key].set_value(value)
        self.dialog.pages[self.page].fields[key].edited.emit()

    def press(self) -> None:
        self.find(f"settings.{self.page}.test").click()

    def outcome(self, ok: bool | None) -> str:
        """What the result says once the test is over."""
        result = self.find(f"settings.{self.page}.test.result")
        button = self.find(f"settings.{self.page}.test")

        def over() -> bool:
            self.dialog.poll(BackupStatus())
            return bool(button.text() != "Stop")

        self._qtbot.waitUntil(over, timeout=15_000)
        assert result.property("ok") is ok, result.text()
        assert result.accessibleName() == result.text()
        return str(result.text())


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoServer]:
    with MosquittoServer() as server:
        yield server


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_broker_is_tried_before_it_is_in_force(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker, broker: MosquittoServer
) -> None:
    engine = make_engine()
    opened = Opened(qtbot, theme, engine, "broker")
    opened.enter("broker.port", broker.port)
    opened.press()
    lines = opened.outcome(True).splitlines()
    assert lines[0] == "✓ Host 127.0.0.1"
    assert lines[1].startswith(f"✓ Port {broker.port} answers after ")
    assert lines[2] == "✓ Logged in without a user name (MQTT 5)"
    assert lines[3] == "✓ Subscribed to harit-samarth/sensor/data"
    assert lines[4].startswith("• No reading came within 3 s.")
    assert lines[5].startswith("All is well, after ")
    assert engine.settings.broker.port == 1883
    opened.enter("broker.port", broker.port + 1)
    assert opened.outcome(None) == "Tries what is entered here. Nothing is stored by a test."


def test_a_broker_that_is_not_there_is_named(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    port = free_port()
    opened = Opened(qtbot, theme, make_engine(), "broker")
    opened.enter("broker.port", port)
    opened.press()
    lines = opened.outcome(False).splitlines()
    assert lines[-1].startswith("▲ ")
    assert str(port) in lines[-1]


def test_a_test_is_stopped_by_the_same_button(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker, silent_port: int
) -> None:
    opened = Opened(qtbot, theme, make_engine(), "broker")
    opened.enter("broker.port", silent_port)
    opened.press()
    assert opened.find("settings.broker.test").text() == "Stop"
    opened.press()
    assert opened.outcome(None) == "The test was stopped."


def test_the_store_on_this_computer_is_tried(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    qtbot.waitUntil(lambda: engine.snapshot().store.opened)
    opened = Opened(qtbot, theme, engine, "storage")
    opened.press()
    lines = opened.outcome(True).splitlines()
    assert lines[0].startswith("✓ The folder can be written; ")
    assert lines[1].startswith("✓ The database opens: 0 readings")
    assert lines[2] == "✓ Readings can be written, read and deleted"


def test_a_server_is_tried_with_the_password_that_was_typed(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    opened = Opened(qtbot, theme, make_engine(), "storage")
    for key, value in {
        "storage.backend": "mysql",
        "storage.mysql_port": free_port(),
        "storage.mysql_user": "harit",
        "storage.mysql_password": "typed",
    }.items():
        opened.enter(key, value)
    opened.press()
    text = opened.outcome(False)
    assert "127.0.0.1" in text
    assert "typed" not in text


def test_a_wrong_value_is_mended_before_a_test(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    opened = Opened(qtbot, theme, make_engine(), "broker")
    opened.enter("broker.port", "")
    opened.press()
    assert opened.find("settings.broker.test").text() == "Test connection"
    assert opened.dialog.focusWidget() is opened.find("settings.broker.port")


def test_a_test_ends_at_its_limit(qtbot: QtBot) -> None:
    import threading

    stopped = threading.Event()
    steps = (Step("name", lambda: {"host": "a"}, 1.0), Step("port", _waits(stopped), 1.0))
    probe = Probe("x", lambda: Checks("x", steps, give_up=stopped.set), limit_s=0.3)
    qtbot.waitUntil(lambda: probe.done)
    assert stopped.is_set()
    assert [(r.step, r.problem and r.problem.code) for r in probe.results] == [
        ("name", None),
        ("port", "doctor.no_answer"),
    ]


def _waits(stopped: Any) -> Any:
    def wait() -> dict[str, str | int | float]:
        stopped.wait(5.0)
        return {"late": 1}

    return wait


def test_a_fault_of_the_test_itself_ends_it(qtbot: QtBot) -> None:
    def fail() -> Checks:
        raise KnownError("broker.tls_files", path="x")

    probe = Probe("x", fail)
    qtbot.waitUntil(lambda: probe.done)
    assert [r.problem.code for r in probe.results if r.problem] == ["broker.tls_files"]
    assert not probe.ok


def test_a_certificate_near_its_end_is_a_warning(qtbot: QtBot) -> None:
    assert "29 days" in warning("tls", {"version": "TLSv1.3", "days": 29})
    assert warning("tls", {"version": "TLSv1.3", "days": 30}) == ""
    assert "400 more days" in passed("tls", {"version": "TLSv1.3", "days": 400})


def test_texts_from_outside_stay_plain(qtbot: QtBot) -> None:
    problem = Problem("doctor.damaged", {"reason": "a\nb"})
    assert "\n" not in finding(problem)
