"""Files of no format known here that all the same speak of the pictures beside them: by their names, perhaps with coordinates.

What a reader cannot understand must not pass for nothing. A file that names pictures and holds at least four numbers for each of them is
taken for annotations; one that names pictures among other words (captions, a class each) is worth a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hypviz.data.formats.names import fold
from hypviz.data.formats.text import read_head

SUFFIXES = frozenset(
    {"", ".json", ".jsonl", ".ndjson", ".odgt", ".geojson", ".csv", ".tsv", ".txt", ".xml", ".lst", ".list", ".ann", ".anno", ".label"}
    | {".labels", ".lab", ".pts", ".gt", ".dat", ".tab", ".psv", ".ssv", ".bbox", ".boxes"}
)
"""Endings of text files that may be annotations."""
_HEAD = 1 << 16
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"[^\s,;|\"'\[\]{}()<>=:]+")
_MOST_SPACED = 1000
"""Names with spaces in them that are looked for in running text, where spaces part nothing."""
_SHORTEST = 5
"""Letters of a name without an ending that is digits alone, from which on it is no common number."""


class Mentions:
    """What files say of the pictures of a folder."""

    def __init__(self, pictures: Iterable[str]) -> None:
        paths = [PurePosixPath(fold(name)) for name in pictures]
        self._stems = {path.stem for path in paths}
        self._names = {path.name for path in paths} | {stem for stem in self._stems if not stem.isdigit() or len(stem) >= _SHORTEST}

        self._spaced = [name for name in sorted(self._names) if " " in name][:_MOST_SPACED]

    def kind_of(self, path: Path) -> tuple[str, str]:
        """ "unknown" for coordinates of the pictures, "named" for other words on them, "" for neither; and what was seen."""
        if path.suffix.lower() not in SUFFIXES:
            return "", ""
        head = read_head(path, _HEAD)
        if "\0" in head:
            return "", ""
        lines = [line for line in head.splitlines() if line.strip()]
        if fold(path.stem) in self._stems and 2 * sum(len(_NUMBER.findall(line)) >= 4 for line in lines) > len(lines):
            return "unknown", "rows of numbers, called like a picture"
        named = self._named(head)
        if not named:
            return "", ""
        rest = fold(head)
        for name in named:
            rest = rest.replace(name, " ")
        numbers = [number for number in _NUMBER.findall(rest) if number not in ("0", "1")]
        first = lines[0].strip()[:80]
        count = len({name if name in self._stems else PurePosixPath(name).stem for name in named})
        if len(numbers) >= 4 * count:
            return "unknown", f"names pictures and has numbers for them: {first!r}"
        words = [word for word in re.findall(r"[^\W\d_]{2,}", rest) if word not in _PLACES]
        return ("named", f"names pictures: {first!r}") if len(words) >= count else ("", "")

    def _named(self, head: str) -> list[str]:
        """The names of pictures in a text, the longest first."""
        quoted = re.findall(r"\"([^\"\n]{1,300})\"", head)
        cells = re.split(r"[,;\t|\n]", head) if len(head) <= _HEAD else []
        names = {fold(re.split(r"[/\\]", text.strip())[-1]) for text in (*quoted, *cells, *_WORD.findall(head))}
        folded = fold(head)
        spaced = {name for name in self._spaced if name in folded}
        return sorted((names & self._names) | spaced, key=len, reverse=True)


_PLACES = frozenset({"images", "image", "train", "val", "valid", "test", "data", "home", "jpg", "png", "jpeg", "set", "dataset", "users"})
"""Words of the paths in lists of pictures."""
