"""Charts: time series, their reduction to pixels, and the strips that draw them.

`series`, `gaps`, `envelope`, `alarm_runs`, `trend` and `value_range` are arithmetic without
Qt; `live_data` holds what a page shows. Only `strokes` and `strip_chart` import pyqtgraph,
which takes long to load: nothing but the live page may import them, after the window shows.
Never reads a store; whoever owns a page gives it its series.
"""
