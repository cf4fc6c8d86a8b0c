"""Runs the engine: threads, commands, restarts, shutdown order, queries.

Owns the life cycle of every worker. Knows no Qt; a window or a terminal sits on top
and polls `Engine.snapshot`. Imports the layers below, never `ui` or `app`.
"""
