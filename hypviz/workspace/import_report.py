"""What became of the data that a workspace was made of, for the page and the terminal: read = kept + left out, with reasons.

The import's own report is kept in meta.json under "import" (`ImportReport.to_json`, or `vectors.workspace.Summary.to_json` for own
vectors), so it can be told at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from hypviz.storage.home import home
from hypviz.storage.keeping import notice
from hypviz.workspace.store import Workspace


class _RecordCounts(TypedDict, total=False):
    images: int
    boxes: int
    files: int


class Loss(_RecordCounts):
    """How many records were left out for one reason, the pictures, boxes and annotation files among them where they are counted, and
    some examples."""

    count: int
    examples: list[str]


class LeftOut(Loss):
    """A loss with its reason."""

    reason: str


class Report(TypedDict):
    """kept: a sentence, "" for a workspace of which nothing was said.  notes: sentences on what was taken for something, and on where
    things are kept that the workspace cannot keep."""

    kept: str
    left_out: list[LeftOut]
    notes: list[str]


def report_of(workspace: Workspace) -> Report:
    """What was kept and left out of the data of a workspace, by the import's own report."""
    report = workspace.meta.get("import") or {}
    places = [f"{sentence}." for sentence in (notice(workspace.folder), notice(home())) if sentence]
    fetched = [f"fetched from {report['origin']}"] if report.get("origin") else []
    return {
        "kept": _vectors(report) if "vectors" in report else _pictures(report),
        "left_out": [{"reason": reason, **entry} for reason, entry in _dropped(report).items()],
        "notes": [*fetched, *map(str, report.get("notes") or ()), *places],
    }


def report_lines(report: Report) -> list[str]:
    """The same for the terminal, a line each; none when everything was kept and there is nothing to say."""
    lines = [f"left out: {_reason(entry)}" for entry in report["left_out"]]
    lines += [f"note: {note}" for note in report["notes"]]
    return [report["kept"], *lines] if lines else []


def _pictures(report: Mapping[str, Any]) -> str:
    if not report.get("images"):
        return ""
    images, boxes = (f"{report[f'kept_{kind}']:,} of {report[kind]:,} {kind}" for kind in ("images", "boxes"))
    changed = {"boxes cut to their picture": "clipped", "images turned": "turned", "images scaled": "scaled", "boxes proposed": "proposals"}
    parts = [f"{words}: {report[key]:,}" for words, key in changed.items() if report.get(key)]
    return "; ".join([f"{images} and {boxes} that were read are kept", *parts]) + "."


def _vectors(report: Mapping[str, Any]) -> str:
    edges = f", {report['kept_edges']:,} of {report['edges']:,} edges that were read" if report.get("edges") else ""
    return f"{report['vectors']:,} vectors with {report.get('labels', 0):,} labels{edges} are kept."


def _dropped(report: Mapping[str, Any]) -> dict[str, Loss]:
    """Reasons with their counts; pictures of own vectors that are not used count as images."""
    reasons: dict[str, Loss] = dict(report.get("dropped") or report.get("dropped_edges") or {})
    for reason, count in (report.get("pictures_not_used") or {}).items():
        if reason != "none given":
            reasons[f"picture {reason}"] = {"count": count, "examples": []}
    return reasons


def _reason(entry: LeftOut) -> str:
    example = f" (e.g. {entry['examples'][0]})" if entry.get("examples") else ""
    return f"{entry['count']:,} × {entry['reason']}{example}"
