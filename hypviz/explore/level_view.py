"""A view whose classes are shown at a level of the class tree: "vehicle" in place of car, bus and sedan.

Items, vectors, cones and places on the disk are those of the view it is of; names, colours, cards by class, filters and exports are of the
level. Its key is that of the view with the level and the version of the class tree behind it, so that what was answered by one tree is
never taken for an answer by another.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hypviz.data.class_tree import ClassTree
from hypviz.data.items import SCENE
from hypviz.errors import DataError, SelectionError
from hypviz.explore.class_trees import class_tree_of
from hypviz.explore.text_search import TextSearch
from hypviz.explore.view import View
from hypviz.explore.view_queries import ViewQueries
from hypviz.storage.json_types import Json

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder

SEPARATOR = "~"
"""Between the key of a view and what its level adds to it."""
_ADDED = re.compile(r"(\d{1,3})-([0-9a-f]{8})")


class LevelView(View):
    """See above; made by `at_level`."""

    def __init__(self, base: View, tree: ClassTree, level: int) -> None:
        names, row = tree.at(level)
        label = np.where(base.items.label == SCENE, SCENE, row[base.items.label]).astype(np.int32)
        self.base, self.level, self.tree_of_classes = base, level, tree
        self.workspace, self.hierarchy, self.items = base.workspace, base.hierarchy, replace(base.items, label=label, classes=names)
        self.checkpoint, self.card, self.device = base.checkpoint, base.card, base.device
        self.embedding, self.calibration, self.index = base.embedding, base.calibration, base.index
        self.disks = base.disks.relabelled(self.items)
        self._lock, self._uploads = base._lock, base._uploads

    @cached_property
    def key(self) -> str:
        """See `View.key`."""
        return f"{self.base.key}{SEPARATOR}{self.level}-{self.tree_of_classes.taxonomy.version[:8]}"

    @property
    def finest(self) -> View:
        """See `View.finest`."""
        return self.base

    @cached_property
    def queries(self) -> ViewQueries:
        """See `View.queries`; exports say at which level their classes are."""
        about = self.base.queries.about | {"classes": f"level {self.level} of the class tree"}
        return ViewQueries(self.disks, self.placer, self.cards, about=about)

    @cached_property
    def words(self) -> TextSearch:
        """See `View.words`."""
        return self.base.words

    def _loaded_encoder(self) -> HyperbolicEncoder:
        return self.base._loaded_encoder()

    def describe(self) -> Json:
        """See `View.describe`."""
        described = self.base.describe()
        nodes = ClassTree(self.tree_of_classes.taxonomy, self.items.classes).nodes()
        tree = {**(described["tree"] or {}), "level": self.level, "nodes": nodes}
        return described | {"key": self.key, "classes": len(self.items.classes), "tree": tree}


def at_level(view: View, level: int) -> View:
    """A view with its classes at a level of the class tree, 0 for the classes as they are; DataError for a level that there is not."""
    view = view.finest
    if level == 0:
        return view
    tree = class_tree_of(view.workspace)
    if tree is None:
        raise DataError(f"{view.workspace.name} has no class tree, so its classes have no levels; bring one by `data taxonomy`.")
    known = view.levels.get(level)
    if not isinstance(known, LevelView) or known.tree_of_classes.taxonomy.version != tree.taxonomy.version:
        known = view.levels[level] = LevelView(view, tree, level)
    return known


def by_key(view: View, added: str) -> View:
    """The view at the level that stands behind a key; SelectionError when the class tree has changed since."""
    match = _ADDED.fullmatch(added)
    view_at = at_level(view, int(match[1])) if match else None
    if view_at is None or not view_at.key.endswith(f"{SEPARATOR}{added}"):
        raise SelectionError("The class tree of these data has changed; reload the page.")
    return view_at
