"""Workspaces on disk: tables of pictures, items and edges, how a data set becomes one, and made-up ones for tests."""
