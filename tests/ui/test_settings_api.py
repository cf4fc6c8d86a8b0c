"""The settings of the API and of our own: checks, the test, consent, and the choice of a source."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.api import ApiTest
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import BackupStatus
from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings.store import build_settings
from harit_desktop.ui.settings import api_extras
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings.validation import check_value
from harit_desktop.ui.theme import ThemeController
from tests.ui.conftest import EngineMaker, WindowMaker

URL = "https://farm.example"


class Opened:
    """An open dialog on the API's page, what it sent and what it asked."""

    def __init__(self, qtbot: QtBot, theme: ThemeController, **settings: Any) -> None:
        self.qtbot = qtbot
        self.sent: list[Command] = []
        self.asked: list[tuple[Mapping[str, Any], str | None]] = []
        self.handle: QueryHandle[ApiTest] = QueryHandle()
        tree = build_settings({key.replace("__", "."): v for key, v in settings.items()})
        self.dialog = SettingsDialog(
            tree, Path("/data"), self.sent.append, theme, ask_api=self._ask
        )
        qtbot.addWidget(self.dialog)
        self.dialog.open_page("api")
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def _ask(self, changes: Mapping[str, Any], token: str | None) -> QueryHandle[ApiTest]:
        self.asked.append((changes, token))
        self.handle = QueryHandle()
        return self.handle

    def find(self, name: str) -> Any:
        found = self.dialog.findChild(QWidget, name)
        assert found is not None, name
        return found

    def type(self, name: str, text: str) -> None:
        line: QLineEdit = self.find(name)
        line.setFocus()
        line.selectAll()
        self.qtbot.keyClicks(line, text)

    def click(self, name: str) -> None:
        self.qtbot.mouseClick(self.find(name), Qt.MouseButton.LeftButton)

    def error(self, name: str) -> str:
        label: QLabel = self.find(f"{name}.error")
        return "" if label.isHidden() else label.text()

    def result(self) -> tuple[str, Any]:
        label: QLabel = self.find("settings.api.test.result")
        return label.text(), label.property("ok")

    def answer(self, value: ApiTest | None, problem: Problem | None = None) -> None:
        self.handle.finish(value, problem)
        self.dialog.poll(BackupStatus())


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController) -> Opened:
    return Opened(qtbot, theme, api__url=URL)


def test_every_field_has_the_name_of_the_design(opened: Opened) -> None:
    for name in ("mode", "url", "key", "interval", "retries", "timeout", "test", "test.result"):
        widget = opened.find(f"settings.api.{name}")
        assert widget.accessibleName() or widget.text()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("farm.example:5000", "begins with https"),
        ("ftp://farm.example", "begins with https"),
        ("https://me:secret@farm.example", "a key has its own field"),
        ("https://farm.example?x=1", "question mark"),
        ("https://farm.example:99999", "1 to 65535"),
        ("http://farm.example", "only for the local network"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_at_its_field(url: str, said: str) -> None:
    assert said in str(check_value("api.url", url))


@pytest.mark.parametrize("url", ["", URL, "http://192.168.1.5:5000", "http://localhost:5000/farm"])
def test_usable_addresses_pass(url: str) -> None:
    assert check_value("api.url", url) is None


def test_always_api_and_sending_on_need_an_address(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme)
    box = opened.find("settings.api.mode")
    box.setCurrentIndex(box.findData("api_only"))
    box.activated.emit(box.currentIndex())
    assert not opened.dialog.apply()
    assert "no reading would come in" in opened.error("settings.api.url")
    opened.type("settings.api.url", URL)
    assert opened.error("settings.api.url") == ""
    assert opened.dialog.apply()
    assert opened.sent == [ApplySettings({"api.mode": "api_only", "api.url": URL})]


def test_a_key_goes_to_the_keyring_and_leaves_the_window(opened: Opened) -> None:
    opened.type("settings.api.key", "topsecret")
    opened.click("settings.apply")
    assert opened.sent == [ApplySettings({}, {"api.token": "topsecret"})]
    assert opened.find("settings.api.key").text() == ""


# -- the test ------------------------------------------------------------------------------


def test_the_test_asks_with_what_is_typed_and_says_what_it_found(opened: Opened) -> None:
    opened.type("settings.api.timeout", "5")
    opened.type("settings.api.key", "k")
    opened.click("settings.api.test")
    ((changes, token),) = opened.asked
    assert changes["api.url"] == URL
    assert changes["api.timeout_s"] == 5.0
    assert "api.token" not in changes
    assert token == "k"
    assert opened.find("settings.api.test").text() == "Stop"
    newest_us = time.time_ns() // 1000 - 40_000_000
    opened.answer(ApiTest(True, 84, 12_345, newest_us))
    said, ok = opened.result()
    assert ok is True
    assert "after 84 ms" in said
    assert "12,345 readings" in said
    assert "40 s ago" in said
    assert opened.find("settings.api.test").text() == "Test the API"
    # A result counts only for what was tried.
    opened.type("settings.api.url", "https://other.example")
    assert opened.result()[1] is None


def test_the_test_says_in_words_what_is_wrong(opened: Opened) -> None:
    opened.click("settings.api.test")
    assert opened.asked[0][1] is None
    refused = Problem("api.auth", {"host": "farm.example", "status": 401})
    opened.answer(ApiTest(False, 12, problem=refused))
    said, ok = opened.result()
    assert ok is False
    assert "refused the key (error 401). " in said
    assert "Enter the key again" in said
    opened.click("settings.api.test")
    opened.answer(None, Problem("query.failed", {"error": "ValueError"}))
    assert opened.result()[1] is False


def test_the_test_can_be_stopped_and_gives_up_by_itself(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.click("settings.api.test")
    handle = opened.handle
    opened.click("settings.api.test")
    assert handle.token.cancelled
    assert opened.result() == ("The test was stopped.", None)
    monkeypatch.setattr(api_extras, "TEST_LIMIT_S", -1.0)
    opened.click("settings.api.test")
    opened.dialog.poll(BackupStatus())
    assert opened.handle.token.cancelled
    assert "No answer within" in opened.result()[0]


def test_without_an_address_nothing_can_be_tested(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme)
    assert not opened.find("settings.api.test").isEnabled()
    opened.type("settings.api.url", "nonsense")
    opened.click("settings.api.test")
    assert opened.asked == []
    assert opened.error("settings.api.url")


def test_the_page_is_used_by_keys_alone(opened: Opened) -> None:
    names = [widget.objectName() for widget in opened.dialog.pages["api"].focus_chain()]
    assert names[:3] == ["settings.api.mode", "settings.api.url", "settings.api.key"]
    assert names[-1] == "settings.api.test"


# -- our own API ---------------------------------------------------------------------------


@pytest.fixture
def local(qtbot: QtBot, theme: ThemeController) -> Opened:
    opened = Opened(qtbot, theme)
    opened.dialog.open_page("local_api")
    return opened


def consent(local: Opened) -> QCheckBox:
    box: QCheckBox = local.find("settings.localApi.allowNetwork")
    return box


def test_beyond_this_computer_a_yes_is_needed_and_told_what_it_means(local: Opened) -> None:
    assert not consent(local).isVisible()
    local.click("settings.localApi.enabled")
    assert "http://127.0.0.1:5000" in local.find("settings.localApi.address").text()
    local.type("settings.localApi.host", "0.0.0.0")
    assert consent(local).isVisible()
    assert "not encrypted" in local.find("settings.localApi.allowNetwork.warning").text()
    assert not local.dialog.apply()
    assert local.error("settings.localApi.allowNetwork")
    local.qtbot.keyClick(consent(local), Qt.Key.Key_Space)
    assert local.dialog.apply()
    (sent,) = local.sent
    assert isinstance(sent, ApplySettings)
    assert sent.changes["local_api.allow_network"] is True


def test_a_yes_ends_with_what_it_was_about(qtbot: QtBot, theme: ThemeController) -> None:
    given = {"local_api__enabled": True, "local_api__host": "0.0.0.0"}
    local = Opened(qtbot, theme, **given, local_api__allow_network=True)
    local.dialog.open_page("local_api")
    assert consent(local).isChecked()
    local.type("settings.localApi.host", "127.0.0.1")
    assert not consent(local).isChecked()
    assert local.dialog.apply()
    assert isinstance(local.sent[0], ApplySettings)
    assert local.sent[0].changes["local_api.allow_network"] is False


def test_a_token_can_be_made_read_and_copied(local: Opened) -> None:
    copy: QPushButton = local.find("settings.localApi.token.copy")
    assert not copy.isEnabled()
    local.click("settings.localApi.token.make")
    line: QLineEdit = local.find("settings.localApi.token")
    assert len(line.text()) >= 32
    assert line.echoMode() == QLineEdit.EchoMode.Normal
    local.click("settings.localApi.token.copy")
    assert QApplication.clipboard().text() == line.text()
    token = line.text()
    local.click("settings.apply")
    assert local.sent == [ApplySettings({}, {"local_api.token": token})]


@pytest.mark.parametrize(
    ("origin", "usable"),
    [
        ("http://localhost:8080", True),
        ("https://farm.example", True),
        ("*", False),
        ("localhost:8080", False),
        ("http://localhost:8080/page", False),
        ("http://u@localhost", False),
        ("http://localhost:x", False),
    ],
)
def test_allowed_pages_are_web_origins(origin: str, usable: bool) -> None:
    assert (check_value("local_api.origins", (origin,)) is None) == usable


# -- the choice in the menu ----------------------------------------------------------------


def test_the_source_is_chosen_in_the_menu_and_followed(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(**{"api.url": "http://127.0.0.1:9"})
    window = make_window(engine)
    group = {action.objectName(): action for action in window.actions_.source_group.actions()}
    assert list(group) == ["action.source.auto", "action.source.api", "action.source.mqtt"]
    assert group["action.source.auto"].isChecked()
    group["action.source.mqtt"].trigger()
    qtbot.waitUntil(lambda: engine.settings.api.mode == "mqtt_only", timeout=5000)
    window.commands.apply_settings(ApplySettings({"api.mode": "api_only"}))
    qtbot.waitUntil(lambda: group["action.source.api"].isChecked(), timeout=5000)
    assert not group["action.source.mqtt"].isChecked()


def test_always_api_without_an_address_leads_to_where_it_is_entered(
    make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine(start=False)
    window = make_window(engine)
    group = {action.objectName(): action for action in window.actions_.source_group.actions()}
    group["action.source.api"].trigger()
    assert group["action.source.auto"].isChecked()
    dialog = window.dialogs.settings
    assert dialog is not None
    assert dialog.findChild(QWidget, "settings.api.url").isVisible()
    dialog.reject()
