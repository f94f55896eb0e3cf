"""Hugging Face `datasets` folders: written by the library itself, read back with the same boxes and the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.detect import detect_format, open_dataset
from hypviz.data.formats.hf_datasets import read_hf
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.explore.library import Library
from hypviz.workspace.store import Workspace
from tests.data.layouts import picture

datasets = pytest.importorskip("datasets")
MakePicture = Callable[..., Path]


@pytest.fixture(autouse=True)
def quiet() -> None:
    datasets.disable_progress_bars()


def write(folder: Path, rows: Sequence[dict[str, Any]], objects: Any, *, parquet: bool = False, image: str = "image") -> Path:
    """Rows as a `datasets` folder; `objects`: the features besides the picture."""
    features = datasets.Features({image: datasets.Image(), **objects})
    rows = [row | {image: row[image] and {"bytes": Path(row[image]).read_bytes(), "path": Path(row[image]).name}} for row in rows]
    columns = {name: [row[name] for row in rows] for name in features}
    data = datasets.Dataset.from_dict(columns, features=features)
    if parquet:
        folder.mkdir(parents=True)
        data.to_parquet(folder / "train-00000-of-00001.parquet")
    else:
        datasets.DatasetDict({"train": data}).save_to_disk(str(folder))
    return folder


def boxes_feature(names: Sequence[str] | None = ("car", "wheel")) -> Any:
    label = datasets.ClassLabel(names=list(names)) if names else datasets.Value("string")
    return {"objects": datasets.Sequence({"bbox": datasets.Sequence(datasets.Value("float32"), length=4), "category": label})}


def load(folder: Path, **options: Any) -> tuple[Items, ImportReport]:
    return import_items(read_hf(folder, folder.parent / "pictures", **options))


def dropped(report: ImportReport) -> dict[str, int]:
    return {reason: entry["count"] for reason, entry in report.dropped.items()}


@pytest.mark.parametrize("parquet", [False, True])
def test_coco_through_datasets_gives_the_same_items(shared_data: Path, tmp_path: Path, parquet: bool) -> None:
    """The library's own writer is the reference: bytes and boxes survive it, so even the ids are the same."""
    raw = read_coco(shared_data / "formats/multi100/coco_b/instances_v2.json")
    coco, _ = import_items(raw)
    rows = []
    for image in range(len(coco.images)):
        inside = coco.of_image(image)[1:]
        boxes = [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in coco.xyxy[inside].tolist()]
        objects = {"bbox": boxes, "category": [coco.name(row) for row in inside]}
        rows.append({"image": str(coco.path(int(coco.offsets[image]))), "objects": objects})
    folder = write(tmp_path / "set", rows, boxes_feature(coco.classes), parquet=parquet)
    assert detect_format(folder) == "hf"
    items, report = import_items(open_dataset(folder, extract_to=tmp_path / "pictures"))
    assert (report.images, report.boxes, report.dropped, report.name) == (100, 273, {}, "set")
    assert items.item_id.tolist() == coco.item_id.tolist()
    assert [items.name(row) for row in range(len(items))] == [coco.name(row) for row in range(len(coco))]
    assert items.images.file_name[0] == "train/00000000.jpg"
    assert items.path(0).read_bytes() == coco.path(0).read_bytes()


def test_pictures_are_written_once_and_need_a_place(tmp_path: Path, make_picture: MakePicture) -> None:
    rows = [{"image": str(make_picture(tmp_path / "a.png")), "objects": {"bbox": [[1, 2, 3, 4]], "category": ["car"]}}]
    folder = write(tmp_path / "set", rows, boxes_feature(None))
    first, _ = load(folder)
    time = first.path(0).stat().st_mtime_ns
    second, _ = load(folder)
    assert second.path(0).stat().st_mtime_ns == time
    assert second.images.file_name.tolist() == ["train/00000000.png"]
    with pytest.raises(DataError, match="lie inside its files; import it into a workspace"):
        open_dataset(folder)


def test_the_page_and_the_command_write_pictures_beside_their_workspaces(tmp_path: Path, home: Path, make_picture: MakePicture) -> None:
    rows = [{"image": str(make_picture(tmp_path / "a.png")), "objects": {"bbox": [[1, 2, 3, 4]], "category": ["car"]}}]
    folder = write(tmp_path / "set", rows, boxes_feature(None))
    opened = Library().workspace(str(folder))
    assert opened.items.path(0).is_file() and opened.items.path(0).is_relative_to(home)
    done = CliRunner().invoke(app, ["data", "import", str(folder), "--out", str(tmp_path / "ws"), "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    (tmp_path / "moved").mkdir()
    for name in ("ws", "ws-pictures"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    moved = Workspace.open(tmp_path / "moved/ws")
    assert moved.items.path(0).is_file() and moved.items.item_id.tolist() == opened.items.item_id.tolist()


def test_a_list_of_dicts_and_columns_of_their_own_are_read(tmp_path: Path, make_picture: MakePicture) -> None:
    picture = str(make_picture(tmp_path / "a.png"))
    box = datasets.Sequence(datasets.Value("float32"))
    listed = {"annotations": [{"bbox": box, "label": datasets.Value("string")}]}
    flat = {"bboxes": datasets.Sequence(box), "labels": datasets.Sequence(datasets.ClassLabel(names=["car", "wheel"]))}
    one = write(tmp_path / "one", [{"img": picture, "annotations": [{"bbox": [1, 2, 3, 4], "label": "wheel"}]}], listed, image="img")
    two = write(tmp_path / "two", [{"img": picture, "bboxes": [[1, 2, 3, 4]], "labels": [1]}], flat, image="img")
    for folder in (one, two):
        items, _ = load(folder)
        assert (items.xyxy[1].tolist(), items.name(1)) == ([1, 2, 4, 6], "wheel")


def test_a_label_alone_is_the_class_of_the_whole_picture(tmp_path: Path, make_picture: MakePicture) -> None:
    rows = [{"image": str(make_picture(tmp_path / f"{n}.png", seed=n)), "label": n} for n in (0, 1)]
    items, _ = load(write(tmp_path / "set", rows, {"label": datasets.ClassLabel(names=["cat", "dog"])}))
    assert [items.name(row) for row in range(4)] == ["scene", "cat", "scene", "dog"]
    assert np.array_equal(items.xyxy[1], items.xyxy[0])


@pytest.mark.parametrize(("more", "name"), [((), "wheel"), (("colour",), "object")])
def test_the_only_field_with_class_names_is_the_class(tmp_path: Path, make_picture: MakePicture, more: tuple[str, ...], name: str) -> None:
    kinds = {key: datasets.ClassLabel(names=["car", "wheel"]) for key in ("sort", *more)}
    box = {"bbox": datasets.Sequence(datasets.Value("float32")), "note": datasets.Value("string"), **kinds}
    rows = [{"image": str(make_picture(tmp_path / "a.png")), "objects": [{"bbox": [1, 2, 3, 4], "note": "x", **dict.fromkeys(kinds, 1)}]}]
    items, report = load(write(tmp_path / "set", rows, {"objects": [box]}))
    assert (items.name(1), items.xyxy[1].tolist(), report.dropped) == (name, [1, 2, 4, 6], {})


def test_boxes_written_as_text_are_refused_not_passed_over(tmp_path: Path, make_picture: MakePicture) -> None:
    text = json.dumps([{"bbox": [1, 2, 3, 4], "label": "car"}])
    rows = [{"image": str(make_picture(tmp_path / "a.png")), "label": 0, "more": text}]
    features = {"label": datasets.ClassLabel(names=["cat"]), "more": datasets.Value("string")}
    with pytest.raises(DataError, match=r"the column more holds boxes as text .*; make it a list of boxes a row"):
        load(write(tmp_path / "set", rows, features))


def test_corners_are_taken_only_on_a_persons_word(tmp_path: Path, make_picture: MakePicture) -> None:
    picture = str(make_picture(tmp_path / "a.png", (40, 30)))
    rows = [{"image": picture, "objects": {"bbox": [[30, 20, 39, 29], [20, 15, 35, 25]], "category": ["car", "car"]}}]
    folder = write(tmp_path / "set", rows, boxes_feature(None))
    with pytest.raises(DataError, match=r"100 % of 2 boxes leave .* but 100 % fit as corners .*--boxes xyxy"):
        load(folder)
    assert load(folder, box_format="xyxy")[0].xyxy[1].tolist() == [30, 20, 39, 29]
    assert load(folder, box_format="xywh")[1].clipped == 2
    with pytest.raises(DataError, match="box format must be one of auto, xywh, xyxy, cxcywh, yxyx; got 'corners'"):
        load(folder, box_format="corners")


def test_fractions_are_seen_and_odd_cells_counted(tmp_path: Path, make_picture: MakePicture) -> None:
    picture = str(make_picture(tmp_path / "a.png", (40, 30)))
    objects = {"bbox": [[0.25, 0.5, 0.25, 0.5], [0.1, 0.1, 0.1]], "category": ["car", "car"]}
    feature = {"objects": datasets.Sequence({"bbox": datasets.Sequence(datasets.Value("float32")), "category": datasets.Value("string")})}
    folder = write(tmp_path / "set", [{"image": picture, "objects": objects}, {"image": None, "objects": objects}], feature)
    items, report = load(folder)
    assert items.xyxy[1].tolist() == [10, 15, 20, 30]
    assert dropped(report) == {"box is not four numbers": 2, "no picture in the row": 1}
    assert (report.images_read, report.boxes_read) == (2, 4)


def test_a_path_out_of_the_folder_is_never_opened(tmp_path: Path, make_picture: MakePicture) -> None:
    """A stranger's file may name any picture of this machine; only bytes inside it, or files beside it, are taken."""
    secret = make_picture(tmp_path / "private/a.png")
    inside = make_picture(tmp_path / "set/b.png", seed=1)
    cells = [{"bytes": None, "path": str(secret)}, {"bytes": None, "path": "../private/a.png"}, {"bytes": None, "path": str(inside)}]
    table = pa.table({"image": pa.array(cells, pa.struct({"bytes": pa.binary(), "path": pa.string()}))})
    features = {"info": {"features": datasets.Features({"image": datasets.Image()}).to_dict()}}
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    pq.write_table(table, tmp_path / "set/train.parquet")
    items, report = load(tmp_path / "set")
    assert dropped(report) == {"no picture in the row": 2}
    assert items.path(0).read_bytes() == inside.read_bytes()


def test_other_folders_are_refused(tmp_path: Path) -> None:
    data = datasets.Dataset.from_dict({"text": ["a"]})
    data.save_to_disk(str(tmp_path / "text"))
    with pytest.raises(DataError, match="no column holds pictures; it has text"):
        load(tmp_path / "text")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/state.json").write_text("{}")
    with pytest.raises(DataError, match="lists no files; save the data set again"):
        load(tmp_path / "broken")


def test_parquet_of_a_repository_is_streamed_by_split(tmp_path: Path) -> None:
    import datasets

    cell = {"bytes": picture((64, 48), 0), "path": None}
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["car"])})
    data = datasets.Dataset.from_list([{"image": cell, "label": 0}], features=features)
    for name in ("data/train-0.parquet", "data/train-1.PARQUET", "data/test-0.parquet"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        data.to_parquet(str(tmp_path / "set" / name))
    (tmp_path / "set/notes.txt").write_text("x")
    raw = read_hf(tmp_path / "set", tmp_path / "out")
    assert raw.count is None and sorted(image.record for image in raw.images) == ["test 0", "train 0", "train 1"]
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/state.json").write_text(json.dumps({"_data_files": []}))
    with pytest.raises(DataError, match=r"bad: not a folder that the datasets library reads \("):
        read_hf(tmp_path / "bad", tmp_path / "out")
