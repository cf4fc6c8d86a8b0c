"""Every page, dialog and state in light and dark, on three screens and at 150 % text.

Each look plays all scenes in a process of its own with a screen of that size. Pictures go
to HARIT_LOOK_DIR where it is set: one folder a look, one PNG a scene, and `found.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harit_desktop.ui.dialogs import Dialogs
from tests.look.farm import make_farm
from tests.look.promised import PROMISED
from tests.look.scenes import DIALOGS

REPOSITORY = Path(__file__).resolve().parents[2]
AT_ONCE = 2
LONGEST_STALL_S = 1.5
"""Not a budget: opening anything takes a fraction of it unless the main thread waits."""
LOOK_S = 140


class Look(NamedTuple):
    """`dialogs` and `setup` say which scenes it plays beside those of the window; contrast is
    measured where asked, since a size does not change it."""

    theme: str
    size: str
    text: int = 100
    dialogs: bool = False
    contrast: bool = False
    setup: bool = False

    @property
    def name(self) -> str:
        return f"{self.theme}_{self.size}_{self.text}"


LOOKS = (
    Look("light", "1366x768", dialogs=True, contrast=True),
    Look("dark", "1366x768", dialogs=True, contrast=True, setup=True),
    Look("light", "1366x768", 150, dialogs=True, setup=True),
    Look("dark", "1366x768", 150),
    Look("light", "1024x640", dialogs=True),
    Look("dark", "1024x640"),
    Look("light", "1920x1080"),
    Look("dark", "1920x1080"),
)

KNOWN: dict[tuple[str, str, str], str] = {
    **dict.fromkeys(
        (("history_more_channels", "overlap", part) for part in ("strip.history.", "page.history")),
        "With large text and two banners further strips are too low for their names.",
    ),
}
"""Faults that are accepted, by scene, kind and the beginning of the widget's name."""


@pytest.fixture(scope="module")
def found(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[Look, Future[dict[str, Any]]]]:
    """What each chosen look found; two are played at a time."""
    farm = tmp_path_factory.mktemp("farm")
    make_farm(farm)
    kept = os.environ.get("HARIT_LOOK_DIR")
    out = Path(kept).absolute() if kept else tmp_path_factory.mktemp("looks")
    # A worker of many plays only what it is asked for.
    ahead = "PYTEST_XDIST_WORKER" not in os.environ
    asked = [item.callspec.params["look"] for item in request.session.items if _plays(item)]
    with ThreadPoolExecutor(AT_ONCE if ahead else 1) as pool:
        played = _Played(pool, farm, out)
        for look in asked if ahead else ():
            played[look]
        yield played
        pool.shutdown(cancel_futures=True)


def _plays(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "look" in getattr(
        getattr(item, "callspec", None), "params", {}
    )


class _Played(dict[Look, Future[dict[str, Any]]]):
    """Starts a look when it is first asked for."""

    def __init__(self, pool: ThreadPoolExecutor, farm: Path, out: Path) -> None:
        super().__init__()
        self._pool, self._farm, self._out = pool, farm, out

    def __missing__(self, look: Look) -> Future[dict[str, Any]]:
        self[look] = self._pool.submit(_play, look, self._farm, self._out / look.name)
        return self[look]


def _play(look: Look, farm: Path, out: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.look.run", str(farm), str(out)]
    command += ["--theme", look.theme, "--size", look.size, "--text", str(look.text)]
    command += [f"--{flag}" for flag in ("dialogs", "contrast", "setup") if getattr(look, flag)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARIT_", "QT_"))}
    ended = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=kept | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=LOOK_S,
        check=False,
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / "errors.txt").write_text(ended.stderr, encoding="utf-8")
    assert ended.returncode == 0, ended.stderr[-4000:]
    answer: dict[str, Any] = json.loads((out / "found.json").read_text(encoding="utf-8"))
    return answer


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_nothing_is_cut_covered_nameless_faint_or_slow(
    look: Look, found: dict[Look, Future[dict[str, Any]]]
) -> None:
    answer = found[look].result()
    faults = _grouped([fault for fault in answer["faults"] if not _is_known(fault)])
    slow = {
        scene: (round(stuck_s, 2), where)
        for scene, (stuck_s, where) in answer["stalls"].items()
        if stuck_s > LONGEST_STALL_S
    }
    longest = sorted(answer["stalls"].items(), key=lambda item: -item[1][0])[:5]
    print(f"{look.name}: {len(answer['scenes'])} scenes in {answer['took_s']:.0f} s; longest:")
    for scene, (stuck_s, where) in longest:
        print(f"  {scene} {stuck_s:.2f} s {where}")
    missing = set(PROMISED) - set(answer["met"]) if look.dialogs and look.contrast else set()
    assert faults == []
    assert slow == {}
    assert sorted(missing) == [], "promised names that no scene shows"


def test_every_dialog_has_its_scene() -> None:
    opened = {name.removeprefix("open_") for name in dir(Dialogs) if name.startswith("open_")}
    assert opened == set(DIALOGS)


def _is_known(fault: dict[str, str]) -> bool:
    return any(
        (fault["scene"], fault["kind"]) == (scene, kind) and fault["place"].startswith(place)
        for scene, kind, place in KNOWN
    )


def _grouped(faults: list[dict[str, str]]) -> list[str]:
    """One line a fault, with the first scenes that show it."""
    scenes: dict[str, list[str]] = {}
    for fault in faults:
        line = f"{fault['kind']}: {fault['place']}: {fault['detail']}"
        scenes.setdefault(line, []).append(fault["scene"])
    return [
        f"{line} ({', '.join(where[:3])}, {len(where)} in all)" for line, where in scenes.items()
    ]
