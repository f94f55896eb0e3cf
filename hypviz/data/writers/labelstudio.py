"""Label Studio's JSON (https://labelstud.io/guide/task_format): a task per picture, boxes in per cent of it, relations between them.

Proposed boxes are predictions, which a person may accept; all others are annotations. A relation leads from a box to one inside it; no
relation leads from an annotation to a prediction, so such a parent stands in the "meta" of the box.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from hypviz.data.formats.labelstudio import CONTAINS
from hypviz.data.writers.records import AnnotatedSet, Picture, WrittenBox
from hypviz.storage.json_types import Json

LOCAL = "/data/local-files/?d="
"""How Label Studio addresses a file below its LOCAL_FILES_DOCUMENT_ROOT."""
FROM, TO = "label", "image"
"""Names of the controls in the labelling configuration: RectangleLabels and Image."""


def labelstudio_tasks(dataset: AnnotatedSet, *, address: str = LOCAL) -> list[Json]:
    """The tasks to import, with what hypviz knows of a picture or a box under its "meta".

    address: what stands before a picture's name, in which signs are written as in an address: Label Studio's own for local files, or
    that of a server, "https://example.org/pictures/".
    """
    return [_task(picture, address) for picture in dataset.pictures]


def _task(picture: Picture, address: str) -> Json:
    proposed = [box for box in picture.boxes if box.source == "proposal"]
    annotated = [box for box in picture.boxes if box.source != "proposal"]
    data = {"image": f"{address}{quote(picture.file_name)}"}
    annotations = [{"id": picture.number, "result": _results(picture, annotated)}]
    predictions = [{"model_version": "hypviz proposals", "result": _results(picture, proposed)}] if proposed else []
    meta = {"hypviz": {"file_name": picture.file_name}}
    return {"id": picture.number, "data": data, "meta": meta, "annotations": annotations, "predictions": predictions}


def _results(picture: Picture, boxes: Sequence[WrittenBox]) -> list[Json]:
    numbers = {box.number for box in boxes}
    relations = [
        {"type": "relation", "from_id": f"box{parent}", "to_id": f"box{box.number}", "direction": "right", "labels": [CONTAINS]}
        for box in boxes
        for parent in box.parents or ()
        if parent in numbers
    ]
    return [
        *(_region(picture, box, [f"box{parent}" for parent in box.parents or () if parent not in numbers]) for box in boxes),
        *relations,
    ]


def _region(picture: Picture, box: WrittenBox, elsewhere: list[str]) -> Json:
    x1, y1, x2, y2 = box.xyxy
    value = {
        "x": 100 * x1 / picture.width,
        "y": 100 * y1 / picture.height,
        "width": 100 * (x2 - x1) / picture.width,
        "height": 100 * (y2 - y1) / picture.height,
        "rotation": 0,
        "rectanglelabels": [box.label],
    }
    return {
        "id": f"box{box.number}",
        "type": "rectanglelabels",
        "from_name": FROM,
        "to_name": TO,
        "original_width": picture.width,
        "original_height": picture.height,
        "image_rotation": 0,
        "value": value,
        "meta": {"hypviz": {**box.known, "source": box.source, **({"parents": elsewhere} if elsewhere else {})}},
    }
