"""A correction of the hierarchy as it was made, with words for people, and as it is kept in the draft's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypviz.data.corrections import Correction
from hypviz.storage.json_types import Json


@dataclass(frozen=True)
class CorrectionRecord:
    """A correction as it was made.  words: both ends for people.  created: UTC."""

    id: str
    correction: Correction
    words: tuple[str, str]
    created: str

    def to_json(self) -> Json:
        """JSON object with the correction's own fields beside it."""
        one = self.correction
        ends = {"a": one.a, "b": one.b, "a_words": self.words[0], "b_words": self.words[1]}
        return {"id": self.id, "kind": one.kind, "level": one.level, **ends, "made": self.created}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> CorrectionRecord:
        """What `to_json` wrote; KeyError, TypeError or SettingsError for anything else."""
        one = Correction(*(str(content[name]) for name in ("kind", "level", "a", "b")))
        return cls(str(content["id"]), one, (str(content["a_words"]), str(content["b_words"])), str(content["made"]))


def renamed(correction: Correction, ids: Mapping[str, str]) -> Correction:
    """A correction of keys as one of item ids."""
    if correction.level == "class":
        return correction
    return replace(correction, a=ids.get(correction.a, correction.a), b=ids.get(correction.b, correction.b))
