"""Whether the readings' columns can hold what they are for.

The server is strict about what is too large, but a value that only loses digits is rounded
without a word: a reading must wait rather than arrive as another one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harit_desktop.storage.mysql.connection import ServerConnection
from harit_desktop.storage.mysql.errors import Remedy, ServerError
from harit_desktop.storage.mysql.tables import READINGS, added_columns, wanted_columns

_COLUMNS = """
SELECT column_name, data_type, column_type, character_maximum_length, character_set_name
FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s
"""
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = ("text", "mediumtext", "longtext")
_SHORTEST_TEXT = 255
_CHARSET = "utf8mb4"
_WIDTH = re.compile(r"\((\d+)\)")


@dataclass(frozen=True)
class _Column:
    kind: str
    whole_type: str
    chars: int
    charset: str | None


def check_types(connection: ServerConnection, *, adopted: bool) -> None:
    """Raises ServerError server.wrong_column for the first column that cannot hold its values.

    The columns of the existing system stay as they are: beside them are exact ones of ours.
    """
    define = added_columns if adopted else wanted_columns
    wanted = define(adopted=adopted, collation=_CHARSET)
    found = {
        str(name).lower(): _Column(str(kind).lower(), str(whole).lower(), int(chars or 0), charset)
        for name, kind, whole, chars, charset in connection.rows(_COLUMNS, READINGS)
    }
    for name, definition in wanted.items():
        column = found.get(name.lower())
        if column is not None and not _holds(column, definition):
            shown = f"{column.whole_type} {column.charset or ''}".strip()[:200]
            raise ServerError(
                "server.wrong_column", Remedy.ASK, table=READINGS, column=name, type=shown
            )


def _holds(column: _Column, definition: str) -> bool:
    wanted = definition.split()[0].partition("(")[0]
    width = _WIDTH.search(definition)
    if wanted == "DOUBLE":
        # With a number of digits it is rounded to them.
        return column.kind == "double" and "(" not in column.whole_type
    if wanted == "BIGINT":
        return column.kind == "bigint"
    if wanted in ("INT", "SMALLINT", "BOOLEAN"):
        return column.kind in _INTEGERS
    if wanted == "BINARY" and width is not None:
        exact = f"{column.kind}({width[1]})" == column.whole_type
        return column.kind in ("binary", "varbinary") and exact
    if wanted in ("VARCHAR", "TEXT"):
        least = int(width[1]) if wanted == "VARCHAR" and width is not None else _SHORTEST_TEXT
        long_enough = column.kind == "varchar" and column.chars >= least
        return column.charset == _CHARSET and (long_enough or column.kind in _TEXTS)
    return True
