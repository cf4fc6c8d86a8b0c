"""What Qt, the tests and the packaging need from the system: found out, and on Debian installed.

Needs are shared libraries and programs, not package names, so the check holds on every
Linux and through Debian's renames. Other systems need nothing: their wheels are complete.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dev_tools.console import SetupError, say
from dev_tools.environment import DEVELOPMENT, Environment, must_rebuild

QT = "qt"
TESTS = "tests"
PACKAGE = "package"
SKIP_VARIABLE = "HARIT_DEV_SKIP_SYSTEM"


@dataclass(frozen=True)
class Need:
    """One thing that has to be there, and the Debian package that brings it."""

    package: str
    library: str = ""
    program: str = ""
    module: str = ""  # Of the Python that runs this.
    service: str = ""  # The system service the package would start; nobody asked for it.


NEEDS: Mapping[str, tuple[Need, ...]] = {
    QT: (
        Need("libdbus-1-3", library="libdbus-1.so.3"),
        Need("libegl1", library="libEGL.so.1"),
        Need("libfontconfig1", library="libfontconfig.so.1"),
        Need("libfreetype6", library="libfreetype.so.6"),
        Need("libgl1", library="libGL.so.1"),
        Need("libglib2.0-0", library="libgthread-2.0.so.0"),
        Need("libgssapi-krb5-2", library="libgssapi_krb5.so.2"),
        Need("libwayland-client0", library="libwayland-client.so.0"),
        Need("libwayland-cursor0", library="libwayland-cursor.so.0"),
        Need("libwayland-egl1", library="libwayland-egl.so.1"),
        Need("libx11-xcb1", library="libX11-xcb.so.1"),
        Need("libxcb-cursor0", library="libxcb-cursor.so.0"),
        Need("libxcb-glx0", library="libxcb-glx.so.0"),
        Need("libxcb-icccm4", library="libxcb-icccm.so.4"),
        Need("libxcb-image0", library="libxcb-image.so.0"),
        Need("libxcb-keysyms1", library="libxcb-keysyms.so.1"),
        Need("libxcb-randr0", library="libxcb-randr.so.0"),
        Need("libxcb-render-util0", library="libxcb-render-util.so.0"),
        Need("libxcb-shape0", library="libxcb-shape.so.0"),
        Need("libxcb-shm0", library="libxcb-shm.so.0"),
        Need("libxcb-sync1", library="libxcb-sync.so.1"),
        Need("libxcb-xfixes0", library="libxcb-xfixes.so.0"),
        Need("libxcb-xinerama0", library="libxcb-xinerama.so.0"),
        Need("libxcb-xkb1", library="libxcb-xkb.so.1"),
        Need("libxkbcommon-x11-0", library="libxkbcommon-x11.so.0"),
        Need("libxkbcommon0", library="libxkbcommon.so.0"),
    ),
    TESTS: (
        Need("mariadb-server", program="mariadbd", service="mariadb"),
        Need("mosquitto", program="mosquitto", service="mosquitto"),
        Need("mosquitto-clients", program="mosquitto_pub"),
        Need("openbox", program="openbox"),
        Need("xdotool", program="xdotool"),
        Need("xvfb", program="Xvfb"),
    ),
    PACKAGE: (Need("binutils", program="objcopy"),),
}


def are_current(groups: Iterable[str]) -> bool:
    """Whether nothing is left to do for `groups`, from the notes of an earlier look."""
    if not sys.platform.startswith("linux") or os.environ.get(SKIP_VARIABLE):
        return True
    return all(_read(_note_file(group)) == _note(group) for group in groups)


def remember(groups: Iterable[str]) -> None:
    """Notes which groups are complete, so that the next start need not look."""
    for group in groups:
        if sys.platform.startswith("linux") and not missing(NEEDS[group]):
            with open(_note_file(group), "w", encoding="utf-8") as file:
                file.write(_note(group))


def missing(needs: Iterable[Need]) -> list[Need]:
    """The needs that this machine does not meet."""
    libraries = _known_libraries()
    return [
        need
        for need in needs
        if (need.library and libraries is not None and need.library not in libraries)
        or (need.program and _find_program(need.program) is None)
        or (need.module and not _has_module(need.module))
    ]


def install(groups: Sequence[str], environment: Environment = DEVELOPMENT) -> None:
    """Installs what `groups` lack where that is possible, else says the one command to run.

    Raises SetupError where no environment can be made before that command was run.
    """
    needs = [] if are_current(groups) else [need for group in groups for need in NEEDS[group]]
    needs += _needs_to_make(environment)
    lacking = missing(needs) if needs else []
    if not lacking:
        return
    packages = sorted({need.package for need in lacking})
    debian = is_debian(_read("/etc/os-release"))
    prefix = _administrator_prefix() if debian else None
    if prefix is not None:
        say(f"installing system packages: {' '.join(packages)}")
        _apt_install(prefix, packages)
        _stop_services(prefix, [need.service for need in lacking if need.service])
        lacking = missing(needs)
    if not lacking:
        return
    if debian:
        names = " ".join(sorted({need.package for need in lacking}))
        advice = "some system packages are missing; run this once: "
        advice += f"sudo apt-get install -y --no-install-recommends {names}"
    else:
        names = ", ".join(need.library or need.program or need.module for need in lacking)
        advice = f"this system lacks {names}; install them with its package manager"
    if any(need.module for need in lacking):
        raise SetupError(advice)
    say(advice)


def _needs_to_make(environment: Environment) -> list[Need]:
    """Debian keeps a part of Python that makes environments in a package of its own."""
    if not sys.platform.startswith("linux") or not must_rebuild(environment):
        return []
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return [Need(f"python{version}-venv", module="ensurepip")]


def is_debian(os_release: str) -> bool:
    """Whether an os-release text names Debian, Ubuntu or a system derived from them."""
    names: list[str] = []
    for line in os_release.splitlines():
        key, _, value = line.partition("=")
        if key.strip() in ("ID", "ID_LIKE"):
            names += value.strip().strip("\"'").lower().split()
    return "debian" in names or "ubuntu" in names


def _apt_install(prefix: Sequence[str], packages: Sequence[str]) -> None:
    import subprocess

    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    apt += ["-o", "DPkg::Lock::Timeout=300"]

    def run(*arguments: str) -> int:
        done = subprocess.run(
            [*apt, *arguments], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
        )
        return done.returncode

    # One unreachable source must not stop the rest, so the install alone is judged.
    run("update")
    if run("install", "-y", "--no-install-recommends", *packages) != 0 and len(packages) > 1:
        for package in packages:
            run("install", "-y", "--no-install-recommends", package)


def _stop_services(prefix: Sequence[str], services: Sequence[str]) -> None:
    """Stops and disables what the installation started: the tests start their own servers."""
    import subprocess

    for service in services:
        command = ["service", service, "stop"]
        if os.path.isdir("/run/systemd/system"):
            command = ["systemctl", "disable", "--now", service]
        command = [*prefix, *command]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _administrator_prefix() -> list[str] | None:
    """What to put before a command to run it as administrator; None without a password."""
    import shutil
    import subprocess

    if sys.platform == "win32":
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    asked = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    return [sudo, "-n"] if asked.returncode == 0 else None


def _known_libraries() -> set[str] | None:
    """File names in the dynamic linker's cache; None where it cannot be asked."""
    import subprocess

    for program in ("/sbin/ldconfig", "/usr/sbin/ldconfig", "ldconfig"):
        try:
            listed = subprocess.run([program, "-p"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return {line.split()[0] for line in listed.stdout.splitlines() if "=>" in line}
    return None


def _find_program(name: str) -> str | None:
    import shutil

    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def _has_module(name: str) -> bool:
    import importlib
    import importlib.util

    importlib.invalidate_caches()
    return importlib.util.find_spec(name) is not None


def _note_file(group: str) -> str:
    return os.path.join(DEVELOPMENT.folder, f"harit-system-{group}.ok")


def _note(group: str) -> str:
    return " ".join(need.package for need in NEEDS[group])


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""
