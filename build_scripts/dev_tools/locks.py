"""Writes the hash-pinned locks: every platform, every supported Python, no index named."""

from __future__ import annotations

import os
import subprocess

from dev_tools.console import SetupError, say
from dev_tools.environment import DEVELOPMENT, LOCKS, ROOT

HEADER = "# Written by build_scripts/dev.py lock from pyproject.toml. Do not edit.\n"
_OPTIONS = [
    "--no-config",
    "--universal",
    "--python-version=3.11",
    "--fork-strategy=fewest",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    "--quiet",
]
# Sources beyond the index that a machine may have set; their files would enter the lock.
_EXTRA_SOURCES = ("UV_FIND_LINKS", "UV_EXTRA_INDEX_URL", "UV_INDEX")


def write_all(*, upgrade: bool) -> None:
    """Writes app.txt, package.txt and dev.txt; each is a superset of the one before.

    Versions stay as they are unless pyproject.toml rules them out or `upgrade` is set.
    Raises SetupError where the requirements cannot be met.
    """
    _write("app.txt", ["--upgrade"] if upgrade else [])
    # The larger locks follow app.txt by constraint; only their own part can move.
    own = ["--upgrade"] if upgrade else []
    _write("package.txt", ["--group=package", "--constraints=build_scripts/locks/app.txt", *own])
    _write("dev.txt", ["--group=dev", "--constraints=build_scripts/locks/package.txt", *own])


def _write(name: str, options: list[str]) -> None:
    target = os.path.join(LOCKS, name)
    variables = {k: v for k, v in os.environ.items() if k not in _EXTRA_SOURCES}
    command = [DEVELOPMENT.program("uv"), "pip", "compile", "pyproject.toml"]
    command += [*_OPTIONS, *options, f"--output-file={target}"]
    done = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise SetupError(f"{name} could not be written (uv's message is above)")
    with open(target, encoding="utf-8") as file:
        text = file.read()
    with open(target, "w", encoding="utf-8", newline="\n") as file:
        file.write(HEADER + text.removeprefix(HEADER))
    say(f"wrote {os.path.relpath(target, ROOT)}")
