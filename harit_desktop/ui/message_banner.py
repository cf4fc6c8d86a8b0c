"""The banner under the tabs: problems and questions in place, never a box in the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from harit_desktop.ui.icons import status_pixmap
from harit_desktop.ui.notices import Button, Notice, Question
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.theme import SIZES, ThemeController, set_look

_GLYPHS = {"question": "info", "crit": "crit", "warn": "warn", "info": "info"}
_DETAILS_HEIGHT_PX = 84
_MARGIN_PX = 6
_LEAST_TEXT_PX = 300
"""At 100 % text size; with less room beside them the buttons stand below the text."""


@dataclass(frozen=True)
class Choice:
    """A question with more than one way to go on, each a button of the notice; "no" is none.

    `on_chosen(key, remember)` takes the button and whether the box with the text `remember`
    was checked; without that text there is no box.
    """

    notice: Notice
    on_chosen: Callable[[str, bool], None]
    remember: str = ""


class BannerButton(QPushButton):
    """A button that Enter presses as Space does: outside dialogs Qt leaves Enter out."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class MessageBanner(QFrame):
    """Shows one notice at a time: a question first, then the most severe problem.

    A new problem comes to the front, unless a more severe one is shown. A problem stays
    until it is solved; those with an OK button can be put aside, and come back only as a
    new matter. `chosen` names the button that was pressed, but for those of a question and
    OK, which the banner handles itself. `focus_released`: what had the focus in here is
    gone, and Qt would give it to whatever comes next.
    """

    chosen = Signal(str)
    focus_released = Signal()

    def __init__(self, theme: ThemeController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner.message")
        set_look(self, class_="banner")
        self._theme = theme
        self._notices: list[Notice] = []
        self._question: Question | Choice | None = None
        self._dismissed: set[tuple[str, str]] = set()
        self._front: tuple[str, str] | None = None
        self._focus_before: QWidget | None = None
        self._shown: Notice | None = None
        self._buttons: list[QPushButton] = []
        self._glyph = QLabel()
        self._text = QLabel()
        self._more = BannerButton()
        self._remember = QCheckBox()
        self._details_button = BannerButton(self.tr("Details"))
        self._details = QPlainTextEdit()
        self._build()
        theme.changed.connect(self._restyle)
        self.hide()

    @property
    def notice(self) -> Notice | None:
        """What the banner says now."""
        return self._shown

    def set_notices(self, notices: Sequence[Notice]) -> None:
        """The present problems, the most severe first; called at every change and second."""
        present = {notice.identity for notice in notices}
        self._dismissed &= present
        known = {notice.identity for notice in self._notices}
        self._notices = [n for n in notices if n.identity not in self._dismissed]
        front = self._in_front()
        new = [n for n in self._notices if n.identity not in known]
        if front is not None and new and min(n.rank for n in new) <= front.rank:
            self._front = min(new, key=lambda notice: notice.rank).identity
        self._show()

    def ask(self, question: Question | Choice) -> None:
        """Puts a question in front of everything else; the newest replaces an older one."""
        if self._question is None:
            self._focus_before = QApplication.focusWidget()
        again = self._question is not None and self._question.notice == question.notice
        self._question = question
        remember = question.remember if isinstance(question, Choice) else ""
        if not again:
            self._remember.setChecked(False)
        self._remember.setText(remember)
        self._remember.setVisible(bool(remember))
        self._show()
        if self._buttons:
            self._buttons[0].setFocus()

    def withdraw(self, code: str) -> None:
        """Takes a question back that no longer applies."""
        if self._question is not None and self._question.notice.code == code:
            self._close_question()

    def _build(self) -> None:
        self._glyph.setFixedWidth(SIZES.icon)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setWordWrap(True)
        self._text.setMinimumWidth(120)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        set_look(self._more, class_="link")
        self._more.clicked.connect(self._show_next)
        self._more.setObjectName("button.banner.more")
        set_look(self._details_button, class_="link")
        self._details_button.setObjectName("button.banner.details")
        self._details_button.setCheckable(True)
        self._details_button.toggled.connect(self._show_details)
        self._remember.setObjectName("check.banner.remember")
        self._remember.hide()
        self._line = QHBoxLayout()
        self._line.setSpacing(8)
        self._line.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignVCenter)
        self._line.addWidget(self._text, 1)
        self._line.addWidget(self._make_tools())
        # At the corner, where it stays under the mouse whatever is shown next.
        self._line.addWidget(self._more, 0, Qt.AlignmentFlag.AlignTop)
        self._more.setMinimumHeight(SIZES.banner_height - 2 * _MARGIN_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, _MARGIN_PX, 8, _MARGIN_PX)
        column.setSpacing(4)
        column.addLayout(self._line)
        self._below = QHBoxLayout()
        column.addLayout(self._below)
        column.addWidget(self._make_details_box())
        self.setMinimumHeight(SIZES.banner_height)

    def _make_tools(self) -> QWidget:
        """What can be pressed; the box to tick above it where the line is too long."""
        self._tools = QWidget()
        self._tool_box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._tools)
        self._tool_box.setContentsMargins(0, 0, 0, 0)
        self._tool_box.setSpacing(8)
        self._tool_box.addStretch(1)
        self._tool_box.addWidget(self._remember, 0, Qt.AlignmentFlag.AlignRight)
        self._tool_row = QHBoxLayout()
        self._tool_row.setSpacing(8)
        self._tool_row.addStretch(1)
        self._tool_row.addWidget(self._details_button)
        self._tool_box.addLayout(self._tool_row)
        return self._tools

    def _make_details_box(self) -> QWidget:
        self._details_box = QWidget()
        row = QHBoxLayout(self._details_box)
        row.setContentsMargins(SIZES.icon + 8, 0, 0, 4)
        self._details.setReadOnly(True)
        self._details.setFixedHeight(_DETAILS_HEIGHT_PX)
        self._details.setObjectName("text.banner.details")
        self._details.setAccessibleName(self.tr("Details"))
        self._details.setTabChangesFocus(True)
        set_look(self._details, class_="mono")
        copy = BannerButton(self.tr("Copy"))
        copy.setObjectName("button.banner.copy")
        copy.clicked.connect(self._copy_details)
        row.addWidget(self._details, 1)
        row.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)
        self._details_box.hide()
        return self._details_box

    def _show(self) -> None:
        focused = QApplication.focusWidget()
        inside = focused is not None and self.isAncestorOf(focused)
        self._show_picked()
        if inside and not self._holds(focused):
            self.focus_released.emit()

    def _holds(self, widget: QWidget | None) -> bool:
        """Whether the widget is still there to have the focus."""
        if widget is None or not isValid(widget):
            return False
        return self.isAncestorOf(widget) and widget.isVisible()

    def _show_picked(self) -> None:
        notice = self._pick()
        before, self._shown = self._shown, notice
        if notice is None:
            self.hide()
            self.setProperty("code", "")
            return
        if notice == before:
            self._show_more()
            return
        if before is None or before.identity != notice.identity or before.buttons != notice.buttons:
            self._details_button.setChecked(False)
            self._make_buttons(notice.buttons)
        self.setProperty("code", notice.code)
        self._text.setText(_rich(notice))
        spoken = self.tr("{headline} {body}").format(headline=notice.headline, body=notice.body)
        self._text.setAccessibleName(spoken)
        self.setAccessibleName(spoken)
        self._details.setPlainText(notice.details)
        self._details_button.setVisible(bool(notice.details))
        self._tools.setVisible(bool(notice.buttons or notice.details or self._question))
        self._show_more()
        self._restyle()
        self._fit()
        self.show()

    def _pick(self) -> Notice | None:
        return self._in_front() if self._question is None else self._question.notice

    def _in_front(self) -> Notice | None:
        """The problem that was brought to the front while it lasts, else the first."""
        first = self._notices[0] if self._notices else None
        return next((n for n in self._notices if n.identity == self._front), first)

    def _show_more(self) -> None:
        others = len(self._notices) - (self._question is None)
        self._more.setVisible(others > 0)
        self._more.setText(self.tr("and {count} more").format(count=others))

    def _show_next(self) -> None:
        shown = self._in_front()
        if self._question is None and shown is not None:
            following = self._notices.index(shown) + 1
            self._front = self._notices[following % len(self._notices)].identity
            self._show()

    def _close_question(self) -> None:
        """The focus goes back to where it was before the question took it."""
        had_focus = any(button.hasFocus() for button in self._buttons)
        self._question = None
        self._remember.hide()
        before, self._focus_before = self._focus_before, None
        if had_focus and before is not None and isValid(before):
            before.setFocus()
        self._show()

    def _make_buttons(self, buttons: Sequence[Button]) -> None:
        for old in self._buttons:
            self._tool_row.removeWidget(old)
            old.setParent(None)
            old.deleteLater()
        self._buttons = []
        for button in buttons:
            made = BannerButton(button.text)
            made.setObjectName(f"button.banner.{button.key}")
            set_look(made, class_="primary" if button.primary else "")
            made.clicked.connect(lambda _=False, key=button.key: self._press(key))
            self._tool_row.addWidget(made)
            # The layout would show it only after this event, and it may be given the focus.
            made.show()
            self._buttons.append(made)
        line = [self._remember, self._details_button, *self._buttons, self._more, self._details]
        for before, after in pairwise(line):
            QWidget.setTabOrder(before, after)

    def _press(self, key: str) -> None:
        question, notice = self._question, self._shown
        if question is not None:
            remember = self._remember.isChecked()
            self._close_question()
            if isinstance(question, Choice):
                if key != "no":
                    question.on_chosen(key, remember)
            elif key == "yes":
                question.on_yes()
        elif key == "dismiss" and notice is not None:
            self._dismissed.add(notice.identity)
            self._notices = [n for n in self._notices if n.identity != notice.identity]
            self._show()
        else:
            self.chosen.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._question is not None:
            self._close_question()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Puts the buttons below the text where they would leave it a narrow column."""
        directions = QBoxLayout.Direction
        self._tool_box.setDirection(directions.LeftToRight)
        room = self.width() - 3 * SIZES.icon
        tools = self._tools.sizeHint().width()
        narrow = room - tools < scaled(_LEAST_TEXT_PX)
        if narrow and tools > room:
            self._tool_box.setDirection(directions.TopToBottom)
        if narrow != (self._below.indexOf(self._tools) >= 0):
            if narrow:
                self._line.removeWidget(self._tools)
                self._below.addWidget(self._tools)
            else:
                self._below.removeWidget(self._tools)
                self._line.insertWidget(self._line.indexOf(self._more), self._tools)
            beside = Qt.AlignmentFlag.AlignTop if narrow else Qt.AlignmentFlag.AlignVCenter
            self._line.setAlignment(self._glyph, beside)
        self._keep_height()

    def _keep_height(self) -> None:
        """All of the text is shown, also where the page below it gets too little room."""
        layout = self.layout()
        if layout is not None:
            layout.invalidate()
            needed = layout.totalMinimumHeightForWidth(self.width())
            self.setMinimumHeight(max(SIZES.banner_height, needed))

    def _show_details(self, shown: bool) -> None:
        self._details_box.setVisible(shown)
        self._keep_height()

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self._details.toPlainText())

    def _restyle(self) -> None:
        if self._shown is None:
            return
        glyph = _GLYPHS[self._shown.severity]
        pixmap = status_pixmap(glyph, self._theme.tokens, SIZES.icon, self.devicePixelRatioF())
        self._glyph.setPixmap(pixmap)
        self._glyph.setFixedSize(QSize(SIZES.icon, SIZES.icon))
        severity = "info" if self._shown.severity == "question" else self._shown.severity
        set_look(self, severity=severity)


def _rich(notice: Notice) -> str:
    """Bold headline, plain body; outside text in either is escaped."""
    headline = _escaped(notice.headline)
    return f'<span style="font-weight:600">{headline}</span> {_escaped(notice.body)}'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
