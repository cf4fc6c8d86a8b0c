"""docs/store.md names every table of the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from harit_desktop.storage.schema import metadata

TEXT = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_table_is_named(table: str) -> None:
    assert f"`{table}`" in TEXT
