"""The Messages page: every message with its result, bounded, filtered, and smooth."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import MessageRecord, Origin, Outcome
from harit_desktop.domain.status import Counters
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.messages.message_filter import has_word, parse_filter, with_word
from harit_desktop.ui.messages.message_model import Column, MessageModel
from harit_desktop.ui.messages.message_page import MessagePage
from harit_desktop.ui.messages.payload_panel import PayloadPanel, hex_text
from harit_desktop.ui.messages.rejection_texts import TEXTS, rejection_text
from harit_desktop.ui.theme import LIGHT, ThemeController
from harit_desktop.wire.reasons import Reason
from tests.ui.conftest import EngineMaker
from tests.ui.deliveries import TOPIC, deliver, reading


def record(number: int, outcome: Outcome = Outcome.STORED, **more: object) -> MessageRecord:
    fields: dict[str, object] = {
        "id": number,
        "received_us": 1_764_000_000_000_000 + number,
        "origin": Origin.MQTT,
        "topic": TOPIC,
        "publisher_id": f"soil-{number % 3}",
        "qos": 1,
        "retained": False,
        "outcome": outcome,
        "size_bytes": 200,
    }
    return MessageRecord(**(fields | more))  # type: ignore[arg-type]  # A dict of mixed types.


def shown_ids(model: MessageModel) -> list[int]:
    return [model.record_at(row).id for row in range(model.rowCount())]


@pytest.fixture
def model(qapp: object) -> MessageModel:
    model = MessageModel(LIGHT, max_rows=10)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


def test_the_newest_line_is_on_top_and_the_oldest_fall_out(model: MessageModel) -> None:
    model.append([record(n) for n in range(1, 8)])
    assert shown_ids(model) == [7, 6, 5, 4, 3, 2, 1]
    model.append([record(n) for n in range(8, 13)])
    assert shown_ids(model) == list(range(12, 2, -1))
    model.append([record(n) for n in range(13, 40)])
    assert shown_ids(model) == list(range(39, 29, -1))


def test_a_batch_is_one_insertion(model: MessageModel) -> None:
    inserted = QSignalSpy(model.rowsInserted)
    model.append([record(n) for n in range(1, 9)])
    assert inserted.count() == 1


def test_the_filter_survives_new_lines_and_lines_that_fall_out(model: MessageModel) -> None:
    model.append([record(n) for n in range(1, 7)])
    model.set_filter(parse_filter("device:soil-1"))
    assert shown_ids(model) == [4, 1]
    added = model.append([record(n) for n in range(7, 15)])
    assert added == 3
    assert shown_ids(model) == [13, 10, 7]
    model.set_filter(None)
    assert shown_ids(model) == list(range(14, 4, -1))


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("   ", True),
        ("soil-1", True),
        ("HARIT-samarth", True),
        ("topic:sensor", True),
        ("topic:status", False),
        ("device:SOIL-1 result:rejected", True),
        ("result:not_json", True),
        ("result:stored", False),
        ("nowhere", False),
        ('topic:"harit-samarth/sensor"', True),
        ("device:", False),
        ("JSON", True),
    ],
)
def test_filter_words(text: str, matches: bool) -> None:
    line = record(1, Outcome.REJECTED, problem=Problem("not_json", {"byte": 3}))
    test = parse_filter(text)
    assert (test is None or test(line)) is matches


def test_every_reason_of_the_decoder_has_its_words() -> None:
    assert {reason.value for reason in Reason} <= {code.partition(":")[0] for code in TEXTS}


def test_a_reason_is_a_clause_and_an_unknown_one_its_code() -> None:
    problem = Problem("bad_value", {"channel": "pH", "why": "text", "value": "7,2\u202e"})
    assert rejection_text(problem) == 'pH is the text "7,2\ufffd"'
    assert rejection_text(Problem("not_json", {"token": "NaN"})) == (
        "not JSON: NaN is no JSON value"
    )
    reused = Problem("message_id_reused", {"message_id": "<b>7", "reading_id": 3})
    assert rejection_text(reused) == 'the message_id "<b>7" was used before, for another reading'
    refused = Problem("server.row_refused", {"number": 1062, "reason": "too long"})
    assert rejection_text(refused).endswith("server refused it (too long)")
    assert rejection_text(Problem("too_deep")) == "too_deep"
    assert rejection_text(Problem("brand_new")) == "brand_new"


def test_the_result_column_says_what_became_of_a_message(model: MessageModel) -> None:
    model.append(
        [
            record(1),
            record(2, Outcome.DUPLICATE),
            record(3, Outcome.SHOWN),
            record(4, Outcome.REJECTED, problem=Problem("not_object", {"kind": "array"})),
        ]
    )
    texts = [model.index(row, Column.RESULT).data() for row in range(4)]
    assert texts == [
        "Rejected: not a JSON object but array",
        "Old value (retained), not stored",
        "Duplicate",
        "Stored",
    ]


def test_text_from_outside_stays_short_plain_text(model: MessageModel) -> None:
    model.append([record(1, topic="a\n<b>" + "x" * 5000)])
    text = model.index(0, Column.TOPIC).data()
    assert text.startswith("a <b>x")
    assert len(text) <= 200


def test_hex_shows_offset_bytes_and_signs() -> None:
    assert hex_text(b'{"N":\x00\xff1}z') == (
        '0000  7b 22 4e 22 3a 00 ff 31  {"N":..1\n0008  7d 7a                    }z'
    )


@pytest.fixture
def engine(make_engine: EngineMaker) -> Engine:
    return make_engine()


@pytest.fixture
def page(qtbot: QtBot, engine: Engine, theme: ThemeController) -> MessagePage:
    page = MessagePage(engine, theme)
    qtbot.addWidget(page)
    qtbot.addWidget(page.payload_panel)
    page.set_active(True)
    page.resize(900, 500)
    page.show()
    return page


def wait_rows(qtbot: QtBot, page: MessagePage, rows: int) -> None:
    def arrived() -> None:
        page.poll(0, False)
        assert page.model.total_rows == rows

    qtbot.waitUntil(lambda: _holds(arrived), timeout=20_000)


def _holds(check: object) -> bool:
    try:
        check()  # type: ignore[operator]  # A function of no arguments.
    except AssertionError:
        return False
    return True


def test_what_the_store_holds_and_what_comes_are_joined_without_a_double(
    qtbot: QtBot, engine: Engine, theme: ThemeController
) -> None:
    deliver(engine, [reading("probe-1", n) for n in range(5)])
    qtbot.waitUntil(lambda: engine.messages.total == 5, timeout=20_000)
    page = MessagePage(engine, theme)
    qtbot.addWidget(page)
    qtbot.addWidget(page.payload_panel)
    page.set_active(True)
    page.poll(0, False)
    deliver(engine, [reading("probe-1", n) for n in range(5, 9)])
    wait_rows(qtbot, page, 9)
    ids = shown_ids(page.model)
    assert ids == sorted(set(ids), reverse=True)


def test_messages_with_results_counters_and_payload(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    payload = reading("probe-1", 1)
    deliver(engine, [payload, payload, b"{oops"])
    wait_rows(qtbot, page, 3)
    results = [page.model.index(row, Column.RESULT).data() for row in range(3)]
    assert results[0].startswith("Rejected: not JSON")
    assert results[1:] == ["Duplicate", "Stored"]
    page.set_counters(engine.snapshot().counters)
    texts = [label.text() for label in page._counts.values() if not label.isHidden()]
    assert texts == ["3 received", "1 stored", "1 duplicate", "1 rejected"]

    page.table.selectRow(2)
    view = page.payload_panel.findChild(QPlainTextEdit, "text.message.payload")
    qtbot.waitUntil(lambda: (page.poll(0, False), view.toPlainText())[1] == payload.decode())
    moisture = page.payload_panel._channels["Moisture"][1]
    assert moisture.text() == "55.0 %"
    hexadecimal = page.payload_panel.findChild(QToolButton, "button.payload.hex")
    qtbot.mouseClick(hexadecimal, Qt.MouseButton.LeftButton)
    assert view.toPlainText().startswith("0000  7b 22")

    page.table.selectRow(0)
    qtbot.waitUntil(
        lambda: (page.poll(0, False), page.payload_panel.payload_text)[1] == hex_text(b"{oops")
    )
    assert not moisture.isVisible()


def test_a_payload_that_is_no_longer_kept_says_so(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    deliver(engine, [reading("probe-1")])
    wait_rows(qtbot, page, 1)
    with closing(sqlite3.connect(engine.paths.database)) as database, database:
        database.execute("UPDATE message_log SET payload = NULL")
    page.table.selectRow(0)
    view = page.payload_panel.findChild(QPlainTextEdit, "text.message.payload")
    qtbot.waitUntil(lambda: (page.poll(0, False), view.placeholderText())[1] != "")
    assert view.toPlainText() == ""


def test_pause_stops_the_list_and_says_what_waits(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    deliver(engine, [reading("probe-1", n) for n in range(3)])
    wait_rows(qtbot, page, 3)
    qtbot.mouseClick(page.pause_button, Qt.MouseButton.LeftButton)
    deliver(engine, [reading("probe-1", n) for n in range(3, 7)])
    qtbot.waitUntil(lambda: engine.messages.total == 7)
    page.poll(0, True)
    assert page.model.total_rows == 3
    assert page.pause_button.text() == "Resume (4 new)"
    qtbot.mouseClick(page.pause_button, Qt.MouseButton.LeftButton)
    wait_rows(qtbot, page, 7)
    assert page.pause_button.text() == "Pause"


def test_lines_that_fell_out_of_the_ring_come_from_the_store(
    qtbot: QtBot, engine: Engine, page: MessagePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.ui.messages.message_log.RELOAD_PAUSE_S", 0.0)
    deliver(engine, [reading("probe-1")])
    wait_rows(qtbot, page, 1)
    page.pause_button.setChecked(True)
    deliver(engine, [reading("probe-1", n) for n in range(1, 5602)])
    qtbot.waitUntil(lambda: engine.messages.total == 5602, timeout=30_000)
    page.pause_button.setChecked(False)
    # The newest 2000 of the store take the place of a list with a hole in it.
    wait_rows(qtbot, page, 2000)
    ids = shown_ids(page.model)
    assert ids == list(range(ids[0], ids[0] - 2000, -1))


def test_who_reads_further_down_keeps_his_lines(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    deliver(engine, [reading("probe-1", n) for n in range(300)])
    wait_rows(qtbot, page, 300)
    bar = page.table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 200)
    bar.setValue(100)
    on_top = page.model.record_at(100).id
    deliver(engine, [reading("probe-1", n) for n in range(300, 350)])
    wait_rows(qtbot, page, 350)
    assert page.model.record_at(bar.value()).id == on_top


def test_the_filter_line_filters_and_keeps_the_chosen_line(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    deliver(engine, [reading(f"probe-{n % 2}", n) for n in range(6)])
    wait_rows(qtbot, page, 6)
    page.table.selectRow(3)
    chosen = page.model.record_at(3).id
    page.filter_edit.setText("device:probe-0")
    qtbot.waitUntil(lambda: page.model.rowCount() == 3)
    assert page.model.record_at(page.table.currentIndex().row()).id == chosen
    page.filter_edit.setText("nothing of the kind")
    qtbot.waitUntil(lambda: page.model.rowCount() == 0)
    assert page._empty.text() == "No message matches the filter."


def test_a_date_is_shown_only_where_it_is_not_today(
    qtbot: QtBot, page: MessagePage, theme: ThemeController
) -> None:
    now_us = 1_764_000_000_000_000
    page.poll(now_us, True)
    page.model.append([record(1, received_us=now_us - 3 * 86_400_000_000)])
    page.model.append([record(2, received_us=now_us)])
    shown = [page.model.index(row, Column.TIME).data() for row in range(2)]
    assert len(shown[0]) == len("14:30:07.512")
    assert len(shown[1]) > len("14:30:07.512")
    today = page.model.index(0, Column.TIME)
    assert page.model.text(page.model.record_at(0), Column.TIME).endswith(shown[0])
    assert shown[0] in today.data(Qt.ItemDataRole.ToolTipRole)


def test_the_reason_of_a_rejection_has_room_beside_the_side_panels(
    qtbot: QtBot, page: MessagePage
) -> None:
    now_us = 1_764_000_000_000_000
    # 1366 px less the default panels and a scroll bar.
    page.resize(1366 - 236 - 288 - 20, 500)
    page.poll(now_us, True)
    problem = Problem("not_mapped", {"why": "no_object"})
    page.model.append([record(1, Outcome.REJECTED, problem=problem, received_us=now_us)])
    page.poll(now_us, True)
    QCoreApplication.processEvents()
    wanted = page.table.sizeHintForColumn(Column.RESULT)
    assert page.table.columnWidth(Column.RESULT) >= wanted


def test_chosen_rows_are_copied_as_they_are_shown(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    deliver(engine, [reading("probe-1", n) for n in range(2)])
    wait_rows(qtbot, page, 2)
    page.table.selectAll()
    page._copy_rows()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[3:7] for line in lines] == [["probe-1", "1", "–", "Stored"]] * 2


def test_counters_show_the_users_numbers(page: MessagePage) -> None:
    page.set_counters(Counters(received=1_284_302, rejected=2))
    assert page._counts["received"].text() == "1,284,302 received"
    assert page._counts["rejected"].property("severity") == "warn"


def test_an_engine_without_a_store_gives_an_empty_list(
    qtbot: QtBot, make_engine: EngineMaker, theme: ThemeController, tmp_path: Path
) -> None:
    page = MessagePage(make_engine(start=False, folder="none"), theme)
    qtbot.addWidget(page)
    qtbot.addWidget(page.payload_panel)
    page.set_active(True)
    page.poll(0, True)
    qtbot.wait(100)
    page.poll(0, True)
    assert page.model.rowCount() == 0
    assert page._empty.text().startswith("No messages yet.")


# -- what other programs send ------------------------------------------------------------

ANALYSES = "harit-samarth/soil-health/analysis"
STATUS = "harit-samarth/status"


def test_what_other_programs_send_is_named_by_its_topic(model: MessageModel) -> None:
    heard = Outcome.HEARD
    model.append(
        [
            record(1, heard, topic=ANALYSES),
            record(2, heard, topic=STATUS),
            record(3, heard, topic="farm/else"),
        ]
    )
    assert [model.index(row, Column.RESULT).data() for row in range(3)] == [
        "From another program",
        "Status of another program",
        "Analysis of another program",
    ]


@pytest.mark.parametrize(
    ("text", "matches"),
    [("result:heard", True), ("result:analysis", True), ("result:status", False)],
)
def test_the_filter_finds_what_other_programs_send(text: str, matches: bool) -> None:
    test = parse_filter(text)
    assert test is not None
    assert test(record(1, Outcome.HEARD, topic=ANALYSES)) is matches
    assert not test(record(1, topic=ANALYSES))


def test_a_chip_is_a_word_of_the_filter() -> None:
    assert with_word("canal", "result:heard", True) == "canal result:heard"
    assert with_word("canal RESULT:heard  x", "result:heard", False) == "canal x"
    assert has_word("canal Result:Heard", "result:heard")
    assert not has_word("canal result:heard2", "result:heard")


def test_the_chip_and_the_filter_line_say_the_same(qtbot: QtBot, page: MessagePage) -> None:
    qtbot.mouseClick(page.heard_button, Qt.MouseButton.LeftButton)
    assert page.filter_edit.text() == "result:heard"
    page.filter_edit.clear()
    assert not page.heard_button.isChecked()
    page.filter_edit.setText("soil result:heard")
    assert page.heard_button.isChecked()
    qtbot.mouseClick(page.heard_button, Qt.MouseButton.LeftButton)
    assert page.filter_edit.text() == "soil"


def analysis(payload: bytes, **judged: object) -> bytes:
    """Another program's judgement of a reading of ours."""
    tree = json.loads(payload)
    return json.dumps(
        {
            "timestamp": tree["timestamp"],
            "publisher_id": tree["publisher_id"],
            "analysis": {"soil_health_index": 58, "health_status": "Fair", **judged},
        }
    ).encode()


def wait_heard(qtbot: QtBot, page: MessagePage) -> None:
    def shown() -> bool:
        page.poll(0, False)
        return not page.payload_panel.heard.isHidden()

    qtbot.waitUntil(shown, timeout=20_000)


def cells(page: MessagePage) -> dict[str, tuple[str, str]]:
    found = page.payload_panel.heard.cells.items()
    return {row: (theirs.text(), ours.text()) for row, (_, theirs, ours) in found}


def test_anothers_analysis_stands_beside_ours(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    near, far = reading("probe-1", 100), reading("probe-1", 0)
    deliver(engine, [far, near])
    factors = ["Moisture", "<b>clay</b>"]
    deliver(engine, [analysis(near, is_anomalous=1, critical_factors=factors)], ANALYSES)
    wait_rows(qtbot, page, 3)
    page.table.selectRow(0)
    wait_heard(qtbot, page)
    shown = cells(page)
    assert shown["index"][0] == "58"
    assert shown["index"][1].isdigit()
    assert shown["status"] == ("Fair", "Good")
    # Ours is that of the reading at the same instant, not that of the newest or first one.
    assert shown["time"][0] == shown["time"][1]
    assert shown["anomalous"] == ("yes", "no")
    view = page.payload_panel.heard
    assert view.verdict.text().endswith("with another status.")
    assert view.verdict.property("severity") == "warn"
    assert view.more.text() == "Critical for them: Moisture and <b>clay</b>."
    # A reading has its values there instead.
    page.table.selectRow(1)
    moisture = page.payload_panel._channels["Moisture"][1]
    qtbot.waitUntil(lambda: (page.poll(0, False), not moisture.isHidden())[1])
    assert view.isHidden()


def test_whether_we_found_a_reading_anomalous_is_told_of_older_ones_too(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    odd = json.loads(reading("probe-1", 0))
    odd["sensor_readings"]["pH"] = 13.0
    payload = json.dumps(odd).encode()
    deliver(engine, [payload])
    deliver(engine, [analysis(payload, is_anomalous=False)], ANALYSES)
    deliver(engine, [reading("probe-1", 1)])
    wait_rows(qtbot, page, 3)
    page.table.selectRow(1)
    wait_heard(qtbot, page)
    assert cells(page)["anomalous"] == ("no", "yes")


def test_the_same_judgement_is_called_the_same(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    payload = reading("probe-1", 1)
    deliver(engine, [payload])
    qtbot.waitUntil(lambda: bool(engine.live.devices()), timeout=20_000)
    ours = engine.live.devices()[0].analysis
    said = analysis(payload, soil_health_index=ours.index, health_status=ours.band.value)
    deliver(engine, [said], ANALYSES)
    wait_rows(qtbot, page, 2)
    page.table.selectRow(0)
    wait_heard(qtbot, page)
    assert page.payload_panel.heard.verdict.text() == "Both say the same."


def test_an_analysis_without_a_reading_of_ours_says_so(
    qtbot: QtBot, engine: Engine, page: MessagePage
) -> None:
    deliver(engine, [reading("probe-1", 0)])
    stranger = json.loads(reading("probe-1", 0))
    moment = time.time() - 600 - 301
    stranger["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment))
    deliver(engine, [analysis(json.dumps(stranger).encode())], ANALYSES)
    wait_rows(qtbot, page, 2)
    page.table.selectRow(0)
    wait_heard(qtbot, page)
    assert cells(page)["index"] == ("58", "–")
    assert page.payload_panel.heard.verdict.text().startswith("We have no reading of probe-1")


def test_a_status_is_decoded(qtbot: QtBot, engine: Engine, page: MessagePage) -> None:
    said = {"status": "offline", "publisher_id": "gate-7", "message": "lost <i>power</i>"}
    deliver(engine, [json.dumps(said).encode()], STATUS)
    wait_rows(qtbot, page, 1)
    page.table.selectRow(0)
    wait_heard(qtbot, page)
    view = page.payload_panel.heard
    assert cells(page)["status"][0] == "offline"
    assert view.verdict.text() == "lost <i>power</i>"
    assert view.more.text() == "From gate-7."
    assert view.cells["index"][1].isHidden()


def test_only_what_is_not_mapped_can_be_mapped_from_its_line(
    make_engine: EngineMaker, qtbot: QtBot
) -> None:
    panel = PayloadPanel(make_engine())
    qtbot.addWidget(panel)
    button = panel.findChild(QPushButton, "button.payload.map")
    assert button is not None
    unknown = record(1, Outcome.REJECTED, problem=Problem("not_mapped", {"why": "no_object"}))
    panel.show_message(unknown, "")
    assert not button.isHidden()
    with qtbot.waitSignal(panel.map_asked) as asked:
        button.click()
    assert asked.args == [TOPIC]
    panel.show_message(record(2, Outcome.REJECTED, problem=Problem("not_json", {"byte": 1})), "")
    assert button.isHidden()
    panel.show_message(record(3), "")
    assert button.isHidden()


def test_sound_messages_are_not_called_rejected(page: MessagePage) -> None:
    unknown = Problem("not_mapped", {"why": "no_object"})
    nan = Problem("not_mapped", {"why": "no_measurement", "family": "esphome"})
    later = Problem("not_mapped", {"why": "no_object", "understood_later": 1})
    lines = [record(n, Outcome.REJECTED, problem=p) for n, p in enumerate((unknown, nan, later))]
    assert [page.model.result_text(line) for line in lines] == [
        "Not mapped: no format knows it; use Listen and map",
        "No measurement: a message of ESPHome without a measurement",
        "Understood later; at first: no format knows it; use Listen and map",
    ]
    page.model.append(lines)
    for row in range(3):
        index = page.model.index(row, Column.RESULT)
        assert index.data(Qt.ItemDataRole.DecorationRole) is None


def test_a_message_that_is_tried_again_claims_no_qos(page: MessagePage) -> None:
    again = record(1, origin=Origin.REDRIVEN, qos=0)
    assert page.model.text(again, Column.QOS) == "–"
    assert page.model.text(record(2), Column.QOS) == "1"


def test_the_first_line_of_what_was_understood_later_says_so(
    qtbot: QtBot, engine: Engine, page: MessagePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harit_desktop.ui.messages.message_log.RELOAD_PAUSE_S", 0.0)
    deliver(engine, [b'{"box": "b", "m": 4}'])
    wait_rows(qtbot, page, 1)
    held = page.model.record_at(0)
    assert page.model.result_text(held).startswith("Not mapped")
    later = structs.replace(
        held, problem=Problem("not_mapped", {"why": "no_object", "understood_later": 1})
    )
    monkeypatch.setattr(engine.history, "messages", lambda *_: [later])
    engine.messages.extend([record(900, origin=Origin.REDRIVEN)])
    wait_rows(qtbot, page, 2)

    def renewed() -> bool:
        page.poll(0, True)
        return page.model.result_text(page.model.record_at(1)).startswith("Understood later")

    qtbot.waitUntil(renewed)
