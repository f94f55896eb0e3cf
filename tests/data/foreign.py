"""The same pictures and boxes in forms that nobody here reads: each must be named, never opened as if there were no boxes."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Sequence

from tests.data.layouts import Layout, Scene


def rows(scenes: Sequence[Scene], row: str) -> str:
    """A line per box; {stem}, {name}, {label}, x1…y2, w, h, W, H are filled in."""
    lines = []
    for number, scene in enumerate(scenes):
        for label, x1, y1, x2, y2 in scene.boxes:
            known = {"stem": scene.stem, "name": scene.name, "label": label, "x1": x1, "y1": y1, "x2": x2, "y2": y2, "n": number}
            lines.append(row.format(**known, w=x2 - x1, h=y2 - y1, W=scene.size[0], H=scene.size[1]))
    return "\n".join(lines) + "\n"


def each(name: str, row: str) -> Callable[[Layout, Sequence[Scene]], None]:
    """A file per picture."""

    def write(layout: Layout, scenes: Sequence[Scene]) -> None:
        for scene in scenes:
            layout.write(name.format(stem=scene.stem), rows([scene], row))

    return write


def table(name: str, row: str, head: str = "") -> Callable[[Layout, Sequence[Scene]], None]:
    """One file for all."""
    return lambda layout, scenes: layout.write(name, head + rows(scenes, row))


def write_odgt(layout: Layout, scenes: Sequence[Scene]) -> None:
    lines = [{"ID": s.stem, "gtboxes": [{"tag": b[0], "fbox": [b[1], b[2], b[3] - b[1], b[4] - b[2]]} for b in s.boxes]} for s in scenes]
    layout.write("annotation_train.odgt", "\n".join(json.dumps(line) for line in lines))


def write_wider(layout: Layout, scenes: Sequence[Scene]) -> None:
    text = "".join(f"0--Parade/{s.name}\n{len(s.boxes)}\n" + rows([s], "{x1} {y1} {w} {h} 0 0 0 0 0 0 ") for s in scenes)
    layout.write("split/wider_face_train_bbx_gt.txt", text)


def write_vott(layout: Layout, scenes: Sequence[Scene]) -> None:
    assets = {}
    for number, scene in enumerate(scenes):
        boxes = [(b[0], {"left": b[1], "top": b[2], "width": b[3] - b[1], "height": b[4] - b[2]}) for b in scene.boxes]
        regions = [{"type": "RECTANGLE", "tags": [label], "boundingBox": box, "points": []} for label, box in boxes]
        assets[f"h{number}"] = {"asset": {"name": scene.name}, "regions": regions}
    layout.json("p-export.json", {"name": "p", "assets": assets})


def write_datumaro(layout: Layout, scenes: Sequence[Scene]) -> None:
    items = [
        {"id": s.stem, "annotations": [{"type": "bbox", "label_id": 0, "bbox": [b[1], b[2], b[3] - b[1], b[4] - b[2]]} for b in s.boxes]}
        for s in scenes
    ]
    layout.json("annotations/default.json", {"info": {}, "categories": {}, "items": items})


def write_predictions(layout: Layout, scenes: Sequence[Scene]) -> None:
    lines = [f"{s.stem}," + " ".join(f"{b[0]} 1.0 {b[1]} {b[2]} {b[3]} {b[4]}" for b in s.boxes) for s in scenes]
    layout.write("train.csv", "\n".join(["image_id,PredictionString", *lines]))


def write_zip(layout: Layout, scenes: Sequence[Scene]) -> None:
    with zipfile.ZipFile(layout.place("data.zip"), "w") as archive:
        archive.writestr("instances.json", "{}")


def write_gz(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.place("annotations.json.gz").write_bytes(gzip.compress(b"{}"))


def write_pickle(layout: Layout, scenes: Sequence[Scene]) -> None:
    layout.place("annotations.pkl").write_bytes(b"\x80\x04]\x94.")


FOREIGN: dict[str, Callable[[Layout, Sequence[Scene]], None]] = {
    "MOT": table("gt/gt.txt", "{n},1,{x1},{y1},{w},{h},1,1,1"),
    "VisDrone": each("annotations/{stem}.txt", "{x1},{y1},{w},{h},1,4,0,0"),
    "DOTA": each("labelTxt/{stem}.txt", "{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} plane 0"),
    "named rows": each("gt/{stem}.txt", "plane {x1} {y1} {x2} {y2}"),
    "called like pictures": each("gt/{stem}.lab", "a big plane {x1} {y1} {x2} {y2}"),
    "odgt": write_odgt,
    "WIDER": write_wider,
    "VoTT": write_vott,
    "Datumaro": write_datumaro,
    "prediction strings": write_predictions,
    "table without a header": table("labels.csv", "{label},{x1},{y1},{w},{h},{name},{W},{H}"),
    "table of four unknown columns": table("t.csv", "{name},{label},{x1},{y1},{x2},{y2}", "filename,class,a,b,c,d\n"),
    "table of polygons": table("t.csv", "{name};{label};{x1} {y1} {x2} {y1} {x2} {y2}", "image;label;shape\n"),
    "archive": write_zip,
    "packed": write_gz,
    "pickle": write_pickle,
}
"""Writers of annotations alone; pictures are written beside them."""
