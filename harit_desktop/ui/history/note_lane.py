"""The lane of notes above the time axis: a flag where something was done, with its words."""

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QCoreApplication, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from harit_desktop.domain.notes import ChartNote, NoteKind
from harit_desktop.ui.charts.frame import TimeView
from harit_desktop.ui.fonts import app_font
from harit_desktop.ui.history.history_texts import moment
from harit_desktop.ui.panels.text_scale import text_scale
from harit_desktop.ui.theme import SIZES, Tokens
from harit_desktop.ui.words import plain

HEIGHT_PX = 18
_FLAG_PX = 8
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def kind_word(kind: NoteKind) -> str:
    """What a note is about."""
    tr = QCoreApplication.translate
    words = {
        NoteKind.IRRIGATION: tr("Notes", "Irrigation"),
        NoteKind.FERTILISER: tr("Notes", "Fertiliser"),
        NoteKind.LAB: tr("Notes", "Laboratory test"),
    }
    return words.get(kind, tr("Notes", "Note"))


def note_words(note: ChartNote) -> str:
    """A note on one line: "Irrigation: two hours, drip"."""
    said = plain(note.text)
    if not said:
        return kind_word(note.kind)
    text = QCoreApplication.translate("Notes", "{kind}: {text}")
    return text.format(kind=kind_word(note.kind), text=said)


class NoteLane(QWidget):
    """`history.notes`: hidden while there is no note.

    Left and right choose a note, Delete or a click with the right button asks to remove it.
    """

    remove_asked = Signal(object)
    menu_asked = Signal(QPoint, object)

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tokens = tokens
        self._notes: tuple[ChartNote, ...] = ()
        self._view: TimeView | None = None
        self._left_px = SIZES.strip_header
        self._chosen = 0
        self.setObjectName("history.notes")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(100, round(HEIGHT_PX * max(1.0, text_scale())))

    def set_notes(self, notes: Sequence[ChartNote]) -> None:
        """Takes the notes of the devices that are shown, in the order of time."""
        self._notes = tuple(sorted(notes, key=lambda note: note.at_us))
        self._tell()

    def set_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.updateGeometry()
        self.update()

    def show_view(self, view: TimeView, left_px: int) -> None:
        """Shows the notes of a view whose plots begin at `left_px`."""
        self._view, self._left_px = view, left_px
        self._tell()

    def in_view(self) -> list[ChartNote]:
        if self._view is None:
            return []
        view = self._view
        return [note for note in self._notes if view.start_us <= note.at_us <= view.end_us]

    def note_at(self, x: float) -> ChartNote | None:
        """The note whose flag or words lie at this x of the lane."""
        return next(
            (note for note, box in self._boxes() if box.left() - 2 <= x <= box.right()), None
        )

    def _tell(self) -> None:
        notes = self.in_view()
        self._chosen = min(self._chosen, max(0, len(notes) - 1))
        # Also where none is in view: strips that grow and shrink while one pans are no help.
        self.setVisible(bool(self._notes))
        self.setAccessibleName(self.tr("Notes"))
        each = self.tr("{time} {note}")
        told = [each.format(time=moment(n.at_us), note=note_words(n)) for n in notes]
        self.setAccessibleDescription("; ".join(told))
        self.update()

    def _boxes(self) -> list[tuple[ChartNote, QRectF]]:
        """Each note with the room for its words, up to the next note."""
        notes = self.in_view()
        if self._view is None or not notes:
            return []
        edges = [self._left_px + self._view.x_of(note.at_us) for note in notes]
        ends = [*edges[1:], float(self.width())]
        metrics = QFontMetricsF(app_font(SIZES.caption, 400, text_scale()))
        boxes = []
        for note, left, end in zip(notes, edges, ends, strict=True):
            wished = metrics.horizontalAdvance(note_words(note)) + _FLAG_PX + 8
            boxes.append(
                (note, QRectF(left, 0, max(3.0, min(wished, end - left - 2)), self.height()))
            )
        return boxes

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = self._tokens
        painter.fillRect(0, 0, self._left_px, self.height(), tokens.color("window"))
        painter.fillRect(self._left_px, 0, self.width(), self.height(), tokens.color("surface"))
        font = app_font(SIZES.caption, 400, text_scale())
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for place, (note, box) in enumerate(self._boxes()):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            info = tokens.color("info")
            painter.setPen(QPen(info, 1))
            painter.drawLine(QPointF(box.left(), 0), QPointF(box.left(), box.bottom()))
            painter.setBrush(info)
            flag = [(0.0, 3.0), (float(_FLAG_PX), 6.0), (0.0, 9.0)]
            painter.drawPolygon(QPolygonF([QPointF(box.left() + x, y) for x, y in flag]))
            words = box.adjusted(_FLAG_PX + 4, 0, 0, 0)
            if words.width() > 12:
                painter.setPen(tokens.color("text1"))
                mode = Qt.TextElideMode.ElideRight
                painter.drawText(
                    words, _LEFT, metrics.elidedText(note_words(note), mode, words.width())
                )
            if self.hasFocus() and place == self._chosen:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(tokens.color("focus"), SIZES.focus_ring))
                painter.drawRect(box.adjusted(1, 1, -1, -1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        notes = self.in_view()
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and notes:
            self._chosen = min(max(self._chosen + step, 0), len(notes) - 1)
            self.update()
        elif event.key() == Qt.Key.Key_Delete and notes:
            self.remove_asked.emit(notes[self._chosen])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        note = self.note_at(event.position().x())
        if note is not None and event.button() == Qt.MouseButton.RightButton:
            self.menu_asked.emit(event.globalPosition().toPoint(), note)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The whole of a note that is cut stands in the tool tip."""
        note = self.note_at(event.position().x())
        text = self.tr("{time} {note}")
        told = "" if note is None else text.format(time=moment(note.at_us), note=note_words(note))
        # A tool tip guesses whether it is rich text, and a note may hold anything.
        self.setToolTip(f"<qt>{escape(told)}</qt>" if told else "")

    def focusInEvent(self, event: object) -> None:
        self.update()

    def focusOutEvent(self, event: object) -> None:
        self.update()
