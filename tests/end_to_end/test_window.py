"""The real window on a virtual display, driven by object names."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harit_desktop.domain.channels import CHANNELS
from tests.end_to_end.programs import (
    CANONICAL,
    PROGRAM,
    REPOSITORY,
    Window,
    environment,
    rows,
    run_program,
    wait_for,
)
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

TOPIC = "harit-samarth/sensor/data"
SMALL = ["--set", "builtin_broker.port=21883"]


def at(broker: MosquittoServer) -> list[str]:
    return ["--set", f"broker.port={broker.port}"]


@pytest.mark.parametrize("engine", ["mosquitto", "amqtt"])
def test_one_click_brings_simulated_sensors_to_life(
    tmp_path: Path, display: str, artefacts: Path, engine: str
) -> None:
    options = [*SMALL, "--set", f"builtin_broker.engine={engine}"]
    with Window(tmp_path / "data", display, options) as window:
        window.wait("page.first", visible=True)
        window.do("grab", file=str(artefacts / f"first_run_{engine}.png"))
        window.do("click", name="first.simulate")
        for channel in CHANNELS:
            wait_for(lambda c=channel: window.state(f"chart.{c.key}").get("points", 0) > 0)
        health = wait_for(lambda: window.state("label.health.index").get("accessible_name"))
        assert "100" in health
        window.wait("conn.publisher.state", state="live")
        time.sleep(3)
        window.do("grab", file=str(artefacts / f"live_{engine}.png"))
        stored = rows(window.database, "SELECT DISTINCT source FROM sensor_readings")
        assert stored == [("simulator",)]
        assert window.close() == 0
    assert "Traceback" not in window.stderr


def test_a_real_broker_feeds_the_strips_and_the_message_log(
    tmp_path: Path, display: str, artefacts: Path, broker: MosquittoServer
) -> None:
    with Window(tmp_path / "data", display, at(broker)) as window:
        window.wait("conn.broker.state", state="live")
        broker.publish_bytes(TOPIC, CANONICAL)
        broker.publish_bytes(TOPIC, CANONICAL)
        broker.publish(TOPIC, "{")
        value = wait_for(lambda: window.state("value.Moisture").get("value"))
        assert value == 54.8
        assert "65" in window.state("label.health.index")["accessible_name"]
        assert "Good" in window.state("label.health.band")["text"]
        window.do("click", name="action.view.messages")
        window.wait("table.messages", visible=True, rows=3)
        window.do("grab", file=str(artefacts / "messages.png"))
        assert rows(window.database, "SELECT count(*) FROM sensor_readings") == [(1,)]
        assert window.close() == 0


def test_the_broker_may_go_and_come_back_under_the_window(
    tmp_path: Path, display: str, artefacts: Path, broker: MosquittoServer
) -> None:
    with Window(tmp_path / "data", display, at(broker)) as window:
        window.wait("conn.broker.state", state="live")
        broker.publish_bytes(TOPIC, CANONICAL)
        wait_for(lambda: window.state("value.N").get("value") == 22.5)
        broker.kill()
        window.wait("banner.message", visible=True)
        window.do("grab", file=str(artefacts / "broker_lost.png"))
        assert window.state("value.N")["value"] == 22.5, "the last values stay visible"
        broker.start()
        window.wait("conn.broker.state", timeout_s=60, state="live")
        window.wait("banner.message", visible=False)
        broker.publish_bytes(TOPIC, CANONICAL.replace(b"17:50", b"17:55").replace(b"22.5", b"23"))
        wait_for(lambda: window.state("value.N").get("value") == 23)


def test_the_publisher_is_started_and_stopped_from_the_toolbar(
    tmp_path: Path, display: str
) -> None:
    options = [*SMALL, "--set", "broker.mode=builtin", "--set", "publisher.interval_s=0.5"]
    with Window(tmp_path / "data", display, options) as window:
        window.wait("conn.broker.state", state="live")
        window.do("click", name="action.publisher.toggle")
        wait_for(lambda: rows(window.database, "SELECT 1 FROM sensor_readings LIMIT 1"))
        wait_for(lambda: "Stop" in window.state("action.publisher.toggle")["text"])
        window.do("click", name="action.publisher.toggle")
        wait_for(lambda: "Start" in window.state("action.publisher.toggle")["text"])
        count = rows(window.database, "SELECT count(*) FROM sensor_readings")
        time.sleep(1.5)
        assert rows(window.database, "SELECT count(*) FROM sensor_readings") == count


def test_a_second_start_raises_the_first_window(tmp_path: Path, display: str) -> None:
    data = tmp_path / "data"
    with Window(data, display, SMALL) as window:
        window.wait("window.main", visible=True)
        second = subprocess.run(
            [*PROGRAM, "--data-dir", str(data)],
            env=environment(DISPLAY=display, QT_QPA_PLATFORM="xcb"),
            cwd=REPOSITORY,
            timeout=30,
            check=False,
            capture_output=True,
            text=True,
        )
        assert second.returncode == 0, second.stderr
        assert window.process.poll() is None


def test_sigterm_closes_the_window_cleanly(
    tmp_path: Path, display: str, broker: MosquittoServer
) -> None:
    with Window(tmp_path / "data", display, at(broker)) as window:
        window.wait("conn.broker.state", state="live")
        window.process.send_signal(signal.SIGTERM)
        assert window.process.wait(15) == 0
    assert "Traceback" not in window.stderr


@pytest.mark.parametrize("view", ["live", "messages", "settings"])
def test_a_screenshot_needs_no_display(tmp_path: Path, artefacts: Path, view: str) -> None:
    picture = artefacts / f"screenshot_{view}.png"
    picture.unlink(missing_ok=True)
    done = run_program(
        "--screenshot", str(picture), "--after", "4", "--size", "1200x700", "--view", view,
        "--demo", "--data-dir", str(tmp_path / "data"), *SMALL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    if view != "settings":
        width, height = (int.from_bytes(picture.read_bytes()[i : i + 4]) for i in (16, 20))
        assert (width, height) == (1200, 700)


def test_the_program_runs_without_importing_the_charts_before_the_window() -> None:
    """What is imported before the window shows decides how fast it shows."""
    code = (
        "import sys; import harit_desktop.ui.application, harit_desktop.app;"
        "heavy = {'pyqtgraph', 'sqlalchemy', 'numpy', 'paho', 'flask', 'amqtt'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), cwd=REPOSITORY,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
