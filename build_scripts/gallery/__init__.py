"""The pages of the theme gallery: sample windows built of the real controls.

For looking at, not part of the program.
"""
