"""Bodies of tags and saved views (`hypviz.explore.marks`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hypviz.explore.marks import MAX_LINK, MAX_NAME
from hypviz.server.schemas.base import Body
from hypviz.server.schemas.filters import ItemsBody

Name = Annotated[str, Field(description=f"1 to {MAX_NAME} printable characters")]
SeenName = Annotated[str, Field(alias="seen", description="the name as the person saw it")]


class TagBody(ItemsBody):
    """A tag to give to items, or to take from them where `on` is false."""

    name: Name = ""
    on: Annotated[bool | None, Field(strict=True)] = True


class TagNameBody(Body):
    """A tag."""

    name: Name


class TagRenameBody(TagNameBody):
    """A tag and its name to be."""

    to: Name


class SavedViewBody(Body):
    """A view to keep."""

    name: Name
    link: Annotated[str, Field(description=f"begins with #, {MAX_LINK:,} characters at most")]


class SavedViewNameBody(Body):
    """A view that was saved."""

    view_id: Annotated[str, Field(alias="id")]
    shown_name: SeenName


class SavedViewRenameBody(SavedViewNameBody):
    """A view that was saved, and its name to be."""

    name: Name
