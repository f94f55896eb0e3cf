"""Bodies and queries of what a click and the disk ask: places, cones, points."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from hypviz.explore.children import WAYS
from hypviz.explore.cone_sets import KINDS
from hypviz.explore.view_queries import MAX_CONES
from hypviz.server.schemas.base import Bits, Body, Budget, Layout, Omega, Row, refusal
from hypviz.server.schemas.places import PlaceQuery
from hypviz.viz.layout import DEFAULT

MAX_FOCUS = 64
"""Rows whose families are put among the points at once."""
By = Annotated[str, Field(json_schema_extra={"enum": list(WAYS)}, description="how the rest of the data is searched")]
Kind = Annotated[str, Field(json_schema_extra={"enum": list(KINDS)}, description="of the cone's half-angle: omega, or by the radius")]


class PlaceBody(Body):
    """A place and its cone."""

    query: PlaceQuery
    omega: Omega | None = None


class SelectBody(PlaceBody):
    """What is around a place."""

    by: By = "entailment"


class ClassBody(SelectBody):
    """The items behind one card of an answer to `select`."""

    band: int
    label: Annotated[int, Field(alias="class")]
    offset: Annotated[int, Field(json_schema_extra={"minimum": 0})] = 0


class WordsBody(Body):
    """The words met from a place to the root: of the data, or of one's own."""

    query: PlaceQuery
    words: list[str] = Field(default_factory=list)


class ConeBody(PlaceBody):
    """One cone."""

    kind: Kind = "angle"


class FocusBody(ConeBody):
    """The layout around a place, for some items."""

    rows: Bits | None = None
    scale: Annotated[str | None, Field(description="name of the radius scale")] = None


class CommonBody(Body):
    """Cones that are held against each other."""

    queries: Annotated[list[PlaceQuery], Field(json_schema_extra={"minItems": 1, "maxItems": MAX_CONES})]
    omega: Omega | None = None
    kind: Kind = "angle"


class RowsBody(Body):
    """Some rows of a layout."""

    rows: list[Annotated[Row, Field(strict=False)]]
    layout: Layout = DEFAULT


class PointsQuery(Body):
    """Which points of which layout."""

    layout: Annotated[str, Field(description="the overview when empty")] = ""
    budget: Budget | None = None
    focus: Annotated[str, Field(description=f"at most {MAX_FOCUS} rows with commas between them: their families are among the points")] = ""

    @field_validator("focus")
    @classmethod
    def _lists_rows(cls, focus: str) -> str:
        parts = [part.strip() for part in focus.split(",") if part.strip()]
        if len(parts) > MAX_FOCUS or not all(part.isascii() and part.isdigit() and len(part) < 12 for part in parts):
            raise refusal(f"focus must be at most {MAX_FOCUS} row numbers with commas between them.")
        return focus

    def families(self) -> list[int]:
        """The rows of `focus`."""
        return [int(part) for part in self.focus.split(",") if part.strip()]
