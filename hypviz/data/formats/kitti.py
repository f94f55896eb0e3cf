"""KITTI labels (https://www.cvlibs.net/datasets/kitti/): `label_2/N.txt` beside `image_2/N.png`, a class and 14 numbers a line.

The fourth to the seventh number are the corners in pixels. A class may be several words, or a number. "DontCare" marks what nobody
annotated and is counted.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from hypviz.data.formats.drafts import Draft, DraftBox, Source, four_numbers, settle
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.sniff_rows import kitti_class
from hypviz.data.formats.text import class_name, read_text


def read_kitti(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of KITTI label files; one that cannot be read is counted as a picture."""
    drafts: list[Draft] = []
    read = set()
    for file, text in source.contents(files, read_text, per_picture=True):
        name = PurePosixPath(file).name
        read.add(file)
        draft = Draft((PurePosixPath(file).stem,), file, name, any_ending=True)
        for index, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                _add(draft, line.split(), f"{name}: line {index}", source)
        drafts.append(draft)
    return ReaderResult(settle(drafts, source, "KITTI label files"), read)


def _add(draft: Draft, words: list[str], record: str, source: Source) -> None:
    name = kitti_class(words) or words[:1]
    numbers = four_numbers(words[len(name) + 3 : len(name) + 7])
    if words[0].lower() == "dontcare":
        source.dropped.box("marked DontCare", record)
    elif numbers is None:
        source.dropped.box("box is not four numbers", f"{record}: {' '.join(words)[:60]}")
    else:
        draft.boxes.append(DraftBox(numbers, class_name(" ".join(name)), record, "xyxy"))
