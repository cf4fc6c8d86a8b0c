"""Brokers by name: the connect dialog's list, and the toolbar's quick switch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QListWidget, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from harit_desktop.domain.status import LinkState
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.profile_transfer import FORMAT
from harit_desktop.ui.connect_dialog import ConnectDialog
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.profiles.profile_texts import elided
from tests.runtime.test_broker_profiles import password_file
from tests.servers import MosquittoServer, free_port
from tests.settings.memory_keyring import MemoryKeyring, memory_keyring
from tests.ui.conftest import EngineMaker, WindowMaker

PASSWORD = "typed-by-hand-1618"


@pytest.fixture(autouse=True)
def ring() -> Iterator[MemoryKeyring]:
    with memory_keyring() as made:
        yield made


Opened = Callable[..., tuple[MainWindow, ConnectDialog]]


@pytest.fixture
def opened(qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker) -> Iterator[Opened]:
    windows: list[MainWindow] = []

    def make(*names: str, **values: Any) -> tuple[MainWindow, ConnectDialog]:
        engine = make_engine()
        for name in names:
            add(engine, name, **values)
        window = make_window(engine)
        window.dialogs.open_profile("", ())
        dialog = window.dialogs.connect_
        assert dialog is not None
        windows.append(window)
        qtbot.waitUntil(lambda: profiles(dialog) == ["Present settings", *names])
        return window, dialog

    yield make
    for window in windows:
        if window.dialogs.connect_ is not None:
            window.dialogs.connect_.reject()


def add(engine: Engine, name: str, **values: Any) -> str:
    values = {f"broker.{key}": value for key, value in values.items()}
    values = {"broker.host": "127.0.0.1", "broker.port": free_port(), **values}
    return engine.broker_profiles.create(name, values).slug


def profiles(dialog: ConnectDialog) -> list[str]:
    found = dialog.column.list
    assert isinstance(found, QListWidget)
    return [found.item(row).text() for row in range(found.count())]


def choose(dialog: ConnectDialog, name: str) -> None:
    dialog.column.list.setCurrentRow(profiles(dialog).index(name))


def part(dialog: QWidget, name: str) -> Any:
    found = dialog.findChild(QWidget, name)
    assert found is not None, name
    return found


def do(dialog: ConnectDialog, task: str) -> None:
    action = dialog.findChild(QAction, f"profiles.{task}")
    assert isinstance(action, QAction)
    assert action.isEnabled()
    action.trigger()


def click(qtbot: QtBot, dialog: QWidget, name: str) -> None:
    button = part(dialog, name)
    assert isinstance(button, QPushButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_chosen_profile_is_shown_and_connects(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    with MosquittoServer() as broker:
        engine = make_engine()
        add(engine, "Farm & <b>field</b>", port=broker.port)
        window = make_window(engine)
        window.dialogs.open_profile("", ())
        dialog = window.dialogs.connect_
        assert dialog is not None
        qtbot.waitUntil(lambda: len(profiles(dialog)) == 2)
        choose(dialog, "Farm & <b>field</b>")
        assert part(dialog, "connect.port").text() == str(broker.port)
        click(qtbot, dialog, "connect.connect")
        qtbot.waitUntil(lambda: engine.snapshot().link.state is LinkState.CONNECTED, timeout=20_000)
        button = part(window, "button.broker.profile")
        qtbot.waitUntil(lambda: button.text() == "Farm && <b>field</b>")
        assert button.accessibleName() == "Broker profile: Farm & <b>field</b>"
        qtbot.waitUntil(lambda: window.windowTitle() == "Harit Desktop — Farm & <b>field</b>")


def test_values_are_saved_under_a_name(qtbot: QtBot, opened: Opened, ring: MemoryKeyring) -> None:
    window, dialog = opened()
    part(dialog, "connect.host").setText("127.0.0.9")
    part(dialog, "connect.user").setText("farmer")
    part(dialog, "connect.password").setText(PASSWORD)
    do(dialog, "saveAs")
    name = part(dialog, "profiles.ask.name")
    assert name.text() == "127.0.0.9"
    name.setText("North farm")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: profiles(dialog) == ["Present settings", "North farm"])
    assert dialog.isVisible()
    assert dialog.column.slug == "north-farm"
    assert part(dialog, "connect.host").text() == "127.0.0.9"
    assert part(dialog, "connect.password").text() == ""
    assert list(ring.kept.values()) == [PASSWORD]
    folder = window._engine.paths.root
    assert not [p for p in folder.rglob("*.toml") if PASSWORD in p.read_text()]


def test_a_taken_name_is_said_beside_the_field(qtbot: QtBot, opened: Opened) -> None:
    _, dialog = opened("One", "Two")
    choose(dialog, "Two")
    do(dialog, "rename")
    name = part(dialog, "profiles.ask.name")
    name.setText("one")
    click(qtbot, dialog, "profiles.ask.yes")
    problem = part(dialog, "profiles.ask.problem")
    qtbot.waitUntil(problem.isVisible)
    assert 'There is a profile "one" already.' in problem.text()
    assert name.property("invalid") == "true"
    name.setText("Three")
    click(qtbot, dialog, "profiles.ask.yes")
    qtbot.waitUntil(lambda: profiles(dialog)[1:] == ["One", "Three"])


def test_escape_takes_back_the_question_alone(qtbot: QtBot, opened: Opened) -> None:
    _, dialog = opened("One")
    choose(dialog, "One")
    do(dialog, "delete")
    assert part(dialog, "profiles.ask.yes").hasFocus()
    qtbot.keyClick(part(dialog, "profiles.ask.yes"), Qt.Key.Key_Escape)
    assert not dialog.ask.isVisible()
    assert dialog.isVisible()
    do(dialog, "delete")
    click(qtbot, dialog, "profiles.ask.yes")
    qtbot.waitUntil(lambda: profiles(dialog) == ["Present settings"])


def test_a_copy_and_a_preset_are_new_profiles(qtbot: QtBot, opened: Opened) -> None:
    _, dialog = opened("One")
    choose(dialog, "One")
    do(dialog, "duplicate")
    qtbot.waitUntil(lambda: profiles(dialog)[1:] == ["One", "One (copy)"])
    do(dialog, "preset.emqx_wss")
    qtbot.waitUntil(lambda: len(profiles(dialog)) == 4)
    assert part(dialog, "connect.host").text() == "broker.emqx.io"
    assert part(dialog, "connect.port").text() == "8084"
    warning = part(dialog, "connect.warning")
    assert warning.isVisible()
    assert "Everyone can read and write" in warning.text()
    choose(dialog, "One")
    assert not warning.isVisible()


def test_what_was_typed_for_a_profile_waits_while_another_is_looked_at(opened: Opened) -> None:
    _, dialog = opened("One", "Two")
    choose(dialog, "One")
    host = part(dialog, "connect.host")
    host.setText("127.0.0.5")
    choose(dialog, "Two")
    assert host.text() == "127.0.0.1"
    choose(dialog, "One")
    assert host.text() == "127.0.0.5"


def test_a_password_that_nobody_knows_is_asked_for_here(
    qtbot: QtBot, opened: Opened, ring: MemoryKeyring
) -> None:
    window, dialog = opened("Farm", username="farmer")
    choose(dialog, "Farm")
    click(qtbot, dialog, "connect.connect")
    note = part(dialog, "connect.note")
    qtbot.waitUntil(note.isVisible)
    assert note.text() == "Enter the password to connect."
    password = part(dialog, "connect.password")
    assert password.hasFocus()
    qtbot.keyClicks(password, PASSWORD)
    click(qtbot, dialog, "connect.connect")
    qtbot.waitUntil(lambda: window._engine.settings.broker.profile == "farm", timeout=20_000)
    qtbot.waitUntil(lambda: list(ring.kept.values()) == [PASSWORD], timeout=20_000)


def test_another_host_without_a_typed_password_gets_none(qtbot: QtBot, opened: Opened) -> None:
    window, dialog = opened()
    engine = window._engine
    engine._bench.settings_store.save({"broker.host": "127.0.0.1", "broker.username": "farmer"})
    engine._bench.secrets.set("broker.password", PASSWORD)
    asked: list[tuple[dict[str, Any], dict[str, str]]] = []
    dialog.connect_asked.disconnect()
    dialog.connect_asked.connect(lambda changes, secrets: asked.append((changes, secrets)))
    dialog.form.show_values(dialog._values_of(""))
    part(dialog, "connect.host").setText("127.0.0.7")
    click(qtbot, dialog, "connect.connect")
    assert asked[0][0]["broker.host"] == "127.0.0.7"
    assert asked[0][1] == {"broker.password": ""}


def import_file(folder: Path, **broker: object) -> Path:
    file = folder / "profile.toml"
    lines = "\n".join(f"{key} = {value!r}".lower() for key, value in broker.items())
    file.write_text(f'format = "{FORMAT}"\nname = "Neighbour"\n[broker]\n{lines}\n')
    return file


def test_an_import_is_shown_first_and_less_safety_needs_a_yes(
    qtbot: QtBot, opened: Opened, tmp_path: Path
) -> None:
    _, dialog = opened()
    dialog.tasks.import_from(import_file(tmp_path, host="far.example", topics=["#"]))
    qtbot.waitUntil(dialog.ask.isVisible)
    lines = part(dialog, "profiles.ask.lines").text()
    assert "far.example:1883" in lines
    assert "does not use TLS" in lines
    assert "everything at the broker" in lines
    yes = part(dialog, "profiles.ask.yes")
    assert not yes.isEnabled()
    assert profiles(dialog) == ["Present settings"]
    part(dialog, "profiles.ask.consent").click()
    yes.click()
    qtbot.waitUntil(lambda: profiles(dialog) == ["Present settings", "Neighbour"])


@pytest.mark.parametrize("topics", [["a/#/b"], ["a+"]])
def test_an_import_has_to_pass_the_rules_of_the_settings(
    qtbot: QtBot, opened: Opened, tmp_path: Path, topics: list[str]
) -> None:
    _, dialog = opened()
    dialog.tasks.import_from(import_file(tmp_path, host="127.0.0.1", topics=topics))
    note = part(dialog, "connect.note")
    qtbot.waitUntil(note.isVisible)
    assert "The file cannot be used." in note.text()
    assert not dialog.ask.isVisible()


def test_an_export_says_what_it_leaves_out(qtbot: QtBot, opened: Opened, tmp_path: Path) -> None:
    window, dialog = opened("Farm")
    choose(dialog, "Farm")
    do(dialog, "export")
    assert "no password, no private key" in part(dialog, "profiles.ask.lines").text()
    dialog.ask.close_ask()
    note = part(dialog, "connect.note")
    dialog.tasks.export_to("farm", tmp_path / "farm.toml")
    qtbot.waitUntil(lambda: "without any password" in note.text())
    assert (tmp_path / "farm.toml").exists()
    dialog.tasks.export_to("farm", window._engine.paths.settings)
    qtbot.waitUntil(lambda: note.text().startswith("▲"))


def switch_actions(window: MainWindow) -> list[QAction]:
    return [
        action
        for action in window.toolbar.broker_menu.actions()
        if action.objectName().startswith("action.profile.")
    ]


def test_the_toolbar_switches_with_one_click(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    with MosquittoServer() as first, MosquittoServer() as second:
        engine = make_engine()
        for name, server in (("First", first), ("Second", second)):
            add(engine, name, port=server.port)
        window = make_window(engine)
        window.profile_switch.refresh()
        qtbot.waitUntil(lambda: len(switch_actions(window)) == 2)
        assert not any(action.isChecked() for action in switch_actions(window))
        for row, server in ((0, first), (1, second)):
            switch_actions(window)[row].trigger()

            def there(port: int = server.port) -> bool:
                link = engine.snapshot().link
                return link.state is LinkState.CONNECTED and link.port == port

            qtbot.waitUntil(there, timeout=20_000)
            window.profile_switch.refresh()
            qtbot.waitUntil(lambda row=row: switch_actions(window)[row].isChecked())
        button = part(window, "button.broker.profile")
        qtbot.waitUntil(lambda: button.text() == "Second")


def test_a_long_name_is_elided_and_told_in_full(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    name = "Polyhouse of the cooperative beside the canal, gateway 2"
    engine = make_engine()
    slug = add(engine, name)
    engine._bench.settings_store.save(engine.broker_profiles.switch(slug).changes)
    window = make_window(engine)
    button = part(window, "button.broker.profile")
    assert isinstance(button, QToolButton)
    qtbot.waitUntil(lambda: name in button.accessibleName())
    assert "…" in button.text()
    assert name in button.toolTip()


def test_a_password_is_asked_for_at_the_start_where_none_is_kept(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    port = free_port()
    window = make_window(make_engine(**{"broker.port": port, "broker.username": "farmer"}))
    qtbot.waitUntil(lambda: window.banner.property("code") == "ask.broker_password")
    click(qtbot, window.banner, "button.banner.yes")
    dialog = window.dialogs.connect_
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.focusWidget() is part(dialog, "connect.password"))
    assert "Enter the password" in part(dialog, "connect.note").text()
    assert part(dialog, "connect.note").isVisible()
    dialog.reject()


def test_a_closed_dialog_holds_no_password(opened: Opened) -> None:
    _, dialog = opened("One")
    part(dialog, "connect.password").setText(PASSWORD)
    choose(dialog, "One")
    field = part(dialog, "connect.password")
    field.setText(PASSWORD)
    dialog.reject()
    assert field.text() == ""
    assert PASSWORD not in repr(dialog._drafts)


def profile_files(window: MainWindow) -> list[str]:
    return sorted(p.name for p in window._engine.paths.broker_profiles.glob("*.toml"))


def test_a_new_profile_is_in_no_file_before_it_is_saved(qtbot: QtBot, opened: Opened) -> None:
    window, dialog = opened("One")
    part(dialog, "profiles.new")
    do(dialog, "empty.new")
    assert profiles(dialog)[-1] == "New profile"
    host = part(dialog, "connect.host")
    assert (host.text(), host.property("invalid")) == ("", "false")
    assert profile_files(window) == ["one.toml"]
    assert not dialog.findChild(QAction, "profiles.rename").isEnabled()
    host.setText("127.0.0.8")
    do(dialog, "saveAs")
    part(dialog, "profiles.ask.name").setText("Eighth")
    click(qtbot, dialog, "profiles.ask.yes")
    qtbot.waitUntil(lambda: profiles(dialog) == ["Present settings", "Eighth", "One"])
    assert profile_files(window) == ["eighth.toml", "one.toml"]
    do(dialog, "preset.local")
    do(dialog, "delete")
    assert profiles(dialog) == ["Present settings", "Eighth", "One"]


def test_a_new_profile_connects(qtbot: QtBot, opened: Opened) -> None:
    with MosquittoServer() as broker:
        window, dialog = opened()
        do(dialog, "empty.new")
        part(dialog, "connect.host").setText("127.0.0.1")
        part(dialog, "connect.port").setText(str(broker.port))
        click(qtbot, dialog, "connect.connect")
        engine = window._engine
        qtbot.waitUntil(lambda: engine.snapshot().link.state is LinkState.CONNECTED, timeout=20_000)
        assert profile_files(window) == ["127-0-0-1.toml"]
        assert engine.settings.broker.profile == "127-0-0-1"


def unsaved(dialog: ConnectDialog) -> list[str]:
    found = dialog.column.list
    role = Qt.ItemDataRole.AccessibleTextRole
    rows = [found.item(row) for row in range(found.count())]
    return [row.text() for row in rows if row.data(role).endswith("not saved")]


def test_what_is_not_saved_is_marked_and_can_be_saved(qtbot: QtBot, opened: Opened) -> None:
    window, dialog = opened("One", "Two")
    choose(dialog, "One")
    assert unsaved(dialog) == []
    host = part(dialog, "connect.host")
    host.selectAll()
    qtbot.keyClicks(host, "127.0.0.5")
    assert unsaved(dialog) == ["One"]
    choose(dialog, "Two")
    assert unsaved(dialog) == ["One"]
    choose(dialog, "One")
    do(dialog, "save")
    qtbot.waitUntil(lambda: unsaved(dialog) == [])
    assert host.text() == "127.0.0.5"
    assert window._engine.broker_profiles.load().profiles[0].values["broker.host"] == "127.0.0.5"


def test_a_public_test_broker_needs_a_yes(qtbot: QtBot, opened: Opened) -> None:
    _, dialog = opened("One")
    do(dialog, "preset.hivemq")
    connect, consent = part(dialog, "connect.connect"), part(dialog, "connect.public.confirm")
    assert consent.isVisible()
    assert not connect.isEnabled()
    consent.click()
    assert connect.isEnabled()
    consent.click()
    assert not connect.isEnabled()
    choose(dialog, "One")
    assert connect.isEnabled()
    assert not consent.isVisible()


def test_a_public_test_broker_is_not_switched_to_without_a_yes(
    qtbot: QtBot, make_window: WindowMaker, make_engine: EngineMaker
) -> None:
    engine = make_engine()
    add(engine, "Public", host="broker.hivemq.com")
    window = make_window(engine)
    window.profile_switch.switch_to("public")
    qtbot.waitUntil(lambda: window.dialogs.connect_ is not None)
    dialog = window.dialogs.connect_
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.column.slug == "public")
    assert not part(dialog, "connect.connect").isEnabled()
    assert engine.settings.broker.host != "broker.hivemq.com"
    dialog.reject()


def test_a_filter_for_everything_is_warned_of(opened: Opened) -> None:
    _, dialog = opened("Wide", topics=("#",))
    choose(dialog, "Wide")
    warning = part(dialog, "connect.topic.warning")
    assert warning.isVisible()
    choose(dialog, "Present settings")
    assert not warning.isVisible()


def test_it_says_whether_a_password_is_stored(qtbot: QtBot, opened: Opened) -> None:
    window, dialog = opened("Known", "Unknown", username="farmer")
    window._engine._bench.secrets.set("broker.password", PASSWORD, "known")
    note = dialog.form.view._notes["broker.password"]
    choose(dialog, "Known")
    qtbot.waitUntil(lambda: note.text().startswith("One is stored"))
    host = part(dialog, "connect.host")
    qtbot.keyClicks(host, "9")
    assert note.text().startswith("None is stored")
    choose(dialog, "Unknown")
    qtbot.waitUntil(lambda: note.text().startswith("None is stored"))


def test_a_test_uses_the_passwords_of_the_shown_profile_alone(qtbot: QtBot, opened: Opened) -> None:
    broker = MosquittoServer(anonymous=False)
    password_file(broker, "farmer", PASSWORD)
    with broker:
        window, dialog = opened("Known", "Other", port=broker.port, username="farmer")
        window._engine._bench.secrets.set("broker.password", PASSWORD, "known")
        for name, ok in (("Known", True), ("Other", False)):
            choose(dialog, name)
            click(qtbot, dialog, "connect.test")
            qtbot.waitUntil(lambda: not dialog.form.trial.running, timeout=20_000)
            assert part(dialog, "connect.test.result").property("ok") is ok


@pytest.mark.parametrize("extra", ["password = 'x'", "ca_file = '/etc/passwd'"])
def test_a_file_with_what_does_not_belong_there_says_so(
    qtbot: QtBot, opened: Opened, tmp_path: Path, extra: str
) -> None:
    _, dialog = opened()
    file = import_file(tmp_path, host="127.0.0.1")
    good = file.read_text()
    file.write_text(f"{good}{extra}\n")
    dialog.tasks.import_from(file)
    note = part(dialog, "connect.note")
    qtbot.waitUntil(note.isVisible)
    key = extra.partition(" ")[0]
    assert f"it holds broker.{key}, which does not belong in a profile" in note.text()
    file.write_text(good)
    dialog.tasks.import_from(file)
    qtbot.waitUntil(dialog.ask.isVisible)
    assert not note.isVisible()


def test_the_end_in_brackets_is_never_cut(opened: Opened) -> None:
    _, dialog = opened()
    metrics = dialog.fontMetrics()
    name = "HiveMQ public test broker (WS, not encrypted)"
    shown = elided(name, metrics, metrics.horizontalAdvance(name) - 40)
    assert shown.startswith("HiveMQ")
    assert "…" in shown
    assert shown.endswith(" (WS, not encrypted)")
