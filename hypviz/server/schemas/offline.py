"""What an offline page shows first."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hypviz.server.schemas.base import ABSENT_IF_EMPTY, Body, Layout, Number, Row, expected
from hypviz.server.schemas.regions import Centre

MAX_PINS = 8

Pins = Annotated[list[Row] | None, Field(max_length=MAX_PINS), expected(f"at most {MAX_PINS} pinned cones, by their rows"), ABSENT_IF_EMPTY]


class OfflineView(Body):
    """What part of the disk is looked at."""

    centre: Centre = Field(default_factory=lambda: [0.0, 0.0])
    zoom: Annotated[Number, Field(description="1 shows the whole disk; cut to 60")] = 1.0


class OfflineState(Body):
    """Layout, view, colours, selection and pinned cones, each of them optional; no omega for the calibrated cones."""

    layout: Annotated[Layout | None, ABSENT_IF_EMPTY] = None
    view: Annotated[OfflineView | None, ABSENT_IF_EMPTY] = None
    colour: Annotated[str | None, ABSENT_IF_EMPTY] = None
    row: Row | None = None
    omega: Annotated[Number | None, Field(description="half-angle of the cones in radians")] = None
    kind: Annotated[str | None, Field(description='of the half-angle: "angle" or "aperture"')] = None
    pins: Pins = None
