"""What judging stored readings again has changed, in words."""

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.reanalysis import ReanalysisResult
from harit_desktop.ui.words import count


def _tr(text: str) -> str:
    return QCoreApplication.translate("ReanalyseDialog", text)


def result_text(result: ReanalysisResult) -> str:
    """What a run did: "12,034 readings judged again, 412 changed, 57 of them their status."."""
    if result.read == 0:
        return _tr("There is no reading in this range.")
    read = {"read": count(result.read)}
    if result.changed == 0:
        return (
            _tr("1 reading judged again, nothing changed.")
            if result.read == 1
            else _tr("{read} readings judged again, nothing changed.").format(**read)
        )
    counts = {"changed": count(result.changed), "band": count(result.band_changed), **read}
    if result.read == 1:
        return (
            _tr("1 reading judged again, its status changed.")
            if result.band_changed
            else _tr("1 reading judged again, it changed, its status did not.")
        )
    if result.band_changed == 0:
        return _tr("{read} readings judged again, {changed} changed, none its status.").format(
            **counts
        )
    return _tr(
        "{read} readings judged again, {changed} changed, {band} of them their status."
    ).format(**counts)
