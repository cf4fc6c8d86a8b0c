"""The dialog "Listen and map": unknown messages, what they may mean, and the saved templates.

Owns the dialog and its parts. What it shows and does comes from a `MappingHost` that is handed
in; it imports neither the engine nor the store, and reads and writes no file itself.
"""
