"""From a data set to a workspace: the one place where boxes are checked, the hierarchy is built from them, and both are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hypviz.config import HierarchySettings
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.data.raw import RawDataset
from hypviz.progress import OnProgress
from hypviz.store import Workspace, is_workspace
from hypviz.workspace_meta import may_renew


def import_workspace(
    folder: Path | Callable[[Items], Path],
    raw: RawDataset,
    *,
    name: str,
    settings: HierarchySettings | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[Workspace, ImportReport]:
    """Read the pictures and boxes of `raw` into a new workspace, with the report of what was kept and left out.

    folder: where it goes, or what says so of the items, for a place named by its content; a workspace that is there already is then
    opened as it is. name: the workspace's, for people. on_progress: hears (pictures done, all), and may raise to stop.
    Raises DataError when no picture is usable, WorkspaceError as `Workspace.create`, before a picture is read where it can.
    """
    if isinstance(folder, Path):
        may_renew(folder.resolve(), overwrite)
    items, report = import_items(raw, on_progress=on_progress)
    target = folder if isinstance(folder, Path) else folder(items)
    if not isinstance(folder, Path) and is_workspace(target):
        return Workspace.open(target), report
    return create_workspace(target, items, name=name, report=report, settings=settings, overwrite=overwrite), report


def create_workspace(
    folder: Path,
    items: Items,
    *,
    name: str,
    report: ImportReport | Mapping[str, Any] | None = None,
    settings: HierarchySettings | None = None,
    overwrite: bool = False,
) -> Workspace:
    """Build the hierarchy of the boxes in `items` and write both; WorkspaceError as `Workspace.create`."""
    settings = settings or HierarchySettings()
    hierarchy = build_hierarchy(items, settings)
    return Workspace.create(folder, items, hierarchy, name=name, report=report, settings=settings, overwrite=overwrite)
