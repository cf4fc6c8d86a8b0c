"""Why there are no readings for a while, in words."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.gaps import GapKind, GapReason
from harit_desktop.ui.words import joined

GapEnds = tuple[int, int]
MOST_NAMED = 2


def kind_words(kind: GapKind) -> str:
    """The reason of a gap, as it stands after "no data"."""
    tr = QCoreApplication.translate
    words = {
        GapKind.ASLEEP: tr("Gaps", "computer asleep"),
        GapKind.APP_CLOSED: tr("Gaps", "program closed"),
        GapKind.UNKNOWN: tr("Gaps", "reason not known"),
        GapKind.BROKER_DOWN: tr("Gaps", "broker not reached"),
        GapKind.API_DOWN: tr("Gaps", "API not reached"),
        GapKind.DISCONNECTED: tr("Gaps", "not connected"),
        GapKind.REJECTED: tr("Gaps", "messages rejected"),
        GapKind.SILENT: tr("Gaps", "sensor silent"),
    }
    return words[kind]


def reasons_by_gap(
    gaps: Sequence[GapEnds], parts: Sequence[GapReason]
) -> Mapping[GapEnds, tuple[GapReason, ...]]:
    """The parts of each gap; parts of none are left out."""
    found: dict[GapEnds, list[GapReason]] = {gap: [] for gap in gaps}
    for part in parts:
        for gap in gaps:
            if gap[0] <= part.from_us and part.until_us <= gap[1]:
                found[gap].append(part)
                break
    return {gap: tuple(of) for gap, of in found.items()}


def gap_words(parts: Sequence[GapReason]) -> str:
    """The reasons that take most of a gap, in words; "" where nothing is known of it."""
    length_us: dict[GapKind, int] = {}
    for part in parts:
        length_us[part.kind] = length_us.get(part.kind, 0) + part.until_us - part.from_us
    if not length_us or set(length_us) == {GapKind.UNKNOWN}:
        return ""
    whole_us = sum(length_us.values())
    # What takes a hundredth of the gap, as the seconds before a start, is not its reason.
    chosen = [kind for kind, us in length_us.items() if us >= whole_us / 100]
    chosen.sort(key=lambda kind: -length_us[kind])
    return joined([kind_words(kind) for kind in chosen[:MOST_NAMED]])
