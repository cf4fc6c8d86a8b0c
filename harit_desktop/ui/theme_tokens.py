"""The colours, line styles and sizes of the look, as values without behaviour.

`LIGHT` and `DARK` are the two schemes. Every text colour keeps 4.5:1 and every line or
glyph that carries meaning 3:1 against what it is drawn on; the tests compute it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtGui import QColor


@dataclass(frozen=True)
class DeviceStyle:
    """How one device is drawn when several are compared.

    `dash` is a QPen dash pattern in units of the pen width, empty for a solid line. Hue
    alone does not tell six devices apart for every eye, the dash and the end label do.
    """

    color: str
    dash: tuple[float, ...]


@dataclass(frozen=True)
class Tokens:
    """All colours of one scheme, as #rrggbb.

    Surfaces: `window` chrome, `surface` charts and fields, `sunken` tracks. `line` and
    `grid` only separate; `control` bounds a field or button. `text1` values and labels,
    `text2` secondary, `text3` axes, units and OK words, `disabled` what cannot be used now.
    `accent` (with `onaccent` on it, `accentsoft` behind a selected row), `focus` the ring.
    `info`/`warn`/`crit` with their soft fills; `ink` the focus series, `context` the others.
    """

    name: str
    dark: bool
    window: str
    surface: str
    sunken: str
    line: str
    grid: str
    control: str
    text1: str
    text2: str
    text3: str
    disabled: str
    accent: str
    accenthover: str
    onaccent: str
    accentsoft: str
    focus: str
    info: str
    infosoft: str
    warn: str
    warnsoft: str
    crit: str
    critsoft: str
    ink: str
    context: str
    excellent: str
    good: str
    fair: str
    poor: str
    critical: str
    devices: tuple[DeviceStyle, ...]
    high_contrast: bool = False

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """The QColor of a token name (or of a #rrggbb value), with an opacity of 0..1.

        Raises AttributeError for a name that is no token.
        """
        color = QColor(token if token.startswith("#") else getattr(self, token))
        color.setAlphaF(alpha)
        return color

    def band(self, word: str) -> str:
        """The colour of a band word ("Excellent" ... "Critical"); `text3` for any other."""
        return getattr(self, word.lower()) if word.lower() in BANDS else self.text3

    def device(self, position: int) -> DeviceStyle:
        """The style of the compared device at `position` (from 0), repeating after six."""
        return self.devices[position % len(self.devices)]


@dataclass(frozen=True)
class ChartTokens:
    """Line widths and sizes in logical px, opacities 0..1; the same in both schemes."""

    focus_px: float = 1.8
    context_px: float = 1.0
    compare_px: float = 1.5
    broken_px: float = 2.6
    limit_px: float = 1.0
    limit_dash: tuple[float, ...] = (4.0, 3.0)
    cursor_px: float = 1.0
    outside_alpha: float = 0.10
    outside_broken_alpha: float = 0.13
    gap_alpha: float = 0.28
    gap_label_from_px: int = 40
    band_alpha: float = 0.16
    selection_alpha: float = 0.10
    chip_alpha: float = 0.92
    critical_px: int = 13
    marker_edge_px: float = 1.5


@dataclass(frozen=True)
class Sizes:
    """Logical px at 100 % text size."""

    caption: int = 11
    dense: int = 12
    body: int = 13
    heading: int = 15
    heading_large: int = 17
    title: int = 24
    value: int = 22
    index: int = 46
    tick: int = 10
    control_height: int = 28
    statusbar_height: int = 26
    tab_height: int = 31
    context_row_height: int = 24
    table_row_height: int = 32
    banner_height: int = 40
    device_row_height: int = 50
    radius: int = 4
    card_radius: int = 6
    focus_ring: int = 2
    icon: int = 16
    strip_min_height: int = 56
    strip_header: int = 146
    strip_header_wide: int = 168
    value_axis: int = 52
    time_axis: int = 20
    left_panel: tuple[int, int, int] = (200, 236, 320)
    right_panel: tuple[int, int, int] = (260, 288, 420)
    left_panel_wide: int = 272
    right_panel_wide: int = 340
    panels_from_to: tuple[int, int] = (1366, 1920)
    fold_right_panel_below: int = 1200
    window_min: tuple[int, int] = (1024, 640)
    settings_dialog: tuple[int, int] = (900, 600)
    settings_page_list: int = 172


BANDS: tuple[str, ...] = ("excellent", "good", "fair", "poor", "critical")
CHART = ChartTokens()
SIZES = Sizes()

SOLID: tuple[float, ...] = ()
DASH = (5.0, 2.5)
DOT = (1.6, 1.8)
DASH_DOT = (5.0, 2.0, 1.4, 2.0)
LONG_DASH = (10.0, 3.0)
DASH_DOT_DOT = (5.0, 2.0, 1.4, 2.0, 1.4, 2.0)
_DASHES = (SOLID, DASH, DOT, DASH_DOT, LONG_DASH, DASH_DOT_DOT)


def _devices(colors: Sequence[str]) -> tuple[DeviceStyle, ...]:
    return tuple(DeviceStyle(*pair) for pair in zip(colors, _DASHES, strict=True))


LIGHT = Tokens(
    name="light",
    dark=False,
    window="#F1F2EF",
    surface="#FFFFFF",
    sunken="#E8EAE6",
    line="#DADED7",
    grid="#E6E9E4",
    control="#7B847C",
    text1="#1A201B",
    text2="#475048",
    text3="#5D665E",
    disabled="#9BA29B",
    accent="#1E6B3C",
    accenthover="#175832",
    onaccent="#FFFFFF",
    accentsoft="#E1EDE4",
    focus="#0B5CAD",
    info="#0B5CAD",
    infosoft="#E4EFFA",
    warn="#8A5200",
    warnsoft="#FFF1D6",
    crit="#B3261E",
    critsoft="#FBE6E3",
    ink="#0B5E91",
    context="#8A938B",
    excellent="#1E6B3C",
    good="#3F7C20",  # One step darker than drawn: 4.5:1 on the window colour, too.
    fair="#7A6200",
    poor="#B04A00",
    critical="#B3261E",
    devices=_devices(("#0B5E91", "#997700", "#882255", "#2A2F2B", "#2F8C7A", "#5B5BD6")),
)

DARK = Tokens(
    name="dark",
    dark=True,
    window="#151816",
    surface="#1D211F",
    sunken="#111412",
    line="#303632",
    grid="#282D2A",
    control="#7C877E",
    text1="#E8ECE8",
    text2="#B5BEB6",
    text3="#97A199",
    disabled="#616A63",
    accent="#6CC48A",
    accenthover="#85D29F",
    onaccent="#0C1A11",
    accentsoft="#21362A",
    focus="#8CC2F5",
    info="#86BDF2",
    infosoft="#1B2C3D",
    warn="#F0B64A",
    warnsoft="#382C12",
    crit="#FF8A7B",
    critsoft="#42201C",
    ink="#62B6EC",
    context="#727C74",
    excellent="#6CC48A",
    good="#A3CC6A",
    fair="#D9BF55",
    poor="#F29A5B",
    critical="#FF8A7B",
    devices=_devices(("#62B6EC", "#EECC66", "#EE99AA", "#F2F4F2", "#2FA58F", "#A5A5FF")),
)


def with_high_contrast(tokens: Tokens) -> Tokens:
    """The scheme for people who asked their system for more contrast.

    Faint text becomes full text, separators become as strong as control borders, and the
    soft fills go: shape, border and words carry the state instead.
    """
    return replace(
        tokens,
        high_contrast=True,
        text3=tokens.text1,
        line=tokens.control,
        accentsoft=tokens.surface,
        infosoft=tokens.surface,
        warnsoft=tokens.surface,
        critsoft=tokens.surface,
    )
