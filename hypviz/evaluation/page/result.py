"""A finished review: tables, curves and radii of one or two sources, and the pictures behind every number, as JSON."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np

from hypviz.config import to_mapping
from hypviz.data.hierarchy import class_graph
from hypviz.errors import SelectionError
from hypviz.evaluation import Evaluation, TaskResult
from hypviz.evaluation.classes import ClassRow, per_class
from hypviz.evaluation.examples import examples
from hypviz.evaluation.ordered import Ordered, norm_ordered
from hypviz.evaluation.page.cache import CachedResult
from hypviz.evaluation.page.compare import differences
from hypviz.evaluation.page.depths import items_at, levels, ordered_pairs
from hypviz.evaluation.page.downloads import written
from hypviz.evaluation.page.options import EvaluationOptions
from hypviz.evaluation.page.pictures import card, scene
from hypviz.evaluation.page.sources import Source
from hypviz.evaluation.paper import paper_tables
from hypviz.evaluation.report import plain
from hypviz.evaluation.tables import Table
from hypviz.explore.query_points import depth_name
from hypviz.explore.view import View
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval
from hypviz.storage.json_types import Json

MOST = 48
"""Examples, items or pairs in one answer; the page asks for the next ones by `offset`."""


class EvaluationResult:
    """One or two evaluations of a view's data; safe to share between threads."""

    def __init__(
        self,
        view: View,
        sources: Sequence[Source],
        embeddings: Sequence[Embedding],
        results: Sequence[CachedResult],
        options: EvaluationOptions,
    ) -> None:
        self.view, self.sources, self.results, self.options = view, list(sources), list(results), options
        self.names = [source.name for source in sources]
        self.embeddings = dict(zip(self.names, embeddings, strict=True))
        self.evaluations: dict[str, Evaluation] = {one.name: k.evaluation for one, k in zip(sources, results, strict=True)}
        self._lock = threading.Lock()

    @cached_property
    def _retrievals(self) -> list[Retrieval | None]:
        return [source.retrieval(self.view.workspace, self.embeddings[source.name]) for source in self.sources]

    @cached_property
    def tables(self) -> list[Table]:
        """The paper's tables, one row per source and score."""
        return paper_tables(self.evaluations)

    @cached_property
    def graph(self) -> np.ndarray:
        """(C, C) class graph of the data, by which classes were judged."""
        return class_graph(self.view.items, self.view.hierarchy)

    def report(self) -> Json:
        """Everything the page shows at once; NaN becomes None."""
        answer = {
            "data": self.view.facts(),
            "settings": to_mapping(self.options.settings),
            "options": to_mapping(self.options),
            "sources": [self._source(source, result) for source, result in zip(self.sources, self.results, strict=True)],
            "tables": [asdict(table) for table in self.tables],
            "differences": [asdict(one) for one in self._differences],
            "curves": [curve for name in self.names for curve in self._curves(name)],
            "radii": [self._radii(name) for name in self.names],
            "tasks": self._tasks(),
            "classes": self._classes(),
            "notes": list(dict.fromkeys(note for one in self.evaluations.values() for note in one.notes)),
        }
        return {key: plain(value) for key, value in answer.items()}

    def classes(self, *, task: str, reading: str, score: str, metric: str) -> Json:
        """One metric by the class of the query, with the value under every source that has the score: {sources, rows}."""
        columns: dict[str, dict[int, ClassRow]] = {}
        for name in self.names:
            judged = name == self.names[0] or self._has(name, task, reading, score)
            result = self._result(name, task, reading, score, metric) if judged else None
            columns[name] = {row.label: row for row in per_class(self.view.items, result, metric)} if result else {}
        first = columns[self.names[0]]
        rows = [
            {
                "name": row.name,
                "label": row.label,
                "count": row.count,
                "values": [c[label].mean if label in c else None for c in columns.values()],
                "chance": row.chance,
            }
            for label, row in first.items()
        ]
        return {"sources": self.names, "rows": plain(rows)}

    def examples(
        self, *, source: str, task: str, reading: str, score: str, metric: str, label: int | None, order: str, limit: int, shown: int
    ) -> Json:
        """Queries behind a number and what each retrieved, in ranked order, with what is correct marked."""
        result = self._result(source, task, reading, score, metric)
        if label is not None and not 0 <= label < len(self.view.items.classes):
            raise SelectionError(f"No class {label} in this data set; it has {len(self.view.items.classes)}, counted from 0.")
        shown_examples = examples(
            self.view.items, self.view.hierarchy, self.embeddings[source], self.evaluations[source].settings,
            task=task, reading=reading, score=score, metric=metric, label=label, order=order,
            limit=min(limit, MOST), shown=min(shown, MOST), result=result, graph=self.graph, retrieval=self._retrieval(source),
        )  # fmt: skip
        return {
            "estimate": plain(asdict(result.metrics[metric]) | {"chance": result.chance_of(metric)}),
            "queries": len(result.rows),
            "queries_available": result.queries_available,
            "pool": result.pool,
            "examples": [
                {
                    "query": scene(self.view, [example.query]),
                    "value": plain(float(example.value)),
                    "relevant_total": int(example.relevant_total),
                    "retrieved": [
                        card(self.view, int(row)) | {"relevant": bool(flag)}
                        for row, flag in zip(example.retrieved, example.relevant, strict=True)
                    ],
                }
                for example in shown_examples
            ],
        }

    def level(self, *, source: str, depth: int, order: str, offset: int, limit: int) -> Json:
        """The items at one depth, with their true distance to the root under this source."""
        radii = self._embedding(source).radii
        rows = items_at(self.view.hierarchy, radii, depth, order)
        page = rows[offset : offset + min(limit, MOST)]
        cards = [card(self.view, int(row)) | {"radius": float(radii[row])} for row in page]
        return {"total": len(rows), "items": cards}

    def pairs(self, *, source: str, direct: bool, right: bool, offset: int, limit: int) -> Json:
        """Parent–child pairs whose radii are in the right or the wrong order under this source."""
        radii = self._embedding(source).radii
        pairs = ordered_pairs(self.view.hierarchy, radii, direct=direct, right=right)
        page = pairs[offset : offset + min(limit, MOST)]
        return {"total": len(pairs), "pairs": [scene(self.view, pair) | {"radii": radii[pair].tolist()} for pair in page]}

    def ordered(self, *, source: str, row: int, limit: int) -> Json:
        """The paper's Fig. 5 for one query: the top `limit` by every score, shown by ascending radius."""
        embedding, place = self._embedding(source), self.view.placer.checked(row, len(self.view.items), "item")
        orderings = norm_ordered(
            self.view.items, self.view.hierarchy, embedding, place,
            settings=self.evaluations[source].settings, graph=self.graph, limit=min(limit, MOST),
        )  # fmt: skip
        retrieval = self._retrieval(source)
        return {
            "data": self.view.workspace.name,
            "omega": None if retrieval is None else float(retrieval.cones.at(embedding.radii[place])),
            "query": card(self.view, place) | {"radius": float(embedding.radii[place])},
            "rows": [
                {"score": score, "items": self._ordered_cards(one), "chance": one.chance, "own": self._in_picture(one.rows, place)}
                for score, one in orderings.items()
            ],
        }

    def _in_picture(self, rows: np.ndarray, of: int) -> int:
        """How many of some rows are in the picture of an item."""
        return int((self.view.items.image[rows] == self.view.items.image[of]).sum())

    def _ordered_cards(self, one: Ordered) -> list[Json]:
        columns = zip(one.rows.tolist(), one.rank.tolist(), one.value.tolist(), one.radius.tolist(), one.relevant.tolist(), strict=True)
        return [
            card(self.view, row) | {"rank": rank, "value": value, "radius": radius, "relevant": relevant}
            for row, rank, value, radius, relevant in columns
        ]

    def draw_query(self, label: int | None) -> Json:
        """An item drawn at random: of a class, of the scenes (label −1), or of all (None)."""
        items = self.view.items
        rows = np.arange(len(items)) if label is None else np.flatnonzero(items.label == label)
        if not len(rows):
            raise SelectionError(f"No item of class {label} in this data set; it has {len(items.classes)} classes, counted from 0.")
        return {"row": int(np.random.default_rng().choice(rows)), "count": len(rows)}

    def download(self, name: str) -> tuple[str, str]:
        """The text and media type of a file, see `downloads`; SelectionError for another name."""
        return written(name, self.evaluations, self.tables, self.view.items)

    @cached_property
    def _differences(self) -> list[Any]:
        if len(self.names) < 2:
            return []
        first, second = self.evaluations.values()
        return differences(first, second, self.view.items.image)

    def _retrieval(self, source: str) -> Retrieval | None:
        return self._retrievals[self.names.index(source)]

    def _embedding(self, source: str) -> Embedding:
        if source not in self.embeddings:
            raise SelectionError(f"No {source!r} in this review; it has {', '.join(self.names)}.")
        return self.embeddings[source]

    def _has(self, source: str, task: str, reading: str, score: str) -> bool:
        return any((one.task, one.reading, one.score) == (task, reading, score) for one in self.evaluations[source].results)

    def _result(self, source: str, task: str, reading: str, score: str, metric: str) -> TaskResult:
        self._embedding(source)
        try:
            result = self.evaluations[source].find(task, reading, score)
        except KeyError as error:
            raise SelectionError(str(error.args[0])) from None
        if metric not in result.metrics:
            raise SelectionError(f"{task} has no metric {metric!r}; it has {', '.join(result.metrics)}.")
        return result

    def _source(self, source: Source, result: CachedResult) -> Json:
        evaluation = result.evaluation
        return {
            "name": source.name,
            "trained": source.trained,
            "geometry": evaluation.geometry,
            "curv": evaluation.curv,
            "dimension": int(self.embeddings[source.name].directions.shape[1]),
            "licence": source.card.licence,
            "seconds": result.seconds,
            "created": result.created,
        }

    def _curves(self, name: str) -> list[Json]:
        return [
            {
                "source": name, "task": one.task, "reading": one.reading, "score": one.score, "best": one.best,
                "metric": next(iter(one.metrics)), "base_rate": one.base_rate, "threshold": one.curve.threshold,
                "precision": one.curve.precision, "recall": one.curve.recall,
            }
            for one in self.evaluations[name].results
            if one.curve is not None
        ]  # fmt: skip

    def _radii(self, name: str) -> Json:
        measured = self.evaluations[name].radii
        depths = [asdict(one) | {"name": depth_name(one.depth)} for one in levels(self.view.hierarchy, self.embeddings[name].radii)]
        return {"source": name, "levels": depths} | {key: getattr(measured, key) for key in ("direct", "ancestors", "pairs", "spearman")}

    def _classes(self) -> list[Json]:
        """The classes that have boxes, with how many, and whether any class lies under them."""
        items = self.view.items
        counts = np.bincount(items.label[~items.is_scene], minlength=len(items.classes))
        return [
            {"label": label, "name": items.classes[label], "count": int(counts[label]), "under": int(self.graph[label].sum())}
            for label in sorted(np.flatnonzero(counts).tolist(), key=lambda one: items.classes[one])
        ]

    def _tasks(self) -> list[Json]:
        """What there is to choose from: task and reading, with its scores and metrics."""
        groups: dict[tuple[str, str], Json] = {}
        for result in self.evaluations[self.names[0]].results:
            group = groups.setdefault(
                (result.task, result.reading),
                {
                    "task": result.task, "reading": result.reading, "scores": [], "metrics": list(result.metrics),
                    "queries": result.queries, "queries_available": result.queries_available, "pool": result.pool,
                },
            )  # fmt: skip
            group["scores"].append(result.score)
        return list(groups.values())
