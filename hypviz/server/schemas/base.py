"""What all bodies are made of: objects with named fields, rows, numbers, boxes, and what is said of a value that is none."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hypviz.explore.disks import MAX_POINTS
from hypviz.storage.json_types import Json

SENTENCE = "sentence"
"""Type of an error whose message is the whole answer."""
EXPECTED = "expected"
"""Type of an error whose message says what was expected."""
MAX_ROW = 2**31 - 1
"""Rows are stored in 32 bits."""

FILE_BODY: Json = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
"""The OpenAPI part of a route that reads its body itself: a file."""


def expected(words: str) -> WrapValidator:
    """Annotation: whatever is wrong inside of a value, these words say what it should have been."""

    def validate(value: Any, inside: ValidatorFunctionWrapHandler) -> Any:
        try:
            return inside(value)
        except ValidationError:
            raise PydanticCustomError(EXPECTED, words) from None

    return WrapValidator(validate)


def refusal(sentence: str) -> PydanticCustomError:
    """The error of a validator that has a whole sentence to say."""
    return PydanticCustomError(SENTENCE, "{sentence}", {"sentence": sentence})


ABSENT_IF_EMPTY = BeforeValidator(lambda value: value or None)
"""Annotation: what is empty or zero counts as absent."""
Row = Annotated[int, Field(strict=True, ge=0, le=MAX_ROW, description="row of an item, counted from 0")]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Point = Annotated[list[Number], Field(min_length=2, max_length=2)]
Box = Annotated[
    list[Number],
    Field(min_length=4, max_length=4, description="x1, y1, x2, y2 in pixels of the upright picture"),
    expected("four numbers x1, y1, x2, y2"),
]
Bits = Annotated[str, Field(description="a set of rows: one bit an item, least significant first, in base64")]
Budget = Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": MAX_POINTS}, description="points at most")]
Layout = Annotated[str, Field(description="name of a layout; the default one when empty")]
Omega = Annotated[float, Field(description="half-angle of the cone in radians, in (0, π]; the calibrated one when absent")]


class Body(BaseModel):
    """An object that a request states; fields of other names are passed over."""

    model_config = ConfigDict(frozen=True)

    def stated(self, *, leave: set[str] | None = None) -> Json:
        """The fields that the request states, as plain values; leave: names to leave out."""
        return self.model_dump(exclude_unset=True, by_alias=True, exclude=leave)


class ExactBody(Body):
    """An object without any other fields than its own."""

    model_config = ConfigDict(extra="forbid")
    noun: ClassVar[str] = "object"
    """What it is called in the sentence about a field that it has not."""

    @model_validator(mode="before")
    @classmethod
    def _knows(cls, value: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = sorted(str(key)[:40] for key in value if key not in names) if isinstance(value, dict) else []
        if unknown:
            raise refusal(f"A {cls.noun} has no {', '.join(map(repr, unknown[:3]))}; it knows {', '.join(sorted(names))}.")
        return value
