"""`python -m hypviz data taxonomy`: a class tree for a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from hypviz.cli.output import AsJson, WorkspaceFolder, show
from hypviz.errors import SettingsError


def taxonomy(
    workspace: WorkspaceFolder,
    file: Annotated[Optional[Path], typer.Argument(help="Indented text or JSON; without it what there is is shown.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the class tree away.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a workspace a class tree, such as car under vehicle: the page filters and shows classes by it, and evaluations measure in it."""
    from hypviz.data.class_tree import ClassTree, sentences_of
    from hypviz.data.formats.taxonomy import read_taxonomy
    from hypviz.workspace.class_trees import read_taxonomy_of, write_taxonomy_of
    from hypviz.workspace.store import Workspace

    if remove and file is not None:
        raise SettingsError("Give a FILE to bring a class tree, or --remove to take it away; not both.")
    opened, notes = Workspace.open(workspace), list[str]()
    if remove:
        write_taxonomy_of(opened.folder, None)
        show({"workspace": str(workspace), "class_tree": None}, f"{workspace} has no class tree any more", as_json=as_json)
        return
    tree = read_taxonomy_of(opened.folder) if file is None else read_taxonomy(file, notes)
    if tree is None:
        show({"workspace": str(workspace), "class_tree": None}, f"{workspace} has no class tree; name a FILE to bring one", as_json=as_json)
        return
    matched = ClassTree(tree, opened.items.classes)
    if file is not None:
        matched.check(file.name)
        write_taxonomy_of(opened.folder, tree)
    report = matched.report()
    text = [*([] if file else [tree.to_text().rstrip()]), *notes, *sentences_of(report)]
    show({"workspace": str(workspace), "class_tree": tree.version, "notes": notes, **report}, "\n".join(text), as_json=as_json)
