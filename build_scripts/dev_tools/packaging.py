"""Builds the installable folder in a clean environment, then starts what came out."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

from dev_tools import setup, system_packages
from dev_tools.console import SetupError, say
from dev_tools.environment import DEVELOPMENT, PACKAGING, ROOT

DIST = os.path.join(ROOT, "dist")
EXECUTABLE = "harit-desktop.exe" if sys.platform == "win32" else "harit-desktop"


def build_and_try() -> int:
    """Leaves dist/harit-desktop; returns the exit code of its start test.

    Raises SetupError where it cannot be built.
    """
    if sys.platform.startswith("linux") and not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        raise SetupError(
            "this Python was built without a shared library, which PyInstaller needs; give "
            "the same command with the system's python3"
        )
    setup.prepare([system_packages.PACKAGE], PACKAGING)
    say("building dist/harit-desktop")
    _build()
    say("trying the built program")
    smoke = os.path.join(ROOT, "build_scripts", "smoke_package.py")
    executable = os.path.join(DIST, "harit-desktop", EXECUTABLE)
    command = [DEVELOPMENT.python, smoke, executable]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _build() -> None:
    work = os.path.join(ROOT, "build", "package")
    # A fixed hash seed makes two builds of one tree equal; the cache stays in the tree.
    variables = dict(os.environ, PYTHONHASHSEED="1")
    variables["PYINSTALLER_CONFIG_DIR"] = os.path.join(work, "cache")
    command = [PACKAGING.python, "-P", "-m", "PyInstaller", "--noconfirm", "--log-level=WARN"]
    command += ["--distpath", DIST, "--workpath", os.path.join(work, "work")]
    command.append(os.path.join(ROOT, "build_scripts", "harit.spec"))
    if subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode != 0:
        raise SetupError("PyInstaller failed (its message is above)")
