"""File > Import settings… and Export settings…: what a file would change is shown first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.hosts import is_loopback
from harit_desktop.runtime.commands import ApplySettings
from harit_desktop.settings.model import FIELD_SPECS
from harit_desktop.settings.transfer import Change, ImportPlan, plan_import
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.message_banner import Choice, MessageBanner
from harit_desktop.ui.notices import Button, Notice
from harit_desktop.ui.problem_texts import finding_text
from harit_desktop.ui.settings import labels
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import set_look
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import count, number, plain

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle

FILE_NAME = "harit-settings.toml"
_POLL_MS = 50
_SIZE_PX = (760, 480)
_NAME, _NOW, _NEW = range(3)
_SECTION_PAGES = {"ui": "appearance"}
_LONGEST_LIST = 8
_TICK_PX = 48
_NOW_PX = 170

_CAUTIONS: dict[str, str] = {
    "storage.retention_days": QT_TRANSLATE_NOOP(
        "SettingsTransfer", "Deletes older readings for good"
    ),
    "storage.mysql_tls": QT_TRANSLATE_NOOP(
        "SettingsTransfer", "Sends readings and password unencrypted"
    ),
    "local_api.allow_network": QT_TRANSLATE_NOOP(
        "SettingsTransfer", "Lets other computers read and add readings"
    ),
    "broker.tls": QT_TRANSLATE_NOOP("SettingsTransfer", "Sends readings and password unencrypted"),
    "builtin_broker.allow_network": QT_TRANSLATE_NOOP(
        "SettingsTransfer", "Lets other devices use the built-in broker"
    ),
    "broker.verify_hostname": QT_TRANSLATE_NOOP(
        "SettingsTransfer", "Trusts a certificate of another name"
    ),
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("SettingsTransfer", text)


def setting_name(key: str) -> str:
    """A setting as the settings dialog calls it, with its page; its key where it has none."""
    if key not in labels.LABELS:
        return key
    section = key.partition(".")[0]
    page = _SECTION_PAGES.get(section, section)
    title = labels.page_title(page) if page in labels.PAGE_TITLES else section
    return _tr("{page}: {setting}").format(page=title, setting=labels.label(key))


def value_text(key: str, value: Any) -> str:
    """A value in the words of the settings dialog; plain text on one line."""
    if isinstance(value, bool):
        return _tr("yes") if value else _tr("no")
    if value is None:
        return _tr("automatic")
    if isinstance(value, str):
        if value in labels.CHOICES.get(key, {}):
            return labels.choice(key, value)
        return plain(value) or _tr("empty")
    if isinstance(value, (list, tuple)):
        if all(isinstance(part, str) for part in value):
            return plain(", ".join(value)) or _tr("empty")
        template = _tr("1 entry") if len(value) == 1 else _tr("{count} entries")
        return template.format(count=count(len(value)))
    if key.endswith("port"):
        # A name made of digits: nobody says "eight thousand eight hundred eighty-three".
        return str(value)
    unit = FIELD_SPECS[key].unit
    text = number(value, 0) if isinstance(value, int) else f"{value:g}"
    return _tr("{number} {unit}").format(number=text, unit=unit) if unit else text


def caution(change: Change) -> str:
    """What a change would do that cannot be taken back, or that opens a door; empty for
    most. Such a change is not made unless a person ticks it."""
    before, after = change.before, change.after
    risky = {
        "storage.retention_days": after and (before == 0 or after < before),
        "storage.mysql_tls": after is False,
        "local_api.allow_network": after is True,
        "builtin_broker.allow_network": after is True,
        "broker.tls": after is False,
        "broker.verify_hostname": after is False,
    }
    section, _, name = change.key.partition(".")
    consent = f"{section}.allow_network"
    if name == "host" and consent in _CAUTIONS and not is_loopback(str(after)):
        return _tr(_CAUTIONS[consent])
    return _tr(_CAUTIONS[change.key]) if risky.get(change.key) else ""


class ImportDialog(QDialog):
    """`dialog.import`: the changes of a file, each of which may be left out."""

    accepted_changes = Signal(object)

    def __init__(self, plan: ImportPlan, file: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan = plan
        self.setObjectName("dialog.import")
        self.setWindowTitle(self.tr("Import settings"))
        self.setAccessibleName(self.tr("Import settings"))
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        heading = QLabel(self._heading(file))
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        heading.setObjectName("dialog.import.heading")
        set_look(heading, class_="strong")
        self.table = self._make_table()
        self.rest = dialog_parts.sentences("dialog.import.rest", "dense muted")
        dialog_parts.say(self.rest, "\n".join(self._rest()))
        body, column = dialog_parts.body()
        column.addWidget(heading)
        column.addWidget(self.table, 1)
        column.addWidget(self.rest)
        self.table.setVisible(bool(plan.changes))
        if not plan.changes:
            column.addStretch(1)
        whole = dialog_parts.edge_to_edge(self)
        whole.addWidget(body, 1)
        whole.addWidget(self._make_footer())
        self.table.itemChanged.connect(lambda _: self._show_chosen())
        self._show_chosen()

    def chosen(self) -> dict[str, Any]:
        """The changes that are ticked, by key."""
        return {
            change.key: change.after
            for row, change in enumerate(self._plan.changes)
            if self._item(row).checkState() == Qt.CheckState.Checked
        }

    def _heading(self, file: Path) -> str:
        name = plain(file.name)
        changes = len(self._plan.changes)
        if changes == 0:
            return self.tr("{file} changes nothing here.").format(file=name)
        if changes == 1:
            return self.tr("{file} changes 1 setting.").format(file=name)
        return self.tr("{file} changes {count} settings.").format(file=name, count=count(changes))

    def _make_table(self) -> QTableWidget:
        changes = self._plan.changes
        table = QTableWidget(len(changes), 3)
        table.setObjectName("table.import")
        table.setAccessibleName(self.tr("Settings that change"))
        table.setHorizontalHeaderLabels(
            [self.tr("Setting"), self.tr("Now"), self.tr("In the file")]
        )
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        for row, change in enumerate(changes):
            self._fill(table, row, change)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(_NEW, QHeaderView.ResizeMode.Stretch)
        names = [self.fontMetrics().horizontalAdvance(setting_name(c.key)) for c in changes]
        header.resizeSection(_NAME, max(names, default=0) + scaled(_TICK_PX))
        header.resizeSection(_NOW, scaled(_NOW_PX))
        if changes:
            table.setCurrentCell(0, _NAME)
        return table

    def _fill(self, table: QTableWidget, row: int, change: Change) -> None:
        warning = caution(change)
        now, new = value_text(change.key, change.before), value_text(change.key, change.after)
        if warning:
            new = self.tr("▲ {value}. {warning}").format(value=new, warning=warning)
        for column, text in ((_NAME, setting_name(change.key)), (_NOW, now), (_NEW, new)):
            item = QTableWidgetItem(text)
            # Texts of a file are shown as they are, never as rich text.
            item.setToolTip(f"<qt>{text.replace('&', '&amp;').replace('<', '&lt;')}</qt>")
            if column == _NAME:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                ticked = Qt.CheckState.Unchecked if warning else Qt.CheckState.Checked
                item.setCheckState(ticked)
            table.setItem(row, column, item)

    def _item(self, row: int) -> QTableWidgetItem:
        item = self.table.item(row, _NAME)
        assert item is not None, "every row is filled"
        return item

    def _rest(self) -> list[str]:
        """What else is in the file."""
        lines = []
        if self._plan.same == 1:
            lines.append(self.tr("1 more is as it is here already."))
        elif self._plan.same:
            same = count(self._plan.same)
            lines.append(self.tr("{count} more are as they are here already.").format(count=same))
        for template, names in (
            (self.tr("▲ Not usable here, and left out: {names}."), self._plan.refused),
            (self.tr("Unknown to this version, and left out: {names}."), self._plan.unknown),
            (self.tr("Never imported: {names}."), self._plan.kept),
        ):
            if names:
                lines.append(template.format(names=_listed(names)))
        return lines

    def _make_footer(self) -> QWidget:
        cancel = dialog_parts.button("dialog.import.cancel", self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self._apply = dialog_parts.button("dialog.import.apply")
        self._apply.setDefault(True)
        set_look(self._apply, class_="primary")
        self._apply.clicked.connect(self._take)
        return dialog_parts.footer(None, cancel, self._apply)

    def _show_chosen(self) -> None:
        chosen = len(self.chosen())
        text = self.tr("Import {count} settings").format(count=count(chosen))
        self._apply.setText(self.tr("Import 1 setting") if chosen == 1 else text)
        self._apply.setEnabled(chosen > 0)

    def _take(self) -> None:
        self.accepted_changes.emit(self.chosen())
        self.accept()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(plain(name) for name in names[:_LONGEST_LIST])
    more = len(names) - _LONGEST_LIST
    if more <= 0:
        return shown
    return _tr("{names} and {count} more").format(names=shown, count=count(more))


class SettingsTransfer(QObject):
    """Asks for the file, reads or writes it off the main thread, and says what came of it."""

    def __init__(self, engine: Engine, banner: MessageBanner, window: QWidget) -> None:
        super().__init__(window)
        self._engine = engine
        self._banner = banner
        self._window = window
        self._file = Path()
        self._reading: QueryHandle[ImportPlan] | None = None
        self._writing: QueryHandle[int] | None = None
        self.dialog: ImportDialog | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def ask_export(self) -> None:
        """Asks where to, then writes."""
        dialog = self._file_dialog(self.tr("Export settings"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("toml")
        dialog.selectFile(FILE_NAME)
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.open()

    def ask_import(self) -> None:
        """Asks for the file, then shows what it would change."""
        dialog = self._file_dialog(self.tr("Import settings"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.import_from(Path(name)))
        dialog.open()

    def export_to(self, path: Path) -> None:
        self._file = path
        self._writing = self._engine.jobs.export_settings(path)
        self._timer.start()

    def import_from(self, path: Path) -> None:
        settings = self._engine.settings
        self._file = path
        self._reading = self._engine.files.submit(
            "settings import", lambda _: plan_import(path, settings)
        )
        self._timer.start()

    def _file_dialog(self, title: str) -> QFileDialog:
        pattern = self.tr("Settings (*.toml);;All files (*)")
        dialog = QFileDialog(self._window, title, str(Path.home()), pattern)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    def _poll(self) -> None:
        if self._writing is not None and self._writing.done:
            written, self._writing = self._writing, None
            if written.problem is not None:
                self._say_problem(written.problem)
            elif written.value is not None:
                self._say_written()
        if self._reading is not None and self._reading.done:
            read, self._reading = self._reading, None
            if read.problem is not None:
                self._say_problem(read.problem)
            elif read.value is not None:
                self._show(read.value)
        if self._reading is None and self._writing is None:
            self._timer.stop()

    def _show(self, plan: ImportPlan) -> None:
        self.dialog = ImportDialog(plan, self._file, self._window)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.accepted_changes.connect(self._apply)
        self.dialog.finished.connect(lambda: setattr(self, "dialog", None))
        self.dialog.open()

    def _apply(self, changes: Mapping[str, Any]) -> None:
        self._engine.submit(ApplySettings(changes=changes))

    def _say_written(self) -> None:
        name = plain(self._file.name)
        headline = self.tr("The settings are in {file}.").format(file=name)
        body = self.tr("Passwords, keys and the webhook's address are not among them.")
        self._say("settings.exported", "info", headline, body)

    def _say_problem(self, problem: Problem) -> None:
        name = plain(self._file.name)
        reason = plain(str(problem.params.get("reason", "")))
        body = self.tr("Choose another place, or check your rights there.")
        if problem.code == "settings.not_saved":
            headline = self.tr("{file} could not be written: {reason}.").format(
                file=name, reason=reason
            )
        elif problem.code == "settings.unreadable":
            headline = self.tr("{file} could not be read: {reason}.").format(
                file=name, reason=reason
            )
        elif problem.code == "settings.no_settings":
            headline = self.tr("{file} is no file of settings.").format(file=name)
            body = self.tr("Nothing was changed. Choose one that Export settings made.")
        else:
            headline, body = finding_text(problem), ""
        self._say(problem.code, "warn", headline, body)

    def _say(self, code: str, severity: str, headline: str, body: str) -> None:
        buttons = (Button("no", self.tr("OK")),)
        notice = Notice(code, str(self._file), severity, headline, body, buttons)
        self._banner.ask(Choice(notice, lambda _key, _remember: None))
