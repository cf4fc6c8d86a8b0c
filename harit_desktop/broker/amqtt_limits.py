"""The bounds that amqtt does not set itself, beside `limits`."""

from __future__ import annotations

MAX_UNGREETED = 50
"""Connections that have not sent their CONNECT yet; one more pushes out the oldest."""

CONNECT_DEADLINE_S = 5.0
"""A connection that sends no CONNECT is closed after this time."""

DRAIN_DEADLINE_S = 10.0
"""A client that does not read for so long is disconnected."""

MAX_SESSIONS = 200
"""Known client ids, connected or not."""

SESSION_EXPIRY_S = 24 * 3600
"""A session whose client stays away is forgotten."""

SESSION_QUEUE_MESSAGES = 2000
SESSION_QUEUE_BYTES = 16 * 1024 * 1024
"""Kept for one absent client; the oldest message leaves first."""

MAX_RETAINED_TOPICS = 1000
"""Topics with a retained message; the oldest leaves first."""
