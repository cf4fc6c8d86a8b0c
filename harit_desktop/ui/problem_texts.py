"""The words for every problem: what happened, what the program does, what you can do.

Problems come from the engine as a stable code with parameters. A code without an entry
here still gets an honest sentence, with the code under Details.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication

from harit_desktop.domain.errors import Problem
from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.problem_table import BUILTIN_IN_USE, ENTRIES, GENERIC, VARIANT_PARAMS
from harit_desktop.ui.words import count, plain

_CONTEXT = "Problems"
# While the API stands in, this is all that has to be said of what is done.
_BRIDGED = ("broker.lost",)
_COUNTS = ("count", "rows", "limit_mb", "needed_mb")


@dataclass(frozen=True)
class ProblemText:
    """A problem in the user's language. `body` holds whole sentences."""

    code: str
    severity: str
    headline: str
    body: str
    actions: tuple[str, ...]
    details: str

    @property
    def sentences(self) -> str:
        """Headline and body, for a place that shows both as one text."""
        if not self.body:
            return self.headline
        return QCoreApplication.translate(_CONTEXT, "{headline} {body}").format(
            headline=self.headline, body=self.body
        )


def printable(text: str) -> str:
    """Text from outside as one short line, with characters that would disturb it (controls,
    changes of the writing direction) replaced."""
    line = plain(text)
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else "�" for char in line)


def problem_text(
    problem: Problem,
    retry_s: int | None = None,
    context: Mapping[str, str] | None = None,
    builtin: bool = False,
) -> ProblemText:
    """The text of a problem. `retry_s` is when the next attempt is due, None if none is;
    `context` fills placeholders that the problem itself does not carry, `room` among them
    says how long the spool lasts and `meanwhile` is a sentence on what the other source does;
    `builtin` says that the broker is our own, on this
    computer."""
    entry = _entry(problem, builtin)
    params = _Params({**(context or {}), **_shown(problem.params)})
    sentences = [
        _spool_sentence(entry, params),
        params.get("meanwhile", ""),
        "" if problem.code in _BRIDGED and params.get("meanwhile") else _fill(entry.doing, params),
        _retry_sentence(entry, retry_s),
        _fill(entry.advice, params),
    ]
    return ProblemText(
        code=problem.code,
        severity=entry.severity,
        headline=_fill(entry.headline, params),
        body=" ".join(sentence for sentence in sentences if sentence),
        actions=entry.actions,
        details=details_of(problem),
    )


def finding_text(problem: Problem) -> str:
    """What is wrong and what a person can do, without what the program does meanwhile: for
    a test of settings that are not in force."""
    entry = _entry(problem, builtin=False)
    params = _Params(_shown(problem.params))
    sentences = (_fill(entry.headline, params), _fill(entry.advice, params))
    return " ".join(sentence for sentence in sentences if sentence)


def details_of(problem: Problem) -> str:
    """The code and its parameters, for Details and for a support request."""
    lines = [problem.code]
    lines += [f"{name}: {printable(str(value))}" for name, value in problem.params.items()]
    return "\n".join(lines)


def _entry(problem: Problem, builtin: bool) -> Entry:
    if builtin and problem.code in BUILTIN_IN_USE:
        return BUILTIN_IN_USE[problem.code]
    variant_param = VARIANT_PARAMS.get(problem.code)
    if variant_param is not None:
        variant = f"{problem.code}:{problem.params.get(variant_param, '')}"
        if variant in ENTRIES:
            return ENTRIES[variant]
    return ENTRIES.get(problem.code, GENERIC)


def _spool_sentence(entry: Entry, params: "_Params") -> str:
    if not entry.spools:
        return ""
    tr = QCoreApplication.translate
    if not params.get("room"):
        return tr(_CONTEXT, "New readings wait in the spool on this computer; none is lost.")
    return tr(
        _CONTEXT,
        "New readings wait in the spool on this computer (room for about {room}); none is lost.",
    ).format(room=params["room"])


def _retry_sentence(entry: Entry, retry_s: int | None) -> str:
    if not entry.retries or retry_s is None:
        return ""
    if retry_s <= 0:
        return QCoreApplication.translate(_CONTEXT, "Trying again now.")
    return QCoreApplication.translate(_CONTEXT, "Trying again in {seconds} s.").format(
        seconds=retry_s
    )


def _fill(text: str, params: "_Params") -> str:
    return QCoreApplication.translate(_CONTEXT, text).format_map(params) if text else ""


def _shown(params: Mapping[str, Any]) -> dict[str, str]:
    return {name: _word(name, value) for name, value in params.items()}


def _word(name: str, value: Any) -> str:
    if name in _COUNTS and isinstance(value, int):
        return count(value)
    return f"{value:g}" if isinstance(value, float) else printable(str(value))


class _Params(dict[str, str]):
    """A parameter that is not given shows as a question mark rather than as an error."""

    def __missing__(self, name: str) -> str:
        return "?"
