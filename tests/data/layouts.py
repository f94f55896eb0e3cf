"""Made-up pictures with boxes as a data set of every layout of annotation files, with the hazards that people's folders have."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from hypviz.data.items import Items
from tests.conftest import random_picture

Box = tuple[str, int, int, int, int]
"""Class, x1, y1, x2, y2 in pixels."""


@dataclass(frozen=True)
class Scene:
    """A picture: its file's name, its size and its boxes."""

    name: str
    size: tuple[int, int] = (160, 120)
    boxes: tuple[Box, ...] = ()

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]

    def fractions(self, box: Box) -> tuple[float, float, float, float]:
        (width, height), (_, x1, y1, x2, y2) = self.size, box
        return x1 / width, y1 / height, x2 / width, y2 / height


@dataclass(frozen=True)
class Hazard:
    """How a set is spoilt without losing anything.  folder: a folder's name as it is on the disk.  stated: a picture's name as files
    state it.  encoding: of text files.
    """

    folder: Callable[[str], str] = str
    stated: Callable[[str], str] = str
    encoding: str = "utf-8"

    @property
    def declared(self) -> str:
        """The encoding as XML states it."""
        return self.encoding.removesuffix("-sig")


@dataclass
class Layout:
    """Where a writer writes: the folder, the classes by number, and the hazard."""

    root: Path
    classes: Sequence[str]
    hazard: Hazard = field(default_factory=Hazard)

    def place(self, name: str) -> Path:
        parts = name.split("/")
        path = self.root.joinpath(*map(self.hazard.folder, parts[:-1]), parts[-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> None:
        self.place(name).write_bytes(text.encode(self.hazard.encoding))

    def json(self, name: str, content: Any) -> None:
        self.write(name, json.dumps(content, ensure_ascii=False))

    def pictures(self, scenes: Sequence[Scene], folder: str = "") -> None:
        for number, scene in enumerate(scenes):
            self.place(f"{folder}{scene.name}").write_bytes(picture(scene.size, number + 17 * len(folder)))


@cache
def picture(size: tuple[int, int], seed: int) -> bytes:
    stream = BytesIO()
    random_picture(size, seed).save(stream, "PNG")
    return stream.getvalue()


def coco_content(layout: Layout, scenes: Sequence[Scene], *, corners: bool = False, panoptic: bool = False) -> dict[str, Any]:
    images, annotations = [], []
    for number, scene in enumerate(scenes):
        images.append({"id": number, "file_name": layout.hazard.stated(scene.name), "width": scene.size[0], "height": scene.size[1]})
        boxes = []
        for label, x1, y1, x2, y2 in scene.boxes:
            bbox = [x1, y1, x2, y2] if corners else [x1, y1, x2 - x1, y2 - y1]
            boxes.append({"category_id": layout.classes.index(label), "bbox": bbox, "area": (x2 - x1) * (y2 - y1), "iscrowd": 0})
        if panoptic:
            annotations.append({"image_id": number, "file_name": "x.png", "segments_info": boxes})
        else:
            annotations += [{"image_id": str(number), "id": len(annotations) + place, **box} for place, box in enumerate(boxes)]
    return {"images": images, "annotations": annotations, "categories": [{"id": n, "name": name} for n, name in enumerate(layout.classes)]}


def write_coco(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "images/")
    layout.json("annotations/set.json", coco_content(layout, scenes))


def write_corners(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "images/")
    layout.json("all.json", coco_content(layout, scenes, corners=True))


def write_panoptic(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "val/")
    layout.json("annotations/panoptic_val.json", coco_content(layout, scenes, panoptic=True))


def write_splits(layout: Layout, scenes: Sequence[Scene]) -> None:
    for place, split in enumerate(("train", "val")):
        part = scenes[place::2]
        layout.pictures(part, f"{split}/images/")
        layout.json(f"{split}/labels.json", coco_content(layout, part))


def write_voc(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "JPEGImages/cam/")
    for scene in scenes:
        objects = ""
        for label, x1, y1, x2, y2 in scene.boxes:
            corners = f"<xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
            objects += f"<object><name>{label}</name><bndbox>{corners}</bndbox></object>"
        head = f'<?xml version="1.0" encoding="{layout.hazard.declared}"?>'
        stated = f"<filename>{layout.hazard.stated(scene.name)}</filename>"
        layout.write(f"Annotations/cam/{scene.stem}.xml", f"{head}<annotation>{stated}{objects}</annotation>")


def write_yolo(layout: Layout, scenes: Sequence[Scene]) -> None:
    for place, split in enumerate(("train", "val")):
        layout.pictures(scenes[place::2], f"images/{split}/")
        for scene in scenes[place::2]:
            rows = []
            for box in scene.boxes:
                x1, y1, x2, y2 = scene.fractions(box)
                rows.append(f"{layout.classes.index(box[0])} {(x1 + x2) / 2:.7f} {(y1 + y2) / 2:.7f} {x2 - x1:.7f} {y2 - y1:.7f}")
            layout.write(f"labels/{split}/{scene.stem}.txt", "\n".join(rows))
    names = "\n".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}" for number, name in enumerate(layout.classes))
    layout.write("data.yaml", f"train: images/train\nval: images/val\nnames:\n{names}\n")


def write_cvat(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "images/")
    text = f'<?xml version="1.0" encoding="{layout.hazard.encoding.removesuffix("-sig")}"?><annotations><version>1.1</version>'
    for number, scene in enumerate(scenes):
        text += f'<image id="{number}" name={quoteattr(layout.hazard.stated(scene.name))} width="{scene.size[0]}" height="{scene.size[1]}">'
        text += "".join(f'<box label="{b[0]}" xtl="{b[1]}" ytl="{b[2]}" xbr="{b[3]}" ybr="{b[4]}"/>' for b in scene.boxes)
        text += "</image>"
    layout.write("annotations.xml", text + "</annotations>")


def write_labelme(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes)
    for scene in scenes:
        shapes = [{"label": b[0], "points": [[b[1], b[2]], [b[3], b[4]]], "shape_type": "rectangle"} for b in scene.boxes]
        stated = layout.hazard.stated(scene.name)
        layout.json(f"{scene.stem}.json", {"version": "5.4.1", "shapes": shapes, "imagePath": stated, "imageData": None})


def write_labelstudio(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "images/")
    tasks = []
    for number, scene in enumerate(scenes):
        results = []
        for box in scene.boxes:
            x1, y1, x2, y2 = (100 * value for value in scene.fractions(box))
            value = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "rotation": 0, "rectanglelabels": [box[0]]}
            results.append({"type": "rectanglelabels", "original_width": scene.size[0], "original_height": scene.size[1], "value": value})
        name = layout.hazard.stated(scene.name).replace("\\", "/")
        tasks.append(
            {"id": number, "data": {"image": f"/data/upload/1/0a1b2c3d-{name.rpartition('/')[2]}"}, "annotations": [{"result": results}]}
        )
    layout.json("project.json", tasks)


def write_via(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "images/")
    content = {}
    for scene in scenes:
        regions = [
            {
                "shape_attributes": {"name": "rect", "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1},
                "region_attributes": {"class": label},
            }
            for label, x1, y1, x2, y2 in scene.boxes
        ]
        content[f"{scene.name}99"] = {"filename": layout.hazard.stated(scene.name), "size": 99, "regions": regions, "file_attributes": {}}
    layout.json("via_region_data.json", content)


def write_supervisely(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "ds0/img/")
    layout.json("meta.json", {"classes": [{"title": name, "shape": "rectangle"} for name in layout.classes], "tags": []})
    for scene in scenes:
        objects = [
            {"classTitle": b[0], "geometryType": "rectangle", "points": {"exterior": [[b[1], b[2]], [b[3], b[4]]], "interior": []}}
            for b in scene.boxes
        ]
        content = {"size": {"width": scene.size[0], "height": scene.size[1]}, "tags": [], "objects": objects}
        layout.json(f"ds0/ann/{scene.name}.json", content)


def write_kitti(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "training/image_2/")
    for scene in scenes:
        rows = [f"{b[0]} 0.00 0 -1.5 {b[1]} {b[2]} {b[3]} {b[4]} 1 1 1 1 1 1 0" for b in scene.boxes]
        layout.write(f"training/label_2/{scene.stem}.txt", "\n".join(rows))


def write_csv(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "images/")
    rows = [[layout.hazard.stated(scene.name), *map(str, box)] for scene in scenes for box in scene.boxes]
    layout.write("boxes.csv", "\n".join(",".join(row) for row in [["filename", "class", "xmin", "ymin", "xmax", "ymax"], *rows]))


def write_csv_sizes(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "train/")
    rows = [
        [layout.hazard.stated(scene.name), f"{x1},0", f"{y1},0", f"{x2 - x1},0", f"{y2 - y1},0", label]
        for scene in scenes
        for label, x1, y1, x2, y2 in scene.boxes
    ]
    layout.write("train.csv", "\n".join(";".join(row) for row in [["image_id", "x", "y", "w", "h", "label"], *rows]))


def write_metadata(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "train/")
    rows = []
    for scene in scenes:
        litter = {"bbox": [[x1, y1, x2 - x1, y2 - y1] for _, x1, y1, x2, y2 in scene.boxes], "category": [box[0] for box in scene.boxes]}
        rows.append(json.dumps({"file_name": layout.hazard.stated(scene.name), "litter": litter}, ensure_ascii=False))
    layout.write("train/metadata.jsonl", "\n".join(rows))


def write_createml(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "train/")
    rows = []
    for scene in scenes:
        boxes = [
            {"label": b[0], "coordinates": {"x": (b[1] + b[3]) / 2, "y": (b[2] + b[4]) / 2, "width": b[3] - b[1], "height": b[4] - b[2]}}
            for b in scene.boxes
        ]
        rows.append({"image": layout.hazard.stated(scene.name), "annotations": boxes})
    layout.json("train/_annotations.createml.json", rows)


def write_fiftyone(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.pictures(scenes, "data/")
    labels = {}
    for scene in scenes:
        boxes = [(box[0], scene.fractions(box)) for box in scene.boxes]
        found = [{"label": label, "bounding_box": [x1, y1, x2 - x1, y2 - y1]} for label, (x1, y1, x2, y2) in boxes]
        labels[layout.hazard.stated(scene.name)] = found
    layout.json("labels.json", {"classes": list(layout.classes), "labels": labels})


WRITERS: dict[str, Callable[[Layout, Sequence[Scene]], None]] = {
    "coco": write_coco,
    "corners": write_corners,
    "panoptic": write_panoptic,
    "splits": write_splits,
    "voc": write_voc,
    "yolo": write_yolo,
    "cvat": write_cvat,
    "labelme": write_labelme,
    "labelstudio": write_labelstudio,
    "via": write_via,
    "supervisely": write_supervisely,
    "kitti": write_kitti,
    "csv": write_csv,
    "csv sizes": write_csv_sizes,
    "metadata": write_metadata,
    "createml": write_createml,
    "fiftyone": write_fiftyone,
}
HAZARDS = {
    "none": Hazard(),
    "upper folders": Hazard(folder=str.upper),
    "title folders": Hazard(folder=str.title),
    "windows names": Hazard(stated=lambda name: f"C:\\data\\set\\{name}"),
    "absolute names": Hazard(stated=lambda name: f"/home/someone/set/{name}"),
    "percent names": Hazard(stated=lambda name: name.replace(" ", "%20")),
    "other case": Hazard(stated=str.upper),
    "utf-16": Hazard(encoding="utf-16"),
    "byte-order mark": Hazard(encoding="utf-8-sig"),
}


def boxes_of(items: Items) -> list[tuple[str, str, tuple[float, ...]]]:
    """Every box as (name of the picture's file, class, corners to an eighth of a pixel), sorted."""
    rows = np.flatnonzero(~items.is_scene)
    names = items.images.file_name[items.image]
    corners = np.round(items.xyxy * 8) / 8
    return sorted((Path(str(names[row])).name, items.name(row), tuple(corners[row].tolist())) for row in rows)


def truth_of(scenes: Sequence[Scene]) -> list[tuple[str, str, tuple[float, ...]]]:
    """What `boxes_of` must give."""
    return sorted((scene.name, box[0], tuple(map(float, box[1:]))) for scene in scenes for box in scene.boxes)
