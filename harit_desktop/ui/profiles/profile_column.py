"""The profiles of the connect dialog: a list, and what can be done with the chosen one."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.runtime.broker_profiles import ProfileList
from harit_desktop.settings.presets import PRESETS, is_public_test_broker
from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.icons import icon
from harit_desktop.ui.profiles import profile_texts
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, Tokens, set_look
from harit_desktop.ui.words import plain

_WIDTH_PX = 240
_TEXT_MARGIN_PX = 8
_SLUG_ROLE = Qt.ItemDataRole.UserRole
_NOTES_ROLE = Qt.ItemDataRole.UserRole + 1
_UNSAVED_ROLE = Qt.ItemDataRole.UserRole + 2
NEW = "new:"
"""No id of a kept profile has a colon."""


class _NameDelegate(QStyledItemDelegate):
    """Shortens a name where it matters least, and marks what is not saved."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        style = option.widget.style()
        area = style.SubElement.SE_ItemViewItemText
        width_px = style.subElementRect(area, option, option.widget).width() - _TEXT_MARGIN_PX
        template = self.tr("● {name}") if index.data(_UNSAVED_ROLE) else "{name}"
        mark_px = option.fontMetrics.horizontalAdvance(template.format(name=""))
        shown = profile_texts.elided(option.text, option.fontMetrics, width_px - mark_px)
        option.text = template.format(name=shown)


class ProfileColumn(QWidget):
    """`list.profiles` with its two menus. `chosen` names a profile, "" the settings as they
    are; `preset_asked` names a preset, "" an empty profile; `asked` is one of save, saveAs,
    rename, duplicate, delete, import, export. A profile whose id is in `unsaved` is marked; one
    that begins with `NEW` is in no file yet."""

    chosen = Signal(str)
    preset_asked = Signal(str)
    asked = Signal(str)

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens
        self._unsaved: frozenset[str] = frozenset()
        self.setFixedWidth(scaled(_WIDTH_PX))
        self.list = self._make_list()
        self.new = self._menu_button("profiles.new", self.tr("New"))
        self.more = self._menu_button("profiles.more", self.tr("More"))
        self.more.setAccessibleName(self.tr("More for the chosen profile"))
        self._actions: dict[str, QAction] = {}
        self._fill_menus()
        self._empty = sentences("profiles.empty", "dense muted")
        self._empty.setText(
            self.tr("No profiles yet. Save as… under More keeps a broker under a name.")
        )
        self._empty.setContentsMargins(14, 8, 10, 8)
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 12, 10)
        row.setSpacing(8)
        row.addWidget(self.new)
        row.addWidget(self.more)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addWidget(self._empty)
        column.addLayout(row)
        self.show_profiles(ProfileList(), "")

    @property
    def slug(self) -> str:
        """The chosen profile; "" for the settings as they are."""
        row = self.list.currentRow()
        return str(self.list.item(row).data(_SLUG_ROLE)) if row >= 0 else ""

    def mark_unsaved(self, slugs: Collection[str]) -> None:
        """Marks what was typed and not kept yet."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            unsaved = item.data(_SLUG_ROLE) in slugs
            if item.data(_UNSAVED_ROLE) != unsaved:
                item.setData(_UNSAVED_ROLE, unsaved)
                self._describe(item)
        self._unsaved = frozenset(slugs)
        self._update(self._found)

    def show_profiles(self, found: ProfileList, slug: str) -> None:
        """Fills the list and chooses a profile, without telling."""
        self.list.blockSignals(True)
        self.list.clear()
        if not found.present:
            self._add("", self.tr("Present settings"), "", False, True)
        for profile in found.profiles:
            public = is_public_test_broker(str(profile.values["broker.host"]))
            where = profile_texts.address(profile.values)
            self._add(profile.slug, profile.name, where, public, profile.slug == found.present)
        rows = [self.list.item(row).data(_SLUG_ROLE) for row in range(self.list.count())]
        self.list.setCurrentRow(rows.index(slug) if slug in rows else 0)
        self.list.blockSignals(False)
        self._empty.setVisible(not found.profiles)
        self._update(found)

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.setFixedWidth(scaled(_WIDTH_PX))

    def _add(self, slug: str, name: str, where: str, public: bool, present: bool) -> None:
        item = QListWidgetItem(plain(name))
        item.setData(_SLUG_ROLE, slug)
        notes = [where] if where else []
        if public:
            notes.append(self.tr("public"))
            item.setIcon(icon("triangle", self._tokens, color="warn"))
        elif present:
            item.setIcon(icon("ok-ring", self._tokens))
        else:
            item.setIcon(icon("broker", self._tokens))
        if present:
            font = item.font()
            font.setBold(True)
            item.setFont(font)
            notes.append(self.tr("in use"))
        item.setData(_NOTES_ROLE, ", ".join([plain(name), *notes]))
        item.setData(_UNSAVED_ROLE, slug in self._unsaved)
        self._describe(item)
        self.list.addItem(item)

    def _describe(self, item: QListWidgetItem) -> None:
        spoken = str(item.data(_NOTES_ROLE))
        if item.data(_UNSAVED_ROLE):
            spoken = self.tr("{profile}, not saved").format(profile=spoken)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
        # Names come from people and files: never rich text.
        item.setToolTip(f"<qt>{escape(spoken)}</qt>")

    def _update(self, found: ProfileList) -> None:
        slug = self.slug
        kept = bool(slug) and not slug.startswith(NEW)
        for key in ("rename", "duplicate", "export"):
            self._actions[key].setEnabled(kept)
        self._actions["delete"].setEnabled(bool(slug) and slug != found.present)
        can_save = kept and slug != found.present and slug in self._unsaved
        self._actions["save"].setEnabled(can_save)
        self._found = found

    def _make_list(self) -> QListWidget:
        made = QListWidget()
        made.setObjectName("list.profiles")
        made.setAccessibleName(self.tr("Profiles"))
        set_look(made, class_="sidebar")
        made.setIconSize(QSize(SIZES.icon, SIZES.icon))
        made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setItemDelegate(_NameDelegate(made))
        made.currentRowChanged.connect(lambda _: self._choose())
        return made

    def _choose(self) -> None:
        self._update(self._found)
        self.chosen.emit(self.slug)

    def _menu_button(self, name: str, text: str) -> QPushButton:
        made = button(name, text)
        set_look(made, class_="menu")
        made.setMenu(QMenu(made))
        return made

    def _fill_menus(self) -> None:
        new = self.new.menu()
        empty = new.addAction(self.tr("Empty profile"))
        empty.setObjectName("profiles.empty.new")
        empty.triggered.connect(lambda: self.preset_asked.emit(""))
        for preset in PRESETS:
            action = new.addAction(profile_texts.preset_name(preset))
            action.setObjectName(f"profiles.preset.{preset.key}")
            action.triggered.connect(lambda _=False, key=preset.key: self.preset_asked.emit(key))
            if preset.key == "local":
                new.addSeparator()
        new.addSeparator()
        self._add_action(new, "import", self.tr("Import from a file…"))
        more = self.more.menu()
        self._add_action(more, "save", self.tr("Save without connecting"))
        self._add_action(more, "saveAs", self.tr("Save as…"))
        self._add_action(more, "rename", self.tr("Rename…"))
        self._add_action(more, "duplicate", self.tr("Duplicate"))
        self._add_action(more, "delete", self.tr("Delete…"))
        more.addSeparator()
        self._add_action(more, "export", self.tr("Export to a file…"))

    def _add_action(self, menu: QMenu, key: str, text: str) -> None:
        action = menu.addAction(text)
        action.setObjectName(f"profiles.{key}")
        action.triggered.connect(lambda _=False: self.asked.emit(key))
        self._actions[key] = action
