"""What became of the data that a workspace was made of, for the page and the terminal: read = kept + left out, with reasons.

The import's own report is kept in meta.json under "import" (`ImportReport.to_json`, or `vectors.workspace.Summary.to_json` for own
vectors), so it can be told at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypviz.storage.home import home
from hypviz.storage.keeping import said
from hypviz.workspace.store import Workspace

Json = dict[str, Any]


def report_of(workspace: Workspace) -> Json:
    """{"kept": a sentence, "" for a workspace of which nothing was said; "left_out": [{reason, count, images, boxes, examples}…];
    "notes": sentences on what was taken for something, and on where things are kept that the workspace cannot keep}."""
    given = workspace.meta.get("import") or {}
    places = [f"{sentence}." for sentence in (said(workspace.folder), said(home())) if sentence]
    fetched = [f"fetched from {given['origin']}"] if given.get("origin") else []
    return {
        "kept": _vectors(given) if "vectors" in given else _pictures(given),
        "left_out": [{"reason": reason, **entry} for reason, entry in _dropped(given).items()],
        "notes": [*fetched, *map(str, given.get("notes") or ()), *places],
    }


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The same for the terminal, a line each; none when everything was kept and there is nothing to say."""
    lines = [f"left out: {_reason(entry)}" for entry in report["left_out"]]
    lines += [f"note: {note}" for note in report["notes"]]
    return [report["kept"], *lines] if lines else []


def _pictures(given: Mapping[str, Any]) -> str:
    if not given.get("images"):
        return ""
    images, boxes = (f"{given[f'kept_{what}']:,} of {given[what]:,} {what}" for what in ("images", "boxes"))
    changed = {"boxes cut to their picture": "clipped", "images turned": "turned", "images scaled": "scaled", "boxes proposed": "proposals"}
    parts = [f"{words}: {given[key]:,}" for words, key in changed.items() if given.get(key)]
    return "; ".join([f"{images} and {boxes} that were read are kept", *parts]) + "."


def _vectors(given: Mapping[str, Any]) -> str:
    edges = f", {given['kept_edges']:,} of {given['edges']:,} edges that were read" if given.get("edges") else ""
    return f"{given['vectors']:,} vectors with {given.get('labels', 0):,} labels{edges} are kept."


def _dropped(given: Mapping[str, Any]) -> dict[str, Json]:
    """Reasons with their counts; pictures of own vectors that are not used count as images."""
    found: dict[str, Json] = dict(given.get("dropped") or given.get("dropped_edges") or {})
    for reason, count in (given.get("pictures_not_used") or {}).items():
        if reason != "none given":
            found[f"picture {reason}"] = {"count": count, "examples": []}
    return found


def _reason(entry: Mapping[str, Any]) -> str:
    example = f" (e.g. {entry['examples'][0]})" if entry.get("examples") else ""
    return f"{entry['count']:,} × {entry['reason']}{example}"
