"""YOLO (https://docs.ultralytics.com/datasets/detect): a line per box, in fractions of the picture. It has no word for relations."""

from __future__ import annotations

from hypviz.data.writers.records import AnnotatedSet, Picture

IMAGES, LABELS = "images", "labels"


def yolo_files(dataset: AnnotatedSet) -> dict[str, str]:
    """data.yaml and labels/NAME.txt by name; pictures are looked for in images/. A picture without boxes has an empty file.

    DataError for pictures that differ by their ending alone.
    """
    import yaml

    names = {number - 1: name for name, number in dataset.classes.items()}
    config = {"path": ".", "train": IMAGES, "val": IMAGES, "names": names}
    files = {"data.yaml": yaml.safe_dump(config, allow_unicode=True, sort_keys=False)}
    for picture, name in dataset.files(".txt"):
        files[f"{LABELS}/{name}"] = "".join(_lines(picture, dataset))
    return files


def _lines(picture: Picture, dataset: AnnotatedSet) -> list[str]:
    lines = []
    for box in picture.boxes:
        x1, y1, x2, y2 = box.xyxy
        middle = ((x1 + x2) / 2 / picture.width, (y1 + y2) / 2 / picture.height)
        size = ((x2 - x1) / picture.width, (y2 - y1) / picture.height)
        numbers = " ".join(f"{value:.15f}".rstrip("0").rstrip(".") for value in (*middle, *size))
        lines.append(f"{dataset.classes[box.label] - 1} {numbers}\n")
    return lines
