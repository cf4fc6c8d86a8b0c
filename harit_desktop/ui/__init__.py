"""The window: shows the engine's state and turns clicks into commands.

Owns every Qt widget. Polls the engine from one frame clock, never blocks and never
receives a call from another thread. Imports nothing that opens a file, a socket or a
database; pyqtgraph only in `charts` and `live_page`, which load after the window shows.
"""
