"""How long an export takes, in each kind of file, and what memory it needs.

    python benchmarks/export.py [--rows N] [--devices N] [--days N] [--folder DIR]

Builds a store with readings evenly over the days, rolled up, and exports all of it, each file
in a process of its own: prints rows/s, the file's size and the peak of the memory that the
process had beyond its imports. `--folder` keeps a store for the next run where it already has
one.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harit_desktop.domain.export import ALL_COLUMNS, ExportContent, ExportFormat, ExportRequest
from harit_desktop.storage.export import count_rows, export_readings, preview_rows

CASES = (
    ("csv", "raw", False),
    ("csv", "raw", True),
    ("json", "raw", False),
    ("xlsx", "raw", False),
    ("csv", "minute", False),
    ("xlsx", "minute", False),
    ("csv", "hour", False),
)


def introduce_devices(path: Path) -> None:
    """Fills the list of devices, which the program does with every batch."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "INSERT OR REPLACE INTO devices SELECT publisher_id, min(timestamp_us),"
            " max(timestamp_us), max(received_us), count(*), 0 FROM sensor_readings GROUP BY 1"
        )
    connection.close()


def peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def run_one(path: Path, kind: str, content: str, everything: bool) -> dict[str, float]:
    """Exports once, in this process."""
    before_mb = peak_mb()
    out = path.with_name(f"out.{kind}")
    request = ExportRequest(out, format=ExportFormat(kind), content=ExportContent(content))
    if everything:
        request = ExportRequest(out, columns=ALL_COLUMNS, separator=";", decimal_point=",")
    began_s = time.perf_counter()
    preview_rows(path, request)
    preview_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    count_rows(path, request)
    count_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    rows = export_readings(path, request)
    took_s = time.perf_counter() - began_s
    size_mb = out.stat().st_size / 1e6
    out.unlink()
    return {
        "rows": rows,
        "preview_s": preview_s,
        "count_s": count_s,
        "took_s": took_s,
        "size_mb": size_mb,
        "more_mb": peak_mb() - before_mb,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--devices", type=int, default=8)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--folder", type=Path, help="where the store is made and kept")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        path, case = options.one.split("|")
        print(json.dumps(run_one(Path(path), *CASES[int(case)])))
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = (options.folder or Path(scratch)) / "history.db"
        if not path.exists():
            from history_range import fill

            fill(path, options.rows, options.devices, options.days)
        introduce_devices(path)
        print("file  content  columns     rows  seconds   rows/s     MB  memory +MB  count ms")
        for number, (kind, content, everything) in enumerate(CASES):
            command = [sys.executable, __file__, "--one", f"{path}|{number}"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            r = json.loads(done.stdout)
            columns = "all" if everything else "usual"
            print(
                f"{kind:5} {content:8} {columns:7} {r['rows']:8} {r['took_s']:8.1f}"
                f" {r['rows'] / r['took_s']:8.0f} {r['size_mb']:6.1f} {r['more_mb']:11.1f}"
                f" {r['count_s'] * 1000:9.0f}"
            )


if __name__ == "__main__":
    main()
