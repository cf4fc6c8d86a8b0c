"""The side panels: devices, data path, soil health.

Owns their models and painted parts. Each panel is given snapshots and shows them; none
asks the engine. Imports neither pyqtgraph nor numpy, which would delay the window.
"""
