"""CreateML JSON (as Roboflow writes it): a list of pictures, each with labels and `coordinates` of centre and size in pixels."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypviz.data.formats.drafts import Draft, DraftBox, Source, four_numbers, settle
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.text import class_name
from hypviz.storage.json_types import Json


def read_createml(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of CreateML's files; one that cannot be read is counted."""
    drafts: list[Draft] = []
    read = set()
    for file, content in source.contents(files):
        read.add(file)
        for index, row in enumerate(content if isinstance(content, list) else ()):
            where = f"{PurePosixPath(file).name}: picture {index}"
            name = next((row[key] for key in ("image", "imagefilename", "filename") if isinstance(row, dict) and row.get(key)), None)
            if isinstance(name, str):
                drafts.append(_picture(name, row, file, where, source))
            else:
                source.dropped.image("no picture in the record", where, boxes=0)
    return ReaderResult(settle(drafts, source, ", ".join(files)), read)


def _picture(name: str, row: Json, file: str, where: str, source: Source) -> Draft:
    draft = Draft((name,), file, where)
    boxes = row.get("annotations", row.get("annotation"))
    for index, each in enumerate(boxes if isinstance(boxes, list) else (), start=1):
        each = each if isinstance(each, dict) else {}
        record, place = f"{where}, box {index}", each.get("coordinates")
        numbers = four_numbers([place.get(key) for key in ("x", "y", "width", "height")]) if isinstance(place, dict) else None
        label = class_name(each.get("label"))
        if numbers is None:
            source.dropped.box("box is not four numbers", record)
        elif not label:
            source.dropped.box("no class name", record)
        else:
            draft.boxes.append(DraftBox(numbers, label, record, "cxcywh"))
    return draft
