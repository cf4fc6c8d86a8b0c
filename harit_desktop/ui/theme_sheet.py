"""The text of the style sheet over Fusion, a template without values.

`$name` is a colour token, `$px_...` a length already multiplied by the text size; `theme_qss`
fills them in. Selectors that widgets opt into are listed in `theme`; nothing here names one
particular widget of ours.
"""

from string import Template

_TEXT = """
QLabel[class~="caption"], QCheckBox[class~="caption"] { font-size: $px_caption; }
QLabel[class~="dense"], QCheckBox[class~="dense"] { font-size: $px_dense; }
QLabel[class~="heading"] { font-size: $px_heading; font-weight: 600; }
QLabel[class~="headingLarge"] { font-size: $px_heading_large; font-weight: 600; }
QLabel[class~="title"] { font-size: $px_title; font-weight: 600; }
QLabel[class~="value"] { font-size: $px_value; font-weight: 600; }
QLabel[class~="index"] { font-size: $px_index; font-weight: 600; }
QLabel[class~="medium"] { font-weight: 500; }
QLabel[class~="strong"] { font-weight: 600; }
QLabel[class~="muted"], QCheckBox[class~="muted"] { color: $text2; }
QLabel[class~="faint"] { color: $text3; }
QLabel[class~="accent"] { color: $accent; }
QLabel[class~="mono"], QPlainTextEdit[class~="mono"], QTextEdit[class~="mono"] {
    font-family: $mono; font-size: $px_dense; }
QLabel[severity="info"] { color: $info; }
QLabel[severity="warn"] { color: $warn; }
QLabel[severity="crit"] { color: $crit; }
QLabel[severity="ok"] { color: $accent; }
QLabel[class~="value"][state="stale"], QLabel[class~="value"][state="connecting"],
QLabel[class~="index"][state="stale"], QLabel[class~="index"][state="connecting"] {
    color: $text3; }
QLabel:disabled { color: $disabled; }
"""

_FRAMES = """
QMainWindow, QDialog { background: $window; }
QMainWindow::separator { background: $window; }
QMainWindow::separator:vertical { width: 3px; border-left: 1px solid $line; }
QMainWindow::separator:horizontal { height: 3px; border-top: 1px solid $line; }
QMainWindow::separator:hover { background: $line; }
QSplitter::handle { background: $window; }
QSplitter::handle:horizontal { width: 3px; border-left: 1px solid $line; }
QSplitter::handle:vertical { height: 3px; border-top: 1px solid $line; }
QSplitter::handle:hover { background: $line; }
QDockWidget { border: 0; font-size: $px_dense; font-weight: 600; color: $text2; }
QDockWidget::title { background: $window; text-align: left; padding: 8px 8px 4px 8px; }
QScrollArea { border: 0; background: transparent; }
QScrollArea[class~="region"] { border: 2px solid transparent; }
QScrollArea[class~="region"]:focus { border-color: $focus; }
QScrollArea > QWidget > QWidget { background: transparent; }
QGroupBox { border: 0; margin-top: $px_group; padding-top: 4px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; subcontrol-position: top left; color: $text1; }
QWidget[class~="surface"] { background: $surface; }
QWidget[class~="sunken"] { background: $sunken; }
QWidget[class~="panel"] { background: $window; }
QFrame[class~="bar"] { background: $window; border: 0; border-bottom: 1px solid $line; }
QFrame[class~="footer"] { background: $window; border: 0; border-top: 1px solid $line; }
QFrame[class~="line"] { background: $line; border: 0; }
QFrame[class~="line"][frameShape="4"] { min-height: 1px; max-height: 1px; }
QFrame[class~="line"][frameShape="5"] { min-width: 1px; max-width: 1px; }
QFrame[class~="card"] {
    background: $surface; border: 1px solid $line; border-radius: $card_radius; }
QFrame[class~="cardRecommended"] {
    background: $surface; border: 2px solid $accent; border-radius: $card_radius; }
QFrame[class~="inset"] {
    background: $window; border: 1px solid $line; border-radius: $card_radius; }
QFrame[class~="banner"] { background: $sunken; border: 0; border-bottom: 1px solid $line; }
QFrame[class~="banner"][severity="info"] {
    background: $infosoft; border-bottom-color: $banner_info; }
QFrame[class~="banner"][severity="warn"] {
    background: $warnsoft; border-bottom-color: $banner_warn; }
QFrame[class~="banner"][severity="crit"] {
    background: $critsoft; border-bottom-color: $banner_crit; }
"""

_BUTTONS = """
QPushButton, QToolButton[class~="outlined"], QToolButton[class~="segment"],
QPushButton[class~="segment"] {
    background: $surface; color: $text1; border: 1px solid $control; border-radius: $radius;
    padding: 0 11px; min-height: $px_control; }
QToolButton, QToolButton[class~="outlined"], QToolButton[class~="segment"] {
    max-height: $px_control; }
QToolButton[class~="outlined"] { padding: 0 8px 0 10px; }
QPushButton:hover, QToolButton[class~="outlined"]:hover { background: $sunken; }
QPushButton:pressed, QToolButton[class~="outlined"]:pressed { background: $line; }
QPushButton:checked, QToolButton[class~="outlined"]:checked {
    background: $accentsoft; color: $accent; border-color: $accent; font-weight: 600; }
QPushButton:disabled, QToolButton[class~="outlined"]:disabled {
    color: $disabled; border-color: $line; background: $window; }
QPushButton[class~="primary"], QPushButton:default {
    background: $accent; color: $onaccent; border-color: $accent; font-weight: 600; }
QPushButton[class~="primary"]:hover, QPushButton:default:hover {
    background: $accenthover; border-color: $accenthover; }
QPushButton[class~="primary"]:pressed, QPushButton:default:pressed { background: $accent; }
QPushButton[class~="primary"]:disabled, QPushButton:default:disabled {
    background: $sunken; color: $disabled; border-color: $line; }
QPushButton[class~="large"] { min-height: $px_control_large; padding: 0 13px; }
QPushButton[class~="danger"] { color: $crit; border-color: $crit; }
QPushButton[class~="danger"]:hover { background: $critsoft; }
QPushButton[class~="danger"]:disabled { color: $disabled; border-color: $line; }
QPushButton[class~="link"] {
    background: transparent; border-color: transparent; color: $info; padding: 0 3px;
    text-align: left; }
QPushButton[class~="link"]:hover { text-decoration: underline; }
QPushButton[class~="square"], QToolButton[class~="square"] { padding: 0 6px; }
QPushButton:focus {
    border: 2px solid $focus; padding: 0 10px; min-height: $px_control_focused; }
QToolButton[class~="outlined"]:focus {
    border: 2px solid $focus; padding: 0 7px 0 9px; min-height: $px_control_focused; }
QPushButton[class~="large"]:focus { padding: 0 12px; min-height: $px_control_large_focused; }
QPushButton[class~="link"]:focus { padding: 0 2px; }
QPushButton[class~="square"]:focus, QToolButton[class~="square"]:focus { padding: 0 5px; }
QPushButton::menu-indicator, QToolButton::menu-indicator {
    image: url($parts/down.svg); width: 12px; height: 12px;
    subcontrol-origin: padding; subcontrol-position: right center; right: 8px; }
QPushButton[class~="menu"], QToolButton[class~="menu"] { padding-right: 25px; }
QPushButton[class~="menu"]:focus, QToolButton[class~="menu"]:focus { padding-right: 24px; }
QToolButton {
    background: transparent; color: $text1; border: 1px solid transparent;
    border-radius: $radius; padding: 0 8px 0 10px; min-height: $px_control; }
QToolButton:hover { background: $sunken; }
QToolButton:pressed { background: $line; }
QToolButton:checked { background: $accentsoft; color: $accent; font-weight: 600; }
QToolButton:disabled { color: $disabled; }
QToolButton:focus {
    border: 2px solid $focus; padding: 0 7px 0 9px; min-height: $px_control_focused; }
QToolButton[severity="warn"] {
    background: $warnsoft; color: $warn; border-color: $warn; font-weight: 600; }
QToolButton[severity="crit"] {
    background: $critsoft; color: $crit; border-color: $crit; font-weight: 600; }
QToolButton[severity="crit"]:focus, QToolButton[severity="warn"]:focus {
    border-color: $focus; }
QToolButton[class~="segment"], QPushButton[class~="segment"] {
    border-radius: 0; border-left-width: 0; }
QToolButton[class~="segment"]:hover, QPushButton[class~="segment"]:hover {
    background: $sunken; }
QToolButton[class~="segment"]:checked, QPushButton[class~="segment"]:checked {
    background: $accentsoft; color: $accent; border-color: $accent; font-weight: 600; }
QToolButton[class~="segmentFirst"], QPushButton[class~="segmentFirst"] {
    border-left-width: 1px; border-top-left-radius: $radius;
    border-bottom-left-radius: $radius; }
QToolButton[class~="segmentLast"], QPushButton[class~="segmentLast"] {
    border-top-right-radius: $radius; border-bottom-right-radius: $radius; }
QToolButton[class~="segment"]:focus, QPushButton[class~="segment"]:focus {
    border: 2px solid $focus; padding: 0 10px; min-height: $px_control_focused; }
QToolButton[class~="segment"]:disabled, QPushButton[class~="segment"]:disabled {
    color: $disabled; background: $window; }
QLineEdit QToolButton, QTabBar QToolButton, QToolBarExtension, QLineEdit QToolButton:hover {
    background: transparent; border: 0; padding: 0; min-height: 0; max-height: 4000px; }
QTabBar QToolButton { background: $window; border: 1px solid $line; }
"""

_FIELDS = """
QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $surface; color: $text1; border: 1px solid $control; border-radius: $radius;
    selection-background-color: $accent; selection-color: $onaccent;
    placeholder-text-color: $text3; }
QLineEdit, QAbstractSpinBox { padding: 0 9px; min-height: $px_control; }
QComboBox { padding: 0 24px 0 11px; min-height: $px_control; }
QPlainTextEdit, QTextEdit { padding: 4px; }
QLineEdit:read-only, QPlainTextEdit:read-only, QTextEdit:read-only { background: $window; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled, QPlainTextEdit:disabled,
QTextEdit:disabled { background: $window; color: $disabled; border-color: $line; }
QLineEdit:focus, QAbstractSpinBox:focus {
    border: 2px solid $focus; padding: 0 8px; min-height: $px_control_focused; }
QComboBox:focus {
    border: 2px solid $focus; padding: 0 23px 0 10px; min-height: $px_control_focused; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid $focus; padding: 3px; }
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"], QComboBox[invalid="true"],
QPlainTextEdit[invalid="true"], QTextEdit[invalid="true"],
QLineEdit[invalid="true"]:focus, QAbstractSpinBox[invalid="true"]:focus,
QComboBox[invalid="true"]:focus, QPlainTextEdit[invalid="true"]:focus,
QTextEdit[invalid="true"]:focus { border-color: $crit; }
QAbstractSpinBox { max-height: $px_control; }
QDateTimeEdit::drop-down { border: 0; width: 22px; }
QDateTimeEdit::down-arrow { image: url($parts/down.svg); width: 12px; height: 12px; }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url($parts/down.svg); width: 12px; height: 12px; }
QComboBox::down-arrow:disabled { image: url($parts/down-disabled.svg); }
QComboBox { combobox-popup: 0; }
QComboBox QAbstractItemView {
    background: $surface; border: 1px solid $control; outline: 0; padding: 2px;
    selection-background-color: $selection; selection-color: $selected; }
QComboBox QAbstractItemView:focus { border-color: $control; }
QComboBox QAbstractItemView::item {
    min-height: $px_row_small; padding: 0 6px; border-radius: $radius; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    subcontrol-origin: border; width: 20px; border: 0; background: transparent; }
QAbstractSpinBox::up-button { subcontrol-position: top right; padding-top: 1px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; padding-bottom: 1px; }
QAbstractSpinBox::up-arrow { image: url($parts/up.svg); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url($parts/down.svg); width: 10px; height: 10px; }
QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::up-arrow:off {
    image: url($parts/up-disabled.svg); }
QAbstractSpinBox::down-arrow:disabled, QAbstractSpinBox::down-arrow:off {
    image: url($parts/down-disabled.svg); }
QCheckBox, QRadioButton { spacing: 6px; min-height: $px_row_small; }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox::indicator, QRadioButton::indicator, QListView::indicator, QTreeView::indicator,
QTableView::indicator, QGroupBox::indicator {
    width: $px_indicator; height: $px_indicator; background: $surface;
    border: 1px solid $control; border-radius: 2px; }
QRadioButton::indicator { border-radius: $px_indicator_radius; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $text1; }
QCheckBox::indicator:checked, QListView::indicator:checked, QTreeView::indicator:checked,
QTableView::indicator:checked, QGroupBox::indicator:checked {
    image: url($parts/check.svg); }
QCheckBox::indicator:indeterminate, QTreeView::indicator:indeterminate {
    image: url($parts/partial.svg); }
QRadioButton::indicator:checked { image: url($parts/radio.svg); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {
    border-color: $line; background: $window; }
QCheckBox::indicator:checked:disabled { image: url($parts/check-disabled.svg); }
QCheckBox::indicator:indeterminate:disabled { image: url($parts/partial-disabled.svg); }
QRadioButton::indicator:checked:disabled { image: url($parts/radio-disabled.svg); }
QCheckBox:focus, QRadioButton:focus { outline: 0; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus {
    border: 2px solid $focus; width: $px_indicator_focused; height: $px_indicator_focused; }
QSlider:horizontal { min-height: 20px; }
QSlider::groove:horizontal { height: 4px; background: $control; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
    width: 14px; margin: -6px 0; background: $surface; border: 1px solid $control;
    border-radius: 8px; }
QSlider::handle:horizontal:focus { border: 2px solid $focus; width: 12px; }
QProgressBar {
    background: $line; border: 0; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
"""

_VIEWS = """
QAbstractItemView {
    background: $surface; alternate-background-color: $surface; color: $text1;
    border: 1px solid $line; outline: 0; selection-background-color: $selection;
    selection-color: $selected; gridline-color: $line; }
QTableView, QTreeView { border: 2px solid $surface; }
QAbstractItemView:focus { border-color: $focus; }
QTableView:focus, QTreeView:focus { border: 2px solid $focus; }
QHeaderView { background: $window; border: 0; }
QHeaderView::section {
    background: $window; color: $text2; font-weight: 600; border: 0;
    border-bottom: 1px solid $line; padding: 0 4px; min-height: $px_row_small; }
QHeaderView::down-arrow { image: url($parts/down.svg); width: 12px; height: 12px; }
QHeaderView::up-arrow { image: url($parts/up.svg); width: 12px; height: 12px; }
QTableCornerButton::section { background: $window; border: 0; }
QTreeView::item, QListView::item {
    min-height: $px_row_tree; padding: 0 2px; border: none; border-radius: 0; }
QTreeView::item:selected, QListView::item:selected { background: $selection; color: $selected; }
QTreeView::branch:closed:has-children { image: url($parts/right.svg); }
QTreeView::branch:open:has-children { image: url($parts/down.svg); }
QListView[class~="sidebar"] { background: $window; border: 0; border-right: 1px solid $line; }
QListView[class~="sidebar"]::item {
    min-height: $px_row; padding: 0 8px 0 12px; border: 0;
    border-left: 3px solid transparent; }
QListView[class~="sidebar"]::item:hover { background: $sunken; }
QListView[class~="sidebar"]::item:selected {
    background: $selection; color: $selected_accent; border-left-color: $accent; }
QListView[class~="sidebar"]:focus { border: 2px solid $focus; }
QListView[class~="plain"], QTableView[class~="plain"], QTreeView[class~="plain"] {
    background: transparent; border: 0; }
QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $text2; border: 2px solid transparent;
    border-bottom: 3px solid transparent; padding: 0 12px; min-height: $px_tab; }
QTabBar::tab:hover { color: $text1; background: $sunken; }
QTabBar::tab:selected { color: $text1; font-weight: 600; border-bottom-color: $accent; }
QTabBar::tab:disabled { color: $disabled; }
QTabBar::tab:focus { border-color: $focus; border-bottom-color: $accent; }
QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QScrollBar { background: transparent; border: 0; margin: 0; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $control; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover, QScrollBar::handle:pressed { background: $text3; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
"""

_CHROME = """
QMenuBar { background: $window; border: 0; border-bottom: 1px solid $line; padding: 0 4px; }
QMenuBar::item { background: transparent; padding: 5px 11px; border-radius: $radius; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: $line; }
QMenuBar::item:disabled { color: $disabled; }
QMenu { background: $surface; border: 1px solid $control; padding: 4px; }
QMenu::item { padding: 0 24px 0 8px; min-height: $px_row_small; border-radius: $radius; }
QMenu::item:selected { background: $selection; color: $selected; }
QMenu::item:disabled { color: $disabled; }
QMenu::item:disabled:selected { background: transparent; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QMenu::icon { left: 8px; }
QMenu::indicator { width: 16px; height: 16px; left: 6px; }
QMenu::indicator:non-exclusive:checked { image: url($parts/check.svg); }
QMenu::indicator:exclusive:checked { image: url($parts/radio.svg); }
QMenu::right-arrow { image: url($parts/right.svg); width: 12px; height: 12px; right: 6px; }
QToolBar {
    background: $window; border: 0; border-bottom: 1px solid $line; padding: 7px 8px;
    spacing: 8px; }
QToolBar::separator { background: $line; width: 1px; margin: 6px 4px; }
QStatusBar {
    background: $window; color: $text2; border: 0; border-top: 1px solid $line;
    font-size: $px_dense; min-height: $px_status; }
QStatusBar::item { border: 0; }
QStatusBar QLabel { font-size: $px_dense; color: $text2; padding: 0 6px; }
QStatusBar QLabel[class~="tight"] { padding: 0; }
QStatusBar QLabel[class~="strong"] { color: $text1; font-weight: 500; }
QStatusBar QLabel:focus { background: $focus; color: $window; }
QStatusBar QToolButton {
    font-size: $px_dense; color: $text2; padding: 0 5px; min-height: $px_status_button; }
QStatusBar QToolButton[class~="strong"] { color: $text1; font-weight: 500; }
QStatusBar QToolButton:focus { padding: 0 4px; min-height: $px_status_button_focused; }
QSizeGrip { width: 10px; height: 10px; }
QToolTip {
    background: $surface; color: $text1; border: 1px solid $control; padding: 4px 6px; }
QCalendarWidget QWidget { alternate-background-color: $window; }
QCalendarWidget QWidget#qt_calendar_navigationbar { background: $window; }
QCalendarWidget QToolButton#qt_calendar_prevmonth { qproperty-icon: url($parts/left.svg); }
QCalendarWidget QToolButton#qt_calendar_nextmonth { qproperty-icon: url($parts/right.svg); }
QCalendarWidget QToolButton::menu-indicator { image: none; }
QCalendarWidget QAbstractItemView { font-weight: 400; }
"""

TEMPLATE = Template(_TEXT + _FRAMES + _BUTTONS + _FIELDS + _VIEWS + _CHROME)
