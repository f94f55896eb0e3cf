"""FiftyOne's labels JSON (FiftyOneImageDetectionDataset): boxes [x, y, width, height] in fractions, by the name of their picture."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.drafts import Draft, DraftBox, Source, four_numbers, settle
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.text import class_name


def read_fiftyone(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of FiftyOne's files; one that cannot be read is counted."""
    drafts: list[Draft] = []
    read = set()
    for file, content in source.contents(files):
        read.add(file)
        labels = content.get("labels") if isinstance(content, dict) else None
        classes = content.get("classes") if isinstance(content, dict) else None
        for name, listed in labels.items() if isinstance(labels, dict) else ():
            drafts.append(_picture(str(name), listed, classes if isinstance(classes, list) else [], file, source))
    return ReaderResult(settle(drafts, source, ", ".join(files)), read)


def _picture(name: str, listed: Any, classes: list[Any], file: str, source: Source) -> Draft:
    where = f"{PurePosixPath(file).name}: {name}"
    draft = Draft((name,), file, where, unit="fractions", any_ending=True)
    listed = listed.get("detections") if isinstance(listed, dict) else listed
    for index, each in enumerate(listed if isinstance(listed, list) else (), start=1):
        each = each if isinstance(each, dict) else {}
        record, value = f"{where}, box {index}", each.get("label")
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(classes):
            value = classes[value]
        label = class_name(value)
        numbers = four_numbers(each.get("bounding_box"))
        if numbers is None:
            source.dropped.box("box is not four numbers", record)
        elif not label:
            source.dropped.box("no class name", record)
        else:
            attributes = each.get("attributes", each)
            origin = attributes.get("source") if isinstance(attributes, dict) else None
            kind = origin if origin in ("proposal", "drawn") else "annotation"
            draft.boxes.append(DraftBox(numbers, label, record, "xywh", source=str(kind)))
    return draft
