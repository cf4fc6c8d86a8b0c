"""The dialog "Listen and map": say once what the messages of a device mean."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.domain.mapping import Saved, SavedTemplate, UnmappedMessage
from harit_desktop.settings.template_files import SUFFIX, slug_of
from harit_desktop.ui import dialog_parts
from harit_desktop.ui.dialog_parts import say, sentences
from harit_desktop.ui.mapping.host import Answer, MappingHost
from harit_desktop.ui.mapping.identity_fields import IdentityFields
from harit_desktop.ui.mapping.message_list import MessageList, heading
from harit_desktop.ui.mapping.preview import PreviewPanel
from harit_desktop.ui.mapping.template_list import TemplateList
from harit_desktop.ui.mapping.texts import family_text, fault_text, short
from harit_desktop.ui.mapping.value_grid import ValueGrid
from harit_desktop.ui.messages.rejection_texts import rejection_text
from harit_desktop.ui.problem_texts import problem_text
from harit_desktop.ui.text_widths import scaled
from harit_desktop.ui.words import count
from harit_desktop.wire.proposals import Proposal, propose
from harit_desktop.wire.reasons import Refused
from harit_desktop.wire.sighting_readings import is_measurement
from harit_desktop.wire.template_spec import TemplateFault
from harit_desktop.wire.templates import Template, tree_of, with_sample
from harit_desktop.wire.timestamps import SYSTEM_ZONE, TimestampReader

_SIZE_PX = (1280, 700)
_LIST_PX, _NARROW_LIST_PX = 210, 180
_PREVIEW_PX = 290
_WIDE_PX = 1200
"""Below it, at the user's text size, the preview stands under the fields."""
_TIGHT_PX = 860
_TIGHT_ACROSS = 2
"""Below it a value takes two lines, and the preview shows two side by side."""
_LOOK_AGAIN_S = 2.0
QWIDGETSIZE_MAX = 16_777_215


class MappingDialog(QDialog):
    """Lists what nobody understands, proposes what it means, and saves the answer.

    `poll` is called by the frame clock. A message that is chosen stays as it is while newer
    ones of its topic arrive.
    """

    def __init__(
        self,
        host: MappingHost,
        timezone: str = SYSTEM_ZONE,
        parent: QWidget | None = None,
    ) -> None:
        """`timezone` is the zone of times without offset: "system" or an IANA name."""
        super().__init__(parent)
        self._host = host
        self._reader = TimestampReader(timezone)
        self._listing: Answer[tuple[UnmappedMessage, ...]] | None = None
        self._naming: Answer[tuple[SavedTemplate, ...]] | None = None
        self._saving: Answer[Saved] | None = None
        self._removing: Answer[None] | None = None
        self._opening: Answer[Template] | None = None
        self._edited = self._asked_file = self._removed_file = ""
        self._opened: Template | None = None
        self._is_touched = self._is_leaving = False
        self._messages: dict[str, UnmappedMessage] = {}
        self._sample: UnmappedMessage | None = None
        self._proposal: Proposal | None = None
        self._template: Template | None = None
        self._listed = False
        self._wanted = ""
        self._asked_s = 0.0
        self._names_due = True
        self._has_begun = False
        self._across = 1
        self.setObjectName("dialog.mapping")
        self.setWindowTitle(self.tr("Listen and map"))
        self.setAccessibleName(self.tr("Listen and map"))
        self.messages = MessageList()
        self.templates = TemplateList()
        self.fields = IdentityFields()
        self.values = ValueGrid()
        self.preview = PreviewPanel()
        self.outcome = sentences("dialog.mapping.result")
        self.redrive = QCheckBox()
        self.save = QPushButton(self.tr("Save"))
        self._empty = sentences("dialog.mapping.empty", "muted")
        self._family = sentences("dialog.mapping.family", "strong")
        self._left = QWidget()
        self._form = QWidget()
        self._split = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._build()
        self._lay_out(1)
        dialog_parts.resize_within_screen(self, _SIZE_PX)
        self._show_state()
        self.poll()

    def poll(self) -> None:
        """Takes what has arrived, and asks anew now and then."""
        if time.monotonic() - self._asked_s >= _LOOK_AGAIN_S:
            self._ask()
        if self._listing is not None and self._listing.done:
            listing, self._listing = self._listing, None
            self._show_messages(listing)
        if self._naming is not None and self._naming.done:
            naming, self._naming = self._naming, None
            self._show_templates(naming)
        if self._saving is not None and self._saving.done:
            saving, self._saving = self._saving, None
            self._finish_saving(saving)
        if self._removing is not None and self._removing.done:
            removing, self._removing = self._removing, None
            self._finish_removing(removing)
        if self._opening is not None and self._opening.done:
            opening, self._opening = self._opening, None
            self._finish_opening(opening)

    def choose(self, topic: str) -> None:
        """Goes to a topic of the list, now or when the list has come; one that is not in it
        changes nothing."""
        self._wanted = "" if self._listed else topic
        if topic in self._messages and self.messages.choose(topic):
            self._take_sample(topic)

    def reject(self) -> None:
        """Closes, at the second time only where choices would be lost."""
        if self._is_touched and not self._is_leaving:
            self._is_leaving = True
            text = self.tr("▲ This mapping is not saved. Close once more to drop it.")
            say(self.outcome, text, "warn")
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        # The end of the program is not held up.
        self._is_leaving = self._is_leaving or not event.spontaneous()
        super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter saves from a field or a button only: in a list it goes to what is chosen."""
        at = self.focusWidget()
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not is_enter or isinstance(at, QLineEdit | QPushButton):
            super().keyPressEvent(event)
        elif at is self.templates.list:
            self.templates.ask_to_edit()
        elif at is self.messages and self.fields.isVisible():
            self.fields.name_edit.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self.width()
        across = 1 if width >= scaled(_WIDE_PX) else 3
        if width < scaled(_TIGHT_PX):
            across = _TIGHT_ACROSS
        if across != self._across:
            self._lay_out(across)

    def _lay_out(self, across: int) -> None:
        """`across` values side by side in the preview; one where it stands beside the fields."""
        self._across = across
        is_wide = across == 1
        direction = QBoxLayout.Direction
        self._split.setDirection(direction.LeftToRight if is_wide else direction.TopToBottom)
        self._left.setFixedWidth(scaled(_LIST_PX if is_wide else _NARROW_LIST_PX))
        self.values.stack(across == _TIGHT_ACROSS)
        self.preview.lay_out(across)
        self.preview.setMinimumWidth(scaled(_PREVIEW_PX) if is_wide else 0)
        self.preview.setMaximumWidth(scaled(_PREVIEW_PX) if is_wide else QWIDGETSIZE_MAX)

    # -- what is known -----------------------------------------------------------------

    def _ask(self) -> None:
        self._asked_s = time.monotonic()
        if self._listing is None:
            self._listing = self._host.unmapped()
        if self._naming is None and self._names_due:
            self._names_due = False
            self._naming = self._host.templates()

    def _ask_anew(self) -> None:
        """Asks for all at the next poll: the files have changed."""
        self._names_due, self._asked_s = True, 0.0

    def _show_messages(self, answer: Answer[tuple[UnmappedMessage, ...]]) -> None:
        if answer.problem is not None:
            self._say_wrong(self._empty, problem_text(answer.problem).sentences)
            return
        found = answer.value or ()
        self._listed = True
        self._messages = {message.topic: message for message in found}
        self.messages.show_messages(found, time.time_ns() // 1000)
        if found and not self._has_begun:
            wanted = self._wanted if self._wanted in self._messages else found[0].topic
            self.choose(wanted)
        self._show_state()

    def _show_templates(self, answer: Answer[tuple[SavedTemplate, ...]]) -> None:
        if answer.value is not None:
            self.templates.show_templates(answer.value)
            self._show_state()

    def _take_sample(self, topic: str) -> None:
        self._has_begun = True
        self._sample = self._messages.get(topic)
        self._edited, self._opened = "", None
        self.templates.choose_none()
        say(self.outcome, "")
        self._read_sample()

    def _read_sample(self) -> None:
        sample = self._sample
        self._proposal = propose(sample.topic, sample.payload) if sample is not None else None
        self.preview.show_payload(sample.payload if sample is not None else None)
        spec = self._opened.spec if self._opened is not None else None
        self.values.show_proposal(self._proposal, spec.channel if spec is not None else None)
        if self._proposal is not None and spec is not None:
            self.fields.show_template(spec, self._proposal)
        elif self._proposal is not None:
            self.fields.show_proposal(self._proposal)
        self._is_touched = self._is_leaving = False
        self._follow()

    def _change(self) -> None:
        """A person has chosen something."""
        if self._is_leaving:
            say(self.outcome, "")
        self._is_touched, self._is_leaving = True, False
        self._follow()

    # -- what follows from the choices ---------------------------------------------------

    def _follow(self) -> None:
        """Makes the template anew and shows what it gives."""
        self._template = None
        sample, proposal = self._sample, self._proposal
        if sample is None or proposal is None:
            self.preview.show_fault("")
        elif sample.undecoded:
            text = self.tr(
                "▲ The network server passes on the bytes of this device undecoded: add a codec "
                "to its device profile there. From here there is nothing to map."
            )
            self.preview.show_fault(text)
        elif proposal.problem is not None:
            why = rejection_text(proposal.problem)
            text = self.tr("▲ This message cannot be read: {why}.").format(why=why)
            self.preview.show_fault(text)
        else:
            self._try_template(sample)
        self._show_state()

    def _try_template(self, sample: UnmappedMessage) -> None:
        spec = self.fields.spec(self.values.channels())
        self.values.mark_twice()
        try:
            template = with_sample(spec, sample.topic, sample.payload)
            found = template.try_on(sample.topic, tree_of(sample.payload))
        except TemplateFault as fault:
            self.fields.mark(str(fault.key[0]) if fault.key else "")
            self.preview.show_fault(fault_text(fault))
            return
        except Refused:
            found = None
        self.fields.mark("")
        if found and not is_measurement(found[0]):
            text = self.tr("▲ Battery and signal alone are no reading: choose a measured value.")
            self.preview.show_fault(text)
        elif found:
            self._template = template
            self.preview.show_sighting(found[0], self._reader, sample.received_us)

    def _waiting(self) -> int:
        """How many of the waiting messages have a topic of this template."""
        if self._template is None:
            return 0
        return sum(one.count for one in self._messages.values() if self._template.covers(one.topic))

    def _show_state(self) -> None:
        is_busy = self._saving is not None
        usable = self._proposal is not None and self._proposal.problem is None
        usable = usable and self._sample is not None and not self._sample.undecoded
        self._form.setVisible(self._sample is not None)
        self.preview.setVisible(self._sample is not None)
        self._form.setEnabled(not is_busy)
        for part in (self.fields, self.values):
            part.setVisible(usable)
        family = self._proposal.family if self._proposal is not None else ""
        known = family_text(family) if family else ""
        if self._opened is not None:
            text = self.tr("The saved template {name}, with its own sample.")
            known = text.format(name=short(self._opened.name))
        say(self._family, known)
        say(self._empty, "" if self._sample is not None else self._empty_text())
        for listed in (self.messages, self.templates):
            listed.setEnabled(not is_busy)
        waiting = self._waiting()
        self.redrive.setText(
            self.tr("Decode the waiting message again")
            if waiting == 1
            else self.tr("Decode the {n} waiting messages again").format(n=count(waiting))
        )
        self.redrive.setVisible(waiting > 0)
        file = f"{slug_of(self._template.name)}{SUFFIX}" if self._template is not None else ""
        replaces = bool(self._edited) or file in self.templates.files()
        self.save.setText(self.tr("Replace") if replaces else self.tr("Save"))
        self.save.setEnabled(self._template is not None and not is_busy)

    def _empty_text(self) -> str:
        if not self._listed:
            return self.tr("Listening…")
        if self._messages:
            return self.tr("Choose a message on the left to say what it means.")
        return self.tr(
            "No unknown messages. What arrives and is not understood is listed here by itself; "
            "check that the topics in the broker settings cover those of the device."
        )

    # -- saving and removing -------------------------------------------------------------

    def _save(self) -> None:
        if self._template is None or self._saving is not None:
            return
        redrive = self.redrive.isChecked() and self._waiting() > 0
        self._saving = self._host.save(self._template, redrive=redrive, replaced=self._edited)
        say(self.outcome, self.tr("Saving…"))
        self._show_state()

    def _finish_saving(self, answer: Answer[Saved]) -> None:
        if answer.problem is not None or answer.value is None:
            text = self.tr("The template was not saved.")
            if answer.problem is not None:
                text = problem_text(answer.problem).sentences
            self._say_wrong(self.outcome, text)
        else:
            say(self.outcome, self._saved_text(answer.value), "ok")
            self._sample = self._proposal = self._template = self._opened = None
            self._edited = ""
            self.templates.choose_none()
            self.messages.choose_none()
            self._ask_anew()
            self._read_sample()
        self._show_state()
        if self.save.isEnabled():
            # Disabled meanwhile, it has lost the focus to whatever stands next.
            self.save.setFocus()

    def _say_wrong(self, label: QLabel, text: str) -> None:
        say(label, self.tr("▲ {problem}").format(problem=text), "crit")

    def _saved_text(self, saved: Saved) -> str:
        name = short(saved.file)
        if not saved.decoded and not saved.still_waiting:
            return self.tr("Saved as {file}. New messages are decoded from now on.").format(
                file=name
            )
        if not saved.still_waiting:
            return self.tr("Saved as {file}. Waiting messages that became readings: {n}.").format(
                file=name, n=count(saved.decoded)
            )
        return self.tr(
            "Saved as {file}. Waiting messages that became readings: {n}. Others that no template "
            "understands yet: {rest}."
        ).format(file=name, n=count(saved.decoded), rest=count(saved.still_waiting))

    def _open(self, file: str) -> None:
        if self._opening is None and self._saving is None:
            self._asked_file = file
            self._opening = self._host.read(file)

    def _finish_opening(self, answer: Answer[Template]) -> None:
        opened = answer.value
        if opened is None or opened.spec.sample is None:
            if answer.problem is not None:
                self._say_wrong(self.outcome, problem_text(answer.problem).sentences)
            return
        sample = opened.spec.sample
        payload, now_us = sample.payload.encode(), time.time_ns() // 1000
        self._has_begun, self._edited, self._opened = True, self._asked_file, opened
        self._sample = UnmappedMessage(sample.topic, payload, now_us, 0)
        self.messages.choose_none()
        say(self.outcome, "")
        self._read_sample()

    def _remove(self, file: str) -> None:
        if self._removing is None:
            self._removed_file = file
            self._removing = self._host.remove(file)

    def _finish_removing(self, answer: Answer[None]) -> None:
        if answer.problem is not None:
            self._say_wrong(self.outcome, problem_text(answer.problem).sentences)
        else:
            say(self.outcome, self.tr("Removed."), "ok")
            if self._edited == self._removed_file:
                # What it was is still seen, and may be saved anew.
                self._edited = ""
                self._show_state()
        self._ask_anew()

    # -- the widgets ---------------------------------------------------------------------

    def _build(self) -> None:
        self.messages.chosen.connect(self._take_sample)
        self.templates.remove_asked.connect(self._remove)
        self.templates.edit_asked.connect(self._open)
        self.fields.changed.connect(self._change)
        self.values.changed.connect(self._change)
        row = QHBoxLayout()
        row.setContentsMargins(20, 14, 20, 10)
        row.setSpacing(16)
        row.addWidget(self._make_left())
        self._split.setSpacing(12)
        self._split.addWidget(self._make_area(), 1)
        self._split.addWidget(self.preview)
        row.addLayout(self._split, 1)
        column = dialog_parts.edge_to_edge(self)
        column.addLayout(row, 1)
        told = QHBoxLayout()
        told.setContentsMargins(20, 0, 20, 8)
        told.addWidget(self.outcome)
        column.addLayout(told)
        self.outcome.hide()
        column.addWidget(self._make_footer())

    def _make_left(self) -> QWidget:
        left = self._left
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(heading(self.tr("Unknown messages")))
        column.addWidget(self.messages, 1)
        column.addWidget(heading(self.tr("Saved templates")))
        column.addWidget(self.templates)
        return left

    def _make_area(self) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(10)
        column.addWidget(self._empty)
        column.addWidget(self._form)
        column.addStretch(1)
        fields = QVBoxLayout(self._form)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(10)
        for widget in (self._family, self.fields, self.values):
            fields.addWidget(widget)
        fields.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        return area

    def _make_footer(self) -> QFrame:
        close = dialog_parts.button("dialog.mapping.close", self.tr("Close"))
        close.clicked.connect(self.reject)
        self.redrive.setObjectName("dialog.mapping.redrive")
        self.redrive.setChecked(True)
        self.save.setObjectName("dialog.mapping.save")
        self.save.setDefault(True)
        self.save.clicked.connect(self._save)
        return dialog_parts.footer(self.redrive, None, close, self.save)
