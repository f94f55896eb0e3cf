"""What a page is told of a workspace's class tree: its names for the list of classes, and the levels that classes can be shown at."""

from __future__ import annotations

from hypviz.data.class_tree import ClassTree, level_sizes
from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.data.items import SCENE
from hypviz.errors import WorkspaceError, page_sentence
from hypviz.storage.json_types import Json
from hypviz.workspace.class_trees import read_taxonomy_of, text_of, write_taxonomy_of
from hypviz.workspace.store import Workspace

UNSAVED = "class tree"
"""What a text from the page is called in errors."""


def class_tree_of(workspace: Workspace) -> ClassTree | None:
    """The classes of a workspace in its class tree, None when it has none; WorkspaceError for a file that somebody has spoilt."""
    taxonomy = read_taxonomy_of(workspace.folder)
    return None if taxonomy is None else ClassTree(taxonomy, workspace.items.classes)


def described_tree(workspace: Workspace) -> Json | None:
    """{"version", "level": 0, "levels", "nodes", "problem": ""} (`level_sizes`, `ClassTree.nodes`); None without a class tree; with a
    sentence under "problem", and nothing else to say, for one that cannot be read."""
    try:
        tree = class_tree_of(workspace)
    except WorkspaceError as error:
        return {"version": "", "level": 0, "levels": [], "nodes": [], "problem": page_sentence(error)}
    if tree is None:
        return None
    labels = workspace.items.label
    sizes = level_sizes(tree, labels[labels != SCENE].tolist())
    return {"version": tree.taxonomy.version, "level": 0, "levels": sizes, "nodes": tree.nodes(), "problem": ""}


def checked_tree(workspace: Workspace, text: str, name: str = "") -> tuple[ClassTree, list[str]]:
    """The class tree in a text that somebody wrote or brought, and sentences on what was assumed; DataError when it cannot be used."""
    notes: list[str] = []
    tree = ClassTree(parse_taxonomy(text, name or UNSAVED, notes), workspace.items.classes)
    tree.check(name or UNSAVED)
    return tree, notes


def shown_text(workspace: Workspace) -> str:
    """The class tree of a workspace as it is on disk, spoilt or not; "" for none."""
    return text_of(workspace.folder)


def replace_tree(workspace: Workspace, text: str, name: str, *, seen: str) -> None:
    """Keep a text as the workspace's class tree, or none for an empty one. seen: the version that the person saw, "" for none.

    DataError for a text that cannot be used, ConflictError when another tree is there by now.
    """
    tree = checked_tree(workspace, text, name)[0].taxonomy if text.strip() else None
    write_taxonomy_of(workspace.folder, tree, expected=seen)
