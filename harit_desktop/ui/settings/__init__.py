"""The settings dialog, generated from the typed settings tree.

`pages` says which settings are shown and how they are grouped, `labels` what they are
called, `fields` how each kind is edited, `validation` what is wrong with a value.
"""
