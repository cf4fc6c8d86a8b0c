"""What the tooling says, on stderr: stdout belongs to the program that it starts."""

from __future__ import annotations

import sys


class SetupError(Exception):
    """Something that the person at the keyboard can put right; shown without a traceback."""


def say(text: str) -> None:
    """One line (or a short block) for the person at the keyboard."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)
