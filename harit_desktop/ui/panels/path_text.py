"""The shape of what a row of the data path says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PathText:
    """A row: `detail` below the title, `word` at its right; `state` as the widgets say it.

    `severity` "" is calm, else "info", "warn" or "crit": it colours the word and brings a
    glyph with it. `more` is for who asks: a tool tip, and the description for a screen reader.
    """

    state: str
    detail: str
    word: str = ""
    severity: str = ""
    more: str = ""
