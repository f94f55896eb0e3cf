"""Queries of the Evaluate tab (`hypviz.evaluation.page`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from hypviz.evaluation.page.options import SCOPES, EvaluationOptions
from hypviz.search.scoring import APEXES
from hypviz.server.schemas.base import Body, refusal

Offset = Annotated[int, Field(ge=0)]
Limit = Annotated[int, Field(ge=1, le=48)]


class ReviewQuery(Body):
    """How a view is judged, and beside what."""

    other: Annotated[str, Field(description="a second checkpoint, (untrained), or none")] = ""
    apex: Annotated[str, Field(json_schema_extra={"enum": list(APEXES)})] = "query"
    scope: Annotated[str, Field(json_schema_extra={"enum": list(SCOPES)})] = "quick"

    def options(self) -> EvaluationOptions:
        """The options; SettingsError for an apex or a scope that there is not."""
        return EvaluationOptions(self.other, self.apex, self.scope)


class MetricQuery(Body):
    """One number of a table."""

    task: str
    reading: str
    score: str
    metric: str


class ExamplesQuery(MetricQuery):
    """Single queries behind a number."""

    source: str
    label: int | None = None
    order: str = "worst"
    limit: Limit = 12
    shown: Limit = 20


class LevelQuery(Body):
    """Items at one depth of the hierarchy."""

    source: str
    depth: int
    order: str = "typical"
    offset: Offset = 0
    limit: Limit = 24


class PairsQuery(Body):
    """Pairs of parent and child."""

    source: str
    direct: bool = True
    right: bool = False
    offset: Offset = 0
    limit: Limit = 12


class OrderedQuery(Body):
    """Items ordered along an item's way to the root."""

    source: str
    row: int
    limit: Limit = 40


class FindingsQuery(Body):
    """Some of the findings of a check."""

    offset: Offset = 0
    limit: Limit = 12


class PartQuery(Body):
    """A part of a picture."""

    box: Annotated[str, Field(description="x1,y1,x2,y2 in pixels")]

    @field_validator("box")
    @classmethod
    def _lists_numbers(cls, box: str) -> str:
        try:
            _ = [float(value) for value in box.split(",")]
        except ValueError:
            raise refusal(f"A box needs four numbers x1,y1,x2,y2; got {box[:80]!r}.") from None
        return box

    def corners(self) -> list[float]:
        """The numbers of the box."""
        return [float(value) for value in self.box.split(",")]
