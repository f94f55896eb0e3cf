"""The health report of a view for the page: every check with its count, and the pictures behind it, page by page."""

from __future__ import annotations

import json
import threading

import numpy as np

from hypviz.errors import SelectionError
from hypviz.evaluation.page.downloads import MEDIA
from hypviz.evaluation.page.pictures import scene
from hypviz.explore.view import View
from hypviz.health import Health, health_report
from hypviz.storage.json_types import Json


class HealthCheck:
    """The health of one view's hierarchy under its checkpoint and its calibrated ω; safe to share between threads."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._lock = threading.Lock()
        self._health: Health | None = None

    @property
    def health(self) -> Health:
        """All checks, made once."""
        with self._lock:
            if self._health is None:
                view = self.view
                self._health = health_report(view.items, view.hierarchy, view.embedding, omega=view.answers.cones)
            return self._health

    def summary(self) -> Json:
        """The checks with their counts and details, without the items behind them."""
        checks = [check.to_json() for check in self.health.checks]
        for check in checks:
            check["pairs"] = bool(check["rows"]) and isinstance(check["rows"][0], list)
            for large in ("rows", "values"):
                del check[large]
        return {"omega": self.health.omega, "checkpoint": self.view.card.name, "checks": checks, "notes": list(self.health.notes)}

    def findings(self, key: str, *, offset: int, limit: int) -> Json:
        """Some of the items or pairs behind a check, worst first, each with its region, its radii and its value."""
        try:
            check = self.health.find(key)
        except KeyError as error:
            raise SelectionError(str(error.args[0])) from None
        radii, page = self.view.embedding.radii, slice(offset, offset + limit)
        row_lists = [np.atleast_1d(rows).tolist() for rows in check.rows[page]]
        values = check.values[page].tolist()
        return {
            "total": check.count,
            "measure": check.measure,
            "pairs": [
                scene(self.view, rows) | {"radii": radii[rows].tolist(), "value": value}
                for rows, value in zip(row_lists, values, strict=True)
            ],
        }

    def download(self, name: str) -> tuple[str, str]:
        """(text, media type) of "health.json" (every finding, with item ids) or "health.md"; SelectionError for another name."""
        if name == "health.json":
            text = json.dumps(self.health.to_json(), ensure_ascii=False, indent=1) + "\n"
        elif name == "health.md":
            text = self.health.to_markdown()
        else:
            raise SelectionError(f"No file {name!r} here; there is health.json and health.md.")
        return text, MEDIA[name[name.rindex(".") :]]
