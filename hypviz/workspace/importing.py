"""From a data set to a workspace: the one place where boxes are checked, the hierarchy is built from them, and both are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hypviz.config import HierarchySettings
from hypviz.data.corrections import Correction, correct
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.data.raw import RawDataset
from hypviz.data.stated_parents import corrections_to
from hypviz.progress import OnProgress
from hypviz.workspace.meta import may_renew
from hypviz.workspace.store import Workspace, is_workspace


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
    workspace = create_workspace(target, items, name=name, report=report, settings=settings, overwrite=overwrite)
    return workspace, replace(report, notes=tuple(workspace.meta["import"]["notes"]))


def create_workspace(
    folder: Path,
    items: Items,
    *,
    name: str,
    report: ImportReport | Mapping[str, Any] | None = None,
    settings: HierarchySettings | None = None,
    overwrite: bool = False,
    corrections: Sequence[Correction] | None = None,
) -> Workspace:
    """Build the hierarchy of the boxes in `items`, corrected, and write both; WorkspaceError as `Workspace.create`.

    corrections: of the hierarchy of the boxes alone; None for those that lead to what the annotations state, which the report of an
    import knows.
    """
    settings = settings or HierarchySettings()
    hierarchy = build_hierarchy(items, settings)
    if corrections is None and isinstance(report, ImportReport):
        corrections, left = corrections_to(items, hierarchy, report.parents)
        report = replace(report, notes=(*report.notes, *_notes(len(corrections), left)))
    corrections = corrections or ()
    hierarchy, _ = correct(items, hierarchy, corrections)
    return Workspace.create(
        folder, items, hierarchy, name=name, report=report, settings=settings, overwrite=overwrite, corrections=[*map(asdict, corrections)]
    )


def _notes(corrections: int, left: int) -> list[str]:
    """Sentences on what the files state of who is inside whom."""
    notes = [f"the files state another hierarchy than the boxes alone: taken over as {corrections} corrections"] if corrections else []
    return notes + ([f"{left} relations that the files state contradict each other or the boxes and were left out"] if left else [])
