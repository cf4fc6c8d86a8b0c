"""Where mosquitto is, and the folder that it works in."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time

from harit_desktop.broker.child_protocol import FOLDER, EngineFailure
from harit_desktop.broker.limits import MAX_CONNECTIONS, MAX_PACKET_BYTES
from harit_desktop.broker.login import Login, password_line

FOLDER_NAME = "broker"
CONFIG_NAME = "mosquitto.conf"
DATABASE_NAME = "mosquitto.db"
PID_NAME = "mosquitto.pid"
PASSWORDS_NAME = "passwords"

_UNIX_FOLDERS = (
    "/usr/sbin",
    "/usr/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/opt/homebrew/sbin",
    "/opt/homebrew/opt/mosquitto/sbin",
    "/usr/local/opt/mosquitto/sbin",
    "/opt/local/sbin",
)
_WINDOWS_VARIABLES = ("ProgramW6432", "ProgramFiles", "ProgramFiles(x86)")
_WINDOWS_FOLDER = r"C:\Program Files\mosquitto"

# The folder is the working directory and every name in here is relative to it, so that
# no path of the user (spaces, other alphabets, a line break) reaches mosquitto's parser.
# The limits: on clients and packets, a queue bigger than mosquitto's default of 1000, and a
# save after every change, without which a killed broker loses everything since the
# last half hour.
_CONFIG = """\
listener {port} {address}
max_connections {connections}
{access}
persistence true
persistence_location ./
persistence_file {database}
autosave_interval 1
autosave_on_changes true
max_queued_messages 100000
max_queued_bytes 268435456
max_inflight_messages 200
max_packet_size {packet_bytes}
persistent_client_expiration 14d
connection_messages false
log_dest stderr
log_type error
log_type warning
"""
_WITH_LOGIN = f"allow_anonymous false\npassword_file {PASSWORDS_NAME}"


def find_executable() -> str | None:
    """The mosquitto to run: first in PATH, then in the usual places of each system.

    Entries of PATH that are not absolute are skipped: what lies in the current folder is
    not to be run.
    """
    name = "mosquitto.exe" if sys.platform == "win32" else "mosquitto"
    folders = [part for part in os.get_exec_path() if os.path.isabs(part)]
    if sys.platform == "win32":
        roots = [os.environ.get(variable, "") for variable in _WINDOWS_VARIABLES]
        folders += [os.path.join(root, "mosquitto") for root in roots if root]
        folders.append(_WINDOWS_FOLDER)
    else:
        folders += _UNIX_FOLDERS
    for folder in folders:
        candidate = os.path.join(folder, name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return None


def prepare_folder(data_dir: str) -> str:
    """The broker's own folder inside the data folder, readable by this user only.

    Raises EngineFailure `folder`.
    """
    folder = os.path.join(os.path.abspath(data_dir), FOLDER_NAME)
    try:
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, stat.S_IRWXU)
    except OSError as error:
        raise EngineFailure(FOLDER, f"{folder}: {error.strerror}") from error
    return folder


def write_config(folder: str, address: str, port: int, login: Login | None = None) -> None:
    """Writes what mosquitto reads; without a `login` every client is let in.

    Raises EngineFailure `folder`.
    """
    anonymous = "allow_anonymous true"
    text = _CONFIG.format(
        port=port,
        address=address,
        connections=MAX_CONNECTIONS,
        access=anonymous if login is None else _WITH_LOGIN,
        packet_bytes=MAX_PACKET_BYTES,
        database=DATABASE_NAME,
    )
    if sys.platform != "win32" and os.geteuid() == 0:
        text += f"user {_user_name()}\n"
    if login is None:
        with contextlib.suppress(OSError):
            os.remove(os.path.join(folder, PASSWORDS_NAME))
    else:
        _write(folder, PASSWORDS_NAME, password_line(login))
    _write(folder, CONFIG_NAME, text)


def _write(folder: str, name: str, text: str) -> None:
    path = os.path.join(folder, name)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise EngineFailure(FOLDER, f"{path}: {error.strerror}") from error


def _user_name() -> str:
    """Started by root, mosquitto would become the user `mosquitto`, who may not write in
    a folder that is root's."""
    import pwd  # not there on Windows

    return pwd.getpwuid(os.geteuid()).pw_name


def set_database_aside(folder: str) -> bool:
    """Keep a database that mosquitto cannot read under another name. True if there was one."""
    path = os.path.join(folder, DATABASE_NAME)
    try:
        os.replace(path, f"{path}.corrupt-{int(time.time())}")
    except OSError:
        return False
    return True


def write_pid(folder: str, pid: int) -> None:
    """Remember whom to end at the next start, should this process be killed."""
    with (
        contextlib.suppress(OSError),
        open(os.path.join(folder, PID_NAME), "w", encoding="ascii") as file,
    ):
        file.write(str(pid))


def forget_pid(folder: str) -> None:
    """After a clean end."""
    with contextlib.suppress(OSError):
        os.remove(os.path.join(folder, PID_NAME))


def end_orphan(folder: str) -> None:
    """End a mosquitto that a killed predecessor left behind in this folder.

    Two of them would write the same database. Linux ends it by itself, other systems do
    not. The pid alone proves nothing, so name and working directory have to fit too.
    """
    try:
        with open(os.path.join(folder, PID_NAME), encoding="ascii") as file:
            pid = int(file.read(20))
    except (OSError, ValueError):
        return
    import psutil  # slow to import and hardly ever needed

    try:
        process = psutil.Process(pid)
        if "mosquitto" in process.name().lower() and os.path.samefile(process.cwd(), folder):
            process.terminate()
            try:
                process.wait(1.0)
            except psutil.TimeoutExpired:
                process.kill()
    except (psutil.Error, OSError):
        return
    forget_pid(folder)
