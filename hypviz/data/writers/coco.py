"""COCO (https://cocodataset.org/#format-data): the one writer of it here. What COCO has no word for stands under "hypviz"."""

from __future__ import annotations

from collections.abc import Mapping

from hypviz.data.writers.records import AnnotatedSet, Picture, WrittenBox
from hypviz.storage.json_types import Json


def coco_document(
    dataset: AnnotatedSet,
    *,
    description: str,
    digits: int | None = None,
    supercategories: Mapping[str, str] | None = None,
    licence_urls: Mapping[str, str] | None = None,
) -> Json:
    """A COCO document. Under "hypviz" of an annotation: all that is known of the box, and as `parents` the annotations it lies in directly.

    digits: decimal places that boxes are rounded to, None for none. supercategories, licence_urls: by name, "" where not given.
    """
    licences = sorted({picture.licence for picture in dataset.pictures} - {""})
    urls, groups = licence_urls or {}, supercategories or {}
    return {
        "info": {"description": description, **({"hypviz": dict(dataset.about)} if dataset.about else {})},
        "licenses": [{"id": number, "name": name, "url": urls.get(name, "")} for number, name in enumerate(licences, start=1)],
        "images": [_image(picture, licences) for picture in dataset.pictures],
        "categories": [{"id": number, "name": name, "supercategory": groups.get(name, "")} for name, number in dataset.classes.items()],
        "annotations": [_annotation(box, picture, dataset, digits) for picture in dataset.pictures for box in picture.boxes],
    }


def _image(picture: Picture, licences: list[str]) -> Json:
    return {
        "id": picture.number,
        "file_name": picture.file_name,
        "width": picture.width,
        "height": picture.height,
        **({"license": licences.index(picture.licence) + 1} if picture.licence else {}),
        **picture.extra,
        **({"hypviz": dict(picture.known)} if picture.known else {}),
    }


def _annotation(box: WrittenBox, picture: Picture, dataset: AnnotatedSet, digits: int | None) -> Json:
    x1, y1, x2, y2 = box.xyxy
    sides = (x2 - x1, y2 - y1) if digits is None else (round(x2 - x1, digits), round(y2 - y1, digits))
    area = sides[0] * sides[1]
    extension: Json = dict(box.known) | ({"source": box.source} if box.source != "annotation" or box.known else {})
    extension |= {} if box.parents is None else {"parents": list(box.parents)}
    return {
        "id": box.number,
        "image_id": picture.number,
        "category_id": dataset.classes[box.label],
        "bbox": [x1, y1, *sides],
        "area": area if digits is None else round(area, digits),
        "iscrowd": 0,
        "segmentation": [],
        **box.extra,
        **({"hypviz": extension} if extension else {}),
    }
