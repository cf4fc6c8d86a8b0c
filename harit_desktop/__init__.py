"""Harit Desktop: receives, analyses, stores and shows soil-sensor readings."""

__version__ = "0.1.0"
