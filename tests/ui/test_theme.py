"""The look: contrast of every colour pair, fonts, palette, style sheet, live change."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator
from dataclasses import fields
from itertools import combinations

import pytest
from PySide6.QtCore import QObject, QSize, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QFontMetricsF, QPalette, QRawFont
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPushButton,
    QSpinBox,
    QTabBar,
    QTableWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from harit_desktop.ui import fonts
from harit_desktop.ui.resources import resource_path
from harit_desktop.ui.theme import (
    BANDS,
    DARK,
    LIGHT,
    SIZES,
    ThemeController,
    Tokens,
    build_palette,
    build_stylesheet,
    inset_text,
    resolve_scheme,
    set_look,
    with_high_contrast,
)

SCHEMES = {
    "light": LIGHT,
    "dark": DARK,
    "light high contrast": with_high_contrast(LIGHT),
    "dark high contrast": with_high_contrast(DARK),
}

TEXT_PAIRS = [
    *((text, ground) for text in ("text1", "text2") for ground in ("window", "surface", "sunken")),
    ("text3", "window"),
    ("text3", "surface"),
    ("text1", "accentsoft"),
    ("accent", "accentsoft"),
    ("accent", "surface"),
    ("accent", "window"),
    ("onaccent", "accent"),
    ("onaccent", "accenthover"),
    *((color, ground) for color in ("info", "warn", "crit") for ground in ("surface", "window")),
    *((color, f"{color}soft") for color in ("info", "warn", "crit")),
    *(("text1", f"{color}soft") for color in ("info", "warn", "crit")),
    *((band, ground) for band in BANDS for ground in ("surface", "window")),
]
GRAPHIC_PAIRS = [
    *((color, ground) for color in ("control", "focus") for ground in ("window", "surface")),
    ("control", "sunken"),
    ("focus", "accentsoft"),
    ("ink", "surface"),
    ("context", "surface"),
    ("accent", "sunken"),
    ("text3", "sunken"),
]


class ContrastHints(QObject):
    contrastPreferenceChanged = Signal(Qt.ContrastPreference)  # noqa: N815 - Qt's own name

    def __init__(self) -> None:
        super().__init__()
        self.preference = Qt.ContrastPreference.NoPreference

    def contrastPreference(self) -> Qt.ContrastPreference:
        return self.preference


class Hints(QObject):
    """The system's wishes, changeable: the offscreen platform has none."""

    colorSchemeChanged = Signal(Qt.ColorScheme)  # noqa: N815 - Qt's own name

    def __init__(self, scheme: Qt.ColorScheme = Qt.ColorScheme.Unknown) -> None:
        super().__init__()
        self.scheme = scheme
        self.forced: list[Qt.ColorScheme | None] = []
        self._contrast = ContrastHints()

    def colorScheme(self) -> Qt.ColorScheme:
        return self.scheme

    def accessibility(self) -> ContrastHints:
        return self._contrast

    def setColorScheme(self, scheme: Qt.ColorScheme) -> None:
        self.forced.append(scheme)

    def unsetColorScheme(self) -> None:
        self.forced.append(None)

    def turn(self, scheme: Qt.ColorScheme) -> None:
        self.scheme = scheme
        self.colorSchemeChanged.emit(scheme)

    def want_contrast(self) -> None:
        self._contrast.preference = Qt.ContrastPreference.HighContrast
        self._contrast.contrastPreferenceChanged.emit(self._contrast.preference)


@pytest.fixture
def hints() -> Hints:
    return Hints()


@pytest.fixture
def theme(qapp: QApplication, hints: Hints) -> Iterator[ThemeController]:
    controller = ThemeController(qapp, "auto", style_hints=hints)  # type: ignore[arg-type]  # duck
    yield controller
    hints.blockSignals(True)
    controller.deleteLater()
    qapp.setStyleSheet("")
    qapp.setPalette(QPalette())


@pytest.fixture
def qt_messages() -> Iterator[list[str]]:
    """What Qt complains of meanwhile; the offscreen platform's own notes left out."""
    seen: list[str] = []

    def note(kind: QtMsgType, context: object, text: str) -> None:
        if kind != QtMsgType.QtInfoMsg and not text.startswith("This plugin does not support"):
            seen.append(text)

    previous = qInstallMessageHandler(note)
    yield seen
    qInstallMessageHandler(previous)


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    made = QColor(color)
    return (
        0.2126 * linear(made.redF())
        + 0.7152 * linear(made.greenF())
        + 0.0722 * linear(made.blueF())
    )


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_in_the_wcag_examples() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0, abs=0.01)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_is_readable(scheme: str, text: str, ground: str) -> None:
    tokens = SCHEMES[scheme]
    assert contrast(getattr(tokens, text), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("color", "ground"), GRAPHIC_PAIRS)
def test_lines_and_glyphs_are_visible(scheme: str, color: str, ground: str) -> None:
    tokens = SCHEMES[scheme]
    assert contrast(getattr(tokens, color), getattr(tokens, ground)) >= 3.0


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_devices_are_visible_and_differ_without_colour(tokens: Tokens) -> None:
    assert len(tokens.devices) == 6
    assert len({style.dash for style in tokens.devices}) == 6
    for style in tokens.devices:
        assert contrast(style.color, tokens.surface) >= 3.0
    assert tokens.device(6) == tokens.devices[0]


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_no_device_is_drawn_in_a_colour_of_alarm(tokens: Tokens) -> None:
    alarms = {tokens.warn, tokens.crit, tokens.poor, tokens.critical}
    assert not alarms & {style.color for style in tokens.devices}


def test_high_contrast_drops_faint_text_and_soft_fills() -> None:
    tokens = with_high_contrast(DARK)
    assert tokens.high_contrast
    assert tokens.text3 == DARK.text1
    assert tokens.line == DARK.control
    soft = {tokens.accentsoft, tokens.infosoft, tokens.warnsoft, tokens.critsoft}
    assert soft == {DARK.surface}


def test_high_contrast_still_shows_which_row_is_selected() -> None:
    tokens = with_high_contrast(LIGHT)
    sheet = build_stylesheet(tokens)
    assert f"selection-background-color: {tokens.accentsoft}" not in sheet


def test_band_colour_of_a_word_and_of_an_unknown_word() -> None:
    assert [LIGHT.band(word.capitalize()) for word in BANDS] == [
        getattr(LIGHT, word) for word in BANDS
    ]
    assert LIGHT.band("Unknown") == LIGHT.text3


def test_colour_by_token_name_takes_an_opacity() -> None:
    color = LIGHT.color("text3", 0.28)
    assert color.name().upper() == LIGHT.text3
    assert color.alphaF() == pytest.approx(0.28, abs=0.01)
    with pytest.raises(AttributeError):
        LIGHT.color("no_such_token")


# --- scheme -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "system", "expected"),
    [
        ("auto", Qt.ColorScheme.Dark, DARK),
        ("auto", Qt.ColorScheme.Light, LIGHT),
        ("auto", Qt.ColorScheme.Unknown, LIGHT),
        ("light", Qt.ColorScheme.Dark, LIGHT),
        ("dark", Qt.ColorScheme.Light, DARK),
    ],
)
def test_scheme_follows_the_choice_then_the_system(
    word: str, system: Qt.ColorScheme, expected: Tokens
) -> None:
    assert resolve_scheme(word, Hints(system)) is expected  # type: ignore[arg-type]  # duck


def test_unknown_scheme_is_refused(hints: Hints) -> None:
    with pytest.raises(ValueError, match="auto, light, dark"):
        resolve_scheme("pink", hints)  # type: ignore[arg-type]  # duck


def test_auto_follows_the_system_while_running(theme: ThemeController, hints: Hints) -> None:
    heard: list[Tokens] = []
    theme.changed.connect(lambda: heard.append(theme.tokens))
    hints.turn(Qt.ColorScheme.Dark)
    hints.turn(Qt.ColorScheme.Dark)
    hints.turn(Qt.ColorScheme.Light)
    assert heard == [DARK, LIGHT]


def test_a_forced_scheme_ignores_the_system(
    theme: ThemeController, hints: Hints, qapp: QApplication
) -> None:
    theme.set_scheme("dark")
    hints.turn(Qt.ColorScheme.Light)
    assert theme.tokens is DARK
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == DARK.window
    assert DARK.surface in qapp.styleSheet()
    theme.set_scheme("auto")
    assert theme.tokens is LIGHT
    assert hints.forced[-2:] == [Qt.ColorScheme.Dark, None]


def test_a_wish_for_contrast_is_followed(theme: ThemeController, hints: Hints) -> None:
    hints.want_contrast()
    assert theme.tokens == with_high_contrast(LIGHT)


def test_text_size_scales_fonts_but_never_shrinks_targets(
    theme: ThemeController, qapp: QApplication
) -> None:
    button = QPushButton("Acknowledge")
    theme.set_text_scale(0.5)
    assert theme.text_scale == pytest.approx(0.9)
    button.ensurePolished()
    assert button.sizeHint().height() == 28
    assert theme.px(28) == 28
    theme.set_text_scale(1.5)
    assert qapp.font().pixelSize() == 20
    assert theme.font(22, 600).pixelSize() == 33
    button.show()
    assert button.sizeHint().height() == 42
    assert theme.px(28) == 42


# --- fonts --------------------------------------------------------------------------------


def test_bundled_families_are_there_with_their_weights(qapp: QApplication) -> None:
    fonts.load_fonts()
    fonts.load_fonts()
    families = QFontDatabase.families()
    for family in (fonts.LATIN_FAMILY, fonts.DEVANAGARI_FAMILY, fonts.MONO_FAMILY):
        assert family in families
    for weight in (400, 500, 600, 700):
        info = QFontInfo(fonts.app_font(13, weight))
        assert (info.family(), info.weight()) == ("Inter", weight)
    assert QFontInfo(fonts.mono_font()).family() == "Noto Sans Mono"
    assert QFontMetricsF(fonts.mono_font()).horizontalAdvance("iiii") == pytest.approx(
        QFontMetricsF(fonts.mono_font()).horizontalAdvance("MMMM")
    )


def test_digits_have_equal_width(qapp: QApplication) -> None:
    fonts.load_fonts()
    for weight in (400, 600):
        metrics = QFontMetricsF(fonts.app_font(22, weight))
        assert len({metrics.horizontalAdvance(digit * 4) for digit in "0123456789"}) == 1


def test_digits_keep_their_width_under_the_style_sheet(theme: ThemeController) -> None:
    label = QLabel("1111")
    set_look(label, class_="value")
    label.ensurePolished()
    metrics = QFontMetricsF(label.font())
    assert label.font().pixelSize() == SIZES.value
    assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("8888")


@pytest.mark.parametrize("name", [n for n in fonts.FONT_FILES if "Devanagari" in n])
def test_devanagari_face_holds_hindi_and_marathi(qapp: QApplication, name: str) -> None:
    face = QRawFont(str(resource_path("fonts", name)), 13)
    letters = {c for c in "मिट्टी का स्वास्थ्य मातीचे आरोग्य इशारा ओलावा ळ ०१२३४५६७८९।" if c != " "}
    assert all(face.supportsCharacter(ord(c)) for c in letters)


def test_small_text_does_not_shrink_below_what_devanagari_needs() -> None:
    assert fonts.scaled_px(11, 0.9) == 11
    assert fonts.scaled_px(12, 0.9) == 11
    assert fonts.scaled_px(10, 0.9) == 10
    assert fonts.scaled_px(13, 1.5) == 20


def test_a_missing_font_is_logged_and_survived(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fonts, "FONT_FILES", ("Absent.ttf",))
    loaded = qapp.property(fonts._LOADED)
    qapp.setProperty(fonts._LOADED, False)
    fonts.load_fonts()
    qapp.setProperty(fonts._LOADED, loaded)
    assert "Absent.ttf" in caplog.text


def test_every_font_comes_with_its_licence() -> None:
    for family in ("Inter", "NotoSansDevanagari", "NotoSansMono"):
        text = resource_path("fonts", f"OFL-{family}.txt").read_text("utf-8")
        assert "SIL OPEN FONT LICENSE" in text


# --- palette and style sheet -----------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_palette_holds_the_tokens(scheme: str) -> None:
    tokens = SCHEMES[scheme]
    palette = build_palette(tokens)
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    assert palette.color(role.Base).name().upper() == tokens.surface
    assert palette.color(role.Accent).name().upper() == tokens.accent
    assert palette.color(role.PlaceholderText).name().upper() == tokens.text3
    assert palette.color(group.Disabled, role.Text).name().upper() == tokens.disabled


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_placeholder_of_the_sheet_is_filled(scheme: str) -> None:
    sheet = build_stylesheet(SCHEMES[scheme], 1.25)
    assert "$" not in sheet
    assert sheet.count("{") == sheet.count("}")


def test_control_parts_are_drawn_in_the_colours_of_the_tokens() -> None:
    for tokens in (LIGHT, DARK):
        folder = resource_path("icons", tokens.name)
        named = {part.split(")")[0] for part in build_stylesheet(tokens).split("url(")[1:]}
        assert {f"harit:icons/{tokens.name}/{f.name}" for f in folder.iterdir()} >= named
        for file in folder.iterdir():
            allowed = (
                {tokens.disabled} if "-disabled" in file.stem else {tokens.text1, tokens.text2}
            )
            assert any(color in file.read_text("utf-8") for color in allowed), file


def sample_window() -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    check = QCheckBox("Use TLS")
    check.setChecked(True)
    combo = QComboBox()
    combo.addItems(["1", "2"])
    spin, date = QSpinBox(), QDateTimeEdit()
    for box in (spin, date):
        inset_text(box)
    tabs = QTabBar()
    tabs.addTab("Live")
    listing = QListWidget()
    set_look(listing, class_="sidebar")
    listing.addItem("Broker")
    button = QPushButton("OK")
    set_look(button, class_="primary")
    tool = QToolButton()
    tool.setText("24 h")
    set_look(tool, class_="segment segmentFirst")
    for widget in (check, combo, spin, date, tabs, listing, button, tool, QMenu(), QLineEdit("x")):
        column.addWidget(widget)
    column.addWidget(QTableWidget(2, 2))
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_draw_without_a_complaint_of_qt(
    theme: ThemeController, qapp: QApplication, qt_messages: list[str], scheme: str
) -> None:
    theme.set_scheme(scheme)
    page = sample_window()
    page.resize(400, 700)
    page.show()
    qapp.processEvents()
    picture = page.grab().toImage()
    page.close()
    assert qt_messages == []
    assert picture.pixelColor(2, 2).name().upper() == theme.tokens.window


def test_controls_are_28_high_and_stay_so_after_a_change_of_scheme(
    theme: ThemeController, qapp: QApplication
) -> None:
    page = sample_window()
    page.show()
    for scheme in ("light", "dark"):
        theme.set_scheme(scheme)
        qapp.processEvents()
        kinds = (QPushButton, QLineEdit, QComboBox, QSpinBox, QDateTimeEdit, QToolButton)
        direct = [w for w in page.children() if isinstance(w, kinds)]
        assert len(direct) == 6
        assert {w.height() for w in direct} == {28}
    page.close()


def test_a_check_mark_is_really_drawn(theme: ThemeController, qapp: QApplication) -> None:
    box = QCheckBox()
    box.resize(QSize(28, 28))
    box.show()
    empty = box.grab().toImage()
    box.setChecked(True)
    qapp.processEvents()
    marked = box.grab().toImage()
    box.close()
    dark = QColor(LIGHT.text1)
    assert any(
        marked.pixelColor(x, y) == dark and empty.pixelColor(x, y) != dark
        for x in range(28)
        for y in range(28)
    )


def test_set_look_restyles_a_shown_widget_only_on_change(
    theme: ThemeController, qapp: QApplication
) -> None:
    label = QLabel("16.4")
    label.show()
    color = QPalette.ColorRole.WindowText
    assert label.palette().color(color).name().upper() == LIGHT.text1
    set_look(label, severity="crit")
    assert label.palette().color(color).name().upper() == LIGHT.crit
    set_look(label, severity="")
    assert label.palette().color(color).name().upper() == LIGHT.text1
    label.close()


def test_token_values_are_colours() -> None:
    for tokens in SCHEMES.values():
        for field in fields(tokens):
            value = getattr(tokens, field.name)
            if isinstance(value, str) and field.name != "name":
                assert QColor(value).isValid(), field.name


def test_the_colours_of_two_bands_are_never_the_same() -> None:
    for tokens in (LIGHT, DARK):
        for one, other in combinations(BANDS, 2):
            assert tokens.band(one) != tokens.band(other)
