"""The folder that a reader of the pages stands in: every file that a documented command names lies there, small, under that name."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from tests.conftest import random_picture

SCENES, BARE, BOXES = 8, 2, 6
"""Drawn scenes of a set, how many of them have no box, and the most boxes of the others."""
ADVISORY = {
    "id": "OSV-0000-1",
    "summary": "of a package that is not locked",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "absent"}, "versions": ["1.0"]}],
}
S5CMD = """#!/bin/sh
# s5cmd --no-sign-request --retry-count 10 run LIST: a line of LIST is cp --if-size-differ FROM TO
while read -r _ _ _ to; do mkdir -p "$(dirname "$to")"; cp "$PHOTO" "$to"; done < "$5"
"""
"""What stands for the client of the bucket: every picture that is asked for is the same one."""
CLASS_TREE = "thing\n  scenery\n    sun\n    cloud\n    tree\n  furniture\n    table\n    chair\n    window\n"


def make_place(folder: Path, large: Path, shared: Path) -> Path:
    """Make it once.

    large: a folder for files that copies link to.  shared: the real files beside the checkout, whose MERU file is linked to.
    """
    from hypviz.explore.marks import Marks
    from hypviz.inference.embed import embed_workspace
    from hypviz.openimages.synthetic import write_world
    from hypviz.workspace.store import Workspace

    mine = drawn_set(folder / "path" / "to" / "folder", first=0)
    shutil.copy(mine / "annotations.json", folder / "a.json")
    shutil.copytree(mine / "images", folder / "photos")
    shutil.copy(next(iter(sorted((folder / "photos").iterdir()))), folder / "photo.jpg")
    for number, name in enumerate(("FOLDER", "PHOTOS", "PHOTOS_MORE", "CAR_PARTS"), start=1):
        drawn_set(folder / name, first=number * SCENES, series="coco_" if name in ("FOLDER", "PHOTOS") else "")
    (folder / "path" / "to" / "car_parts").symlink_to(folder / "CAR_PARTS")
    imported(folder, mine, "workspaces/mine")
    imported(folder, mine, "WS")
    tagged = Workspace.open(folder / "WS")
    Marks(tagged.folder, tagged.items.item_id).tag("to check", np.array([0, 3]), on=True)
    imported(folder, folder / "CAR_PARTS", "build/car_parts")
    imported(folder, folder / "PHOTOS", "workspaces/photos")
    embed_workspace(Workspace.open(folder / "workspaces" / "mine"), "demo", device="cpu")
    _classes(folder / "SOURCE")
    _vectors(folder)
    _checkpoints(folder, large, shared)
    write_world(folder / "CSV_FOLDER", 300)
    (folder / "taxonomy.txt").write_text(CLASS_TREE, encoding="utf-8")
    (folder / "FOLDER_OR_ZIP").mkdir()
    (folder / "FOLDER_OR_ZIP" / "OSV-0000-1.json").write_text(json.dumps(ADVISORY), encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "bin").mkdir()
    (folder / "bin" / "s5cmd").write_text(S5CMD, encoding="utf-8")
    (folder / "bin" / "s5cmd").chmod(0o755)
    return folder


def copy_place(source: Path, target: Path) -> Path:
    """The folder once more, free to be changed; large files of it stay links."""
    shutil.copytree(source, target, symlinks=True)
    for meta in (target / "WS", *(target / "workspaces").iterdir(), target / "build" / "car_parts"):
        _moved(meta / "meta.json", source, target)
    return target


def _moved(meta: Path, source: Path, target: Path) -> None:
    """Let a workspace's pictures lie where its folder lies now."""
    if meta.is_file():
        meta.write_text(meta.read_text(encoding="utf-8").replace(str(source), str(target)), encoding="utf-8")


def drawn_set(folder: Path, *, first: int, series: str = "") -> Path:
    """A COCO set of drawn scenes, the last of them without boxes.  series: what every second picture's name begins with."""
    from hypviz.clipart import SPLIT_SEEDS, write_dataset

    seeds = SPLIT_SEEDS["test"][first : first + SCENES]
    path = write_dataset(folder, seeds, size=(192, 144), workers=1)
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    bare = {image["id"] for image in content["images"][-BARE:]}
    content["annotations"] = [box for image in content["images"] if image["id"] not in bare for box in _boxes_of(image["id"], content)]
    for image in content["images"]:
        name = f"{series if image['id'] % 2 else ''}{image['file_name']}"
        (folder / "images" / image["file_name"]).rename(folder / "images" / name)
        image["file_name"] = name
    path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def _boxes_of(image: int, content: dict[str, Any]) -> list[dict[str, Any]]:
    """A picture's first boxes with those they lie in."""
    return [box for box in content["annotations"] if box["image_id"] == image][:BOXES]


def imported(folder: Path, source: Path, name: str) -> None:
    """A workspace of a set, as `name` below a folder."""
    from hypviz.data.formats.detect import open_dataset
    from hypviz.workspace.importing import import_workspace

    import_workspace(folder / name, open_dataset(source), name=Path(name).name)


def _classes(folder: Path) -> None:
    """Pictures in a folder for each of two classes."""
    for number in range(4):
        path = folder / ("cats", "dogs")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        random_picture((96, 72), seed=number).save(path)


def _vectors(folder: Path) -> None:
    """Points of a small tree in the Poincaré ball, with all that may stand beside them."""
    angles = np.linspace(0, 6, 12)
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * np.linspace(0.05, 0.8, 12)[:, None]
    np.savez(folder / "points.npz", vectors=points.astype(np.float32))
    np.savez(folder / "tree.npz", vectors=points.astype(np.float32), model="poincare", curv=1.0)
    np.save(folder / "points.npy", points.astype(np.float32))
    (folder / "labels.txt").write_text("".join(f"point {number}\n" for number in range(12)), encoding="utf-8")
    with (folder / "edges.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("parent", "child"), *((number // 2, number) for number in range(2, 12))])
    names = sorted(path.name for path in (folder / "photos").iterdir())
    (folder / "images.txt").write_text("".join(f"{names[number % len(names)]}\n" for number in range(12)), encoding="utf-8")


def _checkpoints(folder: Path, large: Path, shared: Path) -> None:
    """A checkpoint in runs/, a file of MERU's authors, and weights of a small OpenCLIP tower."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    from hypviz.workspace.store import Workspace
    from tests.worlds import make_checkpoint

    made = make_checkpoint(large / "mine", Workspace.open(folder / "workspaces" / "mine"))
    (folder / "runs").mkdir()
    (folder / "runs" / "mine.safetensors").symlink_to(made)
    shutil.copy(made.with_suffix(".json"), folder / "runs" / "mine.json")
    meru = shared / "meru_random" / "checkpoint.pth"
    (folder / "meru_vit_b.pth").symlink_to(meru)
    (folder / "path" / "to" / "meru_vit_b.pth").symlink_to(meru)
    torch.manual_seed(0)
    weights = large / "open_clip.safetensors"
    save_file({name: one.contiguous() for name, one in open_clip.create_model("ViT-S-32-alt").state_dict().items()}, weights)
    for name in ("weights.safetensors", "open_clip_weights.safetensors"):
        (folder / "path" / "to" / name).symlink_to(weights)
