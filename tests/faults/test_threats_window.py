"""Text of others in the real window: shown letter by letter, whatever it would be as HTML."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import msgspec
import pytest
from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
)
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QTableView,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from harit_desktop.domain.alert import AlertChange, AlertTransition
from harit_desktop.domain.device_book import DeviceRecord
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.status import LinkState, LinkStatus
from harit_desktop.runtime.commands import SaveDevice
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.model import Settings
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.alert_store import AlertStore
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.ui.instance_server import InstanceServer
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.problem_table import ENTRIES
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings.validation import check_host
from harit_desktop.ui.start_box import make_box
from harit_desktop.ui.theme import ThemeController
from tests.servers import free_port
from tests.ui.alert_samples import MIN_US, alert
from tests.ui.conftest import (  # noqa: F401 - fixtures of the window
    EngineMaker,
    WindowMaker,
    american_numbers,
    cycles_end_on_the_main_thread,
    make_engine,
    make_window,
    no_window_left_open,
    quiet_qt,
    theme,
)
from tests.ui.deliveries import VALUES, deliver, reading

HOSTILE = (
    "<img src=/etc/harit.png>",
    "<h1>Disconnected</h1>",
    "<table width=99999999><tr><td>x",
    "<b>bold</b>&lt;i&gt;",
    "<a href='file:///'>open</a>",
)
MARKS = ("<img", "<h1", "<table", "<b>bold", "<a href")
BIDI = "\u202e"


def is_rendered(text: str) -> bool:
    """Whether Qt would take this for HTML where nobody says what it is, and with it a mark."""
    return GuiQt.mightBeRichText(text) and any(mark in text for mark in MARKS)


def found_in(widgets: list[QWidget]) -> Iterator[str]:
    """Every place in which a hostile text is not shown as it is."""
    for widget in widgets:
        name = f"{type(widget).__name__} {widget.objectName()}"
        if isinstance(widget, QLabel):
            is_plain = widget.textFormat() is Qt.TextFormat.PlainText
            if not is_plain and is_rendered(widget.text()):
                yield f"{name}: text {widget.text()[:120]!r}"
            if BIDI in widget.text():
                yield f"{name}: turns the direction {widget.text()[:80]!r}"
        if isinstance(widget, QTextEdit):
            shown = widget.toPlainText()
            if any(mark in widget.toHtml() and mark not in shown for mark in MARKS):
                yield f"{name}: document {shown[:120]!r}"
        for kind, text in (("tip", widget.toolTip()), ("what", widget.whatsThis())):
            if is_rendered(text):
                yield f"{name}: {kind} {text[:120]!r}"
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            for tip in tips_of(widget.model()):
                if is_rendered(tip):
                    yield f"{name}: tip of an item {tip[:120]!r}"
        for action in widget.actions():
            if is_rendered(action.toolTip()):
                yield f"{name}: tip of the action {action.objectName()} {action.toolTip()[:120]!r}"


def tips_of(model: QAbstractItemModel, under: QModelIndex | None = None) -> Iterator[str]:
    parent = QModelIndex() if under is None else under
    for row in range(min(model.rowCount(parent), 60)):
        # A list's model keeps its number of columns to itself.
        columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)
        for column in range(columns):
            index = model.index(row, column, parent)
            tip = model.data(index, Qt.ItemDataRole.ToolTipRole)
            if isinstance(tip, str):
                yield tip
            if not isinstance(model, QAbstractListModel | QAbstractTableModel):
                yield from tips_of(model, index)


def everything_shown(qtbot: QtBot) -> list[str]:
    QApplication.processEvents()
    qtbot.wait(50)
    return list(found_in(QApplication.allWidgets()))


def test_the_walk_finds_what_it_is_there_for(qtbot: QtBot) -> None:
    label, escaped, plain = QLabel(HOSTILE[0]), QLabel("fine"), QLabel(HOSTILE[1])
    escaped.setToolTip(f"<qt>{HOSTILE[1].replace('<', '&lt;')}</qt>")
    plain.setTextFormat(Qt.TextFormat.PlainText)
    plain.setToolTip(HOSTILE[1])
    for widget in (label, escaped, plain):
        qtbot.addWidget(widget)
    found = list(found_in([label, escaped, plain]))
    assert len(found) == 2
    assert HOSTILE[0] in found[0]
    assert "tip" in found[1]


def store_alerts(folder: Path) -> None:
    """Alerts of an earlier run, open and new, whose texts are all hostile."""
    now_us = time.time_ns() // 1000
    path = DataPaths(folder).database
    journal = SqliteJournal(path, lambda: now_us, busy_ms=500)
    journal.open()
    journal.close()
    begun_us = now_us - 60 * MIN_US
    alerts = [
        alert(n, publisher_id=name, rule_id=name, note=name, raised_us=begun_us, told_us=begun_us)
        for n, name in enumerate(HOSTILE, 1)
    ]
    raised = [AlertTransition(n, begun_us, AlertChange.RAISED) for n in range(1, len(alerts) + 1)]
    AlertStore(path).save(alerts, raised)


@pytest.fixture
def hostile_window(
    qtbot: QtBot,
    tmp_path: Path,
    make_engine: EngineMaker,  # noqa: F811 - the fixture
    make_window: WindowMaker,  # noqa: F811 - the fixture
) -> MainWindow:
    """A window full of devices, zones, alerts, topics and messages with names like HTML."""
    store_alerts(tmp_path / "data")
    engine = make_engine(start=True)
    window = make_window(engine)
    dry = {**VALUES, "Moisture": 3.0}
    payloads = [reading(name, n) for n, name in enumerate(HOSTILE)]
    payloads += [reading(name, 60 + n, sensor_readings=dry) for n, name in enumerate(HOSTILE)]
    deliver(engine, payloads, topic=HOSTILE[1])
    bad = {"publisher_id": f"a{BIDI}b", "sensor_readings": VALUES}
    worse = {"publisher_id": HOSTILE[0], "timestamp": HOSTILE[1], "sensor_readings": VALUES}
    foreign = {"device": HOSTILE[0], HOSTILE[1]: 1.5, "soil": {HOSTILE[3]: 20}}
    status = {"publisher_id": HOSTILE[0], "status": "online", "message": HOSTILE[2]}
    for each in (bad, worse, foreign, status, {"analysis": {"health_status": HOSTILE[0]}}):
        deliver(engine, [json.dumps(each).encode()], topic=HOSTILE[0])
    qtbot.waitUntil(lambda: len(engine.live.devices()) == len(HOSTILE), timeout=20_000)
    for number, name in enumerate(HOSTILE):
        other = HOSTILE[(number + 1) % len(HOSTILE)]
        engine.submit(SaveDevice(DeviceRecord(name, f"{other} field", HOSTILE[0])))
    qtbot.waitUntil(lambda: len(engine.book.records) == len(HOSTILE), timeout=20_000)
    return window


@pytest.mark.slow
def test_hostile_names_are_literal_on_every_page_and_in_every_dialog(
    qtbot: QtBot, hostile_window: MainWindow
) -> None:
    window = hostile_window
    shown: list[str] = []
    for page in ("live", "history", "alerts", "messages", "live"):
        window.pages.show_page(page)
        qtbot.wait(400)
        shown += [f"{page}: {one}" for one in everything_shown(qtbot)]
    names = [label.text() for label in window.findChildren(QLabel)]
    assert any(mark in name for mark in MARKS for name in names), "nothing hostile was shown"
    dialogs = window.dialogs
    steps = {
        "export": window.open_export,
        "settings": dialogs.open_settings,
        "device": lambda: dialogs.open_device(HOSTILE[0]),
        "calibration": lambda: dialogs.open_calibration(HOSTILE[1]),
        "reanalyse": lambda: dialogs.open_reanalyse(HOSTILE[1]),
        "connect": lambda: dialogs.open_connect(None),
        "broker": dialogs.open_broker,
        "about": dialogs.open_about,
    }
    for name, opens in steps.items():
        opens()
        qtbot.wait(150)
        shown += [f"{name}: {one}" for one in everything_shown(qtbot)]
        dialogs_now = [
            one for one in QApplication.topLevelWidgets() if one is not window and one.isVisible()
        ]
        for dialog in dialogs_now:
            dialog.close()
        QApplication.processEvents()
    assert not shown, "\n".join(sorted(set(shown)))


def test_errors_of_others_are_literal_in_the_data_path_and_the_box(
    qtbot: QtBot,
    make_window: WindowMaker,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a broker, a server or the system said stands in a sentence of ours."""
    window = make_window(**{"broker.host": "127.0.0.1", "broker.port": free_port()})
    said = Problem("broker.refused", {"host": HOSTILE[2], "port": 1, "detail": HOSTILE[0]})
    link = LinkStatus(LinkState.REFUSED, HOSTILE[1], 1, problem=said)
    snapshot = type(window._engine).snapshot

    def hostile(engine: Engine) -> object:
        return msgspec.structs.replace(snapshot(engine), link=link)

    monkeypatch.setattr(type(window._engine), "snapshot", hostile)
    qtbot.wait(600)
    assert everything_shown(qtbot) == []
    monkeypatch.undo()
    box = make_box(Problem("data_dir.unusable", {"path": HOSTILE[0], "reason": HOSTILE[1]}), "x")
    qtbot.addWidget(box)
    assert isinstance(box, QMessageBox)
    assert box.textFormat() is Qt.TextFormat.PlainText
    assert list(found_in([box, *box.findChildren(QWidget)])) == []


NUMBERS = frozenset(
    {"count", "rows", "limit_mb", "needed_mb", "port", "seconds", "at_us", "minutes", "number"}
    | {"supported", "version", "keep", "retry_s", "columns", "devices", "limit", "size_bytes"}
    | {"session", "reading_id", "line"}
)
"""What a sentence counts; never text of others."""


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_what_others_say_is_one_short_line_of_any_problem(code: str) -> None:
    """Labels show it as it is; nothing in it breaks the line or turns the writing."""
    said = f"{HOSTILE[0]}\n{BIDI}x\x1b[2J" + "y" * 5000
    entry = ENTRIES[code]
    sources = [value for value in vars_of(entry) if isinstance(value, str)]
    names = {name for text in sources for _, name, _, _ in Formatter().parse(text) if name}
    params: dict[str, str | int] = {name: 1 if name in NUMBERS else said for name in names}
    text = problem_text(Problem(code.partition(":")[0], params))
    for part in (text.headline, text.body):
        assert BIDI not in part
        assert "\x1b" not in part
        assert "\n" not in part
        assert len(part) < 200 * (len(names) + 4)


def vars_of(entry: object) -> list[object]:
    return [getattr(entry, name) for name in entry.__dataclass_fields__]  # type: ignore[attr-defined]  # an Entry is a dataclass


def test_a_host_like_html_cannot_be_saved() -> None:
    assert check_host("<img src=x>") is not None


def test_a_topic_that_takes_everything_is_warned_of(qtbot: QtBot, theme: ThemeController) -> None:  # noqa: F811 - the fixture
    sent: list[object] = []
    dialog = SettingsDialog(Settings(), Path("/data"), sent.append, theme)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitExposed(dialog)
    warning = dialog.findChild(QLabel, "settings.broker.topic.warning")
    field = dialog.findChild(QPlainTextEdit, "settings.broker.topic")
    assert warning is not None
    assert field is not None
    assert warning.isHidden()
    for text, shown in (("farm/#", False), ("farm/a\n#", True), ("+/#", True), ("farm/+", False)):
        field.setPlainText(text)
        assert warning.isHidden() is not shown, text
    field.setPlainText("#")
    assert "anybody" in warning.text()
    dialog.close()


@pytest.mark.skipif(os.name != "posix", reason="the socket is a file on POSIX alone")
def test_only_its_user_reaches_the_running_window(qtbot: QtBot) -> None:
    parent = QObject()
    server = InstanceServer("harit-desktop-threats-test", parent)
    path = Path(server._server.fullServerName())
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    server._server.close()


def test_the_message_list_shows_the_topic_beside_the_id(
    qtbot: QtBot,
    make_window: WindowMaker,  # noqa: F811 - the fixture
) -> None:
    """Who forges an id has to publish somewhere: both are there for the eye."""
    window = make_window()
    deliver(window._engine, [reading("probe-1", 1)], topic="farm/north/probe")
    deliver(window._engine, [reading("probe-1", 2)], topic="farm/stranger")
    window.pages.show_page("messages")
    table = next(view for view in window.findChildren(QTableView) if "message" in view.objectName())
    model = table.model()
    qtbot.waitUntil(lambda: model.rowCount() >= 2, timeout=10_000)
    told = [
        " | ".join(
            str(model.data(model.index(row, column))) for column in range(model.columnCount())
        )
        for row in range(2)
    ]
    assert all("probe-1" in line for line in told)
    assert {"farm/north/probe", "farm/stranger"} == {
        topic for topic in ("farm/north/probe", "farm/stranger") if any(topic in x for x in told)
    }
