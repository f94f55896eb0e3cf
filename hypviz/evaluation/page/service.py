"""The evaluation service: starts evaluations of open views, keeps finished ones in their workspace, and hands out results."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from hypviz.data.hierarchy import class_graph
from hypviz.errors import DataError, SelectionError, page_sentence
from hypviz.evaluation import check_judgeable, evaluate
from hypviz.evaluation.page.cache import CachedResult, ResultCache
from hypviz.evaluation.page.health_check import HealthCheck
from hypviz.evaluation.page.options import QUICK_QUERIES, SCOPES, UNTRAINED, EvaluationOptions
from hypviz.evaluation.page.result import EvaluationResult
from hypviz.evaluation.page.sources import Source, sources_of
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.jobs.progress import DONE, RUNNING
from hypviz.jobs.thread import Job, Jobs
from hypviz.progress import OnProgress, OnStage
from hypviz.storage.json_types import Json
from hypviz.workspace.class_trees import read_taxonomy_of, text_of
from hypviz.workspace.meta import now

KEPT_REVIEWS = 6
"""Reviews held in memory; any other is read from its workspace again."""
EMBEDDING_SHARE = 0.6
"""Share of a source's work taken to be its embedding, where that has to be made first."""


class EvaluationService:
    """Evaluations over one library; safe to share between threads and browsers."""

    def __init__(self, library: Library) -> None:
        self.library, self.jobs = library, Jobs()
        self._reviews: OrderedDict[Any, EvaluationResult] = OrderedDict()
        self._checkups: OrderedDict[str, HealthCheck] = OrderedDict()
        self._lock = threading.Lock()

    def status(self, view_key: str, options: EvaluationOptions) -> Json:
        """Where a review stands, for the page: "ready", "running", "failed", "cancelled", "busy" (another one runs) or
        "absent", with the job if there is one, what is stale, and which scopes are at hand."""
        view = self.library.view(view_key).finest
        sources = sources_of(view, options, self.library)
        cache, job, identity = ResultCache(view.workspace), self.jobs.last, _identity(view, sources, options)
        ready = self._ready(view, sources, options)
        is_same = job is not None and job.subject == identity
        if job is not None and job.state == RUNNING:
            state = RUNNING if is_same else "ready" if ready else "busy"
        else:
            state = "ready" if ready else job.state if job is not None and is_same and job.state != DONE else "absent"
        stale = [cache.stale(source, options.settings) for source in sources if not ready]
        scopes = [replace(options, scope=scope) for scope in SCOPES]
        return {
            "state": state,
            "job": job.describe() if job is not None and (is_same or state == "busy") else None,
            "stale": next(filter(None, stale), None),
            "available": [one.scope for one in scopes if self._ready(view, sources, one)],
        }

    def choices(self, view_key: str) -> Json:
        """What the view's checkpoint can be compared with, and why there is nothing to judge by, "" where there is."""
        view = self.library.view(view_key).finest
        names = [name for name in self.library.checkpoint_names() if name != view.card.name]
        opened = {"checkpoint": view.card.name, "data": view.workspace.name}
        try:
            nothing = ""
            check_judgeable(view.items, view.hierarchy, view.workspace.name)
        except DataError as error:
            nothing = page_sentence(error)
        return opened | {"others": names, "untrained": UNTRAINED, "quick_queries": QUICK_QUERIES, "nothing": nothing}

    def run(self, view_key: str, options: EvaluationOptions) -> Job:
        """Start the evaluation, or join it where it runs already; BusyError while another one runs, DataError without boxes or edges."""
        view = self.library.view(view_key).finest
        check_judgeable(view.items, view.hierarchy, view.workspace.name)
        sources = sources_of(view, options, self.library)
        identity = _identity(view, sources, options)
        title = f"The {options.scope} evaluation of {' and '.join(source.name for source in sources)} on {view.workspace.name}"
        return self.jobs.start(title, identity, lambda on_stage: self._work(view, sources, options, on_stage))

    def review(self, view_key: str, options: EvaluationOptions) -> EvaluationResult:
        """The finished review; SelectionError when it was not run yet."""
        view = self.library.view(view_key).finest
        sources = sources_of(view, options, self.library)
        identity = _identity(view, sources, options)
        known = self._kept(identity)
        if known is not None:
            return known
        cache = ResultCache(view.workspace)
        results = [cache.load(source, options.settings) for source in sources]
        if not all(results):
            raise SelectionError("This evaluation is not there yet, or what it was made from has changed: run it.")
        embeddings = [source.embedding(view.workspace, device=view.device) for source in sources]
        return self._keep(identity, EvaluationResult(view, sources, embeddings, [one for one in results if one], options))

    def health_check(self, view_key: str) -> HealthCheck:
        """The health report of an open view; it needs no evaluation."""
        view = self.library.view(view_key).finest
        with self._lock:
            known = self._checkups.setdefault(view.key, HealthCheck(view))
            self._checkups.move_to_end(view.key)
            while len(self._checkups) > KEPT_REVIEWS:
                self._checkups.popitem(last=False)
        return known

    def _work(self, view: View, sources: list[Source], options: EvaluationOptions, on_stage: OnStage) -> None:
        """Embed and judge what is not kept yet, source by source."""
        graph, taxonomy = class_graph(view.items, view.hierarchy), read_taxonomy_of(view.workspace.folder)
        embeddings, results = [], []
        for number, source in enumerate(sources):
            fresh = 0.0 if source.stored(view.workspace) else EMBEDDING_SHARE
            step = _Step(on_stage, number, len(sources), source.name)
            start = time.perf_counter()
            step.part(0.0, 1.0)(0.0, "loading the encoder" if fresh else "reading the vectors")
            embeddings.append(source.embedding(view.workspace, device=view.device, on_progress=step.embedding(fresh)))
            result = ResultCache(view.workspace).load(source, options.settings)
            if result is None:
                retrieval = source.retrieval(view.workspace, embeddings[-1])
                evaluation = evaluate(
                    view.items, view.hierarchy, embeddings[-1], options.settings,
                    graph=graph, taxonomy=taxonomy, retrieval=retrieval, on_stage=step.part(fresh, 1.0),
                )  # fmt: skip
                result = CachedResult(source.name, evaluation, round(time.perf_counter() - start, 1), now())
                ResultCache(view.workspace).store(source, options.settings, result)
            results.append(result)
        on_stage(1.0, "done")
        self._keep(_identity(view, sources, options), EvaluationResult(view, sources, embeddings, results, options))

    def _ready(self, view: View, sources: list[Source], options: EvaluationOptions) -> bool:
        cache = ResultCache(view.workspace)
        return self._kept(_identity(view, sources, options)) is not None or all(cache.has(one, options.settings) for one in sources)

    def _kept(self, identity: Any) -> EvaluationResult | None:
        with self._lock:
            if identity in self._reviews:
                self._reviews.move_to_end(identity)
            return self._reviews.get(identity)

    def _keep(self, identity: Any, review: EvaluationResult) -> EvaluationResult:
        with self._lock:
            first = self._reviews.setdefault(identity, review)
            while len(self._reviews) > KEPT_REVIEWS:
                self._reviews.popitem(last=False)
        return first


class _Step:
    """Turns the shares of one source's work into shares of the whole job."""

    def __init__(self, on_stage: OnStage, number: int, count: int, name: str) -> None:
        self.on_stage, self.number, self.count, self.name = on_stage, number, count, name

    def embedding(self, high: float) -> OnProgress:
        """A counter of embedded items for the part 0…high of this source."""
        tell = self.part(0.0, high)

        def count(done: int, total: int | None) -> None:
            tell(done / (total or done or 1), "embedding the pictures")

        return count

    def part(self, low: float, high: float) -> OnStage:
        """What to call for the part low…high of this source."""

        def tell(share: float, activity: str) -> None:
            self.on_stage((self.number + low + (high - low) * share) / self.count, f"{self.name}: {activity}")

        return tell


def _identity(view: View, sources: list[Source], options: EvaluationOptions) -> tuple[Any, ...]:
    """Two reviews with the same identity have the same answers."""
    return (view.key, tuple(source.key for source in sources), options, text_of(view.workspace.folder))
