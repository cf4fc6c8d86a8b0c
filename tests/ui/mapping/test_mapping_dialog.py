"""The dialog "Listen and map": from an unknown message to a template that passes its test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.mapping import Saved, SavedTemplate, UnmappedMessage
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.settings import template_files
from harit_desktop.ui.mapping.mapping_dialog import MappingDialog
from harit_desktop.ui.theme import ThemeController
from harit_desktop.wire.templates import Template, found_in, load_templates, template_text, tree_of

NOW_US = 1_790_000_000_000_000
NPK = {
    "device_id": "PICO_1",
    "timestamp": 1730317200,
    "soil_moisture": 45.2,
    "humidity": 40.0,
    "npk": {"nitrogen": 7, "phosphorus": 2, "potassium": 90},
}
HOSTILE = {"id": "<b>x</b>", "soil_moisture": 20, "<img src=x>": 5, "evil\u202e": 6}


def message(topic: str, tree: object, count: int = 1) -> UnmappedMessage:
    payload = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return UnmappedMessage(topic, payload, NOW_US, count)


MESSAGES = (
    message("farm/pico/npk", NPK, 12),
    message("farm/two/npk", {**NPK, "device_id": "two"}, 3),
    message("x/<i>y</i>", HOSTILE),
    message("broken", b"\xff\x00"),
    message("word", b"unavailable"),
    message("home/soil_moisture/state", b"43.5"),
)


class FilesHost:
    """Saves to a real folder; answers come when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.messages = MESSAGES
        self.problem: Problem | None = None
        self.saved: list[tuple[Template, bool]] = []
        self.open: list[tuple[QueryHandle, object]] = []
        self.holds = False

    def _answer(self, value: object) -> QueryHandle:
        handle: QueryHandle = QueryHandle()
        if self.holds:
            self.open.append((handle, value))
        else:
            handle.finish(None if self.problem else value, self.problem)
        return handle

    def release(self) -> None:
        self.holds = False
        for handle, value in self.open:
            handle.finish(value, None)
        self.open = []

    def unmapped(self) -> QueryHandle:
        return self._answer(self.messages)

    def templates(self) -> QueryHandle:
        found = template_files.read_all(self.folder)
        sound, problems = load_templates(found.files)
        listed = [SavedTemplate(file, template.name) for file, template in sound.items()]
        listed += [
            SavedTemplate(str(each.params["file"]), "", each)
            for each in (*found.problems, *problems)
        ]
        return self._answer(tuple(listed))

    def read(self, file: str) -> QueryHandle:
        sound, _ = load_templates(template_files.read_all(self.folder).files)
        return self._answer(sound[file])

    def save(self, template: Template, *, redrive: bool, replaced: str = "") -> QueryHandle:
        self.saved.append((template, redrive))
        if self.problem is None:
            slug = template_files.slug_of(template.name)
            if replaced and replaced != f"{slug}.toml":
                template_files.remove(self.folder, replaced)
            template_files.write(self.folder, slug, template_text(template))
            return self._answer(Saved(f"{slug}.toml", 15 if redrive else 0))
        return self._answer(None)

    def remove(self, file: str) -> QueryHandle:
        template_files.remove(self.folder, file)
        return self._answer(None)


class Opened:
    def __init__(self, qtbot: QtBot, host: FilesHost) -> None:
        self.qtbot, self.host = qtbot, host
        self.dialog = MappingDialog(host, "UTC")
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def ask_again(self) -> None:
        self.dialog._ask_anew()
        self.dialog.poll()

    def click(self, name: str) -> None:
        self.qtbot.mouseClick(self.button(name), Qt.MouseButton.LeftButton)
        self.dialog.poll()

    def button(self, name: str) -> QPushButton:
        return self.dialog.findChild(QPushButton, f"dialog.mapping.{name}")

    def label(self, name: str) -> QLabel:
        return self.dialog.findChild(QLabel, f"dialog.mapping.{name}")

    def edit(self, name: str) -> QLineEdit:
        return self.dialog.findChild(QLineEdit, f"dialog.mapping.{name}")

    def combo(self, path: str, part: str) -> QComboBox:
        row = next(row for row in self.dialog.values.rows if row.row.path == path)
        found = {"is": row.what, "unit": row.unit, "factor": row.factor}[part]
        assert isinstance(found, QComboBox)
        return found

    def choose(self, combo: QComboBox, data: object) -> None:
        place = combo.findData(data)
        assert place >= 0
        combo.setCurrentIndex(place)

    def shown(self) -> dict[str, str]:
        """The values of the preview, by key."""
        prefix = "dialog.mapping.preview."
        labels = self.dialog.findChildren(QLabel)
        return {
            label.objectName().removeprefix(prefix): label.text()
            for label in labels
            if label.objectName().startswith(prefix) and not label.isHidden()
        }


@pytest.fixture
def host(tmp_path: Path) -> FilesHost:
    return FilesHost(tmp_path / "templates")


@pytest.fixture
def opened(qtbot: QtBot, theme: ThemeController, host: FilesHost) -> Opened:
    return Opened(qtbot, host)


def test_the_first_unknown_message_is_shown_with_the_reading_it_gives(opened: Opened) -> None:
    assert opened.shown() == {
        "device": "Device PICO_1",
        "time": "At 30 Oct 19:40:00.000, as it says",
        "N": "7.0 mg/kg",
        "P": "2.0 mg/kg",
        "K": "90 mg/kg",
        "Moisture": "45.2 %",
        "AirHumidity": "40.0 %",
    }
    assert opened.edit("topic").text() == "farm/pico/npk"
    assert opened.button("save").isEnabled()


def test_the_preview_follows_every_choice(opened: Opened) -> None:
    opened.choose(opened.combo("humidity", "is"), "Moisture")
    assert "Soil moisture is chosen more than once" in opened.label("fault").text()
    assert not opened.button("save").isEnabled()
    opened.choose(opened.combo("soil_moisture", "is"), "")
    assert opened.shown()["Moisture"] == "40.0 %"
    opened.choose(opened.combo("humidity", "factor"), 0.1)
    assert opened.shown()["Moisture"] == "4.0 %"
    opened.choose(opened.combo("humidity", "unit"), "fraction")
    assert opened.shown()["Moisture"] == "▲ 400.0 %"
    device = opened.dialog.fields.device
    device.setCurrentIndex(device.findData("{topic:2}"))
    assert opened.shown()["device"] == "Device pico"
    assert opened.edit("topic").text() == "farm/+/npk"
    opened.choose(opened.dialog.fields.time, opened.dialog.fields.time.itemData(1))
    assert opened.shown()["time"].startswith("At its arrival")


def test_saving_writes_a_file_that_passes_its_own_test(opened: Opened, host: FilesHost) -> None:
    device = opened.dialog.fields.device
    device.setCurrentIndex(device.findData("{topic:2}"))
    box = opened.dialog.findChild(QCheckBox, "dialog.mapping.redrive")
    assert box.isChecked()
    assert box.text() == "Decode the 15 waiting messages again"
    opened.edit("name").setText("Pico probes")
    opened.click("save")
    assert host.saved[0][1] is True
    sound, problems = load_templates(template_files.read_all(host.folder).files)
    assert (list(sound), problems) == (["pico-probes.toml"], ())
    (one,) = (
        sound["pico-probes.toml"].try_on("farm/two/npk", tree_of(json.dumps(NPK).encode())) or ()
    )
    assert (one.publisher_id, found_in(one)["K"]) == ("two", 90.0)
    assert "Saved as pico-probes.toml" in opened.label("result").text()
    assert "15" in opened.label("result").text()
    opened.ask_again()
    assert "Saved as" in opened.label("result").text()
    assert opened.label("empty").text().startswith("Choose a message")
    saved = opened.dialog.findChild(QListWidget, "dialog.mapping.templates")
    assert [saved.item(n).text() for n in range(saved.count())] == ["Pico probes"]
    opened.dialog.choose("farm/two/npk")
    opened.edit("name").setText("pico-PROBES")
    assert opened.button("save").text() == "Replace"


def test_without_the_check_nothing_is_decoded_again(opened: Opened, host: FilesHost) -> None:
    opened.dialog.redrive.setChecked(False)
    opened.click("save")
    assert host.saved[0][1] is False
    assert "from now on" in opened.label("result").text()


def test_while_it_saves_nothing_can_be_changed_and_a_failure_is_said(
    opened: Opened, host: FilesHost
) -> None:
    host.holds = True
    opened.click("save")
    assert opened.label("result").text() == "Saving…"
    assert not opened.button("save").isEnabled()
    assert not opened.dialog.fields.isEnabled()
    host.release()
    opened.dialog.poll()
    opened.dialog.choose("farm/two/npk")
    host.problem = Problem("template.not_saved", {"file": "a.toml", "reason": "disk full"})
    opened.click("save")
    assert "could not be saved: disk full" in opened.label("result").text()
    assert opened.button("save").isEnabled()


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("name", "  ", "name"),
        ("topic", "a/#/b", "not an MQTT topic"),
        ("topic", "", "not an MQTT topic"),
        ("topic", "other", "gives no reading"),
    ],
)
def test_what_is_missing_is_said_beside_the_preview(
    opened: Opened, field: str, text: str, said: str
) -> None:
    opened.edit(field).setText(text)
    assert said in opened.label("fault").text()
    assert not opened.button("save").isEnabled()
    if "no reading" not in said:
        assert opened.edit(field).property("invalid") == "true"


def test_a_fixed_id_can_be_typed(opened: Opened) -> None:
    device = opened.dialog.fields.device
    device.setCurrentIndex(device.count() - 1)
    fixed = opened.edit("device.fixed")
    assert fixed.isVisible()
    fixed.setText("north plot")
    assert opened.shown()["device"] == "Device north plot"
    fixed.setText("")
    assert "id of a device" in opened.label("fault").text()


def test_no_unknown_messages(qtbot: QtBot, theme: ThemeController, host: FilesHost) -> None:
    host.messages = ()
    host.holds = True
    opened = Opened(qtbot, host)
    assert opened.label("empty").text() == "Listening…"
    host.release()
    opened.dialog.poll()
    assert opened.label("empty").text().startswith("No unknown messages.")
    assert not opened.button("save").isEnabled()
    assert not opened.dialog.preview.isVisible()
    host.messages = MESSAGES
    opened.ask_again()
    assert opened.shown()["device"] == "Device PICO_1"


def test_a_list_that_cannot_be_had_is_said(
    qtbot: QtBot, theme: ThemeController, host: FilesHost
) -> None:
    host.problem = Problem("store.not_ready", {})
    opened = Opened(qtbot, host)
    assert opened.label("empty").text()
    assert opened.label("empty").property("severity") == "crit"


@pytest.mark.parametrize(("topic", "said"), [("broken", "not UTF-8"), ("word", "no number")])
def test_messages_that_cannot_be_mapped(opened: Opened, topic: str, said: str) -> None:
    opened.dialog.choose(topic)
    texts = " ".join(
        label.text() for label in opened.dialog.findChildren(QLabel) if label.isVisible()
    )
    assert said in texts
    assert not opened.button("save").isEnabled()


def test_a_bare_value_is_one_of_several_messages(opened: Opened) -> None:
    opened.dialog.choose("home/soil_moisture/state")
    assert opened.dialog.fields.partial.isChecked()
    assert opened.shown()["Moisture"] == "43.5 %"


def test_newer_messages_do_not_disturb_what_is_being_mapped(
    opened: Opened, host: FilesHost
) -> None:
    opened.choose(opened.combo("humidity", "is"), "")
    host.messages = (
        message("new/topic", {"a": 1}),
        message("farm/pico/npk", {"soil_moisture": 1}, 13),
        *MESSAGES[1:],
    )
    opened.ask_again()
    assert "AirHumidity" not in opened.shown()
    assert opened.shown()["Moisture"] == "45.2 %"
    assert opened.dialog.messages.count() == len(MESSAGES) + 1
    assert opened.dialog.messages.currentItem().text().startswith("farm/pico/npk\n13 messages")
    host.messages = ()
    opened.ask_again()
    assert opened.shown()["Moisture"] == "45.2 %"


def test_text_from_outside_stays_plain_text(opened: Opened) -> None:
    opened.dialog.choose("x/<i>y</i>")
    for label in opened.dialog.findChildren(QLabel):
        if "<" in label.text():
            assert label.textFormat() is Qt.TextFormat.PlainText, label.objectName()
        assert "\u202e" not in label.text()
    for widget in opened.dialog.findChildren(QWidget):
        if "&lt;" not in widget.toolTip():
            assert "<img" not in widget.toolTip()
            assert "<b>" not in widget.toolTip()
    payload = opened.dialog.findChild(QPlainTextEdit, "dialog.mapping.payload")
    assert "<b>x</b>" in payload.toPlainText()


def test_a_template_is_removed_by_a_second_click(opened: Opened, host: FilesHost) -> None:
    opened.click("save")
    (host.folder / "broken.toml").write_text("name = 1")
    opened.ask_again()
    saved = opened.dialog.findChild(QListWidget, "dialog.mapping.templates")
    assert saved.count() == 2
    broken = next(n for n in range(2) if saved.item(n).text() == "▲ broken.toml")
    saved.setCurrentRow(broken)
    assert "broken.toml" in opened.label("templates.note").text()
    opened.click("remove")
    assert (host.folder / "broken.toml").exists()
    opened.click("keep")
    assert not opened.button("keep").isVisible()
    opened.click("remove")
    opened.click("remove")
    opened.ask_again()
    assert not (host.folder / "broken.toml").exists()
    assert saved.count() == 1


@pytest.mark.parametrize("size", [(1024, 640), (1366, 768)])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_it_fits_small_windows_and_large_text(
    qtbot: QtBot,
    theme: ThemeController,
    host: FilesHost,
    size: tuple[int, int],
    scale: float,
) -> None:
    theme.set_text_scale(scale)
    try:
        opened = Opened(qtbot, host)
        opened.dialog.resize(*size)
        opened.qtbot.waitUntil(lambda: opened.dialog.height() == size[1])
        opened.dialog.choose("farm/two/npk")
        QApplication.processEvents()
        area = opened.dialog.findChild(QScrollArea)
        assert area.horizontalScrollBar().maximum() == 0
        assert min(row.path.width() for row in opened.dialog.values.rows) > 60 * scale
        least = opened.dialog.minimumSizeHint()
        assert least.height() <= size[1]
        assert least.width() <= size[0]
    finally:
        theme.set_text_scale(1.0)


def test_every_field_can_be_reached_and_has_a_name(opened: Opened) -> None:
    opened.dialog.activateWindow()
    reached = set()
    widget: QWidget = opened.dialog.messages
    for _ in range(200):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            reached.add(widget.objectName())
        widget = widget.nextInFocusChain()
    wanted = {"messages", "name", "topic", "device", "time", "partial", "value.0.is", "save"}
    assert {f"dialog.mapping.{name}" for name in wanted} <= reached
    for found in opened.dialog.findChildren(QComboBox) + opened.dialog.findChildren(QLineEdit):
        if found.isVisible() and found.objectName():
            assert found.accessibleName(), found.objectName()


def test_nothing_flashes_up_as_a_window_of_its_own(opened: Opened) -> None:
    for one in MESSAGES:
        opened.dialog.choose(one.topic)
        shown = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
        assert shown == [opened.dialog]


WRITTEN = """
name = "By hand"
topic = "farm/+/soil"
device = "{topic:2}-box"
match = ["npk"]

[time]
path = "at"
kind = "epoch_s"

[[channel]]
path = "npk.nitrogen"
to = "N"
scale = 0.25
offset = 2.0
ignore = [255.0]

[[channel]]
path = "gone"
to = "pH"

[[channel]]
path = "soil_temp"
to = "Temperature"
unit = "F"

[sample]
topic = "farm/north/soil"
payload = '{"at": 1790000000, "npk": {"nitrogen": 20}, "soil_temp": 68, "ec": 4}'

[sample.expected]
device = "north-box"
time = 1790000000.0
values = { N = 7.0, Temperature = 20.0 }
"""


@pytest.fixture
def edited(qtbot: QtBot, theme: ThemeController, host: FilesHost) -> Opened:
    host.folder.mkdir(parents=True)
    (host.folder / "Field_1.toml").write_text(WRITTEN, encoding="utf-8")
    opened = Opened(qtbot, host)
    opened.dialog.templates.list.setCurrentRow(0)
    opened.click("edit")
    return opened


def test_a_saved_template_opens_with_its_sample_and_saving_loses_nothing(
    edited: Opened, host: FilesHost
) -> None:
    before = load_templates(template_files.read_all(host.folder).files)[0]["Field_1.toml"]
    assert edited.shown()["device"] == "Device north-box"
    assert (edited.shown()["N"], edited.shown()["Temperature"]) == ("7.0 mg/kg", "20.0 °C")
    assert edited.edit("topic").text() == "farm/+/soil"
    assert edited.combo("npk.nitrogen", "factor").currentText() == "× 0.25"
    assert edited.combo("ec", "is").currentData() == ""
    assert edited.button("save").text() == "Replace"
    edited.click("save")
    found, problems = load_templates(template_files.read_all(host.folder).files)
    assert (list(found), problems) == (["by-hand.toml"], ())
    assert found["by-hand.toml"].spec == before.spec


def test_a_changed_template_takes_the_place_of_the_old_one(edited: Opened, host: FilesHost) -> None:
    edited.edit("name").setText("New name")
    edited.choose(edited.combo("ec", "is"), "EC")
    edited.choose(edited.combo("gone", "is"), "")
    edited.click("save")
    found, _ = load_templates(template_files.read_all(host.folder).files)
    assert list(found) == ["new-name.toml"]
    assert [one.to for one in found["new-name.toml"].spec.channel] == ["N", "Temperature", "EC"]


def test_a_half_done_mapping_is_not_dropped_at_once(opened: Opened) -> None:
    opened.edit("name").setText("Something")
    opened.qtbot.keyClick(opened.dialog, Qt.Key.Key_Escape)
    assert opened.dialog.isVisible()
    assert "not saved" in opened.label("result").text()
    opened.edit("name").setText("Something else")
    assert opened.label("result").isHidden()
    opened.click("close")
    assert opened.dialog.isVisible()
    opened.click("close")
    assert not opened.dialog.isVisible()


def test_without_a_choice_escape_closes(opened: Opened) -> None:
    opened.qtbot.keyClick(opened.dialog, Qt.Key.Key_Escape)
    assert not opened.dialog.isVisible()


def test_enter_in_a_list_saves_nothing(opened: Opened, host: FilesHost) -> None:
    opened.dialog.messages.setFocus()
    opened.qtbot.keyClick(opened.dialog.messages, Qt.Key.Key_Return)
    assert host.saved == []
    assert opened.dialog.focusWidget() is opened.edit("name")
    first = opened.dialog.values.rows[0].what
    first.setFocus()
    opened.qtbot.keyClick(first, Qt.Key.Key_Return)
    assert host.saved == []
    opened.edit("name").setFocus()
    opened.qtbot.keyClick(opened.edit("name"), Qt.Key.Key_Return)
    assert len(host.saved) == 1


def test_an_undecoded_uplink_is_listed_with_its_advice_and_cannot_be_saved(
    opened: Opened, host: FilesHost
) -> None:
    tree = {"deviceInfo": {"devEui": "0011"}, "data": "AQI=", "rxInfo": [{"rssi": -80, "snr": 7}]}
    payload = json.dumps(tree).encode()
    host.messages = (UnmappedMessage("up", payload, NOW_US, undecoded=True),)
    opened.ask_again()
    opened.dialog.choose("up")
    assert "codec" in opened.label("fault").text()
    assert not opened.button("save").isEnabled()
    assert not opened.dialog.values.isVisible()


def test_signal_alone_is_no_reading(opened: Opened, host: FilesHost) -> None:
    host.messages = (message("odd", {"device_id": "a", "rssi": -80, "level": 4}),)
    opened.ask_again()
    opened.dialog.choose("odd")
    assert "no reading" in opened.label("fault").text()
    assert not opened.button("save").isEnabled()
    opened.choose(opened.combo("level", "is"), "Moisture")
    assert opened.button("save").isEnabled()


def test_no_factor_is_cut(opened: Opened) -> None:
    for row in opened.dialog.values.rows:
        widest = max(
            row.factor.fontMetrics().horizontalAdvance(row.factor.itemText(place))
            for place in range(row.factor.count())
        )
        option = QStyleOptionComboBox()
        row.factor.initStyleOption(option)
        inside = row.factor.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            row.factor,
        )
        assert inside.width() >= widest
