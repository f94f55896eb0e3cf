"""Label Studio's own JSON (https://labelstud.io/guide/export): tasks with results in per cent of the picture; and JSON-MIN.

Of several people's annotations of one task the first that was not cancelled counts; the boxes of others are counted. Predictions are no
annotations. A picture that was uploaded has eight letters and a dash before its name, which the file itself may lack.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, extent, four_numbers, number, settle
from hypviz.data.formats.entries import Found
from hypviz.data.formats.names import clean_name
from hypviz.data.formats.text import class_name
from hypviz.data.pictures import is_picture_name

_UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")


def read_labelstudio(source: Source, files: list[str]) -> Found:
    """The pictures of Label Studio's tasks; a file that cannot be read is counted."""
    drafts: list[Draft] = []
    read = set()
    for file, tasks in source.contents(files):
        read.add(file)
        for index, task in enumerate(tasks if isinstance(tasks, list) else [tasks]):
            draft = _task(task, file, index, source)
            if draft is not None:
                drafts.append(draft)
    return Found(settle(drafts, source, ", ".join(files)), read)


def _task(task: Any, file: str, index: int, source: Source) -> Draft | None:
    where = f"{PurePosixPath(file).name}: task {task.get('id', index) if isinstance(task, dict) else index}"
    data = task.get("data", task) if isinstance(task, dict) else {}
    stated = _picture(data) if isinstance(data, dict) else ""
    if not stated:
        source.dropped.image("no picture in the record", where, boxes=len(list(_results(task))))
        return None
    last = PurePosixPath(clean_name(stated)).name
    upload = _UPLOAD.match(last)
    draft = Draft((stated.lstrip("/"), *((upload[1],) if upload else ())), file, where, unit="fractions")
    labels = _labels(_results(task))
    for number_, result in enumerate(_results(task), start=1):
        _add(draft, result, labels, f"{where}, result {number_}", source)
    for other in _annotations(task)[1:]:
        count = len([each for each in other.get("result", []) if _is_region(each)])
        if count:
            source.dropped.other("another person's annotation", where, boxes=count)
    return draft


def _picture(data: dict[str, Any]) -> str:
    """The value that names a picture: under `image`, or else the first that ends like one."""
    values = [data.get("image"), *data.values()]
    return next(
        (each for each in values if isinstance(each, str) and is_picture_name(each.partition("?")[0].rsplit("/", 1)[-1])), ""
    ) or next((each for each in values if isinstance(each, str) and ("?d=" in each or each.startswith(("/data/", "s3:", "gs:")))), "")


def _annotations(task: Any) -> list[dict[str, Any]]:
    lists = [task.get(key) for key in ("annotations", "completions")] if isinstance(task, dict) else []
    found = [each for listed in lists if isinstance(listed, list) for each in listed if isinstance(each, dict)]
    return sorted(found, key=lambda each: bool(each.get("was_cancelled")))


def _results(task: Any) -> Iterator[dict[str, Any]]:
    """The results of the first annotation; of a task in JSON-MIN, its regions."""
    annotations = _annotations(task)
    if annotations:
        results = annotations[0].get("result")
        yield from (each for each in results if isinstance(each, dict)) if isinstance(results, list) else ()
    elif isinstance(task, dict) and "data" not in task:
        for listed in task.values():
            yield from ({"value": each} for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()


def _labels(results: Iterator[dict[str, Any]]) -> dict[Any, str]:
    """The class of each region by its id, where shape and class are two results."""
    return {result.get("id"): label for result in results if result.get("id") and (label := _label(result))}


def _label(result: dict[str, Any]) -> str:
    value = result.get("value")
    for key, names in value.items() if isinstance(value, dict) else ():
        if key.endswith("labels") and isinstance(names, list) and names:
            return class_name(names[0])
    return ""


def _is_region(result: Any) -> bool:
    value = result.get("value") if isinstance(result, dict) else None
    return isinstance(value, dict) and any(key in value for key in ("x", "points", "rle", "vertices", "format"))


def _add(draft: Draft, result: dict[str, Any], labels: dict[Any, str], record: str, source: Source) -> None:
    if not _is_region(result):
        return
    numbers = _extent(result["value"], result)
    label = _label(result) or labels.get(result.get("id"), "")
    kind = str(result.get("type", ""))
    if result.get("id") and any(box.record.endswith(f" #{result['id']}") for box in draft.boxes):
        return  # shape and class of one region are two results
    if numbers is None:
        source.dropped.box("no box", f"{record}: {kind}")
    elif not label:
        source.dropped.box("no class name", record)
    else:
        key = f"{record} #{result['id']}" if result.get("id") else record
        draft.boxes.append(DraftBox(numbers, label, key, "xyxy"))


def _extent(value: dict[str, Any], result: dict[str, Any]) -> Numbers | None:
    """The extent of a region in fractions of the picture."""
    if "points" in value or "vertices" in value:
        around = extent(value.get("points") or value.get("vertices"))
    elif "radiusX" in value:
        middle = four_numbers([value.get(key) for key in ("x", "y", "radiusX", "radiusY")])
        around = None if middle is None else (middle[0] - middle[2], middle[1] - middle[3], middle[0] + middle[2], middle[1] + middle[3])
    else:
        part = four_numbers([value.get(key) for key in ("x", "y", "width", "height")])
        around = None if part is None else _turned(part, number(value.get("rotation")) or 0.0, value, result)
    return None if around is None else (around[0] / 100, around[1] / 100, around[2] / 100, around[3] / 100)


def _turned(part: Numbers, degrees: float, value: dict[str, Any], result: dict[str, Any]) -> Numbers:
    """The extent, in per cent, of a rectangle that is turned clockwise about its top left corner."""
    x, y, w, h = part
    if not degrees:
        return x, y, x + w, y + h
    width = number(result.get("original_width", value.get("original_width"))) or 1.0
    height = number(result.get("original_height", value.get("original_height"))) or 1.0
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(0.0, 0.0), (w * width, 0.0), (0.0, h * height), (w * width, h * height)]
    xs = [x + (u * cos - v * sin) / width for u, v in corners]
    ys = [y + (u * sin + v * cos) / height for u, v in corners]
    return min(xs), min(ys), max(xs), max(ys)
