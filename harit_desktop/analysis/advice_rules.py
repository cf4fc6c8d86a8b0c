"""The rules of advice: what `data/advice.toml` may hold, and reading it.

The codes are the schema's own: a file can drop a piece of advice, move it, or change when it
is given, but it can make up none. Of nutrients there are four, none of them with an amount.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from harit_desktop.analysis.quality.rules import CODES
from harit_desktop.analysis.strict_toml import converted, line_of, tree_of
from harit_desktop.domain.advice import Urgency
from harit_desktop.domain.errors import KnownError

LimitName = Literal["optimal", "alarm"]
FILE = "advice.toml"


class LimitRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A believable value outside those limits of the profile, on the side the code names."""

    urgency: Urgency
    limit: LimitName


class NutrientRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`LimitRule` for an estimate, which is never urgent."""

    urgency: Literal["info"]
    limit: LimitName


class TrendRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A nutrient's change over a week, of at least so many percent."""

    urgency: Literal["info"]
    percent: Annotated[float, Meta(ge=1, le=1000)]


class ReasonRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel that the quality tests doubt for one of `reasons`.

    `whole_probe`: it is about the probe and not the channel, and silences the field.
    """

    urgency: Urgency
    reasons: Annotated[tuple[str, ...], Meta(min_length=1)]
    whole_probe: bool = False


class PlainRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When it applies is the code's own meaning."""

    urgency: Urgency


Rule = LimitRule | NutrientRule | TrendRule | ReasonRule | PlainRule


class Sides(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    too_low: LimitRule | None = None
    low: LimitRule | None = None
    high: LimitRule | None = None
    too_high: LimitRule | None = None


class Nutrients(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: NutrientRule | None = None
    high: NutrientRule | None = None
    falling: TrendRule | None = None
    rising: TrendRule | None = None


class Air(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: LimitRule | None = None
    high: LimitRule | None = None
    too_high: LimitRule | None = None


class Sensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    out_of_range: ReasonRule | None = None
    in_air: ReasonRule | None = None
    stuck: ReasonRule | None = None
    frozen: ReasonRule | None = None
    jumpy: ReasonRule | None = None
    noisy: ReasonRule | None = None
    drifting: ReasonRule | None = None
    calibrate: PlainRule | None = None
    clock: PlainRule | None = None


class AdviceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of the file; a code is the names of its two tables."""

    schema: Literal["harit-advice"]
    schema_version: Literal[1]
    water: Sides = Sides()
    ph: Sides = Sides()
    temperature: Sides = Sides()
    air: Air = Air()
    nutrient: Nutrients = Nutrients()
    sensor: Sensor = Sensor()


TOPICS = ("water", "ph", "temperature", "air", "nutrient", "sensor")

Rules = tuple[tuple[str, Rule], ...]
"""(code, rule) in the order in which equally urgent advice is given."""


@cache
def built_in_rules() -> Rules:
    """The program's own rules."""
    source = files("harit_desktop.analysis").joinpath("data", FILE)
    return parse_rules(source.read_text("utf-8"), FILE)


def parse_rules(text: str, file: str) -> Rules:
    """Rules from the text of their file; `file` names it in errors.

    Raises KnownError as `strict_toml` does; profile.invalid too for a reason that no quality
    test gives, and for one that two rules name.
    """
    tree = tree_of(text, file)
    found = converted(tree, text, file, AdviceFile)
    named = [(topic, name) for topic in TOPICS for name in tree.get(topic, ())]
    named.sort(key=lambda path: line_of(text, path))
    rules = tuple((".".join(path), getattr(getattr(found, path[0]), path[1])) for path in named)
    wrong = _complaint(rules)
    if wrong is not None:
        raise KnownError("profile.invalid", file=file, reason=wrong)
    return rules


def _complaint(rules: Rules) -> str | None:
    taken: dict[str, str] = {}
    for code, rule in rules:
        for reason in rule.reasons if isinstance(rule, ReasonRule) else ():
            if reason not in CODES:
                return f"{code}: no quality test gives the reason {reason[:60]}"
            if reason in taken:
                return f"{code}: the reason {reason} stands at {taken[reason]} already"
            taken[reason] = code
    return None
