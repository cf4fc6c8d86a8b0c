"""The words of the HTTP API: what a client of it sends and reads, and what ours answers.

One name for the parts: `api_history` (a remote history), `api_posts` (posted readings, both
ways) and `api_answers` (what our own API answers).
"""

from harit_desktop.wire.api_answers import (
    encode_analysis,
    encode_history,
    encode_stats,
)
from harit_desktop.wire.api_history import read_history, read_total
from harit_desktop.wire.api_posts import ApiFault, PostedReading, encode_post, read_post

__all__ = [
    "ApiFault",
    "PostedReading",
    "encode_analysis",
    "encode_history",
    "encode_post",
    "encode_stats",
    "read_history",
    "read_post",
    "read_total",
]
