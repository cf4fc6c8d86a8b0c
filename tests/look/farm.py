"""A data folder of a small farm: days of readings, names, alerts open and over."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

from harit_desktop.domain.alert import AlertChange, AlertTransition
from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.alert_store import AlertStore
from tests.ui.alert_samples import HOUR_US, MIN_US, alert, ended, silent
from tests.ui.history_samples import fill

NAMES = {"soil-01": "North plot", "soil-02": "Canal side", "soil-03": "Old orchard behind the well"}
SILENT = "soil-03"
STEP_US = 5 * MIN_US


def make_farm(folder: Path) -> None:
    """Fills a data folder: three probes over two days, of which the last is silent now."""
    now_us = time.time_ns() // 1000
    path = DataPaths(folder).database
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, publisher_id in enumerate(NAMES):
        until_us = now_us - (2 * HOUR_US if publisher_id == SILENT else MIN_US)
        times = range(until_us - 2 * US_PER_DAY, until_us, STEP_US)
        kept = [at for at in times if not 9 * HOUR_US < now_us - at < 10 * HOUR_US]
        fill(path, publisher_id, kept, lambda at, n=number: _moisture(at, n))
    _add_alerts(path, now_us)


def _moisture(at_us: int, number: int) -> float:
    wave = math.sin(at_us / US_PER_DAY * 2 * math.pi)
    return round(52.0 - 3 * number + 4 * wave, 1)


def _add_alerts(path: Path, now_us: int) -> None:
    begun = now_us - 2 * HOUR_US
    alerts = (
        ended(1, raised_us=begun - 22 * HOUR_US, ended_us=begun - 20 * HOUR_US),
        alert(2, raised_us=begun, told_us=begun),
        silent(3, publisher_id=SILENT, raised_us=now_us - HOUR_US, told_us=now_us - HOUR_US),
        alert(
            4,
            raised_us=begun - 4 * HOUR_US,
            told_us=begun - 4 * HOUR_US,
            acknowledged_us=begun,
            acknowledged_by="Farm office",
            channel="Temperature",
            rule_id="temperature",
            code="value.high",
            value=33.1,
            limit=32.0,
            worst=34.0,
            note="The shade net is torn; a new one comes on Friday.",
        ),
    )
    log = [AlertTransition(one.id, one.raised_us, AlertChange.RAISED) for one in alerts]
    AlertStore(path).save(alerts, log)


def fresh_reading(publisher_id: str, moisture: float | None = None) -> bytes:
    """A payload of this second; without a moisture it goes on as the stored ones did."""
    moment = time.time_ns() // 1000
    if moisture is None:
        moisture = _moisture(moment, list(NAMES).index(publisher_id))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // US_PER_S))
    values = {"N": 22, "P": 18, "K": 150, "CO2": 500, "Temperature": 22, "pH": 7.2}
    tree = {
        "timestamp": f"{stamp}.{moment % US_PER_S:06d}+00:00",
        "publisher_id": publisher_id,
        "sensor_readings": values | {"Moisture": moisture},
    }
    return json.dumps(tree).encode()
