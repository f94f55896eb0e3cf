"""Settings of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from hypviz.config import check_choice, check_range
from hypviz.search.scoring import APEXES


@dataclass(frozen=True)
class EvaluateSettings:
    """What is measured, and how much of it."""

    apex: str = "query"
    """Apex of the scoring angle: "query" (β1 for contents, α2 for parents), "candidate", or the "sum" of both [R]."""
    object_k: tuple[int, ...] = (1, 5, 10)
    """Depths of precision for part → object [R]."""
    scene_k: tuple[int, ...] = (5, 10, 50, 100)
    """Depths of precision and hit rate for box → scene; the paper's Top-5…100 [P, k-axis R]."""
    recall_k: tuple[int, ...] = (10, 50, 100)
    """Depths of recall for object → parts and scene → contents [R]."""
    first_k: int = 12
    """How many answers a person sees first: depth of the figures about these, and of the hubs [R]."""
    other_k: int = 5
    """How many of the first parents in other pictures than the query's are judged by themselves [R]."""
    shares: tuple[float, ...] = (0.39, 0.65)
    """Depths of recall, OT and TV for scene → contents, as shares of the pool; the paper's 150k and 250k are about
    39 % and 65 % of its pool [P, R]."""
    baselines: bool = True
    """Also rank by the cosine of the same directions and by −distance."""
    entailment_apexes: int | None = 2000
    """At most this many items as apex of entailment pairs and of judged cones, drawn by `seed`; None takes all, 0 leaves
    both out. Each meets every other item."""
    max_queries: int | None = None
    """At most this many queries per task, drawn by `seed`; None takes all. The report says n of N."""
    bootstrap: int = 1000
    """Resamplings of the images for the 95 % intervals; 0 leaves them out."""
    seed: int = 0
    """Seeds the choice of queries and the resampling."""

    def __post_init__(self) -> None:
        check_choice("apex", self.apex, APEXES)
        for name in ("object_k", "scene_k", "recall_k"):
            for k in getattr(self, name):
                check_range(f"{name}: every entry", k, 1, 1e9)
        check_range("first_k", self.first_k, 1, 1e9)
        check_range("other_k", self.other_k, 1, 1e9)
        for share in self.shares:
            check_range("shares: every entry", share, 1e-9, 1.0)
        for name, least in (("max_queries", 1), ("entailment_apexes", 0)):
            if getattr(self, name) is not None:
                check_range(name, getattr(self, name), least, 1e12)
        check_range("bootstrap", self.bootstrap, 0, 1e6)
