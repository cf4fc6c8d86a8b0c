"""Words for what the quality tests find: a short phrase and a whole sentence of each code.

The codes are those of `analysis.quality.rules.CODES`, and `unusual.hour`, which is no fault.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_INDEX
from harit_desktop.domain.quality import Finding
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP
from harit_desktop.ui.words import (
    DASH,
    channel_name,
    channel_value,
    count,
    duration_text,
    number,
)

_CONTEXT = "Quality"


class _Words(NamedTuple):
    """`phrase` stands behind a colon or in a table. `sentence` may name {channel}, {value} and
    {limit}, which `of` says how to write: in the channel's "unit", as a "count", as "seconds".
    """

    phrase: str
    sentence: str
    of: str = "unit"


_RANGES: dict[str, _Words] = {
    "range.sensor_low": _Words(
        QT_TRANSLATE_NOOP("Quality", "less than the probe can measure"),
        QT_TRANSLATE_NOOP(
            "Quality", "{channel} is {value}; this probe can measure {limit} at least."
        ),
    ),
    "range.sensor_high": _Words(
        QT_TRANSLATE_NOOP("Quality", "more than the probe can measure"),
        QT_TRANSLATE_NOOP(
            "Quality", "{channel} is {value}; this probe can measure {limit} at most."
        ),
    ),
    "range.sentinel": _Words(
        QT_TRANSLATE_NOOP("Quality", 'the probe\'s sign for "not measured"'),
        QT_TRANSLATE_NOOP(
            "Quality", "{channel} is {value}: what a probe sends when it has measured nothing."
        ),
    ),
    "range.physical_low": _Words(
        QT_TRANSLATE_NOOP("Quality", "lower than in any soil"),
        QT_TRANSLATE_NOOP("Quality", "{channel} is {value}; in soil it is {limit} or more."),
    ),
    "range.physical_high": _Words(
        QT_TRANSLATE_NOOP("Quality", "higher than this soil can be"),
        QT_TRANSLATE_NOOP("Quality", "{channel} is {value}; in this soil it is {limit} or less."),
    ),
}
_TIMES: dict[str, _Words] = {
    "time.gap": _Words(
        QT_TRANSLATE_NOOP("Quality", "no readings"),
        QT_TRANSLATE_NOOP("Quality", "No reading for {value}; usually there is one every {limit}."),
        "seconds",
    ),
    "time.late": _Words(
        QT_TRANSLATE_NOOP("Quality", "readings not on time"),
        QT_TRANSLATE_NOOP(
            "Quality", "{value} after the reading before; usually there is one every {limit}."
        ),
        "seconds",
    ),
    "time.duplicate": _Words(
        QT_TRANSLATE_NOOP("Quality", "delivered twice"),
        QT_TRANSLATE_NOOP("Quality", "The same reading was delivered twice."),
    ),
    "time.out_of_order": _Words(
        QT_TRANSLATE_NOOP("Quality", "delivered later than newer ones"),
        QT_TRANSLATE_NOOP("Quality", "This reading is {value} older than one that came before it."),
        "seconds",
    ),
}
_STEPS: dict[str, _Words] = {
    "step.unsettled": _Words(
        QT_TRANSLATE_NOOP("Quality", "sudden jumps"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} jumped to {value}; a change of up to {limit} is usual. The next readings "
            "will show whether it is true.",
        ),
    ),
    "spike.returned": _Words(
        QT_TRANSLATE_NOOP("Quality", "jumps that return"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} jumped to {value} and came back; a change of up to {limit} is usual.",
        ),
    ),
    "drop.stayed": _Words(
        QT_TRANSLATE_NOOP("Quality", "falls faster than soil dries"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} fell to {value} at once; soil does not dry so fast (usual: up to {limit}).",
        ),
    ),
    "jump.wetting": _Words(
        QT_TRANSLATE_NOOP("Quality", "rain or irrigation"),
        QT_TRANSLATE_NOOP(
            "Quality", "{channel} rose to {value}: water has reached the probe. This is no fault."
        ),
    ),
    "jump.alone": _Words(
        QT_TRANSLATE_NOOP("Quality", "rises that no other value shares"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} rose to {value} and nothing else moved, as it would with water; a change "
            "of up to {limit} is usual.",
        ),
    ),
}
_LASTING: dict[str, _Words] = {
    "flat.repeats": _Words(
        QT_TRANSLATE_NOOP("Quality", "stuck at one value"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} has been the same for {value} readings; up to {limit} are usual.",
        ),
        "count",
    ),
    "noise.high": _Words(
        QT_TRANSLATE_NOOP("Quality", "unsteady values"),
        QT_TRANSLATE_NOOP("Quality", "{channel} trembles by {value}; up to {limit} is usual."),
    ),
    "drift.siblings": _Words(
        QT_TRANSLATE_NOOP("Quality", "drifting away from the other probes"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} is {value} away from the other probes of its zone; up to {limit} is usual.",
        ),
    ),
    "drift.pair": _Words(
        QT_TRANSLATE_NOOP("Quality", "drifting away from the other probe"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} is {value} away from the other probe of its zone; up to {limit} is usual. "
            "Either of the two may be wrong.",
        ),
    ),
    "cross.frozen": _Words(
        QT_TRANSLATE_NOOP("Quality", "all values stand still"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "All values have been the same for {value} readings; up to {limit} are usual. The "
            "probe or its gateway repeats an old measurement.",
        ),
        "count",
    ),
    "cross.in_air": _Words(
        QT_TRANSLATE_NOOP("Quality", "as if the probe were in the air"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} is {value}: moisture and nutrients are near zero together, as they are "
            "when the probe is out of the soil.",
        ),
    ),
    "cross.step": _Words(
        QT_TRANSLATE_NOOP("Quality", "values that jump together"),
        QT_TRANSLATE_NOOP(
            "Quality",
            "{channel} jumped to {value} together with others that the probe works out from the "
            "same signal; a change of up to {limit} is usual.",
        ),
    ),
    "unusual.hour": _Words(
        QT_TRANSLATE_NOOP("Quality", "unusual for the time of day"),
        QT_TRANSLATE_NOOP(
            "Quality", "{channel} is {value}; at this time of day it is usually about {limit}."
        ),
    ),
}

_BRIEF: dict[str, str] = {
    "range.sensor_low": QT_TRANSLATE_NOOP("Quality", "too low"),
    "range.sensor_high": QT_TRANSLATE_NOOP("Quality", "too high"),
    "range.sentinel": QT_TRANSLATE_NOOP("Quality", "no value"),
    "range.physical_low": QT_TRANSLATE_NOOP("Quality", "too low"),
    "range.physical_high": QT_TRANSLATE_NOOP("Quality", "too high"),
    "step.unsettled": QT_TRANSLATE_NOOP("Quality", "a jump"),
    "spike.returned": QT_TRANSLATE_NOOP("Quality", "a jump"),
    "drop.stayed": QT_TRANSLATE_NOOP("Quality", "a fall"),
    "jump.alone": QT_TRANSLATE_NOOP("Quality", "a jump"),
    "flat.repeats": QT_TRANSLATE_NOOP("Quality", "stuck"),
    "noise.high": QT_TRANSLATE_NOOP("Quality", "unsteady"),
    "drift.siblings": QT_TRANSLATE_NOOP("Quality", "drifting"),
    "drift.pair": QT_TRANSLATE_NOOP("Quality", "drifting"),
    "cross.frozen": QT_TRANSLATE_NOOP("Quality", "frozen"),
    "cross.in_air": QT_TRANSLATE_NOOP("Quality", "in the air?"),
    "cross.step": QT_TRANSLATE_NOOP("Quality", "a jump"),
}
"""A word or two for each code that sets a flag, where there is no room for a phrase."""

WORDS: dict[str, _Words] = {**_RANGES, **_TIMES, **_STEPS, **_LASTING}


def _translated(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


def flag_word(flag: int) -> str:
    """What a flag other than a pass is called; empty for a pass and what was not tested."""
    words = {
        Flag.SUSPECT: QCoreApplication.translate("Quality", "suspect"),
        Flag.FAIL: QCoreApplication.translate("Quality", "faulty"),
        Flag.MISSING: QCoreApplication.translate("Quality", "not sent"),
    }
    return words.get(Flag(flag), "")


def reason_phrase(code: str) -> str:
    """Why, in a few words, as in "jumps that return"; empty for a code from a newer version."""
    words = WORDS.get(code)
    return _translated(words.phrase) if words else ""


def flag_phrase(flag: int, code: str) -> str:
    """The flag and its reason, as in "suspect: jumps that return"."""
    word, phrase = flag_word(flag), reason_phrase(code)
    if not word or not phrase:
        return word
    return QCoreApplication.translate("Quality", "{flag}: {reason}").format(
        flag=word, reason=phrase
    )


def flag_brief(flag: int, code: str) -> str:
    """`flag_phrase` in a word or two, as in "suspect: drifting"; the flag alone for a code that
    has no brief form."""
    word, brief = flag_word(flag), _BRIEF.get(code)
    if not word or brief is None:
        return word
    return QCoreApplication.translate("Quality", "{flag}: {reason}").format(
        flag=word, reason=_translated(brief)
    )


def reason_text(code: str, channel: str, value: float, limit: float) -> str:
    """The whole sentence about one finding; `value` and `limit` as the code's table entry
    says. A code from a newer version gets a sentence that says no more than is known."""
    words = WORDS.get(code)
    name = (
        channel_name(channel) if channel else QCoreApplication.translate("Quality", "The reading")
    )
    if words is None:
        return QCoreApplication.translate(
            "Quality", "{channel} was marked by a test that this version does not know."
        ).format(channel=name)
    return _translated(words.sentence).format(
        channel=name,
        value=_written(words.of, channel, value),
        limit=_written(words.of, channel, limit),
    )


def finding_text(finding: Finding) -> str:
    """What is held against one value, as a sentence."""
    return reason_text(finding.code, finding.channel, finding.value, finding.limit)


def _written(of: str, channel: str, value: float) -> str:
    if value != value:
        return DASH
    if of == "seconds":
        return duration_text(value)
    if of == "count":
        return count(round(value))
    return channel_value(channel, value) if channel in CHANNEL_INDEX else number(value, 1)
