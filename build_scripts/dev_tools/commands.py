"""The commands of dev.py. What a start of a complete set-up does not need is imported late."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from dev_tools import launch, system_packages
from dev_tools.console import SetupError, say
from dev_tools.environment import DEVELOPMENT, ROOT, is_current

USAGE = """\
usage: python3 build_scripts/dev.py COMMAND [ARGUMENTS]

  run [ARGUMENTS]     set up if needed, then start Harit Desktop with ARGUMENTS
  test [ARGUMENTS]    set up if needed, then run the tests (ARGUMENTS go to pytest)
  lint [--fix]        ruff, the type checker and the layer contracts
  lock [--upgrade]    write the locks anew from pyproject.toml (--upgrade: newest versions)
  package             build the installable folder in dist/ and try it out
  setup               only set up: .venv, the locked packages, the system packages
"""


def main(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        say(f"there is no command {arguments[0]!r}")
        print(USAGE, end="", file=sys.stderr)
        return 2
    try:
        return command(arguments[1:])
    except (SetupError, OSError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return 130


def run(arguments: Sequence[str]) -> int:
    """Starts the program."""
    if arguments and arguments[0] == "--":
        arguments = arguments[1:]
    _prepare([system_packages.QT])
    return launch.run_app(arguments)


def set_up(arguments: Sequence[str]) -> int:
    """Only sets up."""
    _refuse(arguments)
    _prepare([system_packages.QT, system_packages.TESTS])
    return 0


def test(arguments: Sequence[str]) -> int:
    """Runs pytest, all tests in two processes; the end-to-end tests leave their screenshots in
    artifacts/."""
    _prepare([system_packages.QT, system_packages.TESTS])
    os.environ.setdefault("HARIT_ARTEFACTS", os.path.join(ROOT, "artifacts"))
    os.makedirs(os.environ["HARIT_ARTEFACTS"], exist_ok=True)
    os.chdir(ROOT)
    # Many tests wait for a server or a clock. One file stays in one process, with its servers.
    chosen = arguments or ["-n", "2", "--dist", "loadfile"]
    return launch.become([DEVELOPMENT.python, "-m", "pytest", *chosen])


def lint(arguments: Sequence[str]) -> int:
    """Runs every check, also after one failed; --fix first repairs what ruff can."""
    fix = list(arguments) == ["--fix"]
    _refuse([] if fix else arguments)
    _prepare([])
    ruff, python = DEVELOPMENT.program("ruff"), DEVELOPMENT.python
    if fix:
        _call([ruff, "check", "--fix", "--quiet", ROOT])
        _call([ruff, "format", "--quiet", ROOT])
    checks = {
        "ruff check": [ruff, "check", ROOT],
        "ruff format": [ruff, "format", "--check", ROOT],
        "mypy": [python, "-m", "mypy"],
        "import-linter": [DEVELOPMENT.program("lint-imports"), "--no-logo"],
    }
    failed = []
    for name, command in checks.items():
        say(name)
        if _call(command) != 0:
            failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def lock(arguments: Sequence[str]) -> int:
    """Writes the three locks, each one held to the versions of the smaller one before."""
    from dev_tools import locks

    upgrade = list(arguments) == ["--upgrade"]
    _refuse([] if upgrade else arguments)
    _prepare([])
    locks.write_all(upgrade=upgrade)
    return 0


def package(arguments: Sequence[str]) -> int:
    """Builds dist/harit-desktop from a clean environment and starts what it built."""
    from dev_tools import packaging

    _refuse(arguments)
    _prepare([system_packages.QT, system_packages.TESTS])
    return packaging.build_and_try()


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "run": run,
    "setup": set_up,
    "test": test,
    "lint": lint,
    "lock": lock,
    "package": package,
}


def _prepare(groups: Sequence[str]) -> None:
    if system_packages.are_current(groups) and is_current(DEVELOPMENT):
        return
    from dev_tools import setup

    setup.prepare(groups, DEVELOPMENT)


def _refuse(arguments: Sequence[str]) -> None:
    if arguments:
        raise SetupError(f"this command takes no {' '.join(arguments)!r}")


def _call(command: Sequence[str]) -> int:
    import subprocess

    return subprocess.run(list(command), cwd=ROOT, check=False).returncode
