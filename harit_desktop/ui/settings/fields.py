"""One editor for each kind of setting, all with the same few methods.

An editor shows what it was given until the user changes it, reports `edited` at every
change and `finished` when the user leaves it, and never corrects a typed text by itself.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, ClassVar

import msgspec
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from harit_desktop.analysis.profiles import BUILT_IN
from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS, FieldSpec
from harit_desktop.ui.icons import icon
from harit_desktop.ui.settings import labels
from harit_desktop.ui.settings.pages import object_name
from harit_desktop.ui.settings.validation import check_value, parse_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import Tokens, set_look
from harit_desktop.ui.words import profile_name

_PATH_KEYS = ("broker.ca_file", "broker.cert_file", "broker.key_file", "storage.mysql_ca_file")
_TOKEN_KEYS = ("api.token", "local_api.token", "alerts.webhook_token")
_WIDE_KEYS = ("api.url", "alerts.webhook_url", "alerts.email_to")
_SHORT_KEYS = ("alerts.quiet_from", "alerts.quiet_to")
_FOLDER_KEYS = ("storage.backup_dir",)
PROFILE_KEY = "analysis.profile"
RULES_KEY = "alerts.rules"
_WIDE_PX = 360
_TEXT_PX = 250
_NUMBER_PX = 76
_PASSWORD_PX = 150
_LIST_HEIGHT_PX = 64


class Field(QWidget):
    """A setting's editor. `editor` is the widget that takes the focus and the border."""

    edited = Signal()
    finished = Signal()

    def __init__(self, key: str, editor: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.editor = editor
        self._width_px, self._height_px = 0, 0
        self.hint = labels.hint(key)
        self.has_own_label = key in labels.SELF_EXPLAINED
        editor.setObjectName(object_name(key))
        editor.setAccessibleName(labels.label(key))
        editor.setAccessibleDescription(self.hint)
        editor.installEventFilter(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(editor)
        self.setFocusProxy(editor)

    def value(self) -> tuple[Any, str | None]:
        """The value and what is wrong with it; the value may be None where it is wrong."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        raise NotImplementedError

    def set_invalid(self, problem: str | None) -> None:
        set_look(self.editor, invalid="true" if problem else "false")
        self.editor.setAccessibleDescription(problem or self.hint)

    def set_tokens(self, tokens: Tokens) -> None:
        """Redraws what the style sheet does not reach, and follows the text size."""
        if self._width_px:
            self.editor.setFixedWidth(scaled(self._width_px))
        if self._height_px:
            self.editor.setFixedHeight(scaled(self._height_px))

    def _set_width(self, width_px: int) -> None:
        """The editor's width at 100 % text size."""
        self._width_px = width_px
        self.editor.setFixedWidth(scaled(width_px))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.finished.emit()
        return False


class LineField(Field):
    """A text or a number, typed freely; a unit stands behind it."""

    def __init__(self, spec: FieldSpec) -> None:
        self._line = QLineEdit()
        super().__init__(spec.key, self._line)
        number = spec.kind in ("int", "float")
        wide = _WIDE_PX if spec.key in _WIDE_KEYS else _TEXT_PX
        short = number or spec.key in _SHORT_KEYS
        self._set_width(_NUMBER_PX if short else wide)
        self._line.textEdited.connect(self.edited)
        if spec.unit:
            unit = QLabel(spec.unit)
            unit.setTextFormat(Qt.TextFormat.PlainText)
            set_look(unit, class_="faint")
            self._row.addWidget(unit)
        if spec.key in labels.PLACEHOLDER_HINTS:
            self._line.setPlaceholderText(labels.hint(spec.key))

    def value(self) -> tuple[Any, str | None]:
        return parse_text(self.key, self._line.text())

    def set_value(self, value: Any) -> None:
        text = f"{value:g}" if isinstance(value, float) else str(value)
        self._line.setText(text)
        self._line.setCursorPosition(0)


class PathField(LineField):
    """The path of a file or a folder, typed or chosen."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._set_width(_WIDE_PX)
        browse = QPushButton(self.tr("Browse…"))
        browse.setAutoDefault(False)
        browse.setObjectName(f"{object_name(spec.key)}.browse")
        browse.setAccessibleName(self.tr("Browse: {field}").format(field=labels.label(spec.key)))
        browse.clicked.connect(self._browse)
        self._row.addWidget(browse)

    def _browse(self) -> None:
        dialog = QFileDialog(self.window(), labels.label(self.key), self._line.text())
        folder = self.key in _FOLDER_KEYS
        mode = QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._take)
        dialog.open()

    def set_value(self, value: Any) -> None:
        super().set_value(value)
        self._show_end()

    def _show_end(self) -> None:
        """The file's name counts, at the end of a path that can be long."""
        self._line.end(False)
        path = self._line.text()
        self._line.setToolTip(f"<qt>{escape(path)}</qt>" if path else "")

    def _take(self, path: str) -> None:
        self._line.setText(path)
        self._show_end()
        self.edited.emit()
        self.finished.emit()


class CheckField(Field):
    """Yes or no; its name stands beside the box."""

    def __init__(self, spec: FieldSpec) -> None:
        self._box = QCheckBox(labels.label(spec.key))
        super().__init__(spec.key, self._box)
        self.has_own_label = True
        self._box.clicked.connect(self.edited)

    def value(self) -> tuple[Any, str | None]:
        return self._box.isChecked(), None

    def set_value(self, value: Any) -> None:
        self._box.setChecked(bool(value))


class ChoiceField(Field):
    """One of a few values, shown in the user's words."""

    def __init__(self, spec: FieldSpec) -> None:
        self._combo = QComboBox()
        super().__init__(spec.key, self._combo)
        self._combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for value in spec.choices:
            self._combo.addItem(labels.choice(spec.key, value), value)
        self._combo.activated.connect(self.edited)

    def value(self) -> tuple[Any, str | None]:
        return self._combo.currentData(), None

    def set_value(self, value: Any) -> None:
        self._combo.setCurrentIndex(self._combo.findData(value))


class ProfileField(Field):
    """A profile by its name. One that is chosen and not there any more stays in the list,
    marked, so that nothing is changed by looking."""

    def __init__(self, spec: FieldSpec) -> None:
        self._combo = QComboBox()
        super().__init__(spec.key, self._combo)
        self._combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._combo.activated.connect(self.edited)
        self.set_profiles(BUILT_IN)

    def value(self) -> tuple[Any, str | None]:
        return self._combo.currentData(), None

    def set_value(self, value: Any) -> None:
        if self._combo.findData(value) < 0:
            missing = self.tr("{profile} (not found)").format(profile=profile_name(str(value)))
            self._combo.addItem(missing, value)
        self._combo.setCurrentIndex(self._combo.findData(value))

    def set_profiles(self, profiles: Sequence[str]) -> None:
        """Takes the profiles that there are, by their ids; the choice stays what it is."""
        chosen = self._combo.currentData()
        self._combo.clear()
        for profile in profiles:
            self._combo.addItem(profile_name(profile), profile)
        if chosen is not None:
            self.set_value(chosen)


class OptionalField(ChoiceField):
    """Yes, no, or left to the program, which the setting holds as None."""

    _VALUES: ClassVar = {labels.AUTOMATIC: None, labels.ON: True, labels.OFF: False}

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(msgspec.structs.replace(spec, choices=tuple(self._VALUES)))

    def value(self) -> tuple[Any, str | None]:
        return self._VALUES[self._combo.currentData()], None

    def set_value(self, value: Any) -> None:
        super().set_value(next(name for name, held in self._VALUES.items() if held is value))


class ListField(Field):
    """Several texts, one a line; empty lines do not count."""

    def __init__(self, spec: FieldSpec) -> None:
        self._text = QPlainTextEdit()
        super().__init__(spec.key, self._text)
        self._set_width(_WIDE_PX)
        self._height_px = _LIST_HEIGHT_PX
        self._text.setFixedHeight(scaled(_LIST_HEIGHT_PX))
        self._text.setTabChangesFocus(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.textChanged.connect(self._report)
        self._setting = False

    def value(self) -> tuple[Any, str | None]:
        lines = (line.strip() for line in self._text.toPlainText().splitlines())
        value = tuple(line for line in lines if line)
        return value, check_value(self.key, value)

    def set_value(self, value: Any) -> None:
        self._setting = True
        self._text.setPlainText("\n".join(value))
        self._setting = False

    def _report(self) -> None:
        if not self._setting:
            self.edited.emit()


class SecretField(Field):
    """A hidden text with an eye button; what is stored is never shown, only replaced."""

    def __init__(self, key: str, tokens: Tokens) -> None:
        self._line = QLineEdit()
        super().__init__(key, self._line)
        self._line.setEchoMode(QLineEdit.EchoMode.Password)
        self._set_width(_TEXT_PX if key in _TOKEN_KEYS else _PASSWORD_PX)
        self._line.textEdited.connect(self.edited)
        self._eye = QToolButton()
        set_look(self._eye, class_="outlined square")
        self._eye.setCheckable(True)
        self._eye.setObjectName(f"{object_name(key)}.show")
        shows = self.tr("Show key") if key in _TOKEN_KEYS else self.tr("Show password")
        self._eye.setAccessibleName(shows)
        self._eye.setToolTip(shows)
        self._eye.toggled.connect(self._reveal)
        self._row.addWidget(self._eye)
        self.set_tokens(tokens)

    def value(self) -> tuple[Any, str | None]:
        return self._line.text(), None

    def set_value(self, value: Any) -> None:
        self._line.setText(value)

    def set_tokens(self, tokens: Tokens) -> None:
        super().set_tokens(tokens)
        self._tokens = tokens
        self._eye.setIcon(icon("eye-off" if self._eye.isChecked() else "eye", tokens))

    def show_text(self) -> None:
        """Lets the text be read, as the eye button does."""
        self._eye.setChecked(True)

    def _reveal(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self._line.setEchoMode(mode)
        self.set_tokens(self._tokens)


_KINDS: dict[str, Callable[[FieldSpec], Field]] = {
    "bool": CheckField,
    "int": LineField,
    "float": LineField,
    "str": LineField,
    "choice": ChoiceField,
    "list": ListField,
}


def make_field(key: str, tokens: Tokens) -> Field:
    """The editor that fits a setting's kind."""
    if key in SECRET_KEYS:
        return SecretField(key, tokens)
    spec = FIELD_SPECS[key]
    if spec.optional:
        return OptionalField(spec)
    if key == PROFILE_KEY:
        return ProfileField(spec)
    if key == RULES_KEY:
        # It is made of fields itself.
        from harit_desktop.ui.settings.rules_field import RulesField

        return RulesField(key, tokens)
    paths = (*_PATH_KEYS, *_FOLDER_KEYS)
    return PathField(spec) if key in paths else _KINDS[spec.kind](spec)
