"""Layouts, the disk and pictures; plotly is allowed here and in `ui`."""
