"""FiftyOne's labels JSON (FiftyOneImageDetectionDataset): boxes [x, y, width, height] in fractions, by the name of their picture.

Attributes say where a box is from and which boxes it lies in where this project wrote them.
"""

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
        whole_names = _whole_names(content) if isinstance(content, dict) else {}
        for name, listed in labels.items() if isinstance(labels, dict) else ():
            names = (*whole_names.get(str(name), ()), str(name))
            drafts.append(_picture(names, listed, classes if isinstance(classes, list) else [], file, source))
    return ReaderResult(settle(drafts, source, ", ".join(files)), read)


def _whole_names(content: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The names of pictures with their endings, by those without, where this project wrote them."""
    known: Any = content
    for key in ("info", "hypviz", "file_names"):
        known = known.get(key) if isinstance(known, dict) else None
    names = [name for name in known if isinstance(name, str) and name] if isinstance(known, list) else []
    return {str(PurePosixPath(name).with_suffix("")): (name,) for name in names if PurePosixPath(name).name}


def _picture(names: tuple[str, ...], listed: Any, classes: list[Any], file: str, source: Source) -> Draft:
    where = f"{PurePosixPath(file).name}: {names[-1]}"
    draft = Draft(names, file, where, unit="fractions", any_ending=True)
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
            draft.boxes.append(DraftBox(numbers, label, record, "xywh", None, *_relation(each, file)))
    return draft


def _relation(detection: dict[str, Any], file: str) -> tuple[str, str, tuple[str, ...] | None]:
    """Source, name and parents of a box, by the attributes that this project writes; FiftyOne's own export has them beside the label."""
    known = detection.get("attributes") or detection
    known = known if isinstance(known, dict) else {}
    source, identifier, parents = (known.get(key) for key in ("source", "item_id", "parents"))
    kind = str(source) if source in ("proposal", "drawn") else "annotation"
    if not isinstance(identifier, str) or not identifier or not isinstance(parents, list):
        return kind, "", None
    return kind, f"{file}#{identifier}", tuple(f"{file}#{parent}" for parent in parents)
