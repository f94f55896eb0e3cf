"""A correction of the hierarchy as it was made, with words for people, and as it is kept in the draft's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypviz.data.corrections import Correction

Json = dict[str, Any]


@dataclass(frozen=True)
class CorrectionRecord:
    """A correction as it was made.  words: both ends for people.  made: UTC."""

    id: str
    correction: Correction
    words: tuple[str, str]
    made: str

    def to_json(self) -> Json:
        """JSON object with the correction's own fields beside it."""
        one = self.correction
        ends = {"a": one.a, "b": one.b, "a_words": self.words[0], "b_words": self.words[1]}
        return {"id": self.id, "kind": one.kind, "level": one.level, **ends, "made": self.made}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> CorrectionRecord:
        """What `to_json` wrote; KeyError, TypeError or SettingsError for anything else."""
        one = Correction(*(str(given[name]) for name in ("kind", "level", "a", "b")))
        return cls(str(given["id"]), one, (str(given["a_words"]), str(given["b_words"])), str(given["made"]))


def renamed(correction: Correction, ids: Mapping[str, str]) -> Correction:
    """A correction of keys as one of item ids."""
    if correction.level == "class":
        return correction
    return replace(correction, a=ids.get(correction.a, correction.a), b=ids.get(correction.b, correction.b))
