"""What became of an alert, in the order of time and in words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.alert import AlertChange, AlertTransition
from harit_desktop.ui.problem_texts import printable
from harit_desktop.ui.words import moment_text

MOST_LINES = 12


def course_text(transitions: Sequence[AlertTransition], now_us: int) -> str:
    """One line for each change, the newest `MOST_LINES` of them."""
    return "\n".join(_line(one, now_us) for one in transitions[-MOST_LINES:])


def _line(one: AlertTransition, now_us: int) -> str:
    template = (
        QCoreApplication.translate("Alerts", "{time} {change} by {person}")
        if one.person
        else QCoreApplication.translate("Alerts", "{time} {change}")
    )
    return template.format(
        time=moment_text(one.at_us, now_us),
        change=_word(one.change),
        person=printable(one.person),
    )


def _word(change: AlertChange) -> str:
    tr = QCoreApplication.translate
    words = {
        AlertChange.RAISED: tr("Alerts", "began"),
        AlertChange.WORSE: tr("Alerts", "got worse"),
        AlertChange.ACKNOWLEDGED: tr("Alerts", "acknowledged"),
        AlertChange.MUTED: tr("Alerts", "muted"),
        AlertChange.NOTED: tr("Alerts", "note written"),
        AlertChange.SEEN: tr("Alerts", "seen to be over"),
        AlertChange.ENDED: tr("Alerts", "over"),
    }
    return words[change]
