"""A draft as a COCO document and back."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypviz import __version__
from hypviz.annotate.boxes import SOURCES, Box
from hypviz.annotate.correction_record import CorrectionRecord
from hypviz.data.items import Images, Items
from hypviz.data.writers import AnnotatedSet, Picture, WrittenBox, coco_document
from hypviz.errors import HypvizError, WorkspaceError
from hypviz.storage.json_types import Json

SCHEMA = 1
WRITTEN_BY = {"written_by": f"hypviz {__version__}"}


def to_coco(name: str, items: Items, drawn: Sequence[Sequence[Box]]) -> Json:
    """The COCO document of the boxes drawn on each picture; under "hypviz" of an annotation where it is from and what it is known by."""
    images, used = items.images, {box.label for boxes in drawn for box in boxes}
    names = dict.fromkeys([*items.classes, *(box.label for boxes in drawn for box in boxes)])
    classes = {label: number for number, label in enumerate((label for label in names if label in used), start=1)}
    numbers = itertools.count(1)
    pictures = [
        Picture(
            image + 1, str(images.file_name[image]), int(images.width[image]), int(images.height[image]),
            tuple(WrittenBox(next(numbers), box.label, box.xyxy, box.source, known={"key": box.key}) for box in boxes),
            str(images.licence[image]),
        )
        for image, boxes in enumerate(drawn)
    ]  # fmt: skip
    return coco_document(AnnotatedSet(name, classes, pictures, about=WRITTEN_BY), description=name)


def own_part(images: Images, drawn: Sequence[Sequence[Box]], versions: Sequence[int], changed: Collection[int]) -> Json:
    """What stands under "hypviz" to read a draft back: COCO's x + width is not x2 to the last digit."""
    return {
        "schema": SCHEMA,
        "contents": images.content.tolist(),
        "changed": sorted(changed),
        "boxes": [[list(box.xyxy) for box in drawn[image]] for image in sorted(changed)],
        "versions": {str(image): version for image, version in enumerate(versions) if version},
    }


@dataclass(frozen=True)
class Stored:
    """What a draft's file says, by the pictures of the workspace: boxes of changed pictures, versions, corrections."""

    boxes: dict[int, tuple[Box, ...]]
    versions: dict[int, int]
    records: tuple[CorrectionRecord, ...]
    in_force: tuple[str, ...]


def read_document(path: Path, items: Items) -> Stored | None:
    """Read a draft's file; None where there is none, WorkspaceError for a damaged one.

    When the workspace has other pictures than the file was written for (it was imported again), the drawn boxes go to the pictures
    of the same name and bytes, and the file as it was is kept beside the new one.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{path} cannot be read ({error}); move it away to start again from the workspace.") from None
    try:
        extra = content["hypviz"]
        if extra["schema"] > SCHEMA:
            raise WorkspaceError(f"{path} was written by a newer hypviz; update hypviz.")
        place = _places(items.images, content["images"], extra["contents"])
        boxes = {place[old]: drawn for old, drawn in _drawn(content, extra).items() if old in place}
        versions = {place[int(old)]: int(version) for old, version in extra["versions"].items() if int(old) in place}
        records = tuple(CorrectionRecord.from_json(one) for one in extra["corrections"])
        in_force = tuple(map(str, extra["in_force"]))
    except WorkspaceError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, HypvizError) as error:
        raise WorkspaceError(f"{path} is damaged ({error!r:.80}); move it away to start again from the workspace.") from None
    if items.images.content.tolist() != extra["contents"]:
        in_force = ()
        with contextlib.suppress(OSError):
            shutil.copyfile(path, path.with_name(f"annotations-before-{items.data_hash}.json"))
    return Stored(boxes, versions, records, in_force)


def _places(images: Images, pictures: list[Json], contents: list[str]) -> dict[int, int]:
    """Where each of the file's pictures is in the workspace."""
    known = {pair: image for image, pair in enumerate(zip(images.file_name.tolist(), images.content.tolist(), strict=True))}
    places = {old: known.get((one["file_name"], content)) for old, (one, content) in enumerate(zip(pictures, contents, strict=True))}
    return {old: image for old, image in places.items() if image is not None}


def _drawn(content: Json, extra: Json) -> dict[int, tuple[Box, ...]]:
    """The boxes of the changed pictures, by their number in the file."""
    names = {one["id"]: str(one["name"]) for one in content["categories"]}
    corners = dict(zip(extra["changed"], extra["boxes"], strict=True))
    drawn: dict[int, list[Box]] = {image: [] for image in corners}
    for one in content["annotations"]:
        image = one["image_id"] - 1
        if image in drawn:
            x1, y1, x2, y2 = map(float, corners[image][len(drawn[image])])
            marks = one.get("hypviz", one)  # a draft of before had both beside the box
            source = marks["source"] if marks["source"] in SOURCES else "annotation"
            drawn[image].append(Box(str(marks["key"]), (x1, y1, x2, y2), names[one["category_id"]], source))
    return {image: tuple(boxes) for image, boxes in drawn.items()}
