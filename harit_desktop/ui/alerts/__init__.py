"""The Alerts page: table, filter, detail pane with the chart of the onset, and the words.

`alert_center` brings the engine's board to page, banner, button and voice; it is all that the
window needs to know. Nothing here decides about an alert: that is `harit_desktop.alerting`.
Charts are imported only once one is drawn, for they bring numpy.
"""
