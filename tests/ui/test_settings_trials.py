"""The Test buttons of the Broker and the Storage page: on what is entered, step by step."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.app import diagnosis as app_diagnosis
from harit_desktop.cli.doctor_texts_broker import BROKER_CAUSES
from harit_desktop.domain.diagnosis import Checks, Step
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import BackupStatus, LinkState, LinkStatus
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.probing import Probe, with_running_link
from harit_desktop.settings.model import BrokerSettings
from harit_desktop.transport import diagnosis_steps
from harit_desktop.transport.diagnosis_steps import BrokerPlan, broker_checks
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.ui.settings.check_texts import HARMLESS, finding, passed, under_way, warning
from harit_desktop.ui.settings.dialog import SettingsDialog
from harit_desktop.ui.settings.test_report import report_text
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
            ask_broker=engine.trials.test_broker,
            ask_store=engine.trials.test_store,
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
    assert lines[4] == "✓ The broker delivers: a message to ourselves came back"
    assert lines[5].startswith("• No reading came within 3 s.")
    assert lines[6].startswith("✓ The broker's limits: ")
    assert lines[7] == "✓ The broker knows a client again that was away"
    assert lines[8].startswith("• Whether another program uses the client ID")
    assert lines[9].startswith("All is well, after ")
    assert engine.settings.broker.port == 1883
    opened.enter("broker.port", broker.port + 1)
    assert opened.outcome(None) == "Tries what is entered here. Nothing is stored by a test."


def test_with_consent_the_topics_in_use_are_listed_as_text(
    qtbot: QtBot,
    theme: ThemeController,
    make_engine: EngineMaker,
    broker: MosquittoServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app_diagnosis, "TEST_WAIT_S", 0.2)
    monkeypatch.setattr(diagnosis_steps, "LISTEN_S", 1.5)
    opened = Opened(qtbot, theme, make_engine(), "broker")
    opened.enter("broker.port", broker.port)
    listen = opened.find("settings.broker.test.listen")
    assert not listen.isChecked()
    listen.setChecked(True)
    opened.press()
    result = opened.find("settings.broker.test.result")

    def listening() -> bool:
        opened.dialog.poll(BackupStatus())
        return "Listening to everything" in result.text()

    qtbot.waitUntil(listening, timeout=10_000)
    qtbot.wait(200)
    broker.publish("<b>not/ours</b>\u202e", "a secret word")
    text = opened.outcome(True)
    assert "Heard within 1.5 s" in text
    assert "   1 <b>not/ours</b>�" in text.splitlines()
    assert "a secret word" not in text
    lines = [line for line in result.findChildren(QLabel) if not line.isHidden()]
    assert "\n".join(line.text() for line in lines) == result.text()
    assert {line.textFormat() for line in lines} == {Qt.TextFormat.PlainText}


def test_one_failure_is_red_alone_and_in_sight(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    opened = Opened(qtbot, theme, make_engine(), "broker")
    opened.dialog.resize(opened.dialog.width(), 360)
    opened.enter("broker.port", free_port())
    opened.press()
    opened.outcome(False)
    result = opened.find("settings.broker.test.result")
    lines = [line for line in result.findChildren(QLabel) if not line.isHidden()]
    assert [line.property("severity") for line in lines] == ["ok", "crit"]
    area = opened.dialog.pages["broker"].parentWidget().parentWidget()
    assert isinstance(area, QScrollArea)
    seen = area.viewport().rect()

    def in_sight() -> bool:
        foot = lines[-1].mapTo(area.viewport(), lines[-1].rect().bottomLeft())
        return bool(seen.contains(foot))

    qtbot.waitUntil(in_sight)


def test_the_report_is_copied_without_secrets(
    qtbot: QtBot, theme: ThemeController, make_engine: EngineMaker
) -> None:
    port = free_port()
    opened = Opened(qtbot, theme, make_engine(), "broker")
    copy = opened.find("settings.broker.test.copy")
    assert copy.isHidden()
    for key, value in {
        "broker.port": port,
        "broker.username": "asha",
        "broker.password": "corr3ct-horse",
    }.items():
        opened.enter(key, value)
    opened.press()
    said = opened.outcome(False)
    copy.click()
    report = QGuiApplication.clipboard().text()
    assert said in report
    assert f"broker.port = {port}" in report
    assert "corr3ct-horse" not in report
    assert "password" not in report
    opened.enter("broker.port", port + 1)
    assert copy.isHidden()


def test_a_report_covers_a_secret_that_a_broker_sends_back() -> None:
    tried = {"broker.ca_file": "/home/asha/farm.pem", "broker.password": "corr3ct-horse"}
    secrets = {"broker.password": "corr3ct-horse", "broker.key_passphrase": "o"}
    text = report_text("Test", tried, "the broker said corr3ct-horse to us", secrets)
    assert "the broker said *** to us" in text
    assert "broker.ca_file = farm.pem" in text
    assert "asha" not in text


def test_the_running_connection_tells_whether_its_id_is_in_use() -> None:
    wanted = BrokerSettings(host="b", port=1)
    step = Step("client_id", dict, 1.0, "doctor.client_id_untold")

    def found(link: LinkStatus) -> str:
        checks = with_running_link(Checks("broker", (step,)), lambda: link, wanted, "harit-1")
        try:
            return str(checks.steps[0].run())
        except KnownError as error:
            return error.code

    twice = Problem("broker.client_id_in_use", {"client_id": "harit-1"})
    assert found(LinkStatus(LinkState.LOST, "b", 1, problem=twice)) == twice.code
    assert found(LinkStatus(LinkState.CONNECTED, "b", 1)) == "{'client_id': 'harit-1'}"
    assert found(LinkStatus(LinkState.CONNECTED, "c", 1)) == "doctor.client_id_untold"
    assert found(LinkStatus(LinkState.CONNECTING, "b", 1)) == "doctor.client_id_untold"


@pytest.mark.parametrize("code", sorted(HARMLESS))
def test_whatever_is_harmless_has_words_of_its_own(qtbot: QtBot, code: str) -> None:
    names = ("topic", "seconds", "rows", "columns")
    text = finding(Problem(code, dict.fromkeys(names, "x")))
    assert text.endswith(".")
    assert "Something went wrong" not in text


@pytest.mark.parametrize("cause", sorted(BROKER_CAUSES))
def test_every_cause_that_the_doctor_names_has_words_here(qtbot: QtBot, cause: str) -> None:
    code, _, variant = cause.partition(":")
    params: dict[str, str | int | float] = {"host": "h", "port": 1, "cause": variant}
    assert finding(Problem(code, params)) != finding(Problem(code, params | {"cause": "other"}))


def test_every_step_has_words(qtbot: QtBot) -> None:
    plan = BrokerPlan(MqttEndpoint("h"), ["a"], lambda topic, payload: ("", ""))
    for step in broker_checks(plan, lambda: None, lambda: None).steps:
        if step.name != "client_id":
            assert under_way(step.name) != under_way("")


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
