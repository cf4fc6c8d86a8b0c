"""The settings dialog: generated from the tree, checked in place, sends only changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
)
from pytestqt.qtbot import QtBot

from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS, Settings
from harit_desktop.settings.store import build_settings
from harit_desktop.ui.settings import labels
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings.pages import PAGES, SHOWN_KEYS, object_name
from harit_desktop.ui.settings.validation import check_value, parse_text
from harit_desktop.ui.theme import ThemeController
from tests.ui.conftest import EngineMaker, WindowMaker


class Opened:
    """An open dialog and what it sent."""

    def __init__(self, qtbot: QtBot, theme: ThemeController, settings: Settings) -> None:
        self.qtbot = qtbot
        self.sent: list[Command] = []
        self.dialog = SettingsDialog(settings, Path("/data"), self.sent.append, theme)
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def type(self, name: str, text: str) -> QLineEdit:
        line = self.dialog.findChild(QLineEdit, name)
        line.setFocus()
        line.selectAll()
        self.qtbot.keyClicks(line, text)
        return line

    def click(self, name: str) -> None:
        self.qtbot.mouseClick(self.dialog.findChild(QPushButton, name), Qt.MouseButton.LeftButton)

    def enabled(self, name: str) -> bool:
        return self.dialog.findChild(QPushButton, name).isEnabled()

    def error(self, name: str) -> str:
        label = self.dialog.findChild(QLabel, f"{name}.error")
        return label.text() if not label.isHidden() else ""

    def leave(self) -> None:
        """Moves the focus out of the field that has it."""
        self.dialog.findChild(QPushButton, "settings.cancel").setFocus()


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController) -> Opened:
    return Opened(qtbot, theme, Settings())


def test_a_theme_is_shown_while_choosing_and_taken_back_by_cancel(
    opened: Opened, theme: ThemeController
) -> None:
    box = opened.dialog.findChild(QComboBox, "settings.appearance.theme")
    before = theme.scheme
    try:
        box.setCurrentIndex(box.findData("dark"))
        box.activated.emit(box.currentIndex())
        assert theme.tokens.dark
        opened.click("settings.apply")
        box.setCurrentIndex(box.findData("light"))
        box.activated.emit(box.currentIndex())
        assert not theme.tokens.dark
        opened.dialog.reject()
        # Dark was applied before.
        assert theme.scheme == "dark"
    finally:
        theme.set_scheme(before)


def test_the_page_list_is_as_wide_as_its_longest_name(
    opened: Opened, theme: ThemeController
) -> None:
    pages = opened.dialog.findChild(QListWidget, "list.settings.pages")
    try:
        for text_scale in (1.5, 1.0):
            theme.set_text_scale(text_scale)
            assert pages.sizeHintForColumn(0) <= pages.viewport().width()
    finally:
        theme.set_text_scale(1.0)


def test_every_shown_setting_exists_and_has_a_name() -> None:
    assert set(SHOWN_KEYS) <= set(FIELD_SPECS) | set(SECRET_KEYS)
    assert all(labels.label(key) for key in SHOWN_KEYS)
    assert len(set(SHOWN_KEYS)) == len(SHOWN_KEYS)
    assert all(labels.page_title(page.name) for page in PAGES)


def test_every_choice_has_its_words() -> None:
    for key in SHOWN_KEYS:
        spec = FIELD_SPECS.get(key)
        for choice in spec.choices if spec else ():
            assert labels.choice(key, choice)


def test_labels_are_for_shown_settings_only() -> None:
    assert set(labels.LABELS) == set(SHOWN_KEYS)
    assert set(labels.HINTS) <= set(SHOWN_KEYS)


def test_every_editor_has_its_stable_name_and_is_spoken(opened: Opened) -> None:
    names = [object_name(key) for key in SHOWN_KEYS]
    assert len(set(names)) == len(names)
    for key in SHOWN_KEYS:
        editor = opened.dialog.findChild(object, object_name(key))
        assert editor is not None, key
        assert editor.accessibleName() == labels.label(key)


def test_nothing_changed_sends_nothing(opened: Opened) -> None:
    assert opened.dialog.changes() == {}
    assert not opened.enabled("settings.apply")
    opened.click("settings.ok")
    assert opened.sent == []
    assert not opened.dialog.isVisible()


def test_apply_sends_only_what_changed(opened: Opened) -> None:
    opened.type("settings.broker.host", "farm-hub")
    opened.type("settings.broker.port", "1884")
    opened.type("settings.broker.password", "s3cret")
    assert opened.enabled("settings.apply")
    opened.click("settings.apply")
    assert opened.sent == [
        ApplySettings(
            changes={"broker.host": "farm-hub", "broker.port": 1884},
            secrets={"broker.password": "s3cret"},
        )
    ]
    assert not opened.enabled("settings.apply")
    assert opened.dialog.findChild(QLineEdit, "settings.broker.password").text() == ""
    opened.click("settings.ok")
    assert len(opened.sent) == 1


def test_cancel_sends_nothing(opened: Opened) -> None:
    opened.type("settings.broker.host", "farm-hub")
    opened.click("settings.cancel")
    assert opened.sent == []


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("settings.broker.port", "70000", "whole number from 1 to 65535"),
        ("settings.broker.port", "x", "whole number"),
        ("settings.broker.keepalive", "2", "from 5 to 3600"),
        ("settings.broker.host", "mqtt://farm", "without mqtt://"),
        ("settings.broker.host", "farm:1883", "port in its own field"),
        ("settings.broker.timezone", "Mars/Base", "No such time zone"),
        ("settings.publisher.interval", "0", "from 0.1 to 3600"),
        ("settings.publisher.topic", "a/+/b", "has no +"),
        ("settings.appearance.textSize", "300", "from 90 to 150"),
    ],
)
def test_a_wrong_value_is_named_under_its_field(
    opened: Opened, name: str, text: str, says: str
) -> None:
    page = next(p.name for p in PAGES if name in [object_name(key) for key in p.keys])
    opened.dialog.open_page(page)
    line = opened.type(name, text)
    opened.leave()
    assert says in opened.error(name)
    assert line.property("invalid") == "true"
    assert not opened.enabled("settings.apply")
    assert not opened.enabled("settings.ok")
    row = [p.name for p in PAGES].index(page)
    item = opened.dialog._list.item(row)
    assert "has an error" in item.data(Qt.ItemDataRole.AccessibleTextRole)


def test_an_error_goes_while_it_is_being_mended(opened: Opened) -> None:
    opened.type("settings.broker.port", "70000")
    opened.leave()
    assert opened.error("settings.broker.port")
    opened.type("settings.broker.port", "8883")
    assert opened.error("settings.broker.port") == ""
    assert opened.enabled("settings.apply")


def test_an_error_does_not_show_before_the_field_is_left(opened: Opened) -> None:
    opened.type("settings.broker.port", "")
    opened.qtbot.keyClicks(opened.dialog.findChild(QLineEdit, "settings.broker.port"), "99999")
    assert opened.error("settings.broker.port") == ""


@pytest.mark.parametrize(
    ("topics", "fine"),
    [
        (("harit-samarth/sensor/data",), True),
        (("a/+/b", "#"), True),
        (("+",), True),
        (("a/#/b",), False),
        (("a#",), False),
        (("a+/b",), False),
        ((), False),
        (("x" * 70_000,), False),
    ],
)
def test_topic_filters_follow_the_standard(topics: tuple[str, ...], fine: bool) -> None:
    assert (check_value("broker.topics", topics) is None) is fine


def test_defaults_and_parsed_texts_are_valid() -> None:
    for key in SHOWN_KEYS:
        if key in FIELD_SPECS:
            assert check_value(key, FIELD_SPECS[key].default) is None
    assert parse_text("broker.port", " 1884 ") == (1884, None)


def test_topics_one_a_line(opened: Opened) -> None:
    edit = opened.dialog.findChild(QPlainTextEdit, "settings.broker.topic")
    edit.setPlainText("a/b\n\n  c/#  \n")
    assert opened.dialog.changes() == {"broker.topics": ("a/b", "c/#")}


def test_tls_fields_appear_with_tls(opened: Opened) -> None:
    ca = opened.dialog.findChild(QLineEdit, "settings.broker.ca")
    assert not ca.isVisible()
    tls = opened.dialog.findChild(QCheckBox, "settings.broker.tls")
    tls.click()
    assert ca.isVisible()


def test_a_certificate_needs_its_key(opened: Opened) -> None:
    tls = opened.dialog.findChild(QCheckBox, "settings.broker.tls")
    tls.click()
    opened.type("settings.broker.cert", "/x/client.pem")
    opened.leave()
    assert "private key" in opened.error("settings.broker.key")
    assert not opened.enabled("settings.apply")
    opened.type("settings.broker.key", "/x/client.key")
    opened.leave()
    assert opened.error("settings.broker.key") == ""
    assert opened.enabled("settings.apply")


def test_websockets_bring_their_path(opened: Opened) -> None:
    path = opened.dialog.findChild(QLineEdit, "settings.broker.path")
    assert not path.isVisible()
    combo = opened.dialog.findChild(QComboBox, "settings.broker.transport")
    combo.setCurrentIndex(combo.findData("websockets"))
    combo.activated.emit(combo.currentIndex())
    assert path.isVisible()
    assert opened.dialog.changes() == {"broker.transport": "websockets"}


def test_the_built_in_broker_is_chosen_on_its_page(opened: Opened) -> None:
    combo = opened.dialog.findChild(QComboBox, "settings.embedded.enable")
    combo.setCurrentIndex(combo.findData("builtin"))
    combo.activated.emit(combo.currentIndex())
    assert opened.dialog.changes() == {"broker.mode": "builtin"}
    assert not opened.dialog._unused_note.isHidden()


def test_defaults_of_a_page_leave_other_pages_and_the_client_id(
    qtbot: QtBot, theme: ThemeController
) -> None:
    settings = build_settings(
        {"broker.host": "farm", "broker.client_id": "harit-1", "publisher.devices": 7}
    )
    opened = Opened(qtbot, theme, settings)
    opened.click("settings.defaults")
    assert opened.dialog.changes() == {"broker.host": "127.0.0.1"}


def test_the_password_is_hidden_until_the_eye_is_pressed(opened: Opened) -> None:
    line = opened.type("settings.broker.password", "secret")
    assert line.echoMode() is QLineEdit.EchoMode.Password
    eye = opened.dialog.pages["broker"].fields["broker.password"]._eye  # type: ignore[attr-defined]  # A SecretField.
    eye.click()
    assert line.echoMode() is QLineEdit.EchoMode.Normal


def test_numbers_keep_their_form(qtbot: QtBot, theme: ThemeController) -> None:
    opened = Opened(qtbot, theme, build_settings({"publisher.interval_s": 0.25}))
    line = opened.dialog.findChild(QLineEdit, "settings.publisher.interval")
    assert line.text() == "0.25"
    assert opened.dialog.changes() == {}


def test_to_take_nothing_at_all_is_refused(opened: Opened) -> None:
    combo = opened.dialog.findChild(QComboBox, "settings.routing.mode")
    combo.setCurrentIndex(combo.findData("allow"))
    combo.activated.emit(combo.currentIndex())
    assert not opened.dialog.apply()
    assert "every reading would be left out" in opened.error("settings.routing.devices")
    page = opened.dialog.pages["routing"]
    page.fields["routing.zones"].set_value(("north",))
    page.fields["routing.zones"].edited.emit()
    assert opened.error("settings.routing.devices") == ""
    assert opened.dialog.apply()


def test_a_long_path_shows_the_name_of_the_file(qtbot: QtBot, theme: ThemeController) -> None:
    path = f"/data/{'folder/' * 20}ca.pem"
    opened = Opened(qtbot, theme, build_settings({"broker.tls": True, "broker.ca_file": path}))
    line = opened.dialog.findChild(QLineEdit, "settings.broker.ca")
    assert line.cursorPosition() == len(path)
    assert path in line.toolTip()


def test_the_broker_page_names_the_profile_it_changes(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    profiles = engine.broker_profiles
    slug = profiles.create("North <b>farm</b>", {"broker.host": "127.0.0.1"}).slug
    engine._bench.settings_store.save(profiles.switch(slug).changes)
    window = make_window(engine)
    window.dialogs.open_settings()
    dialog = window.dialogs.settings
    assert dialog is not None
    note = dialog.findChild(QLabel, "settings.broker.profile")
    qtbot.waitUntil(lambda: "North <b>farm</b>" in note.text())
    dialog.reject()
