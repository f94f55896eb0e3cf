"""Bodies of the annotator (`hypviz.annotate`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hypviz.annotate.boxes import MAX_BOXES, MAX_KEY, MAX_LABEL, DrawnBox
from hypviz.data.corrections import KINDS, LEVELS
from hypviz.server.schemas.base import Body, Box

End = Annotated[str, Field(description="an item's id or a box's key; the name of a class")]


class DrawnBoxBody(Body):
    """A box as it is drawn."""

    key: Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": MAX_KEY})]
    xyxy: Box
    label: Annotated[str, Field(description=f"1 to {MAX_LABEL} characters")]

    def drawn(self) -> DrawnBox:
        """The box as a draft takes it."""
        return {"key": self.key, "xyxy": self.xyxy, "label": self.label}


class PictureBody(Body):
    """The boxes of a picture from now on, and the version of it that they were drawn on."""

    version: int
    boxes: Annotated[list[DrawnBoxBody], Field(json_schema_extra={"maxItems": MAX_BOXES})]


class CorrectionBody(Body):
    """A correction of the hierarchy, see `hypviz.data.corrections`."""

    kind: Annotated[str, Field(json_schema_extra={"enum": list(KINDS)})]
    level: Annotated[str, Field(json_schema_extra={"enum": list(LEVELS)})]
    a: End
    b: End
