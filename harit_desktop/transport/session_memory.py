"""What is remembered of each broker session over restarts of the program.

A broker that lost our session, or dropped messages while we were away, says nothing of
it: that shows only against what was known before.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import msgspec

from harit_desktop.settings.atomic_file import replacing

_log = logging.getLogger(__name__)

_MAX_SESSIONS = 50
_MAX_FILE_BYTES = 64 * 1024
_MAX_KEY_CHARS = 600


class _Session(msgspec.Struct):
    """`dropped` is the broker's own count of dropped messages when last seen;
    `probe_worked` tells that a probe of ours came back some time."""

    last_seen_us: int
    dropped: int | None = None
    probe_worked: bool = False


class _File(msgspec.Struct):
    version: int
    sessions: dict[str, _Session]


def session_key(host: str, port: int, client_id: str) -> str:
    """Names the session of one client at one broker."""
    return f"{client_id}@{host}:{port}"[:_MAX_KEY_CHARS]


class SessionMemory:
    """Kept in a small file; without a path, for the life of the object only.

    A file that cannot be read counts as empty, one that cannot be written is logged once:
    this memory must never keep a reading from being received. May be used from any thread;
    reads and writes its file on the calling one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] | None = None
        self._changed = False
        self._write_failed = False

    def connected(self, key: str, *, session_present: bool, now_us: int) -> bool:
        """Notes a connection; True when the broker had a session of ours and lost it."""
        with self._lock:
            known = key in self._loaded()
            self._entry(key, now_us).last_seen_us = now_us
            self._changed = True
            self._save()
            return known and not session_present

    def dropped(self, key: str, count: int, now_us: int) -> int:
        """Notes the broker's count of dropped messages; by how many it rose since the last.

        0 where nothing was known yet. A count that fell means that the broker started anew
        and counted from 0. Not written at once: see `save`.
        """
        with self._lock:
            session = self._entry(key, now_us)
            before, session.dropped = session.dropped, count
            self._changed = self._changed or before != count
            if before is None:
                return 0
            return count - before if count >= before else count

    def probe_worked(self, key: str) -> bool:
        """Whether a probe came back in this session some time."""
        with self._lock:
            session = self._loaded().get(key)
            return session is not None and session.probe_worked

    def note_probe_worked(self, key: str, now_us: int) -> None:
        with self._lock:
            session = self._entry(key, now_us)
            self._changed = self._changed or not session.probe_worked
            session.probe_worked = True

    def save(self) -> None:
        """Writes what changed since the last time, if anything did."""
        with self._lock:
            if self._changed:
                self._save()

    def _entry(self, key: str, now_us: int) -> _Session:
        sessions = self._loaded()
        session = sessions.get(key)
        if session is None:
            while len(sessions) >= _MAX_SESSIONS:
                del sessions[min(sessions, key=lambda each: sessions[each].last_seen_us)]
            session = sessions[key] = _Session(now_us)
            self._changed = True
        return session

    def _loaded(self) -> dict[str, _Session]:
        if self._sessions is None:
            self._sessions = _read(self._path)
        return self._sessions

    def _save(self) -> None:
        self._changed = False
        if self._path is None:
            return
        data = msgspec.json.format(msgspec.json.encode(_File(1, self._loaded())))
        try:
            with replacing(self._path) as file:
                file.write(data + b"\n")
        except OSError as error:
            if not self._write_failed:
                _log.warning("The memory of broker sessions cannot be written: %s", error)
            self._write_failed = True
        else:
            self._write_failed = False


def _read(path: Path | None) -> dict[str, _Session]:
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        if len(data) > _MAX_FILE_BYTES:
            raise ValueError("too large")
        sessions = msgspec.json.decode(data, type=_File).sessions
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("The memory of broker sessions is unreadable and starts anew: %s", error)
        return {}
    newest = sorted(sessions, key=lambda key: sessions[key].last_seen_us, reverse=True)
    return {key: sessions[key] for key in newest[:_MAX_SESSIONS]}
