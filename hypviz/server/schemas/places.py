"""How a request names what it asks about: an item, a box drawn on a picture, an own picture, or words."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from hypviz.explore.text_search import MAX_TEXT
from hypviz.server.schemas.base import Body, Box, Row, refusal

WAYS = ("text", "upload", "image", "row")
"""Fields that name a place, the first one that is there counts."""


class PlaceQuery(Body):
    """A row, an image with a box, an upload with or without one, or a text."""

    row: Row | None = None
    image: Annotated[Row | None, Field(description="a picture, counted from 0")] = None
    upload: Annotated[str | None, Field(description="what POST upload answered")] = None
    text: Annotated[str | None, Field(description=f"words, up to {MAX_TEXT:,} characters")] = None
    box: Box | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_way(cls, value: Any) -> Any:
        """What does not count is not looked at."""
        if not isinstance(value, dict):
            return value
        way = next((name for name in WAYS if name in value), None)
        if way is None:
            raise refusal("A query needs a row, an image with a box, an upload, or a text.")
        return {name: value[name] for name in ((way,) if way == "row" else (way, "box")) if name in value}
