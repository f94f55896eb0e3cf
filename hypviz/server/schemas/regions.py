"""A region of the drawn disk: what a polygon or a window of angle and radius holds, see `ViewQueries.region_mask`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from hypviz.server.schemas.base import ABSENT_IF_EMPTY, Body, Budget, Layout, Number, Point, expected
from hypviz.server.schemas.places import PlaceQuery
from hypviz.storage.json_types import Json
from hypviz.viz.region import MAX_CORNERS

Corner = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=2, max_length=2)]
Polygon = Annotated[
    list[Corner], Field(min_length=3, max_length=MAX_CORNERS), expected(f"3 to {MAX_CORNERS:,} corners [x, y], all finite numbers")
]
Centre = Annotated[Point, Field(description="inside the disk: x² + y² < 1"), expected("a centre [x, y] inside the disk")]


class Window(Body):
    """Angles in radians, counter-clockwise from the first to the second, and true distances to the root."""

    angle: Point
    radius: Point


class RegionView(Body):
    """How the disk was looked at when a polygon was drawn."""

    centre: Centre = Field(default_factory=lambda: [0.0, 0.0])


class RegionFocus(Body):
    """The layout around a place, which is drawn at the angle `at`."""

    query: PlaceQuery
    at: Annotated[Number, Field(description="radians")]


class Region(Body):
    """A polygon in the frame of the view, or a window, in a layout or around a place. A window counts before a polygon."""

    layout: Annotated[Layout | None, ABSENT_IF_EMPTY] = None
    scale: Annotated[str | None, Field(description="name of the radius scale"), ABSENT_IF_EMPTY] = None
    focus: RegionFocus | None = None
    polygon: Polygon | None = None
    window: Annotated[Window | None, expected('a window "angle": [from, to] in radians and "radius": [from, to], all finite')] = None
    view: Annotated[RegionView | None, ABSENT_IF_EMPTY] = None

    @model_validator(mode="before")
    @classmethod
    def _one_shape(cls, value: Any) -> Any:
        """What does not count is not looked at."""
        if isinstance(value, dict) and value.get("window") is not None:
            return {name: part for name, part in value.items() if name not in ("polygon", "view")}
        return value

    def place(self) -> Json:
        """The region alone, as `ViewQueries.region_mask` takes it."""
        return self.stated(leave={"budget"})


class MoreBody(Region):
    """A region, and how many further points of it to send."""

    budget: Annotated[Budget, Field(strict=True)] | None = None
