"""The body of a remote API's answer: bounded, unpacked and known to be a JSON object."""

from __future__ import annotations

import http.client
import json
import zlib
from typing import Any

import msgspec

from harit_desktop.transport.api_failures import MAX_ANSWER_BYTES, NotTheApi, TooBig

Tree = dict[str, Any]

_PIECE_BYTES = 65_536
_GZIP = 16 + zlib.MAX_WBITS


def read_body(answer: http.client.HTTPResponse, limit: int = MAX_ANSWER_BYTES) -> bytes:
    """The whole body, unpacked.

    Raises TooBig beyond `limit` bytes, packed or not, IncompleteRead where the connection ended
    before the body did, NotTheApi for a packing that was not asked for or is broken, and what
    the stream raises.
    """
    if answer.length is not None and answer.length > limit:
        raise TooBig
    unpack = _unpacker(answer.getheader("Content-Encoding", "").strip().lower())
    pieces: list[bytes] = []
    packed = size = 0
    while piece := answer.read(_PIECE_BYTES):
        packed += len(piece)
        piece = piece if unpack is None else _unpacked(unpack, piece, limit + 1 - size)
        size += len(piece)
        if size > limit or packed > limit:
            raise TooBig
        pieces.append(piece)
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    if unpack is not None and not unpack.eof:
        raise NotTheApi
    return b"".join(pieces)


def object_in(body: bytes) -> Tree:
    """The JSON object that `body` is. Raises NotTheApi for half of one and for anything else.

    The existing backend writes NaN and Infinity where a row has them; such a row must not hide
    the others.
    """
    try:
        odd = b"NaN" in body or b"Infinity" in body
        tree = json.loads(body) if odd else msgspec.json.decode(body)
    # UnicodeDecodeError is a ValueError, as both parsers' own errors are.
    except (ValueError, RecursionError) as error:
        raise NotTheApi from error
    if not isinstance(tree, dict):
        raise NotTheApi
    return tree


def _unpacker(encoding: str) -> zlib._Decompress | None:
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip"}:
        return zlib.decompressobj(_GZIP)
    raise NotTheApi


def _unpacked(unpack: zlib._Decompress, piece: bytes, at_most: int) -> bytes:
    try:
        # 200 MB of zeros fit in 200 kB: never more at once than may still come.
        return unpack.decompress(piece, at_most)
    except zlib.error as error:
        raise NotTheApi from error
