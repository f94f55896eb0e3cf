"""What a person chooses before an evaluation is run."""

from __future__ import annotations

from dataclasses import dataclass

from hypviz.config import check_choice
from hypviz.evaluation import EvaluateSettings
from hypviz.search.scoring import APEXES

UNTRAINED = "(untrained)"
"""Stands for the first checkpoint's encoder with random weights; brackets keep it apart from a checkpoint's name."""
QUICK_QUERIES = 300
"""Queries per task of a quick evaluation: 95 % intervals of a few points, a few seconds on the demo."""
SCOPES = ("quick", "full")


@dataclass(frozen=True)
class EvaluationOptions:
    """How a view is judged, and beside what."""

    other: str = ""
    """A second checkpoint to stand beside the view's own: its name, `UNTRAINED`, or "" for none."""
    apex: str = "query"
    """Apex of the scoring angle, see `EvaluateSettings.apex`."""
    scope: str = "quick"
    """"quick": a sample of `QUICK_QUERIES` queries per task; "full": all of them."""

    def __post_init__(self) -> None:
        check_choice("apex", self.apex, APEXES)
        check_choice("scope", self.scope, SCOPES)

    @property
    def settings(self) -> EvaluateSettings:
        """The settings of the evaluation; the same queries are drawn for every checkpoint, so results pair up."""
        return EvaluateSettings(apex=self.apex, max_queries=QUICK_QUERIES if self.scope == "quick" else None)
