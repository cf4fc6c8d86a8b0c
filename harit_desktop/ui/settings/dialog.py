"""The settings dialog: pages on the left, their fields on the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from harit_desktop.runtime.commands import ApplySettings, Command
from harit_desktop.settings.model import SECRET_KEYS, Settings
from harit_desktop.settings.store import flatten
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.icons import icon
from harit_desktop.ui.settings import labels
from harit_desktop.ui.settings.alert_extras import AlertExtras, AlertQuestions
from harit_desktop.ui.settings.analysis_extras import AnalysisExtras
from harit_desktop.ui.settings.api_extras import ApiExtras, AskApi
from harit_desktop.ui.settings.builtin_broker_extras import (
    AskAddresses,
    AskPassword,
    BuiltinBrokerExtras,
)
from harit_desktop.ui.settings.local_api_extras import LocalApiExtras
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.settings.pages import PAGES
from harit_desktop.ui.settings.storage_extras import StorageExtras
from harit_desktop.ui.settings.topic_extras import TopicExtras
from harit_desktop.ui.settings.trial_box import AskProbe, TrialBox
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, ThemeController, set_look
from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from harit_desktop.domain.status import BackupStatus
    from harit_desktop.runtime.queries import QueryHandle

_THEME_KEY = "ui.theme"
_TEXT_KEY = "ui.text_size"


class SettingsDialog(QDialog):
    """Edits a copy of the settings; Apply sends only what the user changed.

    Nothing is written here: the engine saves, restarts what the change touches, and
    reports a failure as a problem of its own. `count_older` counts the readings that are
    older than so many days, `ask_keyring` asks whether passwords can be kept for good,
    `ask_api` tries an API that may not be in force yet, `ask_broker` and `ask_store`
    do the same of a broker and a store, `ask_profiles` looks for the user's
    own crop profiles, `ask_alerts` tries rules and ways to send alerts,
    `ask_addresses` and `ask_builtin_password` tell what a sensor needs for the built-in
    broker, `ask_broker_profile` names the broker profile in use.
    """

    backup_asked = Signal()
    restore_asked = Signal()

    def __init__(
        self,
        settings: Settings,
        data_folder: Path,
        submit: Callable[[Command], None],
        theme: ThemeController,
        parent: QWidget | None = None,
        count_older: Callable[[int], QueryHandle[int]] | None = None,
        ask_keyring: Callable[[], QueryHandle[bool]] | None = None,
        ask_api: AskApi | None = None,
        ask_profiles: Callable[[], QueryHandle[tuple[str, ...]]] | None = None,
        ask_broker: AskProbe | None = None,
        ask_store: AskProbe | None = None,
        ask_alerts: AlertQuestions | None = None,
        ask_addresses: AskAddresses | None = None,
        ask_builtin_password: AskPassword | None = None,
        ask_broker_profile: Callable[[], QueryHandle[str]] | None = None,
    ) -> None:
        super().__init__(parent)
        self._broker_profile = ask_broker_profile() if ask_broker_profile is not None else None
        self._ask_builtin = (ask_addresses, ask_builtin_password)
        self._ask_alerts = ask_alerts
        self._ask_broker, self._ask_store = ask_broker, ask_store
        self._over = False
        self._profiles = ask_profiles() if ask_profiles is not None else None
        self._ask_api = ask_api
        self._submit = submit
        self._count_older = count_older
        self._keyring = ask_keyring() if ask_keyring is not None else None
        self._theme = theme
        self._data_folder = data_folder
        self._applied: dict[str, Any] = flatten(settings) | dict.fromkeys(SECRET_KEYS, "")
        self.setObjectName("dialog.settings")
        self.setWindowTitle(self.tr("Settings"))
        self.setAccessibleName(self.tr("Settings"))
        dialog_parts.resize_within_screen(self, SIZES.settings_dialog)
        self.pages: dict[str, PageView] = {}
        self._list = self._make_list()
        self._stack = QStackedWidget()
        self._build()
        self._list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._list.setCurrentRow(0)
        theme.changed.connect(self._restyle)
        self._restyle()
        self._update_buttons()

    def open_page(self, name: str) -> None:
        """Goes to a page by its name in `pages.PAGES`."""
        self._list.setCurrentRow([page.name for page in PAGES].index(name))
        next(iter(self.pages[name].fields.values())).setFocus()

    def _make_list(self) -> QListWidget:
        pages = QListWidget()
        set_look(pages, class_="sidebar")
        pages.setObjectName("list.settings.pages")
        pages.setAccessibleName(self.tr("Pages"))
        pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        pages.ensurePolished()
        pages.setIconSize(QSize(SIZES.icon, SIZES.icon))
        for page in PAGES:
            pages.addItem(QListWidgetItem(labels.page_title(page.name)))
        return pages

    def _build(self) -> None:
        for page in PAGES:
            self._stack.addWidget(self._page_area(PageView(page, self._theme.tokens)))
        self._add_extras()
        for view in self.pages.values():
            view.set_values(self._applied)
            view.changed.connect(self._update_buttons)
        self.pages["appearance"].changed.connect(self._preview_look)
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self._list)
        middle.addWidget(self._stack, 1)
        column = dialog_parts.edge_to_edge(self)
        column.addLayout(middle, 1)
        column.addWidget(self._make_footer())
        self._order_by_sight()

    def _order_by_sight(self) -> None:
        """Tab goes as the eye does, also past what was added to a page later."""
        chain: list[QWidget] = [self._list]
        for view in self.pages.values():
            chain += view.focus_chain()
        chain += [self._defaults, self._cancel, self._apply, self._ok]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _page_area(self, view: PageView) -> QScrollArea:
        self.pages[view.page.name] = view
        set_look(view, class_="surface")
        view.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        view.setAccessibleName(labels.page_title(view.page.name))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(view)
        return area

    def _add_extras(self) -> None:
        """What a page shows beside its settings."""
        self._unused_note = QLabel(
            self.tr("The built-in broker is in use. These values count once it is switched off.")
        )
        self._unused_note.setWordWrap(True)
        set_look(self._unused_note, class_="dense", severity="info")
        self.pages["broker"].top.addWidget(self._unused_note)
        self._profile_note = dialog_parts.sentences("settings.broker.profile", "dense muted")
        self._profile_note.hide()
        self.pages["broker"].top.addWidget(self._profile_note)
        self.topics = TopicExtras(self.pages["broker"])
        self.storage = StorageExtras(self.pages["storage"], self._data_folder, self._count_older)
        self.storage.changed.connect(self._update_buttons)
        self.storage.backup_asked.connect(self.backup_asked)
        self.storage.restore_asked.connect(self.restore_asked)
        zone = QLabel(labels.time_zone_note())
        zone.setObjectName("settings.appearance.timeZone")
        zone.setWordWrap(True)
        zone.setTextFormat(Qt.TextFormat.PlainText)
        set_look(zone, class_="caption muted")
        self.pages["appearance"].below(_TEXT_KEY).addWidget(zone)
        self.trials = (
            TrialBox(
                self.pages["broker"],
                self._ask_broker,
                self.tr("Test connection"),
                self.tr("Also list the topics that are in use on this broker"),
            ),
            TrialBox(self.pages["storage"], self._ask_store, self.tr("Test the store")),
        )
        self.api = ApiExtras(self.pages["api"], self._ask_api)
        self.local_api = LocalApiExtras(self.pages["local_api"])
        self.builtin = BuiltinBrokerExtras(self.pages["builtin_broker"], *self._ask_builtin)
        self.analysis = AnalysisExtras(self.pages["analysis"], self._profiles)
        self.alerts = AlertExtras(self.pages["alerts"], self._ask_alerts)

    def _make_footer(self) -> QFrame:
        self._defaults = dialog_parts.button("settings.defaults", self.tr("Restore defaults"))
        self._defaults.setToolTip(self.tr("For this page only"))
        self._cancel = dialog_parts.button("settings.cancel", self.tr("Cancel"))
        self._apply = dialog_parts.button("settings.apply", self.tr("Apply"))
        self._ok = dialog_parts.button("settings.ok", self.tr("OK"))
        self._ok.setDefault(True)
        self._defaults.clicked.connect(self._restore_page)
        self._cancel.clicked.connect(self.reject)
        self._apply.clicked.connect(self.apply)
        self._ok.clicked.connect(self._finish)
        return dialog_parts.footer(self._defaults, None, self._cancel, self._apply, self._ok)

    def changes(self) -> dict[str, Any]:
        """What differs from the settings in force, by key."""
        shown: dict[str, Any] = {}
        for view in self.pages.values():
            shown |= view.values()
        return {key: value for key, value in shown.items() if value != self._applied[key]}

    def is_valid(self) -> bool:
        wrong = any(view.problems for view in self.pages.values())
        return not wrong and self.storage.missing is None

    def poll(self, backup: BackupStatus) -> None:
        """Takes what has been counted, and how a backup goes; called by the frame clock."""
        self.storage.poll()
        self.storage.show_backup(backup)
        self.api.poll()
        self.builtin.poll()
        for trial in self.trials:
            trial.poll()
        self.analysis.poll()
        self.alerts.poll()
        if self._broker_profile is not None and self._broker_profile.done:
            named, self._broker_profile = self._broker_profile.value, None
            if named is not None:
                self._show_broker_profile(named)
        if self._keyring is not None and self._keyring.done:
            kept, self._keyring = self._keyring.value, None
            if kept is not None:
                self._show_password_hint(kept)

    def _show_broker_profile(self, name: str) -> None:
        text = self.tr(
            "These values belong to no profile. Brokers and profiles… in the toolbar keeps them "
            "under a name."
        )
        if name:
            text = self.tr("Broker profile in use: {name}. What you change here changes it.")
        dialog_parts.say(self._profile_note, text.format(name=plain(name)))

    def _show_password_hint(self, kept: bool) -> None:
        for view in self.pages.values():
            for key in SECRET_KEYS:
                if key in view.fields:
                    view.set_note(key, labels.secret_hint(key, kept))

    def apply(self) -> bool:
        """Sends the changes to the engine; False where a value has to be mended first."""
        for view in self.pages.values():
            view.check()
        self._update_buttons()
        if not self.is_valid():
            self._go_to_problem()
            return False
        changes = self.changes()
        if changes:
            secrets = {key: changes.pop(key) for key in SECRET_KEYS if key in changes}
            self._submit(ApplySettings(changes=changes, secrets=secrets))
            self._applied |= changes
            self.builtin.keep(secrets)
            self._forget_secrets(secrets)
        focused = self.focusWidget()
        self._update_buttons()
        if focused is self._apply and not self._apply.isEnabled():
            # Or Qt gives the focus to whatever stands next, which may be the list of pages.
            self._ok.setFocus()
        return True

    def _forget_secrets(self, secrets: Mapping[str, str]) -> None:
        """Empties what was sent: a secret stays in the window no longer than it must."""
        for view in self.pages.values():
            for key in secrets:
                if key in view.fields:
                    view.fields[key].set_value("")

    def _finish(self) -> None:
        if self.apply():
            self.accept()

    def _restore_page(self) -> None:
        self.pages[PAGES[self._list.currentRow()].name].restore_defaults()

    def _go_to_problem(self) -> None:
        view = next((view for view in self.pages.values() if view.problems), None)
        if view is None:
            self.open_page("storage")
            if self.storage.missing is not None:
                self.storage.missing.focus()
            return
        self.open_page(view.page.name)
        view.fields[next(iter(view.problems))].setFocus()

    def _update_buttons(self) -> None:
        self.storage.update(self.pages["storage"].values(), self._applied)
        self.api.update()
        for trial in self.trials:
            trial.update()
        self.topics.update(self.pages["broker"].values())
        self.local_api.update(self.pages["local_api"].values())
        self.builtin.update(self.pages["builtin_broker"].values(), self._applied)
        self.analysis.update(self.pages["analysis"].values())
        self.alerts.update(self.pages["alerts"].values())
        valid = self.is_valid()
        self._apply.setEnabled(valid and bool(self.changes()))
        self._ok.setEnabled(valid)
        mode = self.pages["builtin_broker"].fields["broker.mode"].value()[0]
        self._unused_note.setVisible(mode == "builtin")
        self._mark_pages()

    def _mark_pages(self) -> None:
        tokens = self._theme.tokens
        for row, page in enumerate(PAGES):
            wrong = bool(self.pages[page.name].problems)
            wrong = wrong or (page.name == "storage" and self.storage.missing is not None)
            item = self._list.item(row)
            item.setIcon(
                icon("triangle", tokens, color="crit") if wrong else icon(page.icon, tokens)
            )
            title = labels.page_title(page.name)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole,
                self.tr("{page}, has an error").format(page=title) if wrong else title,
            )

    def _preview_look(self) -> None:
        """Shows the chosen look at once; without OK or Apply the one before comes back."""
        if self._over:
            # The field that loses the focus with the dialog says once more what it holds.
            return
        fields = self.pages["appearance"].fields
        self._theme.set_scheme(fields[_THEME_KEY].value()[0])
        size, problem = fields[_TEXT_KEY].value()
        if problem is None:
            self._theme.set_text_scale(size / 100)

    def done(self, result: int) -> None:
        """Ends the preview with the dialog."""
        self._over = True
        self._theme.set_scheme(self._applied[_THEME_KEY])
        self._theme.set_text_scale(self._applied[_TEXT_KEY] / 100)
        for trial in self.trials:
            trial.stop()
        self.alerts.stop()
        self.builtin.forget()
        super().done(result)

    def _restyle(self) -> None:
        row_px = self._list.sizeHintForColumn(0) + 2 * self._list.frameWidth()
        self._list.setFixedWidth(max(scaled(SIZES.settings_page_list), row_px))
        for view in self.pages.values():
            view.set_tokens(self._theme.tokens)
        self._mark_pages()
