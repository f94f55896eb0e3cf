"""The findings of a health report, and their two forms: JSON for machines, Markdown for people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.data.items import Items
from hypviz.storage.json_types import Json

SCHEMA = 1
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Check:
    """One kind of finding.

    key: a stable word.  title, meaning: for people.  severity: "error" (cannot be right), "warning" (probably wrong) or
    "info" (good to know); of the kind, also when nothing was found.  of: how many `unit` were looked at.
    rows: (count,) item rows, or (count, 2) pairs of them, worst first.  values: (count,) what they are sorted by, called
    `measure`.  details: further facts, a line each.
    """

    key: str
    title: str
    meaning: str
    severity: str
    of: int
    unit: str
    rows: Rows
    values: NDArray[np.float64]
    measure: str
    details: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many were found."""
        return len(self.rows)

    def to_json(self, *, limit: int | None = None) -> Json:
        """A dict that `json.dumps` takes. limit: rows and details shown, all by default; "shown" says how many rows."""
        rows = self.rows[:limit]
        return {
            "key": self.key,
            "title": self.title,
            "meaning": self.meaning,
            "severity": self.severity,
            "count": self.count,
            "of": self.of,
            "unit": self.unit,
            "shown": len(rows),
            "rows": rows.tolist(),
            "measure": self.measure,
            "values": self.values[:limit].tolist(),
            "details": list(self.details[:limit]),
        }


@dataclass(frozen=True, eq=False)
class Health:
    """All checks of a workspace, those without a finding too.  omega: the widest cone threshold used, None without vectors.
    notes: what was not checked, and why."""

    items: Items
    checks: tuple[Check, ...]
    omega: float | None
    notes: tuple[str, ...] = ()

    def find(self, key: str) -> Check:
        """The check of that key; KeyError naming what there is."""
        for check in self.checks:
            if check.key == key:
                return check
        raise KeyError(f"No check {key!r}; there is {', '.join(check.key for check in self.checks)}.")

    def to_json(self, *, limit: int | None = None) -> Json:
        """A dict that `json.dumps` takes; the rows of a check come with the items' ids beside them."""
        checks = []
        for check in self.checks:
            entry = check.to_json(limit=limit)
            checks.append(entry | {"ids": self.items.item_id[check.rows[:limit]].tolist()})
        return {
            "schema": SCHEMA,
            "items": len(self.items),
            "images": len(self.items.images),
            "omega": self.omega,
            "checks": checks,
            "notes": list(self.notes),
        }

    def to_markdown(self, *, limit: int = 10) -> str:
        """A page: the table of all checks, then up to `limit` findings of each that has any."""
        lines = [
            "# Hierarchy health", "", f"{len(self.items):,} items of {len(self.items.images):,} images.", "",
            "| check | severity | found | of |", "|---|---|---|---|",
        ]  # fmt: skip
        lines += [f"| {check.title} | {check.severity} | {check.count:,} | {check.of:,} {check.unit} |" for check in self.checks]
        lines += ["", *(f"- {note}" for note in self.notes)]
        for check in self.checks:
            if check.count:
                lines += self._section(check, limit)
        return "\n".join([*lines, ""])

    def _section(self, check: Check, limit: int) -> list[str]:
        shown = min(limit, len(check.rows))
        lines = ["", f"## {check.title}: {check.count:,} of {check.of:,} {check.unit}", "", check.meaning]
        if check.details:
            lines += ["", *(f"- {detail}" for detail in check.details[:limit])]
        if len(check.details) > limit:
            lines.append(f"- … and {len(check.details) - limit:,} more")
        lines += ["", f"The first {shown:,} of {check.count:,}, worst first:", ""]
        for rows, value in zip(check.rows[:shown], check.values[:shown], strict=True):
            words = " / ".join(self.items.name(row) for row in np.atleast_1d(rows).tolist())
            ids = " ".join(self.items.item_id[np.atleast_1d(rows)].tolist())
            file = self.items.images.file_name[self.items.image[np.atleast_1d(rows)[0]]]
            lines.append(f"- {words} · {check.measure} {value:.4g} · {file} · {ids}")
        return lines
