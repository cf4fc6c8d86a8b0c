"""The style sheet of one scheme at one text size: the template filled with values."""

from dataclasses import fields

from harit_desktop.ui.fonts import MONO_FAMILIES, scaled_px
from harit_desktop.ui.resources import SEARCH_PREFIX
from harit_desktop.ui.theme_sheet import TEMPLATE
from harit_desktop.ui.theme_tokens import SIZES, Tokens


def build_stylesheet(tokens: Tokens, text_scale: float = 1.0) -> str:
    """The whole style sheet for one scheme at one text size (1.0 = 100 %)."""
    colors = {f.name: getattr(tokens, f.name) for f in fields(tokens)}
    return TEMPLATE.substitute(colors | _lengths(text_scale) | _derived(tokens))


def _lengths(text_scale: float) -> dict[str, str]:
    """Text sizes, and the heights that follow them so that larger text is not cut."""
    grow = max(1.0, text_scale)
    texts = ("caption", "dense", "heading", "heading_large", "title", "value", "index")
    px = {name: scaled_px(getattr(SIZES, name), text_scale) for name in texts}
    control = round(SIZES.control_height * grow)
    px |= {
        "control": control - 2,
        "control_focused": control - 4,
        "control_large": control + 2,
        "control_large_focused": control,
        "row": round(SIZES.table_row_height * grow),
        "row_small": round(28 * grow),
        "row_tree": round(24 * grow),
        "tab": round(SIZES.tab_height * grow) - 5,
        "group": round(22 * grow),
        "status": round(SIZES.statusbar_height * grow) - 1,
        "status_button": round(22 * grow) - 2,
        "status_button_focused": round(22 * grow) - 4,
        "indicator": round(14 * grow),
        "indicator_focused": round(14 * grow) - 2,
        "indicator_radius": round(14 * grow) // 2 + 1,
    }
    return {f"px_{name}": f"{value}px" for name, value in px.items()}


def _derived(tokens: Tokens) -> dict[str, str]:
    strong = tokens.high_contrast
    return {
        "selection": tokens.accent if strong else tokens.accentsoft,
        "selected": tokens.onaccent if strong else tokens.text1,
        "selected_accent": tokens.onaccent if strong else tokens.accent,
        "radius": f"{SIZES.radius}px",
        "card_radius": f"{SIZES.card_radius}px",
        "mono": ", ".join(f'"{family}"' for family in MONO_FAMILIES),
        "parts": f"{SEARCH_PREFIX}:icons/{'dark' if tokens.dark else 'light'}",
        "banner_info": tokens.info if strong else tokens.line,
        "banner_warn": tokens.warn if strong else tokens.line,
        "banner_crit": tokens.crit if strong else tokens.line,
    }
