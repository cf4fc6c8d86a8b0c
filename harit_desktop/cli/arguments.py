"""The command line: what may be asked, checked before anything starts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

N = TypeVar("N", int, float)

VIEWS = ("live", "messages", "settings")


class _Parser(argparse.ArgumentParser):
    """Says a usage error in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    try:
        size = int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 1366x768") from None
    if not all(100 <= side <= 8192 for side in size):
        raise argparse.ArgumentTypeError("the size must be 100 to 8192 pixels a side")
    return size


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("not valid UTF-8") from None
    return text


def _count(text: str) -> int:
    return _at_least(text, int, 1)


def _seconds(text: str) -> float:
    return _at_least(text, float, 0.0)


def _at_least(text: str, kind: Callable[[str], N], minimum: N) -> N:
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not minimum <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be {minimum} or more")
    return value


def _common(assignments: str) -> _Parser:
    """Options that stand before or after a command; `assignments` names where --set goes."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="folder where everything is kept"
    )
    common.add_argument(
        "--profile", metavar="NAME", help="the broker profile of this run, by its name"
    )
    common.add_argument(
        "--set",
        dest=assignments,
        action="append",
        metavar="KEY=VALUE",
        help="override a setting for this run; may be given again",
    )
    return common


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands and options."""
    # What stands after a command would replace what stands before it under the same name.
    common = _common("later_assignments")
    parser = _Parser(
        prog="harit-desktop",
        description="Receives, analyses, stores and shows soil-sensor readings.",
        parents=[_common("assignments")],
    )
    parser.add_argument("--version", action="store_true", help="version, Python and Qt")
    parser.add_argument(
        "--demo", action="store_true", help="built-in broker and three simulated sensors"
    )
    parser.add_argument("--headless", action="store_true", help="run without a window")
    parser.add_argument(
        "--status-json", action="store_true", help="with --headless: a JSON object a second"
    )
    parser.add_argument("--yes", action="store_true", help="answer questions with yes")
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="render the window to a PNG and exit"
    )
    parser.add_argument(
        "--after", type=_seconds, default=3.0, metavar="S", help="seconds before --screenshot"
    )
    parser.add_argument(
        "--size", type=_size, default=(1366, 768), metavar="WxH", help="size of --screenshot"
    )
    parser.add_argument("--view", choices=VIEWS, default="live", help="page of --screenshot")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _add_publish(commands, common)
    _add_export(commands, common)
    _add_backup(commands, common)
    _add_restore(commands, common)
    _add_doctor(commands, common)
    return parser


def _add_publish(commands: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    publish = commands.add_parser(
        "publish", parents=[common], help="publish simulated readings without a window"
    )
    publish.add_argument("--count", type=_count, metavar="N", help="stop after N readings in all")
    publish.add_argument("--interval", type=_seconds, metavar="S", help="seconds between rounds")
    publish.add_argument("--devices", type=_count, metavar="N", help="how many devices")


def _add_export(commands: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    export = commands.add_parser("export", parents=[common], help="write readings to a file")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    export.add_argument("--format", choices=("csv", "json", "xlsx"), default="csv")
    export.add_argument("--from", dest="from_time", metavar="ISO", help="first instant")
    export.add_argument("--to", dest="to_time", metavar="ISO", help="last instant")
    export.add_argument(
        "--device",
        type=_text,
        action="append",
        metavar="ID",
        help="only this device; may be given again",
    )
    export.add_argument(
        "--include-simulated", action="store_true", help="simulated readings as well"
    )
    export.add_argument(
        "--corrected",
        action="store_true",
        help="the values with the calibrations that held then, beside those as sent",
    )
    export.add_argument(
        "--extras",
        action="store_true",
        help="a column for each extra channel, as conductivity and battery, of the local store",
    )


def _add_backup(commands: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    backup = commands.add_parser(
        "backup", parents=[common], help="make a backup now, also while the program runs"
    )
    backup.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where to; nothing is deleted there"
    )


def _add_restore(commands: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    restore = commands.add_parser(
        "restore", parents=[common], help="put a backup in the place of the store"
    )
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--yes", action="store_true", default=argparse.SUPPRESS, help="do not ask")
    restore.add_argument(
        "--check", action="store_true", help="only check the file and say what it holds"
    )


def _add_doctor(commands: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    doctor = commands.add_parser(
        "doctor", parents=[common], help="check broker, store and API one by one"
    )
    doctor.add_argument("--json", action="store_true", help="the steps as one JSON object")
    doctor.add_argument(
        "--wait", type=_seconds, default=5.0, metavar="S", help="how long to wait for a message"
    )
    doctor.add_argument(
        "--listen", action="store_true", help="hear everything on the broker and list its topics"
    )


def parse(argv: list[str]) -> argparse.Namespace:
    """The checked arguments; exits with 2 and one line where they are wrong."""
    parser = build_parser()
    options = parser.parse_args(argv)
    options.data_dir = getattr(options, "data_dir", None)
    options.profile = getattr(options, "profile", None)
    options.assignments = [
        *getattr(options, "assignments", []),
        *getattr(options, "later_assignments", []),
    ]
    if options.status_json and not options.headless:
        parser.error("--status-json needs --headless")
    if options.screenshot is not None and options.headless:
        parser.error("--screenshot needs the window, --headless has none")
    if options.demo and options.profile is not None:
        parser.error("--demo has a broker of its own and takes no --profile")
    if options.command and (options.demo or options.headless or options.screenshot):
        parser.error(f"{options.command} takes no window options")
    return options
