"""What the page of the analysis shows beside its settings, and which of them count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from harit_desktop.analysis.soils import CARD_BULK_DENSITY
from harit_desktop.ui.dialog_parts import sentences
from harit_desktop.ui.settings.fields import PROFILE_KEY, ProfileField
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.words import number

if TYPE_CHECKING:
    from harit_desktop.runtime.queries import QueryHandle

BASIS, TEXTURE = "analysis.moisture_basis", "analysis.texture"
DENSITY, DEPTH = "analysis.bulk_density", "analysis.depth_cm"
CLASSIC = "classic"


class AnalysisExtras(QObject):
    """Says that Harit Classic takes numbers as they come, and what kg per hectare come to;
    the texture can be chosen only where it matters."""

    def __init__(
        self, view: PageView, profiles: QueryHandle[tuple[str, ...]] | None = None
    ) -> None:
        super().__init__(view)
        self._view = view
        self._profiles = profiles
        self._classic = sentences("settings.analysis.classic", "dense", "info")
        view.below(PROFILE_KEY).addWidget(self._classic)
        self._factor = sentences("settings.analysis.factor", "dense", "info")
        view.below(DENSITY).addWidget(self._factor)

    def update(self, values: Mapping[str, Any]) -> None:
        """Takes what the page shows now."""
        self._classic.setText(
            self.tr(
                "Harit Classic takes the probe's numbers as they come. What moisture, CO₂ and "
                "nitrogen mean counts with the other profiles."
            )
        )
        self._classic.setVisible(values.get(PROFILE_KEY) == CLASSIC)
        density, depth = values.get(DENSITY), values.get(DEPTH)
        needed = values.get(BASIS) == "vwc"
        texture = self._view.fields[TEXTURE]
        texture.setEnabled(needed)
        texture.setToolTip("" if needed else self.tr("Not needed: moisture is no volume."))
        right = all(self._view.fields[key].value()[1] is None for key in (DENSITY, DEPTH))
        self._factor.setVisible(right)
        if right and depth is not None:
            grams = density or CARD_BULK_DENSITY
            self._factor.setText(
                self.tr("1 mg/kg is {factor} kg/ha in the top {depth} cm of soil.").format(
                    factor=number(0.1 * grams * depth, 2), depth=number(depth)
                )
            )

    def poll(self) -> None:
        """Lists the profiles once they have been looked for."""
        if self._profiles is None or not self._profiles.done:
            return
        found, self._profiles = self._profiles.value, None
        field = self._view.fields[PROFILE_KEY]
        if found and isinstance(field, ProfileField):
            field.set_profiles(found)
