"""The same pictures and boxes as a data set of every format that the importer reads; for tests that hold for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

CLASSES = ("car", "wheel")


@dataclass(frozen=True)
class Shot:
    """A picture with one box: its file name, its bytes (None: the file is not there), upright size, class and xyxy pixels."""

    name: str
    data: bytes | None
    size: tuple[int, int] = (40, 30)
    box: tuple[float, float, float, float] = (10, 6, 30, 24)
    label: str = "car"

    @property
    def stem(self) -> str:
        return Path(self.name).stem

    def fractions(self) -> tuple[float, float, float, float]:
        (width, height), (x1, y1, x2, y2) = self.size, self.box
        return x1 / width, y1 / height, x2 / width, y2 / height


def write_coco(root: Path, shots: Sequence[Shot]) -> None:
    write_files(root / "images", shots)
    images = [{"id": n, "file_name": s.name, "width": s.size[0], "height": s.size[1]} for n, s in enumerate(shots)]
    write_json(root / "annotations.json", images, shots)


def write_lvis(root: Path, shots: Sequence[Shot]) -> None:
    write_files(root / "train2017", shots)
    url = "http://images.cocodataset.org/train2017/"
    images = [{"id": n, "coco_url": url + s.name, "width": s.size[0], "height": s.size[1]} for n, s in enumerate(shots)]
    write_json(root / "lvis_v1_train.json", images, shots)


def write_json(path: Path, images: list[dict[str, Any]], shots: Sequence[Shot]) -> None:
    boxes = []
    for number, shot in enumerate(shots):
        x1, y1, x2, y2 = shot.box
        boxes.append({"id": number, "image_id": number, "category_id": CLASSES.index(shot.label), "bbox": [x1, y1, x2 - x1, y2 - y1]})
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    path.write_text(json.dumps({"images": images, "annotations": boxes, "categories": categories}))


def write_voc(root: Path, shots: Sequence[Shot]) -> None:
    write_files(root / "JPEGImages", shots)
    (root / "Annotations").mkdir(exist_ok=True)
    for shot in shots:
        x1, y1, x2, y2 = shot.box
        corners = f"<xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
        size = f"<size><width>{shot.size[0]}</width><height>{shot.size[1]}</height></size>"
        box = f"<object><name>{shot.label}</name><bndbox>{corners}</bndbox></object>"
        text = f"<annotation><filename>{escape(shot.name)}</filename>{size}{box}</annotation>"
        (root / "Annotations" / f"{shot.stem}.xml").write_text(text, encoding="utf-8")


def write_yolo(root: Path, shots: Sequence[Shot]) -> None:
    write_files(root / "images", shots)
    (root / "labels").mkdir(exist_ok=True)
    (root / "data.yaml").write_text(f"train: images\nnames: {list(CLASSES)}\n")
    for shot in shots:
        x1, y1, x2, y2 = shot.fractions()
        numbers = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
        text = f"{CLASSES.index(shot.label)} " + " ".join(f"{number:.6f}" for number in numbers)
        (root / "labels" / f"{shot.stem}.txt").write_text(text + "\n")


def write_openimages(root: Path, shots: Sequence[Shot]) -> None:
    write_files(root / "images" / "train", shots)
    lines = ["ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax"]
    for shot in shots:
        x1, y1, x2, y2 = shot.fractions()
        lines.append(f"{shot.stem},xclick,/m/{CLASSES.index(shot.label)},1,{x1:.7f},{x2:.7f},{y1:.7f},{y2:.7f}")
    (root / "train-annotations-bbox.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "class-descriptions.csv").write_text("".join(f"/m/{n},{name}\n" for n, name in enumerate(CLASSES)))


def write_hf(root: Path, shots: Sequence[Shot]) -> None:
    import datasets

    datasets.disable_progress_bars()
    box = {"bbox": datasets.List(datasets.Value("float32")), "category": datasets.ClassLabel(names=list(CLASSES))}
    features = datasets.Features({"image": datasets.Image(), "objects": datasets.List(box)})
    rows: list[dict[str, Any]] = []
    for shot in shots:
        x1, y1, x2, y2 = shot.box
        objects = [{"bbox": [x1, y1, x2 - x1, y2 - y1], "category": CLASSES.index(shot.label)}]
        rows.append({"image": {"bytes": shot.data, "path": shot.name} if shot.data else None, "objects": objects})
    datasets.Dataset.from_list(rows, features=features).save_to_disk(str(root))


def write_classes(root: Path, shots: Sequence[Shot]) -> None:
    """Its boxes are whole pictures."""
    for shot in shots:
        write_files(root / shot.label, [shot])


def write_folder(root: Path, shots: Sequence[Shot]) -> None:
    """It has no boxes."""
    write_files(root, shots)


def write_files(folder: Path, shots: Sequence[Shot]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        if shot.data is not None:
            (folder / shot.name).write_bytes(shot.data)


WRITERS: dict[str, Callable[[Path, Sequence[Shot]], None]] = {
    "coco": write_coco,
    "lvis": write_lvis,
    "voc": write_voc,
    "yolo": write_yolo,
    "openimages": write_openimages,
    "hf": write_hf,
    "classes": write_classes,
    "folder": write_folder,
}
