"""meta.json of a workspace: what is written, what is demanded of it, and where a workspace may be made."""

from __future__ import annotations

import glob
import json
import os
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from hypviz.data.items import Items
from hypviz.errors import WorkspaceError
from hypviz.files import PART

SCHEMA = 1
"""Raised whenever an older program could misread the files."""
KIND = "hypviz workspace"
_KEYS = ("name", "root", "stamp", "classes", "data_hash", "hierarchy")


def is_workspace(folder: Path | str) -> bool:
    """Whether `folder` was made by `Workspace.create`, of whatever schema."""
    try:
        meta = json.loads((Path(folder) / "meta.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(meta, dict) and meta.get("kind") == KIND


def may_renew(folder: Path, overwrite: bool) -> bool:
    """True to renew the workspace in `folder`, False to make a new one; WorkspaceError when neither may be."""
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise WorkspaceError(f"{folder} is a file; a workspace needs a folder of its own.")
    if is_workspace(folder):
        if overwrite:
            return True
        raise WorkspaceError(f"{folder} is a workspace already; choose another folder, or overwrite it.")
    if any(folder.iterdir()):
        raise WorkspaceError(f"{folder} holds files that are no workspace; choose an empty or new folder.")
    return False


def describe(folder: Path, items: Items, *, name: str) -> dict[str, Any]:
    """meta.json of a new writing of `items` into `folder`, under a fresh stamp; `licences` counts images by licence."""
    licences = Counter(items.images.licence.tolist())
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "name": name,
        "created": now(),
        "stamp": uuid.uuid4().hex,
        "root": _root_for(folder, items.root),
        "data_hash": items.data_hash,
        "classes": list(items.classes),
        "licences": dict(licences.most_common()),
        "images": len(items.images),
        "items": len(items),
    }


def _root_for(folder: Path, root: Path) -> str:
    """The pictures' folder, relative when it lies in or beside the workspace, so that both can move together."""
    root = root.resolve()
    if root.is_relative_to(folder.parent) and folder.parent != folder.parent.parent:
        return Path(os.path.relpath(root, folder)).as_posix()
    return root.as_posix()


def read_meta(folder: Path) -> dict[str, Any]:
    """meta.json with all keys it must have; raises WorkspaceError saying why there is none to be had."""
    path = folder / "meta.json"
    if not path.is_file():
        unfinished = sorted(folder.parent.glob(f"{glob.escape(folder.name)}{PART}*"))
        if unfinished and not folder.exists():
            raise WorkspaceError(f"{folder} was never finished (only {unfinished[0].name} is there); import again.")
        raise WorkspaceError(f"{folder} is not a workspace: it has no meta.json.")
    try:
        meta = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise damaged(folder, f"meta.json cannot be read: {error}") from None
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        raise WorkspaceError(f"{folder} is not a workspace: its meta.json was not written by hypviz.")
    if not isinstance(meta.get("schema"), int) or meta["schema"] > SCHEMA:
        raise WorkspaceError(
            f"{folder} was written by a newer hypviz (schema {meta.get('schema')}, this one reads up to {SCHEMA}); update hypviz."
        )
    missing = [key for key in _KEYS if key not in meta]
    if missing:
        raise damaged(folder, f"meta.json has no {', '.join(missing)}")
    return meta


def damaged(folder: Path, why: str) -> WorkspaceError:
    """The error for a workspace that only a new import can repair."""
    return WorkspaceError(f"{folder} is damaged or half-written: {why}; import the data again to rebuild it.")


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write `value` as UTF-8 JSON; bytes of a path that are no UTF-8 as escapes, which come back as they were."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    try:
        path.write_text(text, encoding="utf-8")
    except UnicodeEncodeError:
        path.write_text(json.dumps(value, indent=1), encoding="utf-8")
