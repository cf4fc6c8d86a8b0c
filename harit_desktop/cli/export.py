"""`harit-desktop export`: readings to a file, beside a running program or without one."""

from __future__ import annotations

import argparse
from datetime import datetime

from harit_desktop.cli.setup import data_paths, open_settings, stop_on_signals
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.export import (
    CORRECTED,
    DEFAULT_COLUMNS,
    ExportFormat,
    ExportRequest,
)
from harit_desktop.observability.redact import Redactor


def run_export(options: argparse.Namespace) -> int:
    """Writes the file and prints the number of rows."""
    paths = data_paths(options)
    settings = open_settings(options, paths)
    request = ExportRequest(
        out=options.out.absolute(),
        from_us=_instant_us(options.from_time),
        to_us=_instant_us(options.to_time),
        publisher_ids=tuple(options.device) if options.device else None,
        include_simulated=options.include_simulated,
        format=ExportFormat(options.format),
        columns=(*DEFAULT_COLUMNS, CORRECTED) if options.corrected else DEFAULT_COLUMNS,
        extras=options.extras,
    )
    if not paths.database.exists():
        raise KnownError("store.absent", path=str(paths.root))
    if paths.is_own(request.out):
        raise KnownError("export.own_file", path=str(request.out))
    stop = stop_on_signals()
    from harit_desktop.app import open_history

    history = open_history(paths, settings.current, Redactor())
    try:
        print(history.export(request, lambda _: None, stop.is_set))
    except KnownError as error:
        if error.code == "query.cancelled":
            raise KnownError("export.cancelled", path=str(request.out)) from error
        raise
    return 0


def _instant_us(text: str | None) -> int | None:
    """UTC microseconds of an ISO time; without an offset it is this computer's time."""
    if text is None:
        return None
    try:
        return round(datetime.fromisoformat(text).timestamp() * US_PER_S)
    except (ValueError, OverflowError, OSError) as error:
        raise KnownError("time.unreadable", text=text[:60]) from error
