"""Boxes drawn by hand and corrections of the hierarchy: a draft beside the workspace, and the workspace it becomes."""

from hypviz.annotate.draft import Draft
from hypviz.annotate.draft_store import DraftStore

__all__ = ["Draft", "DraftStore"]
