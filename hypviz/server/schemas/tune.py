"""Bodies and queries of fine-tuning (`hypviz.finetune`)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from hypviz.finetune.keep import MAX_NAME, MAX_NOTE
from hypviz.finetune.request import DEPTHS
from hypviz.server.schemas.base import Body, ExactBody
from hypviz.storage.json_types import Json

SetName = Annotated[str, Field(alias="set", description="name of a set")]
Depth = Annotated[str, Field(json_schema_extra={"enum": list(DEPTHS)})]


class PlanQuery(Body):
    """A training that is thought of: its set, and what it starts from."""

    set_name: SetName
    checkpoint: str = ""
    depth: Depth = "head"
    backbone: str = ""
    weights: str = ""


class TrainingBody(ExactBody):
    """A training: its set, the checkpoint that it starts from or a backbone with its weights, and the settings that were changed."""

    noun: ClassVar[str] = "training"
    set_name: Annotated[str | None, Field(alias="set", description="name of a set")] = None
    checkpoint: str | None = None
    backbone: str | None = None
    weights: Annotated[str | None, Field(description='a file, or "hub:TAG"')] = None
    depth: Depth | None = None
    settings: Annotated[dict[str, Any] | None, Field(description='"part.name" → value')] = None

    def named(self) -> Json:
        """The fields by their names, those that say nothing left out."""
        return {name: value for name, value in self.model_dump().items() if value}


class KeepBody(Body):
    """Under which name a result is kept as a checkpoint."""

    name: Annotated[str, Field(description=f"1 to {MAX_NAME} letters, digits, blanks or - _ .")]
    licence: str = ""
    note: Annotated[str, Field(description=f"the first {MAX_NOTE:,} characters are kept")] = ""
