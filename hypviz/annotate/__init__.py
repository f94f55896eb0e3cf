"""Boxes drawn by hand and corrections of the hierarchy: a draft beside the workspace, and the workspace it becomes."""

from hypviz.annotate.draft import Draft
from hypviz.annotate.easel import Easel

__all__ = ["Draft", "Easel"]
