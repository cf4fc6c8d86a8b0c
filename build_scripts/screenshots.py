"""Pictures of the real program: `python build_scripts/screenshots.py [FOLDER]`.

Starts the program under an Xvfb of its own, in temporary data folders, at two screen sizes
and in both themes, drives it by keys as a user would, and saves one PNG a view. Wants Linux
with Xvfb, openbox, xdotool, ImageMagick's `import`, mosquitto and MariaDB.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from farm_database import farm_database, program
from farm_day import farm_day
from tests.flask_backend import FlaskBackend

REPOSITORY = Path(__file__).resolve().parents[1]
TOOLS = (
    *("Xvfb", "openbox", "xdotool", "import", "mosquitto", "mosquitto_pub"),
    *("mariadbd", "mariadb-install-db", "mariadb"),
)
SIZES = ("1366x768", "1920x1080")
THEMES = ("light", "dark")
VALUES = {"N": 23.4, "P": 17.2, "K": 154.6, "CO2": 512, "Temperature": 24.6, "pH": 7.15}
TOPIC = "harit-samarth/sensor/data"
WINDOW_WAIT_S = 20.0
DEMO_S = 45.0

# The Messages page, its filter, past Pause into the table, the first line.
CHOOSE_MESSAGE = ("ctrl+4", "ctrl+f", "Tab", "Tab", "Down", "Down")

# The toolbar's region, the devices, the data path, and its third row.
CHOOSE_DATABASE_ROW = ("F6", "F6", "F6", "Tab", "Tab")
# From the first field to the list of pages, and its fourth entry.
CHOOSE_STORAGE_PAGE = ("shift+Tab", "Down", "Down", "Down")
CHOOSE_API_PAGE = (*CHOOSE_STORAGE_PAGE, "Down")
CHOOSE_ANALYSIS_PAGE = (*CHOOSE_API_PAGE, "Down", "Down")
CHOOSE_ALERTS_PAGE = (*CHOOSE_ANALYSIS_PAGE, "Down")
CHOOSE_APPEARANCE_PAGE = (*CHOOSE_ALERTS_PAGE, "Down")
# By the letters of the menus.
DIALOGS = {
    "calibration": ("alt+a", "c"),
    "device": ("alt+a", "d"),
    "reanalyse": ("alt+a", "r"),
    "restore_empty": ("alt+f", "r"),
    "about": ("F1",),
    "export_of_farm": ("ctrl+e",),
}
SETTINGS = {
    "settings_analysis": CHOOSE_ANALYSIS_PAGE,
    "settings_alerts": CHOOSE_ALERTS_PAGE,
    "settings_appearance": CHOOSE_APPEARANCE_PAGE,
}
# From the list of pages past the six fields and the eye to the test.
CHOOSE_API_TEST = ("Tab",) * 9

OPENBOX = """<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
<applications><application type="normal"><maximized>yes</maximized></application></applications>
<keyboard><keybind key="A-F4"><action name="Close"/></keybind></keyboard>
</openbox_config>
"""


class Stage:
    """A display with a window manager, and the program on it."""

    def __init__(self, folder: Path, size: str, theme: str) -> None:
        self._folder = folder
        self._name = f"{theme}_{size}"
        self._theme = theme
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("HARIT_", "QT_"))},
            "PYTHONPATH": str(REPOSITORY),
            "LC_ALL": "C.UTF-8",
            "LANGUAGE": "en",
        }

    def open_display(self, running: ExitStack, size: str) -> None:
        """Starts Xvfb on a free display number, and openbox on it."""
        read_end, write_end = os.pipe()
        command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{size}x24"]
        running.enter_context(process([*command, "-nolisten", "tcp"], pass_fds=(write_end,)))
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            self._environment["DISPLAY"] = f":{answer.readline().strip()}"
        config = Path(running.enter_context(tempfile.TemporaryDirectory())) / "openbox.xml"
        config.write_text(OPENBOX, encoding="utf-8")
        command = ["openbox", "--sm-disable", "--config-file", str(config)]
        running.enter_context(process(command, env=self._environment))

    @contextmanager
    def program(self, *arguments: str) -> Iterator[None]:
        """The window, maximised and ready for keys, in a new data folder."""
        with tempfile.TemporaryDirectory(prefix="harit-pictures-") as data:
            command = [sys.executable, "-m", "harit_desktop", "--data-dir", data]
            command += ["--set", f"ui.theme={self._theme}", *arguments]
            errors = self._folder / f"errors_{self._name}.txt"
            with process(command, env=self._environment, errors=errors):
                self.xdo("search", "--sync", "--onlyvisible", "--name", "Harit Desktop")
                time.sleep(2)
                yield
            if errors.stat().st_size == 0:
                errors.unlink()

    def xdo(self, *arguments: str) -> None:
        subprocess.run(
            ["xdotool", *arguments],
            env=self._environment,
            check=True,
            timeout=WINDOW_WAIT_S,
            stdout=subprocess.DEVNULL,
        )

    def keys(self, *keys: str, wait_s: float = 1.0) -> None:
        """Presses keys, then lets the window settle."""
        self.xdo("key", "--delay", "120", *keys)
        time.sleep(wait_s)

    def picture(self, view: str) -> None:
        """Saves what the display shows now."""
        file = self._folder / f"{view}_{self._name}.png"
        command = ["import", "-window", "root", str(file)]
        subprocess.run(command, env=self._environment, check=True, timeout=30)
        print(file)


@contextmanager
def process(
    command: list[str],
    env: dict[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
    errors: Path = Path(os.devnull),
) -> Iterator[subprocess.Popen[bytes]]:
    """A child process that is ended with the block; `errors` takes what it complains of."""
    with errors.open("ab") as stderr:
        child = subprocess.Popen(
            command,
            env=env,
            pass_fds=pass_fds,
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(8)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def free_port() -> int:
    """A port of loopback on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def simulated_views(stage: Stage) -> None:
    """First run, then every view of the simulated sensors."""
    with stage.program("--set", f"builtin_broker.port={free_port()}"):
        stage.picture("first_run")
        stage.keys("Return", wait_s=DEMO_S)
        stage.picture("live")
        stage.keys(*CHOOSE_MESSAGE, wait_s=1.5)
        stage.picture("messages")
        stage.keys("ctrl+comma", wait_s=1.5)
        stage.picture("settings")
        stage.keys("Escape")
        stage.keys("ctrl+e", wait_s=1.5)
        stage.picture("export")
        stage.keys("Escape")


def broker_views(stage: Stage) -> None:
    """Real readings of two probes over a broker, and what is said when it ends."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        stage_broker(folder, port) as broker,
        stage.program("--set", f"broker.port={port}"),
    ):
        publish_history(port)
        time.sleep(6)
        stage.keys("alt+2", wait_s=3)
        stage.picture("live_broker")
        stage.keys(*CHOOSE_MESSAGE, "Down", "Down", wait_s=1.5)
        stage.picture("messages_rejected")
        stage.keys("ctrl+1")
        broker.kill()
        time.sleep(6)
        stage.picture("broker_killed")


def farm_views(stage: Stage) -> None:
    """A day of four probes: a healthy plot, and one that has been drying out."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        stage_broker(folder, port),
        stage.program("--set", f"broker.port={port}"),
    ):
        publish(port, list(farm_day(time.time_ns() // 1000)))
        time.sleep(6)
        stage.keys("alt+3", wait_s=4)
        stage.picture("farm")
        stage.keys("ctrl+shift+Tab", wait_s=3)
        stage.picture("farm_dry")
        stage.keys("ctrl+2", wait_s=3)
        stage.keys("alt+3", wait_s=4)
        stage.picture("history")
        stage.keys("ctrl+3", wait_s=3)
        stage.picture("alerts")
        for name, keys in DIALOGS.items():
            stage.keys("ctrl+1", *keys, wait_s=2)
            stage.picture(name)
            stage.keys("Escape")
        for name, keys in SETTINGS.items():
            stage.keys("ctrl+comma", wait_s=2)
            stage.keys(*keys, wait_s=1)
            stage.picture(name)
            stage.keys("Escape")
        # By the window manager, as by a click on its cross: the question.
        stage.keys("ctrl+1", "alt+F4", wait_s=2)
        stage.picture("closing_question")


def as_arguments(settings: Mapping[str, object]) -> list[str]:
    """Settings as the program's options."""
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def server_views(stage: Stage) -> None:
    """A database that another program has filled: the question, and the spool."""
    database_port = free_port()
    settings = {
        "broker.mode": "builtin",
        "builtin_broker.port": free_port(),
        "publisher.enabled": "true",
        "publisher.devices": 3,
        "publisher.interval_s": 2,
        "storage.backend": "mysql",
        "storage.mysql_port": database_port,
        "storage.mysql_user": "harit",
    }
    with farm_database(database_port) as server, stage.program(*as_arguments(settings)):
        time.sleep(12)
        stage.picture("server_question")
        stage.keys(*CHOOSE_DATABASE_ROW, "space", wait_s=1.5)
        stage.picture("server_change")
        # Past the list, the command and its Copy, and Not now.
        stage.keys("Tab", "Tab", "Tab", "Tab", "space", wait_s=15)
        stage.picture("server_in_use")
        server.send_signal(signal.SIGSTOP)
        time.sleep(45)
        stage.picture("server_silent")
        server.send_signal(signal.SIGCONT)
        time.sleep(20)
        stage.keys("alt+f", "b", wait_s=8)
        stage.picture("backup_made")
        stage.keys("alt+f", "r", wait_s=3)
        stage.picture("restore")
        stage.keys("Escape")
        stage.keys("ctrl+comma", *CHOOSE_STORAGE_PAGE, wait_s=2)
        stage.picture("settings_storage")
        stage.keys("Escape")


def api_views(stage: Stage) -> None:
    """A broker that ends, the existing backend that stands in, and then neither of them."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        FlaskBackend() as backend,
        stage_broker(folder, port) as broker,
    ):
        settings = {"broker.port": port, "broker.keepalive_s": 5, "api.url": backend.url}
        settings |= {"api.poll_s": 2, "local_api.enabled": "true", "local_api.port": free_port()}
        arguments = [
            word for key, value in settings.items() for word in ("--set", f"{key}={value}")
        ]
        with stage.program(*arguments):
            publish_history(port)
            time.sleep(6)
            stage.picture("api_standby")
            broker.kill()
            for step in range(10):
                backend.add(VALUES | {"Moisture": 47.5 + step / 10})
                time.sleep(2)
            # The device before the first: the one of the API.
            stage.keys("ctrl+shift+Tab", wait_s=2)
            stage.picture("api_in_use")
            backend.kill()
            time.sleep(8)
            stage.picture("both_down")
            backend.start()
            stage.keys("ctrl+comma", wait_s=2)
            stage.keys(*CHOOSE_API_PAGE, *CHOOSE_API_TEST, "space", wait_s=3)
            stage.picture("settings_api")
            stage.keys("Escape")


@contextmanager
def stage_broker(folder: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A mosquitto on loopback that a stage may kill."""
    config = Path(folder) / "mosquitto.conf"
    # A day arrives in one burst, which the default limit of 1000 would cut.
    lines = (f"listener {port} 127.0.0.1", "allow_anonymous true", "max_queued_messages 100000")
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with process(["mosquitto", "-c", str(config)]) as broker:
        time.sleep(1)
        yield broker


def publish_history(port: int) -> None:
    """An hour of two probes with a gap, and messages that cannot be read."""
    drift = random.Random(7)
    now_s = time.time()
    lines: list[str] = []
    for second in range(3600, 0, -20):
        if 1500 < second < 2000:
            continue
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now_s - second))
        for number in (1, 2):
            values = {
                "N": 22 + number + drift.gauss(0, 0.1),
                "P": 18 - number / 2 + drift.gauss(0, 0.1),
                "K": 150 + 4 * number + drift.gauss(0, 0.5),
                "CO2": 500 + 10 * number + drift.gauss(0, 3),
                "Temperature": 22 + number / 2 + (3600 - second) / 2400,
                "Moisture": 55 - number * 2 - (3600 - second) / 1800,
                "pH": 7.2 - number / 20 + drift.gauss(0, 0.005),
            }
            reading = {k: round(v, 2) for k, v in values.items()}
            lines.append(
                json.dumps(
                    {
                        "timestamp": stamp,
                        "publisher_id": f"soil-{number:02d}",
                        "sensor_readings": reading,
                    }
                )
            )
    lines[-3:-3] = [
        "{oops",
        '{"sensor_readings": {"N": "many"}, "publisher_id": "soil-03"}',
        '{"level": 3}',
        lines[-4],
    ]
    publish(port, lines)


def publish(port: int, lines: list[str]) -> None:
    """Sends each line as a message, confirmed by the broker."""
    subprocess.run(
        ["mosquitto_pub", "-p", str(port), "-t", TOPIC, "-q", "1", "-l"],
        input="\n".join(lines).encode(),
        check=True,
        timeout=60,
    )


def main() -> int:
    """Takes every picture, or those of one size and theme."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("screenshots"))
    parser.add_argument("--size", choices=SIZES)
    parser.add_argument("--theme", choices=THEMES)
    scenes = {
        "farm": farm_views,
        "simulated": simulated_views,
        "broker": broker_views,
        "server": server_views,
        "api": api_views,
    }
    parser.add_argument("--scene", choices=scenes)
    options = parser.parse_args()
    missing = [tool for tool in TOOLS if program(tool) is None]
    if missing:
        print(f"These programs are needed and not installed: {', '.join(missing)}")
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [options.scene] if options.scene else list(scenes)
    for size in [options.size] if options.size else SIZES:
        for theme in [options.theme] if options.theme else THEMES:
            with ExitStack() as running:
                stage = Stage(options.folder.resolve(), size, theme)
                stage.open_display(running, size)
                for name in chosen:
                    scenes[name](stage)
    return 0


if __name__ == "__main__":
    sys.exit(main())
