"""What tells data sets of one name apart in a list: pictures, boxes, day of import, folder, as a person knows them; never a hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypviz.access.trust import PICTURES
from hypviz.storage.json_types import Json


@dataclass(frozen=True)
class SetFacts:
    """title: what the set is called.  images, boxes: how many, images None where it was not imported yet.  created: when it
    was imported, ISO 8601 in UTC, "" where it is not known.  folder: that was opened, or of its pictures, "" where the program keeps them
    itself.  gone: whether it was removed since."""

    title: str
    images: int | None = None
    boxes: int = 0
    created: str = ""
    folder: str = ""
    gone: bool = False

    @classmethod
    def of(cls, title: str, meta: Json, folder: Path) -> SetFacts:
        """Those of the workspace in `folder` with its meta.json."""
        images, items = int(meta.get("images", 0)), int(meta.get("items", 0))
        root = (folder / str(meta["root"])).resolve()
        inside = any(part.endswith(PICTURES) for part in root.parts)
        return cls(title, images, items - images, str(meta.get("created", "")), "" if inside else str(root))

    def words(self, parts: int = 2) -> list[str]:
        """What may tell it from others of its name, what a person sees first coming first; of the folder's path the last `parts`."""
        day, _, time = self.created.partition("T")
        return [
            ("removed since" if self.gone else "not imported yet")
            if self.images is None
            else f"{self.images:,} {'picture' if self.images == 1 else 'pictures'}",
            "" if self.images is None else f"{self.boxes:,} {'box' if self.boxes == 1 else 'boxes'}",
            f"imported {day}" if day else "",
            f"from {'/'.join(Path(self.folder).parts[-parts:]).lstrip('/')}" if self.folder else "",
            f"at {time[:8]} UTC" if time else "",
        ]


def told_apart(sets: Sequence[SetFacts], *, counted: bool = False) -> list[str]:
    """For each set the words that tell it from the others of its title, "" where no other has it. counted: pictures and boxes are shown
    beside the title already, so that they tell apart and are not said again. Those that nothing tells apart are numbered."""
    titles = Counter(one.title.casefold() for one in sets)
    labels = [""] * len(sets)
    for title in (title for title, times in titles.items() if times > 1):
        same = [place for place, one in enumerate(sets) if one.title.casefold() == title]
        facts = [sets[place].words(_parts([sets[place].folder for place in same])) for place in same]
        for place, words in zip(same, _of_one_title(facts, 2 if counted else 0), strict=True):
            labels[place] = words
    return labels


def _parts(folders: Sequence[str]) -> int:
    """How many last parts of their paths tell folders apart, two at least: one holds pictures, as "images" of many sets does."""
    paths = {Path(folder).parts for folder in folders if folder}
    longest = max(map(len, paths), default=2)
    return next((count for count in range(2, longest) if len({one[-count:] for one in paths}) == len(paths)), max(longest, 2))


def _of_one_title(words: Sequence[Sequence[str]], shown: int) -> list[str]:
    """As `told_apart`, within one title; shown: how many of the facts stand beside it already."""
    said: list[list[str]] = [[] for _ in words]
    for fact in range(len(words[0])):
        if len({tuple(one) for one in said}) == len(words):
            break
        if len({one[fact] for one in words}) > 1:
            for one, every in zip(said, words, strict=True):
                one.append(every[fact])
    times, labels = Counter(tuple(one) for one in said), []
    known = {word for every in words for word in every[:shown]}
    for place, one in enumerate(said):
        number = [f"number {sum(other == one for other in said[: place + 1])}"] if times[tuple(one)] > 1 else []
        labels.append(", ".join([word for word in one if word and word not in known] + number))
    return labels
