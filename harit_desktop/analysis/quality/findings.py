"""What every quality test is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harit_desktop.domain.quality import Finding
from harit_desktop.domain.reading import Reading


class QualityTest(Protocol):
    """One test. May keep state per device; then readings come in the order of storing."""

    def findings(self, reading: Reading) -> Sequence[Finding]:
        """Empty for a good reading; at most one finding per channel that has a value."""
        ...
