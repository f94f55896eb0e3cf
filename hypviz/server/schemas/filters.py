"""The filter of `hypviz.explore.selection`, and the ways to say which items are meant."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from hypviz.data.items import SCENE
from hypviz.errors import SelectionError
from hypviz.explore.disks import FLAGS
from hypviz.explore.export import FORMATS
from hypviz.explore.selection import MAX_TEXT
from hypviz.explore.view_queries import MAX_LISTED, ORDERS
from hypviz.server.schemas.base import Bits, Body, ExactBody, Number, Row, Whole, expected
from hypviz.storage.json_types import Json

Flag = Annotated[str, Field(json_schema_extra={"enum": list(FLAGS)})]
Numbers = list[Annotated[Whole, Field(ge=0)]]
Radius = Annotated[list[Number | None], Field(min_length=2, max_length=2), expected("[from, to], two numbers or null for an open end")]


class Filter(ExactBody):
    """Every field narrows; null, false, an empty text and an empty list of groups narrow nothing."""

    noun: ClassVar[str] = "filter"
    classes: Annotated[list[Annotated[Whole, Field(ge=SCENE)]] | None, Field(description="classes; −1 for scenes")] = None
    depths: Numbers | None = None
    splits: Numbers | None = None
    branches: Numbers | None = None
    flags: list[Flag] | None = None
    violations: Annotated[bool | None, Field(strict=True, description="outside a parent's cone, or not farther out than a parent")] = None
    radius: Annotated[Radius | None, Field(description="true distances to the root: from (included), to (not included)")] = None
    tags: Annotated[list[str] | None, Field(description="items with any of these tags")] = None
    same_image: Annotated[Row | None, Field(description="everything in the picture of this item")] = None
    text: Annotated[str | None, Field(description=f"words of a class or a picture's name, up to {MAX_TEXT}; or an item id")] = None
    rows: list[Row] | None = None
    ids: list[str] | None = None
    members: Bits | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_false(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: None if field is False else field for key, field in value.items()}


class FilterBody(Body):
    """A filter alone."""

    filter: Filter


class ItemsBody(Body):
    """Which items are meant: those of a filter, or else rows, ids or bits by themselves."""

    filter: Filter | None = None
    rows: list[Row] | None = None
    ids: list[str] | None = None
    members: Bits | None = None

    def chosen(self) -> Json:
        """The filter that says which items are meant; SelectionError when nothing does."""
        stated = self.stated()
        named = {name: stated[name] for name in ("rows", "ids", "members") if name in stated}
        chosen: Json = stated.get("filter", named) or {}
        if not chosen:
            raise SelectionError("Say which items are meant: a filter, rows, ids or members.")
        return chosen


class ListingBody(FilterBody):
    """A stretch of the items that pass a filter."""

    offset: Annotated[int, Field(json_schema_extra={"minimum": 0})] = 0
    limit: Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": MAX_LISTED})] = 100
    order: Annotated[str, Field(json_schema_extra={"enum": list(ORDERS)})] = "row"
    down: bool = False


class ExportBody(ItemsBody):
    """The items of a file, and which one (`hypviz.explore.export`)."""

    format: Annotated[str, Field(json_schema_extra={"enum": list(FORMATS)})] = "csv"
