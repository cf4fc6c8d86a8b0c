"""Charts: time series, their reduction to pixels, and the strips that draw them.

`series`, `envelope`, `gaps`, `trend`, `time_ticks` and `value_range` are arithmetic
without a window; the other modules draw and import pyqtgraph, which takes long to load:
nothing outside this package and the live page may import them before the window shows.
"""
