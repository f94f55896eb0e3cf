"""meta.json of a workspace: what is written, what is demanded of it, and where a workspace may be made."""

from __future__ import annotations

import glob
import json
import os
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from hypviz.data.items import Items
from hypviz.errors import WorkspaceError
from hypviz.storage.files import PART, read_limited
from hypviz.storage.json_types import Json

SCHEMA = 2
"""Raised whenever the files change; an older program refuses what a newer one wrote. 1: until November 2026, keys came as they were
needed. 2: every key is there."""
MAX_META = 256 << 20
"""Bytes of meta.json: class names and the report of the import, some MB for the largest sets."""
KIND = "hypviz workspace"
_KEYS: dict[str, type] = {"name": str, "root": str, "stamp": str, "classes": list, "data_hash": str, "hierarchy": dict}
_LATER: Json = {"pictures": True, "vectors": False, "corrections": [], "import": None, "licences": {}}
"""Keys that schema 1 gained in its time, with what their absence meant."""


def is_workspace(folder: Path | str) -> bool:
    """Whether `folder` was made by `Workspace.create`, of whatever schema."""
    try:
        meta = json.loads(read_limited(Path(folder) / "meta.json", MAX_META))
    except (OSError, ValueError, RecursionError):
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
            _refuse_newer(folder, json.loads((folder / "meta.json").read_bytes()).get("schema"))
            return True
        raise WorkspaceError(f"{folder} is a workspace already; choose another folder, or overwrite it.")
    if any(folder.iterdir()):
        raise WorkspaceError(f"{folder} holds files that are no workspace; choose an empty or new folder.")
    return False


def describe(folder: Path, items: Items, *, name: str) -> Json:
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


def read_meta(folder: Path) -> Json:
    """meta.json with all keys of SCHEMA, those of an older one brought up to it; raises WorkspaceError saying why there is none to be
    had. The file stays as it is until the workspace is written again."""
    path = folder / "meta.json"
    if not path.is_file():
        unfinished = sorted(folder.parent.glob(f"{glob.escape(folder.name)}{PART}*"))
        if unfinished and not folder.exists():
            raise WorkspaceError(f"{folder} was never finished (only {unfinished[0].name} is there); import again.")
        raise WorkspaceError(f"{folder} is not a workspace: it has no meta.json.")
    try:
        meta = json.loads(read_limited(path, MAX_META))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(folder, f"meta.json cannot be read: {error}") from None
    if not isinstance(meta, dict) or meta.get("kind") != KIND:
        raise WorkspaceError(f"{folder} is not a workspace: its meta.json was not written by hypviz.")
    schema = meta.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise damaged(folder, f"meta.json has the schema {schema!r:.40}, expected a whole number from 1 to {SCHEMA}")
    _refuse_newer(folder, schema)
    missing = [key for key in _KEYS if key not in meta]
    if missing:
        raise damaged(folder, f"meta.json has no {', '.join(missing)}")
    wrong = [key for key, kind in _KEYS.items() if not isinstance(meta[key], kind)]
    if wrong or not all(isinstance(name, str) for name in meta["classes"]):
        raise damaged(folder, f"meta.json says something else than expected under {', '.join(wrong) or 'classes'}")
    return migrated(meta)


def _refuse_newer(folder: Path, schema: Any) -> None:
    """WorkspaceError for what a newer program wrote: it is neither read nor written over."""
    if isinstance(schema, int) and schema > SCHEMA:
        raise WorkspaceError(f"{folder} was written by a newer hypviz (schema {schema}, this one reads up to {SCHEMA}); update hypviz.")


def migrated(meta: Json) -> Json:
    """The content of an older meta.json as SCHEMA has it, step by step.

    >>> migrated({"schema": 1, "vectors": True})["pictures"], migrated({"schema": 1})["schema"] == SCHEMA
    (True, True)
    """
    for schema in range(meta["schema"], SCHEMA):
        meta = _STEPS[schema](meta) | {"schema": schema + 1}
    return meta


def _from_1(meta: Json) -> Json:
    return _LATER | meta


_STEPS: dict[int, Callable[[Json], Json]] = {1: _from_1}
"""What leads from each schema to the next."""


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
