"""Label Studio's own JSON (https://labelstud.io/guide/export): tasks with results in per cent of the picture; and JSON-MIN.

Of several people's annotations of one task the first that was not cancelled counts; the boxes of others, of cancelled ones and of
predictions are counted, but for proposals that this project exported, which stay proposals. Tasks may also stand in a file each, a line
each or in a table. A picture that was uploaded has eight letters and a dash before its name, which the file itself may lack.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, angle, extent, four_numbers, number, settle
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.names import clean_name
from hypviz.data.formats.table import load_rows
from hypviz.data.formats.text import class_name
from hypviz.data.pictures import is_picture_name
from hypviz.storage.json_types import Json

CONTAINS = "contains"
"""The label of a relation from a box to one inside it, as this project writes it."""
_UPLOAD = re.compile(r"^[0-9a-f]{8}-(.+)$")


def read_labelstudio(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of Label Studio's tasks; a file that cannot be read is counted."""
    drafts: list[Draft] = []
    read = set()
    for file, tasks in source.contents(files, load_rows):
        read.add(file)
        for place, task in tasks:
            draft = _task(_with_task(task), file, place - 1, source)
            if draft is not None:
                drafts.append(draft)
    return ReaderResult(settle(drafts, source, ", ".join(files)), read)


def _with_task(task: Any) -> Any:
    """A task as exports have it, of an annotation that holds its task."""
    inner = task.get("task") if isinstance(task, dict) and "result" in task else None
    return {**inner, "annotations": [task]} if isinstance(inner, dict) else task


def _task(task: Any, file: str, index: int, source: Source) -> Draft | None:
    where = f"{PurePosixPath(file).name}: task {task.get('id', index) if isinstance(task, dict) else index}"
    data = task.get("data", task) if isinstance(task, dict) else {}
    stated = _picture(data) if isinstance(data, dict) else ""
    if not stated:
        source.dropped.image("no picture in the record", where, boxes=len(list(_results(task))))
        return None
    last = PurePosixPath(clean_name(stated)).name
    upload = _UPLOAD.match(last)
    name = _known(task).get("file_name")
    names = (*((name,) if isinstance(name, str) and name else ()), stated.lstrip("/"), *((upload[1],) if upload else ()))
    draft = Draft(names, file, where, unit="fractions")
    results = [*_results(task)]
    labels, inside = _labels(results), _inside(results, file, source)
    for number_, result in enumerate(results, start=1):
        _add(draft, result, labels, inside, f"{where}, result {number_}", source)
    _add_proposals(draft, task, where, source)
    for other in _annotations(task):
        listed = other.get("result")
        count = len([each for each in listed if _is_region(each)]) if isinstance(listed, list) else 0
        if count and other.get("was_cancelled"):
            source.dropped.other("cancelled annotation", where, boxes=count)
        elif count and other is not _first(task):
            source.dropped.other("another person's annotation", where, boxes=count)
    return draft


def _add_proposals(draft: Draft, task: Any, where: str, source: Source) -> None:
    """Predictions: those that this project wrote are proposals, others are counted."""
    listed = task.get("predictions") if isinstance(task, dict) else None
    for prediction in listed if isinstance(listed, list) else ():
        listed_results = prediction.get("result") if isinstance(prediction, dict) else None
        results = [each for each in listed_results if isinstance(each, dict)] if isinstance(listed_results, list) else []
        regions = [each for each in results if _is_region(each)]
        if prediction_is_ours(regions):
            for number_, result in enumerate(regions, start=1):
                _add(draft, result, {}, _inside(results, draft.file, source), f"{where}, proposal {number_}", source)
        elif regions:
            source.dropped.other("prediction, nobody's annotation", where, boxes=len(regions))


def prediction_is_ours(regions: list[Json]) -> bool:
    """Whether all regions say that this project proposed them."""
    return bool(regions) and all(_known(each).get("source") == "proposal" for each in regions)


def _known(result: Json) -> Json:
    """What this project wrote of a region or a task."""
    meta = result.get("meta")
    known = meta.get("hypviz") if isinstance(meta, dict) else None
    return known if isinstance(known, dict) else {}


def _first(task: Any) -> Json | None:
    """The annotation that counts: the first that was not cancelled."""
    return next((each for each in _annotations(task) if not each.get("was_cancelled")), None)


def _picture(data: Json) -> str:
    """The value that names a picture: under `image`, or else the first that ends like one."""
    values = [data.get("image"), *data.values()]
    return next((each for each in values if isinstance(each, str) and is_picture_name(each.partition("?")[0])), "") or next(
        (each for each in values if isinstance(each, str) and ("?d=" in each or each.startswith(("/data/", "s3:", "gs:")))), ""
    )


def _annotations(task: Any) -> list[Json]:
    lists = [task.get(key) for key in ("annotations", "completions")] if isinstance(task, dict) else []
    return [each for listed in lists if isinstance(listed, list) for each in listed if isinstance(each, dict)]


def _results(task: Any) -> Iterator[Json]:
    """The results of the first annotation; of a task in JSON-MIN, its regions."""
    first = _first(task)
    if first is not None:
        results = first.get("result")
        yield from (each for each in results if isinstance(each, dict)) if isinstance(results, list) else ()
    elif isinstance(task, dict) and "data" not in task:
        for listed in task.values():
            yield from ({"value": each} for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()


def _inside(results: list[Json], file: str, source: Source) -> dict[str, list[str]]:
    """The regions that each region lies in, by its id: of the relations that say "contains"; others may mean anything and are noted."""
    inside: dict[str, list[str]] = {}
    for result in results:
        ends = str(result.get("from_id")), str(result.get("to_id"))
        if result.get("type") != "relation":
            continue
        if CONTAINS in (result.get("labels") or ()):
            parent, child = ends if result.get("direction", "right") != "left" else ends[::-1]
            inside.setdefault(child, []).append(parent)
        else:
            source.dropped.note(f"{file}: relations between boxes that are not called {CONTAINS!r} were not read")
    return inside


def _relation(result: Json, inside: dict[str, list[str]], draft: Draft) -> tuple[str, tuple[str, ...] | None]:
    """The name of a region and the regions it lies in, where relations or this project say so."""
    known, region_id = _known(result), result.get("id")
    if not region_id:
        return "", None
    elsewhere = known.get("parents")
    parents = [*inside.get(str(region_id), ()), *(map(str, elsewhere) if isinstance(elsewhere, list) else ())]
    is_stated = bool(parents or known)
    return f"{draft.record}#{region_id}", tuple(f"{draft.record}#{parent}" for parent in parents) if is_stated else None


def _labels(results: list[Json]) -> dict[Any, str]:
    """The class of each region by its id, where shape and class are two results."""
    return {result.get("id"): label for result in results if result.get("id") and (label := _label(result))}


def _label(result: Json) -> str:
    value = result.get("value")
    for key, names in value.items() if isinstance(value, dict) else ():
        if key.endswith("labels") and isinstance(names, list) and names:
            return class_name(names[0])
    return ""


def _is_region(result: Any) -> bool:
    value = result.get("value") if isinstance(result, dict) else None
    return isinstance(value, dict) and any(key in value for key in ("x", "points", "rle", "vertices", "format"))


def _add(draft: Draft, result: Json, labels: dict[Any, str], inside: dict[str, list[str]], record: str, source: Source) -> None:
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
        stated_source = _known(result).get("source")
        origin = stated_source if stated_source in ("proposal", "drawn") else "annotation"
        draft.boxes.append(DraftBox(numbers, label, key, "xyxy", None, origin, *_relation(result, inside, draft)))


def _extent(value: Json, result: Json) -> Numbers | None:
    """The extent of a region in fractions of the picture."""
    if "points" in value or "vertices" in value:
        around = extent(value.get("points") or value.get("vertices"))
    elif "radiusX" in value:
        middle = four_numbers([value.get(key) for key in ("x", "y", "radiusX", "radiusY")])
        around = None if middle is None else (middle[0] - middle[2], middle[1] - middle[3], middle[0] + middle[2], middle[1] + middle[3])
    else:
        part = four_numbers([value.get(key) for key in ("x", "y", "width", "height")])
        turn = angle(value.get("rotation"))
        around = None if part is None or turn is None else _turned(part, turn, value, result)
    return None if around is None else (around[0] / 100, around[1] / 100, around[2] / 100, around[3] / 100)


def _turned(part: Numbers, degrees: float, value: Json, result: Json) -> Numbers:
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
