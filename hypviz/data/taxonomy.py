"""A tree of class names: "a car is a vehicle". Checked once, when it is made; written as indented text.

Names are compared by their key (`name_key`): case does not count, and spaces, underscores, hyphens and dots are one separator.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from hypviz.errors import DataError

MAX_NAMES = 100_000
"""WordNet has 82,115 synsets of nouns."""
MAX_DEPTH = 64
"""WordNet's nouns go 20 levels deep."""
MAX_NAME = 200
NEAR = 3
"""Near matches named beside a name that was not found."""
INDENT = "  "


@dataclass(frozen=True)
class Taxonomy:
    """names: all of them, each behind the one above it, depth first.  parent: for each the place of the one above in `names`, −1 on top."""

    names: tuple[str, ...]
    parent: tuple[int, ...]

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[str, str | None]], *, source: str) -> Taxonomy:
        """The tree of some (name, name above it or None), siblings in their order; a name that is only above others is on top.

        source: the file's name, for errors. A pair may be stated again. DataError for a name under two others or in a ring, for names
        that differ in case or separators only, and for more or deeper names than `MAX_NAMES` and `MAX_DEPTH`.
        """
        above: dict[str, str | None] = {}
        for name, parent in pairs:
            for one in (name, parent):
                if one is not None:
                    _check_name(one, source)
            known = above.get(name)
            if known is not None and parent is not None and known != parent:
                raise DataError(
                    f"{source}: {name!r:.60} lies under both {known!r:.60} and {parent!r:.60}; a name has one parent, keep one."
                )
            above[name] = known if parent is None else parent
            if parent is not None:
                above.setdefault(parent, None)
            if len(above) > MAX_NAMES:
                raise DataError(f"{source}: has more than {MAX_NAMES:,} names, the most a class tree may have.")
        if not above:
            raise DataError(f"{source}: holds no names; a class tree is one name a line, indented below the one above it, or JSON.")
        _check_alike(above, source)
        return cls(*_ordered(above, source))

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def depth(self) -> tuple[int, ...]:
        """The level of each name: 1 on top."""
        depth: list[int] = []
        for parent in self.parent:
            depth.append(1 if parent < 0 else depth[parent] + 1)
        return tuple(depth)

    @cached_property
    def by_key(self) -> dict[str, int]:
        """The place of each name by its key."""
        return {name_key(name): place for place, name in enumerate(self.names)}

    def is_leaf(self, place: int) -> bool:
        """Whether nothing lies under a name."""
        return place + 1 == len(self) or self.parent[place + 1] != place

    def line(self, place: int) -> list[int]:
        """The places from the top down to a name, itself the last."""
        line = [place]
        while self.parent[line[-1]] >= 0:
            line.append(self.parent[line[-1]])
        return line[::-1]

    def to_text(self) -> str:
        """One name a line, two spaces deeper than the one above it: what `formats.taxonomy.parse_taxonomy` reads."""
        return "".join(f"{INDENT * (depth - 1)}{name}\n" for name, depth in zip(self.names, self.depth, strict=True))

    @property
    def version(self) -> str:
        """Hash of the tree, 16 hex digits."""
        return version_of(self.to_text())


def version_of(text: str) -> str:
    """Hash of a tree's text; "" for none."""
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def name_key(name: str) -> str:
    """What a name is compared by.

    >>> name_key("Traffic_Light"), name_key("  traffic-light "), name_key("trafficlight")
    ('traffic light', 'traffic light', 'trafficlight')
    """
    return " ".join(re.split(r"[\s_.\-]+", unicodedata.normalize("NFKC", name).casefold().strip(" _-."))).strip()


def near_names(name: str, names: Sequence[str]) -> list[str]:
    """Up to three of some names that are spelt nearly like one, the nearest first; of very many those of its first letter only."""
    by_key = {name_key(other): other for other in names}
    key = name_key(name)
    keys = list(by_key) if len(by_key) <= 2000 else [other for other in by_key if other[:1] == key[:1]]
    return [by_key[other] for other in difflib.get_close_matches(key, keys, NEAR, 0.75)]


def _check_name(name: str, source: str) -> None:
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip() or not name_key(name):
        raise DataError(
            f"{source}: a name in a class tree has 1 to {MAX_NAME} printable characters and a letter or digit, got {name[:60]!r}."
        )


def _check_alike(names: Iterable[str], source: str) -> None:
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name_key(name), name)
        if other != name:
            raise DataError(
                f"{source}: {other!r:.60} and {name!r:.60} differ in case or separators only, so none can be told from the other; keep one."
            )


def _ordered(above: dict[str, str | None], source: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names depth first, and the place of each one's parent; DataError for a ring, or one that is too deep."""
    below: dict[str | None, list[str]] = defaultdict(list)
    for name, parent in above.items():
        below[parent].append(name)
    place: dict[str | None, int] = {None: -1}
    parents: list[int] = []
    left = [(name, 1) for name in reversed(below[None])]
    while left:
        name, depth = left.pop()
        if depth > MAX_DEPTH:
            raise DataError(f"{source}: {name!r:.60} is {depth} levels deep; a class tree has at most {MAX_DEPTH}.")
        place[name] = len(parents)
        parents.append(place[above[name]])
        left += [(child, depth + 1) for child in reversed(below[name])]
    if len(parents) < len(above):
        raise DataError(
            f"{source}: {' under '.join(f'{one!r:.60}' for one in _ring(above, place))}: a ring; a name cannot lie under itself."
        )
    return tuple(name for name in place if name is not None), tuple(parents)


def _ring(above: dict[str, str | None], placed: dict[str | None, int]) -> list[str]:
    """The names of one ring, the first again at the end; of a long one its beginning."""
    name = next(one for one in above if one not in placed)
    seen: list[str] = []
    while name not in seen:
        seen.append(name)
        name = str(above[name])
    ring = [*seen[seen.index(name) :], name]
    return ring if len(ring) <= 6 else [*ring[:4], "…", name]
