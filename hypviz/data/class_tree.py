"""The classes of a data set in a class tree: which is where, what is at which level, and what could not be told.

A class is at the name that is spelt like it; else at the only one with its key (`taxonomy.name_key`), where it is the only class left
with that key. What fits several ways is at none: it is reported, not guessed. A class that is not in the tree stays what it is.

Where one name alone is on top and is no class, it is the root: it tells no classes apart, so that levels are counted from below it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.data.formats.taxonomy import read_taxonomy
from hypviz.data.taxonomy import Taxonomy, name_key, near_names
from hypviz.errors import DataError
from hypviz.storage.json_types import Json

LISTED = 20
"""Names of a kind that a report lists, beside how many there are."""


@dataclass(frozen=True, eq=False)
class ClassTree:
    """classes: of the data, in their order."""

    taxonomy: Taxonomy
    classes: tuple[str, ...]

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """(C,) the place of each class in the taxonomy, −1 for one that is not in it or fits several ways."""
        exact = {name: place for place, name in enumerate(self.taxonomy.names)}
        place = np.array([exact.get(name, -1) for name in self.classes], np.int64)
        used = {int(one) for one in place if one >= 0}
        rivals = defaultdict[str, list[int]](list)
        for row in np.flatnonzero(place < 0).tolist():
            rivals[name_key(self.classes[row])].append(row)
        for key, rows in rivals.items():
            at = self.taxonomy.by_key.get(key, -1)
            if len(rows) == 1 and at not in used:
                place[rows[0]] = at
        return place

    @cached_property
    def ambiguous(self) -> list[str]:
        """Sentences on what fits several ways."""
        rows = defaultdict[int, list[int]](list)
        for row, name in enumerate(self.classes):
            at = self.taxonomy.by_key.get(name_key(name), -1)
            if at >= 0:
                rows[at].append(row)
        sentences = []
        for at, group in rows.items():
            names, classes_at = [repr(self.classes[row]) for row in group], [self.classes[row] for row in group if self.place[row] == at]
            if len(group) > 1:
                exact = f", which only {classes_at[0]!r} is spelt like" if classes_at else ""
                sentences.append(f"{' and '.join(names)} all fit {self.taxonomy.names[at]!r}{exact}")
        shared = defaultdict[str, list[str]](list)
        for name in self.taxonomy.names:
            if name.endswith(")") and " (" in name:
                shared[name_key(name.rpartition(" (")[0])].append(name)
        for row in np.flatnonzero(self.place < 0).tolist():
            names = shared.get(name_key(self.classes[row]), [])
            if len(names) > 1 and name_key(self.classes[row]) not in self.taxonomy.by_key:
                sentences.append(f"{self.classes[row]!r} may be {' or '.join(map(repr, names[:4]))}")
        return sentences

    @cached_property
    def root(self) -> int:
        """The place of the name that is the root and no class, −1 for none."""
        tops = [place for place, parent in enumerate(self.taxonomy.parent) if parent < 0]
        return tops[0] if len(tops) == 1 and tops[0] not in self.place else -1

    @cached_property
    def lines(self) -> list[list[int]]:
        """For each class the places from the top, without the root, down to its own; empty for one that is not in the tree."""
        return [[] if at < 0 else [one for one in self.taxonomy.line(int(at)) if one != self.root] for at in self.place]

    @property
    def deepest(self) -> int:
        """How many levels the classes reach; 0 where none is in the tree."""
        return max(map(len, self.lines), default=0)

    @property
    def levels(self) -> list[int]:
        """The levels that classes can be shown at, from the top: those at which at least one is shown as another name."""
        return list(range(1, self.deepest))

    def at(self, level: int) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The names that the classes are shown by at a level, and (C,) which of them each class has.

        A class less deep than the level, or not in the tree, keeps its own. DataError for a level that there is not.
        """
        if level not in self.levels:
            known = f"1 to {self.levels[-1]}" if self.levels else "none"
            raise DataError(f"The class tree has no level {level} to show classes at; it has {known}.")
        named = {int(at): self.classes[row] for row, at in enumerate(self.place) if at >= 0}
        shown = [
            self.classes[row] if len(line) <= level else named.get(line[level - 1], self.taxonomy.names[line[level - 1]])
            for row, line in enumerate(self.lines)
        ]
        names = tuple(dict.fromkeys(shown))
        row_of = {name: row for row, name in enumerate(names)}
        return names, np.array([row_of[name] for name in shown], np.int64)

    def nodes(self) -> list[Json]:
        """What a page draws: the names that are a class or above one, each behind the one above it, without the root: {"name", "parent":
        place in this list or −1, "class": row or −1}."""
        row_of = {int(at): row for row, at in enumerate(self.place) if at >= 0}
        listed = sorted({one for line in self.lines for one in line})
        position = {place: number for number, place in enumerate(listed)}
        return [
            {
                "name": self.classes[row_of[place]] if place in row_of else self.taxonomy.names[place],
                "parent": position.get(self.taxonomy.parent[place], -1),
                "class": row_of.get(place, -1),
            }
            for place in listed
        ]

    def above(self) -> NDArray[np.bool_]:
        """(P, P) bool over `nodes`, [a, b] where b lies under a."""
        parents = [node["parent"] for node in self.nodes()]
        below = np.zeros((len(parents), len(parents)), np.bool_)
        for place, parent in enumerate(parents):
            if parent >= 0:
                below[:, place] = below[:, parent]
                below[parent, place] = True
        return below

    def check(self, source: str) -> None:
        """DataError when not one class is in the tree. source: the file's name."""
        if not self.classes:
            raise DataError(f"{source}: the data have no classes that a class tree could speak of.")
        if (self.place < 0).all():
            near = next((f"; {name!r} looks like {alike[0]!r}" for name in self.classes[:LISTED] if (alike := self._near(name))), "")
            ways = f" ({self.ambiguous[0]})" if self.ambiguous else ""
            raise DataError(
                f"{source}: none of the {len(self.classes):,} classes of the data is in this class tree{ways}: expected names such as "
                f"{self.classes[0]!r}, got {self.taxonomy.names[-1]!r}{near}."
            )

    def report(self) -> Json:
        """What was told and what was not: {"names", "classes", "found", "deepest", "missing", "unknown", "ambiguous": sentences}.

        missing: classes that are not in the tree.  unknown: names under which nothing lies and that are no class.  Each is
        {"count", "listed": [{"name", "near"}…]}.
        """
        missing = [name for name, at in zip(self.classes, self.place, strict=True) if at < 0]
        at_class = set(self.place.tolist())
        unknown = [name for at, name in enumerate(self.taxonomy.names) if at not in at_class and self.taxonomy.is_leaf(at)]
        return {
            "names": len(self.taxonomy),
            "classes": len(self.classes),
            "found": len(self.classes) - len(missing),
            "deepest": self.deepest,
            "missing": {"count": len(missing), "listed": [{"name": name, "near": self._near(name)} for name in missing[:LISTED]]},
            "unknown": {"count": len(unknown), "listed": [{"name": one, "near": near_names(one, missing)} for one in unknown[:LISTED]]},
            "ambiguous": self.ambiguous,
        }

    def _near(self, name: str) -> list[str]:
        return near_names(name, self.taxonomy.names)


def sentences_of(report: Json) -> list[str]:
    """A report (`ClassTree.report`) in sentences for people."""
    lines = [f"{report['found']:,} of {report['classes']:,} classes are in the class tree of {report['names']:,} names"]
    lines += [f"not guessed: {one}" for one in report["ambiguous"]]
    kinds = {"missing": "not in the class tree, so they stay as they are", "unknown": "in the class tree and no class of these data"}
    for kind, words in kinds.items():
        count, listed = report[kind]["count"], report[kind]["listed"]
        if count:
            more = f" and {count - len(listed):,} more" if count > len(listed) else ""
            lines.append(f"{words} ({count:,}): {', '.join(map(_with_near, listed))}{more}")
    return lines


def tree_beside(file: Path | None, classes: tuple[str, ...]) -> tuple[Taxonomy | None, list[str]]:
    """The class tree beside a data set, and sentences on what it says of the classes; one that says nothing of them costs a note only."""
    if file is None:
        return None, []
    notes = list[str]()
    try:
        taxonomy = read_taxonomy(file, notes)
        tree = ClassTree(taxonomy, classes)
        tree.check(file.name)
    except DataError as error:
        return None, [f"the class tree was not taken over: {error}"]
    return taxonomy, [*notes, *(f"{file.name}: {sentence}" for sentence in sentences_of(tree.report()))]


def _with_near(entry: Json) -> str:
    return f"{entry['name']} (near: {', '.join(entry['near'])})" if entry["near"] else str(entry["name"])


def level_sizes(tree: ClassTree, labels: Sequence[int]) -> list[Json]:
    """The levels to choose from: {"level", "classes": how many names the data show there, "examples": the commonest three, first of those
    that stand for other names}.

    labels: the class of each box of the data.
    """
    sizes = []
    for level in tree.levels:
        names, row = tree.at(level)
        renamed = {int(one) for name, one in zip(tree.classes, row, strict=True) if names[one] != name}
        counts = Counter(row[np.asarray(labels, np.int64)].tolist())
        examples = sorted(counts, key=lambda one: (one not in renamed, -counts[one], one))
        sizes.append({"level": level, "classes": len(counts), "examples": [names[one] for one in examples[:3]]})
    return sizes
