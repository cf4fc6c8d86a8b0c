"""Entry of the program, in a source tree and as a packaged executable."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main() -> int:
    """Runs the command named on the command line; returns the exit code."""
    # What it makes, and what the programs that it starts make, is for its user alone.
    os.umask(0o077)
    arguments = sys.argv[1:]
    # The built-in broker is this same program in another role; it must start at once.
    if arguments[:1] == ["broker-child"]:
        from harit_desktop.broker.runner import run_child

        return run_child(arguments[1:])
    # Until a command has its own way to stop, there is nothing to save.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    from harit_desktop.cli.main import run

    return run(arguments)


def _leave(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
