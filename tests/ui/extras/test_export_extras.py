"""The check box of the export for extra channels, up to the file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from harit_desktop.domain.device import DeviceState, ExtraValue
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.export import ExportContent
from harit_desktop.storage.history import HistoryReader
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.ui.export_fields import ExportFields, ExportScope
from harit_desktop.ui.theme import ThemeController
from tests.storage.builders import START_US, make_item
from tests.ui.chart_samples import NOW_US, device

FieldsMaker = Callable[..., ExportFields]
EC = (ExtraValue("EC", 500.0, NOW_US),)


@pytest.fixture
def make_fields(qtbot: QtBot, theme: ThemeController) -> FieldsMaker:
    def make(*devices: DeviceState) -> ExportFields:
        scope = ExportScope(START_US, NOW_US, None, list(devices), 0)
        fields = ExportFields(scope, DeviceBook())
        qtbot.addWidget(fields)
        return fields

    return make


def test_it_is_off_unless_a_chosen_device_has_some(make_fields: FieldsMaker) -> None:
    assert not make_fields(device("a")).request().extras
    fields = make_fields(device("a"), device("b", extras=EC))
    assert fields.request().extras
    for row in range(fields.devices.count()):
        item = fields.devices.item(row)
        if item.text().startswith("b"):
            item.setCheckState(item.checkState().Unchecked)
    assert not fields.request().extras


def test_what_a_person_chose_stays(make_fields: FieldsMaker) -> None:
    fields = make_fields(device("a"), device("b", extras=EC))
    fields.form.extras.click()
    assert not fields.request().extras
    fields._on_rows()
    assert not fields.request().extras
    content = fields.form.content
    content.setCurrentIndex(content.findData(str(ExportContent.HOUR)))
    assert not fields.form.extras.isEnabled()


def test_the_file_has_a_column_for_each(make_fields: FieldsMaker, tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "harit.db", lambda: START_US)
    journal.open()
    item = make_item(0, "b")
    assert item.analysed is not None
    reading = msgspec.structs.replace(item.analysed.reading, extras=(("EC", 512.5),))
    analysed = msgspec.structs.replace(item.analysed, reading=reading)
    journal.commit([msgspec.structs.replace(item, analysed=analysed)])
    journal.close()
    fields = make_fields(device("b", extras=EC))
    out = tmp_path / "out.csv"
    request = msgspec.structs.replace(fields.request(), out=out, from_us=None, to_us=None)
    assert HistoryReader(tmp_path / "harit.db").export(request, lambda _: None, lambda: False) == 1
    with out.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["EC"]) == 512.5
