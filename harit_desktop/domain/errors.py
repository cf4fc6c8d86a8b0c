"""Errors that the environment causes and that the program can name.

A `KnownError` is never a bug: it carries a stable code and parameters, and the
window or the command line turns these into a sentence in the user's language.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """Something that is wrong now, as data: `code` is stable, `params` fill its text."""

    code: str
    params: Mapping[str, str | int | float] = {}

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code} ({details})" if details else self.code


class KnownError(Exception):
    """An expected failure of the environment (network, disk, input), never a bug of ours."""

    def __init__(self, code: str, **params: str | int | float) -> None:
        self.problem = Problem(code, params)
        super().__init__(str(self.problem))

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def params(self) -> Mapping[str, str | int | float]:
        return self.problem.params
