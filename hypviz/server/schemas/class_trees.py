"""Bodies of class trees (`hypviz.explore.class_trees`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hypviz.server.schemas.base import Body


class TaxonomyText(Body):
    """A class tree as somebody wrote it or as a file holds it."""

    text: Annotated[str, Field(description="indented text, or JSON (docs/data.md)")]
    name: Annotated[str, Field(max_length=200, description="of the file it is from, for sentences about it")] = ""


class TaxonomyBody(TaxonomyText):
    """A class tree to keep; an empty text for none."""

    seen: Annotated[str, Field(max_length=64, description='version of the tree that it takes the place of, "" for none')]
