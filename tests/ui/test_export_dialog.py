"""The export dialog: counts first, writes off the main thread, says what came of it."""

from __future__ import annotations

import csv
import json
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QTableWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from harit_desktop.domain.device_book import (
    Calibration,
    CalibrationKind,
    DeviceBook,
    DeviceRecord,
)
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import ExportPreview
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.export_dialog import ExportDialog, ExportScope
from tests.ui.conftest import EngineMaker
from tests.ui.deliveries import deliver, reading


@pytest.fixture
def engine(qtbot: QtBot, make_engine: EngineMaker) -> Engine:
    """A store with 5 real readings of two devices and 2 simulated ones."""
    engine = make_engine()
    real = [reading("soil-01", n) for n in range(3)] + [reading("soil-02", n) for n in range(2)]
    made_up = [reading("simulator-01", n, simulated=True) for n in range(2)]
    deliver(engine, real + made_up)
    # The counters move first, the live model and the message ring after them.
    qtbot.waitUntil(lambda: engine.messages.total == 7, timeout=20_000)
    return engine


class Opened:
    """An open dialog with the frame clock's part played by `wait`."""

    def __init__(
        self,
        qtbot: QtBot,
        engine: Engine,
        visible_from_us: int | None = None,
        selection_us: tuple[int, int] | None = None,
    ) -> None:
        self.qtbot = qtbot
        scope = ExportScope(
            visible_from_us=visible_from_us,
            now_us=time.time_ns() // 1000,
            focus="soil-01",
            devices=engine.live.devices(),
            simulated_rows=engine.snapshot().store.simulated_rows,
            selection_us=selection_us,
        )
        self.dialog = ExportDialog(engine, scope)
        qtbot.addWidget(self.dialog)
        self.dialog.open()
        qtbot.waitExposed(self.dialog)

    def find(self, kind: type, name: str) -> Any:
        found = self.dialog.findChild(kind, f"dialog.export.{name}")
        assert found is not None, name
        return found

    def wait_rows(self, text: str) -> None:
        label = self.find(QLabel, "preview")
        self.qtbot.waitUntil(lambda: (self.dialog.poll(), label.text())[1] == text, timeout=20_000)

    def save_to(self, path: Path) -> str:
        """Writes to a file and returns what the dialog says of it."""
        self.find(QLineEdit, "path").setText(str(path))
        self.qtbot.mouseClick(self.dialog.save, Qt.MouseButton.LeftButton)
        result = self.find(QLabel, "result")
        self.qtbot.waitUntil(lambda: (self.dialog.poll(), result.isVisible())[1], timeout=20_000)
        return result.text()


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_it_counts_then_writes_real_readings(qtbot: QtBot, engine: Engine, tmp_path: Path) -> None:
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    target = tmp_path / "out.csv"
    assert opened.save_to(target) == f"Saved 5 rows to {target}."
    assert len(lines(target)) == 1 + 5
    assert not any("simulator-01" in line for line in lines(target))


def test_simulated_data_only_when_asked_for(qtbot: QtBot, engine: Engine, tmp_path: Path) -> None:
    opened = Opened(qtbot, engine)
    box = opened.find(QCheckBox, "simulated")
    assert not box.isChecked()
    assert "2 readings" in box.text()
    box.click()
    opened.wait_rows("7 rows")
    assert opened.save_to(tmp_path / "all.csv").startswith("Saved 7 rows")


def test_chosen_devices_alone(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    names = [opened.dialog.fields.devices.item(i).text() for i in range(3)]
    opened.dialog.fields.devices.item(names.index("soil-01")).setCheckState(Qt.CheckState.Unchecked)
    opened.wait_rows("2 rows")
    for i in range(3):
        opened.dialog.fields.devices.item(i).setCheckState(Qt.CheckState.Unchecked)
    assert not opened.dialog.save.isEnabled()


def test_ranges(qtbot: QtBot, engine: Engine) -> None:
    now_us = time.time_ns() // 1000
    opened = Opened(qtbot, engine, visible_from_us=now_us - 60_000_000)
    opened.wait_rows("No rows: simulated data is left out. Include it above if you want it.")
    assert not opened.dialog.save.isEnabled()
    opened.find(QRadioButton, "range.all").click()
    opened.wait_rows("5 rows")
    opened.find(QRadioButton, "range.custom").click()
    opened.dialog.fields.from_edit.setDateTime(
        opened.dialog.fields.from_edit.dateTime().addSecs(-3600)
    )
    opened.wait_rows("5 rows")
    opened.dialog.fields.to_edit.setDateTime(opened.dialog.fields.to_edit.dateTime().addSecs(-1800))
    opened.wait_rows("No rows: simulated data is left out. Include it above if you want it.")


def test_changing_a_bound_chooses_the_custom_range(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    opened.dialog.fields.from_edit.setDateTime(
        opened.dialog.fields.from_edit.dateTime().addSecs(-60)
    )
    assert opened.find(QRadioButton, "range.custom").isChecked()


def test_an_existing_file_is_named_before_it_is_replaced(
    qtbot: QtBot, engine: Engine, tmp_path: Path
) -> None:
    target = tmp_path / "old.csv"
    target.write_text("old", encoding="utf-8")
    opened = Opened(qtbot, engine)
    opened.find(QLineEdit, "path").setText(str(target))
    note = opened.find(QLabel, "exists")
    qtbot.waitUntil(lambda: (opened.dialog.poll(), note.isVisible())[1])
    assert opened.dialog.save.text() == "Replace"
    opened.find(QLineEdit, "path").setText(str(tmp_path / "new.csv"))
    qtbot.waitUntil(lambda: (opened.dialog.poll(), not note.isVisible())[1])
    assert opened.dialog.save.text() == "Save"


def test_a_folder_that_is_not_there_is_said_in_words(
    qtbot: QtBot, engine: Engine, tmp_path: Path
) -> None:
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    said = opened.save_to(tmp_path / "nowhere" / "x.csv")
    assert said.startswith("There is no such folder")
    assert opened.find(QLabel, "result").property("severity") == "crit"
    assert opened.dialog.save.isEnabled()


def test_after_a_save_it_is_done_until_something_changes(
    qtbot: QtBot, engine: Engine, tmp_path: Path
) -> None:
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    opened.save_to(tmp_path / "out.csv")
    note, close = opened.find(QLabel, "exists"), opened.find(QPushButton, "cancel")
    for _ in range(5):
        qtbot.wait(20)
        opened.dialog.poll()
    assert not note.isVisible()
    assert not opened.dialog.save.isVisible()
    assert close.text() == "Done"
    assert close.isDefault()
    opened.find(QCheckBox, "simulated").click()
    qtbot.waitUntil(lambda: (opened.dialog.poll(), note.isVisible())[1])
    assert opened.dialog.save.isVisible()
    assert opened.dialog.save.text() == "Replace"
    assert close.text() == "Close"


def test_a_missing_folder_is_named_not_the_file(
    qtbot: QtBot, engine: Engine, tmp_path: Path
) -> None:
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    said = opened.save_to(tmp_path / "nowhere" / "x.csv")
    assert said.startswith(f"There is no such folder: {tmp_path / 'nowhere'}.")


def test_a_bare_name_belongs_to_the_folder_that_was_shown(
    qtbot: QtBot, engine: Engine, tmp_path: Path
) -> None:
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    path = opened.find(QLineEdit, "path")
    path.setText(str(tmp_path / "first.csv"))
    path.editingFinished.emit()
    path.setText("second.csv")
    path.editingFinished.emit()
    assert path.text() == str(tmp_path / "second.csv")
    qtbot.mouseClick(opened.dialog.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (opened.dialog.poll(), (tmp_path / "second.csv").is_file())[1])


def test_a_suggested_folder_that_is_missing_gives_way_to_the_home_folder(
    qtbot: QtBot, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.ui.export_fields._documents", lambda: tmp_path / "nowhere")
    opened = Opened(qtbot, engine)
    path = opened.find(QLineEdit, "path")
    qtbot.waitUntil(
        lambda: (opened.dialog.poll(), Path(path.text()).parent == Path.home())[1],
        timeout=10_000,
    )


def test_cancel_ends_a_running_export(
    qtbot: QtBot, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = threading.Event()

    def slow(
        _request: object, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> int:
        progress(0.4)
        reached.set()
        while not cancelled():
            time.sleep(0.005)
        raise KnownError("query.cancelled")

    monkeypatch.setattr(engine.history, "export", slow)
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    opened.find(QLineEdit, "path").setText(str(tmp_path / "x.csv"))
    qtbot.mouseClick(opened.dialog.save, Qt.MouseButton.LeftButton)
    assert reached.wait(10)
    opened.dialog.poll()
    bar = opened.find(QProgressBar, "progress")
    assert bar.isVisible()
    assert bar.value() == 40
    assert not opened.dialog.fields.devices.isEnabled()
    cancel = opened.find(QPushButton, "cancel")
    assert cancel.text() == "Cancel"
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    result = opened.find(QLabel, "result")
    qtbot.waitUntil(lambda: (opened.dialog.poll(), result.isVisible())[1])
    assert result.text() == "Cancelled. No file was written."
    assert opened.dialog.isVisible()
    assert cancel.text() == "Close"
    assert opened.dialog.fields.devices.isEnabled()


@pytest.mark.parametrize("code", ["server.silent", "server.unreachable", "server.lost"])
def test_a_server_that_is_away_is_said_of_the_export_alone(
    qtbot: QtBot, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def away(*_: object) -> int:
        raise KnownError(code, seconds=8)

    target = tmp_path / "x.csv"
    target.write_text("as it was", encoding="utf-8")
    monkeypatch.setattr(engine.history, "export", away)
    assert Opened(qtbot, engine).save_to(target) == (
        "Nothing was exported: the database server does not answer. "
        "The file is unchanged; try again when it is back."
    )
    assert target.read_text(encoding="utf-8") == "as it was"


def test_closing_the_dialog_ends_its_queries(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    counting = opened.dialog._counting
    assert counting is not None
    opened.dialog.reject()
    assert counting.token.cancelled


def sample(opened: Opened) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the preview, once it is there."""
    table = opened.find(QTableWidget, "sample")
    opened.qtbot.waitUntil(
        lambda: (opened.dialog.poll(), opened.dialog._previewing is None)[1], timeout=20_000
    )
    header = [table.horizontalHeaderItem(n).text() for n in range(table.columnCount())]
    rows = [
        [table.item(row, column).text() for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]
    return header, rows


def test_the_preview_is_the_head_of_the_file(qtbot: QtBot, engine: Engine, tmp_path: Path) -> None:
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    header, rows = sample(opened)
    opened.save_to(tmp_path / "out.csv")
    written = lines(tmp_path / "out.csv")
    assert [header, *rows] == written
    assert opened.find(QLabel, "size").text().startswith("about ")
    opened.find(QCheckBox, "column.CO2").click()
    opened.find(QCheckBox, "column.quality").click()
    header, _ = sample(opened)
    assert "CO2" not in header
    assert header[-2:] == ["quality_pH", "quality_reasons"]


@pytest.mark.parametrize("kind", ["json", "xlsx"])
def test_other_kinds_of_file(qtbot: QtBot, engine: Engine, tmp_path: Path, kind: str) -> None:
    opened = Opened(qtbot, engine)
    path = opened.find(QLineEdit, "path")
    path.setText(str(tmp_path / "out.csv"))
    opened.find(QPushButton, f"format.{kind}").click()
    target = tmp_path / f"out.{kind}"
    assert path.text() == str(target)
    assert not opened.find(QComboBox, "separator").isEnabled()
    assert not opened.find(QCheckBox, "bom").isEnabled()
    opened.wait_rows("5 rows")
    assert opened.save_to(target) == f"Saved 5 rows to {target}."
    if kind == "json":
        assert len(json.loads(target.read_bytes())) == 5
    else:
        assert zipfile.ZipFile(target).testzip() is None


def test_a_name_with_an_ending_of_its_own_is_kept(
    qtbot: QtBot, engine: Engine, tmp_path: Path
) -> None:
    opened = Opened(qtbot, engine)
    opened.find(QLineEdit, "path").setText(str(tmp_path / "out.txt"))
    opened.find(QPushButton, "format.json").click()
    assert opened.find(QLineEdit, "path").text() == str(tmp_path / "out.txt")


def test_minutes_are_counted_and_written(qtbot: QtBot, engine: Engine, tmp_path: Path) -> None:
    opened = Opened(qtbot, engine)
    content = opened.find(QComboBox, "content")
    content.setCurrentIndex(content.findData("hour"))
    assert not opened.find(QCheckBox, "column.anomaly").isEnabled()
    assert opened.find(QLabel, "formatNote").isVisible()
    header, rows = sample(opened)
    assert header[2] == "reading_count"
    assert opened.save_to(tmp_path / "out.csv") == (
        f"Saved {len(rows)} rows to {tmp_path / 'out.csv'}."
    )
    assert sum(int(row[2]) for row in lines(tmp_path / "out.csv")[1:]) == 5


def test_separator_and_decimal_point_are_never_the_same(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    separator = opened.find(QComboBox, "separator")
    decimal = opened.find(QComboBox, "decimal")
    decimal.setCurrentIndex(decimal.findData(","))
    assert separator.currentData() == ";"
    separator.setCurrentIndex(separator.findData(","))
    assert decimal.currentData() == "."
    opened.dialog.fields.request()


def test_names_stand_beside_ids(
    qtbot: QtBot, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = DeviceBook(records={"soil-01": DeviceRecord("soil-01", name="North bed")})
    monkeypatch.setattr(type(engine), "book", property(lambda _: book))
    opened = Opened(qtbot, engine)
    devices = opened.dialog.fields.devices
    assert "North bed (soil-01)" in [devices.item(n).text() for n in range(3)]
    opened.find(QPushButton, "devices.none").click()
    assert not opened.dialog.save.isEnabled()
    opened.find(QPushButton, "devices.all").click()
    assert opened.dialog.fields.request().publisher_ids is None


def test_what_is_selected_in_a_chart(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    assert not opened.find(QRadioButton, "range.selection").isEnabled()
    opened = Opened(qtbot, engine, selection_us=(5, 9))
    assert opened.find(QRadioButton, "range.selection").isChecked()
    request = opened.dialog.fields.request()
    assert (request.from_us, request.to_us) == (5, 9)


def test_a_range_that_ends_before_it_begins(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    opened.wait_rows("5 rows")
    fields = opened.dialog.fields
    fields.to_edit.setDateTime(fields.from_edit.dateTime().addSecs(-60))
    opened.wait_rows("No rows: the range ends before it begins.")
    assert not opened.dialog.save.isEnabled()


def test_many_rows_of_a_workbook_are_said_to_need_sheets(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    opened.find(QPushButton, "format.xlsx").click()
    opened.wait_rows("5 rows")
    sample(opened)
    preview = opened.dialog.preview
    preview.show_preview(ExportPreview(("a",), (("1",),), 100.0))
    preview.show_size(3_000_000, workbook=True)
    assert "on 3 sheets" in preview.size_text.text()
    preview.show_size(3_000_000, workbook=False)
    assert "sheets" not in preview.size_text.text()


def test_everything_has_a_name(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    for widget in opened.dialog.findChildren(QWidget):
        if widget.objectName().startswith("dialog.export.") and not isinstance(widget, QLabel):
            spoken = widget.accessibleName()
            assert spoken or (isinstance(widget, QAbstractButton) and widget.text()), (
                widget.objectName()
            )


def test_the_keyboard_reaches_all_fields(qtbot: QtBot, engine: Engine) -> None:
    opened = Opened(qtbot, engine)
    assert opened.dialog.focusWidget() is opened.dialog.fields.devices
    seen = set()
    widget: QWidget = opened.dialog.fields.devices
    for _ in range(200):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled():
            seen.add(widget.objectName())
        following = widget.nextInFocusChain()
        assert following is not None
        widget = following
    for name in ("devices", "simulated", "content", "column.corrected", "path", "sample", "save"):
        assert f"dialog.export.{name}" in seen


def calibrated_book(*publisher_ids: str) -> DeviceBook:
    kind = CalibrationKind.LABORATORY
    made = [Calibration(one, "pH", kind, 1, ((7.0, 6.0),), 1, "") for one in publisher_ids]
    return DeviceBook(calibrations=tuple(made))


def test_corrected_values_come_along_where_a_chosen_device_was_calibrated(
    qtbot: QtBot, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not Opened(qtbot, engine).find(QCheckBox, "column.corrected").isChecked()
    book = calibrated_book("soil-02")
    monkeypatch.setattr(type(engine), "book", property(lambda _: book))
    opened = Opened(qtbot, engine)
    box = opened.find(QCheckBox, "column.corrected")
    assert box.isChecked()
    assert "corrected" in opened.dialog.fields.request().columns
    devices = opened.dialog.fields.devices
    (row,) = (
        devices.item(n)
        for n in range(devices.count())
        if devices.item(n).data(Qt.ItemDataRole.UserRole) == "soil-02"
    )
    row.setCheckState(Qt.CheckState.Unchecked)
    assert not box.isChecked()
    row.setCheckState(Qt.CheckState.Checked)
    assert box.isChecked()
    # A person's choice stays, whatever is chosen then.
    box.click()
    row.setCheckState(Qt.CheckState.Unchecked)
    row.setCheckState(Qt.CheckState.Checked)
    assert not box.isChecked()
