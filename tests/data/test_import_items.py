"""What the importer makes of any data set: checked boxes in upright frames, stable ids, honest counts."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from hypviz.data.formats.coco import read_coco
from hypviz.data.frames import clip, to_upright, turn
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import SCENE, Items
from hypviz.data.pictures import PictureInfo, open_upright
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage
from hypviz.errors import DataError

Make = Callable[..., Path]
ORIENTATION = 0x0112


def load(path: Path, **options: Any) -> tuple[Items, ImportReport]:
    return import_items(read_coco(path, **options))


def dropped(report: ImportReport) -> dict[str, int]:
    return {reason: entry["count"] for reason, entry in report.dropped.items()}


def xywh(x1: float, y1: float, x2: float, y2: float) -> list[float]:
    return [x1, y1, x2 - x1, y2 - y1]


# -- boxes ---------------------------------------------------------------------------------------------------------


def test_boxes_are_kept_clipped_or_dropped_by_reason(make_coco: Make) -> None:
    boxes = [
        *(xywh(0, 0, 40, 30), xywh(5, 5, 5.5, 6)),  # kept
        *(xywh(-3, 2, 10, 10), xywh(30, 20, 50, 99), xywh(-1, -1, 41, 31)),  # clipped
        *([5, 5, 0, 5], [5, 5, 5, -2]),  # empty
        *(xywh(40, 0, 50, 10), xywh(0, -9, 9, 0), xywh(-9, 0, -1, 9)),  # outside
    ]
    items, report = load(make_coco(boxes))
    expected = [[0, 0, 40, 30], [5, 5, 5.5, 6], [0, 2, 10, 10], [30, 20, 40, 30], [0, 0, 40, 30]]
    assert items.xyxy[1:].tolist() == expected
    assert report.clipped == 3
    assert dropped(report) == {"empty box": 2, "outside the picture": 3}
    example = "annotations.json: annotation 6: thing [5.0, 5.0, 5.0, 10.0] in a.jpg"
    assert report.dropped["empty box"]["examples"][0] == example


def test_a_box_that_float32_makes_empty_is_dropped(make_coco: Make) -> None:
    items, report = load(make_coco([[20, 10, 1e-9, 5], [1, 1, 5, 5]]))
    assert (len(items), dropped(report)) == (2, {"empty box": 1})


def test_only_classes_that_occur_become_classes(make_coco: Make) -> None:
    names = [{"id": 1, "name": "zebra"}, {"id": 2, "name": "gone"}, {"id": 3, "name": "ant"}]
    base = {"image_id": 1, "bbox": [1, 1, 5, 5]}
    annotations = [base | {"id": 1, "category_id": 1}, base | {"id": 2, "category_id": 3}]
    annotations.append({"id": 3, "image_id": 1, "category_id": 2, "bbox": [99, 99, 5, 5]})
    items, report = load(make_coco(annotations=annotations, categories=names))
    assert items.classes == ("ant", "zebra")
    assert items.label.tolist() == [SCENE, 1, 0]
    assert items.source.tolist() == ["image", "annotation", "annotation"]
    assert report.classes == 2


finite = st.floats(-60, 60, width=32)
any_number = st.one_of(finite, st.sampled_from([float("nan"), float("inf"), -1e300, 1e300]))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(any_number, any_number, any_number, any_number), max_size=12))
def test_whatever_is_kept_lies_inside_and_is_not_empty(boxes: list[tuple[float, float, float, float]]) -> None:
    array = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    kept, verdicts = clip(array, (40, 30))
    assert len(verdicts) == len(boxes)
    for old, new, verdict in zip(array, kept, verdicts, strict=True):
        if verdict in ("", "clipped"):
            assert 0 <= new[0] < new[2] <= 40
            assert 0 <= new[1] < new[3] <= 30
        if verdict == "":
            assert np.array_equal(new, old.astype(np.float32))
        if verdict == "outside the picture":
            assert old[0] >= 40 or old[1] >= 30 or old[2] <= 0 or old[3] <= 0


inside = st.integers(0, 38 * 8).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 8, 40 * 8)))
box_inside = st.tuples(inside, st.integers(0, 28 * 8).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 8, 30 * 8))))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(box_inside, st.sampled_from(["car", "wheel", "Tür"])), max_size=8))
def test_what_is_written_as_coco_is_read_back(make_coco: Make, boxes: list[tuple[tuple[tuple[int, int], tuple[int, int]], str]]) -> None:
    corners = [[x1 / 8, y1 / 8, x2 / 8, y2 / 8] for ((x1, x2), (y1, y2)), _ in boxes]
    names = [name for _, name in boxes]
    numbers = {name: number for number, name in enumerate(("wheel", "Tür", "car"), start=1)}
    annotations = [
        {"id": n, "image_id": 1, "category_id": numbers[name], "bbox": xywh(*box)}
        for n, (box, name) in enumerate(zip(corners, names, strict=True))
    ]
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    path = make_coco(annotations=annotations, categories=categories)
    items, report = load(path)
    again, _ = load(path)
    assert items.xyxy[1:].tolist() == corners
    assert [items.name(row) for row in range(1, len(items))] == names
    assert (report.boxes, report.dropped) == (len(boxes), {})
    assert (items.item_id.tolist(), items.data_hash) == (again.item_id.tolist(), again.data_hash)


# -- pictures and ids ----------------------------------------------------------------------------------------------


def broken_set(make_coco: Make, tmp_path: Path) -> Path:
    names = ["good.png", "gone.png", "empty.png", "text.png", "cut.png", "deep/good.png"]
    images = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    annotations = [
        {"id": 10 * n + k, "image_id": n, "category_id": 1, "bbox": [1, 1, 5, 5 + k]} for n in range(len(names)) for k in range(n)
    ]
    path = make_coco(images=images, annotations=annotations)
    (tmp_path / "gone.png").unlink()
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    data = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    return path


def test_broken_pictures_go_with_their_boxes_and_are_counted(make_coco: Make, tmp_path: Path) -> None:
    items, report = load(broken_set(make_coco, tmp_path))
    assert items.images.file_name.tolist() == ["good.png", "deep/good.png"]
    boxes = {reason: (entry["images"], entry["boxes"]) for reason, entry in report.dropped.items()}
    assert boxes == {"missing": (1, 1), "empty file": (1, 2), "not a picture": (1, 3), "truncated": (1, 4)}


def test_read_is_kept_plus_dropped(make_coco: Make, tmp_path: Path) -> None:
    _, report = load(broken_set(make_coco, tmp_path))
    for kind, read, kept in (("images", 6, report.images), ("boxes", 15, report.boxes)):
        assert getattr(report, f"{kind}_read") == read == kept + sum(d[kind] for d in report.dropped.values())
    as_json = json.loads(json.dumps(report.to_json()))
    assert (as_json["images"], as_json["boxes"], as_json["kept_images"], as_json["kept_boxes"]) == (6, 15, 2, 5)
    assert report.summary() == (
        f"{report.name}: 2 of 6 images, 5 of 15 boxes, 1 classes; left out: 1 × missing; left out: 1 × empty file; "
        "left out: 1 × not a picture; left out: 1 × truncated"
    )


def test_two_files_with_the_same_bytes_have_items_of_their_own(make_coco: Make, make_picture: Make, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": name} for n, name in enumerate(("a.png", "b.png"), start=1)]
    boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [1, 1, 5, 5]} for n in (1, 2)]
    for name in ("a.png", "b.png"):
        make_picture(tmp_path / name)
    items, _ = load(make_coco(images=images, annotations=boxes))
    assert items.images.content[0] == items.images.content[1]
    assert len(set(items.item_id.tolist())) == 4
    alone, _ = load(make_coco(images=images[:1], annotations=boxes[:1]))
    assert alone.item_id.tolist() == items.item_id[:2].tolist()


def test_ids_survive_a_rename_and_a_new_order(make_coco: Make, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.png"} for n in (1, 2)]
    boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [n, 1, 5, 5]} for n in (1, 2)]
    first, _ = load(make_coco(images=images, annotations=boxes))
    (tmp_path / "1.png").rename(tmp_path / "new name.png")
    images[0]["file_name"] = "new name.png"
    second, _ = load(make_coco(images=images[::-1], annotations=boxes, draw=False))
    assert sorted(first.item_id.tolist()) == sorted(second.item_id.tolist())


def test_a_moved_box_is_a_new_item_and_the_others_stay(make_coco: Make) -> None:
    old, _ = load(make_coco([[1, 1, 5, 5], [2, 2, 9, 9]]))
    new, _ = load(make_coco([[1, 1, 5, 5], [3, 2, 9, 9]]))
    assert (old.item_id == new.item_id).tolist() == [True, True, False]
    assert old.data_hash != new.data_hash


@pytest.mark.parametrize(("written", "stored"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_composed_and_decomposed_names_meet(make_picture: Make, tmp_path: Path, written: str, stored: str) -> None:
    make_picture(tmp_path / unicodedata.normalize(stored, "Tür.png"))
    items, report = import_items(_raw(tmp_path, unicodedata.normalize(written, "Tür.png")))
    assert report.images == 1
    assert items.path(0).is_file()


def _raw(root: Path, *names: str, **options: Any) -> RawDataset:
    return RawDataset(root, [RawImage(name, **options) for name in names], len(names), "raw")


@pytest.mark.parametrize("name", ["a\0b.png", "x" * 300 + ".png", "half \ud83d.png"])
def test_names_that_no_file_can_have_are_counted(make_picture: Make, tmp_path: Path, name: str) -> None:
    make_picture(tmp_path / "a.png")
    _, report = import_items(_raw(tmp_path, "a.png", name))
    assert report.images == 1
    assert sum(dropped(report).values()) == 1
    json.dumps(report.to_json()).encode()


def test_the_order_is_that_of_the_annotations_whatever_thread_is_first(make_picture: Make, tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(40)]
    for n, name in enumerate(names):
        make_picture(tmp_path / name, (300, 300) if n % 7 == 0 else (4, 4), seed=n)
    items, _ = import_items(_raw(tmp_path, *names))
    assert items.images.file_name.tolist() == names


def test_progress_is_told_and_may_stop_the_import(make_picture: Make, tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(30)]
    for n, name in enumerate(names):
        make_picture(tmp_path / name, (4, 4), seed=n)
    calls: list[tuple[int, int | None]] = []
    import_items(_raw(tmp_path, *names), on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(n, 30) for n in range(1, 31)]

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_items(_raw(tmp_path, *names), on_progress=stop)


def test_a_long_list_is_streamed_not_gathered(make_picture: Make, tmp_path: Path) -> None:
    """At most a few pictures wait between reader and items, however many follow."""
    make_picture(tmp_path / "a.png", (4, 4))
    ahead = 0
    done = 0

    def images() -> Any:
        nonlocal ahead
        for n in range(200):
            ahead = max(ahead, n - done)
            yield RawImage("a.png", record=str(n))

    def count(now: int, total: int | None) -> None:
        nonlocal done
        done = now

    import_items(RawDataset(tmp_path, images(), None, "raw"), on_progress=count)
    assert 0 < ahead <= 20


def test_an_empty_data_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of 0 pictures below .* is usable: there are none"):
        import_items(_raw(tmp_path))


def test_a_relative_root_is_made_absolute(make_picture: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_picture(tmp_path / "set/a.png")
    monkeypatch.chdir(tmp_path)
    items, _ = import_items(_raw(Path("set"), "a.png"))
    monkeypatch.chdir("/")
    assert items.path(0).is_file()


# -- frames --------------------------------------------------------------------------------------------------------


def stored_scene(orientation: int) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A white stored picture, 60 × 40, with one dark rectangle; its orientation tag is for the caller to write."""
    values = np.full((40, 60, 3), 255, dtype=np.uint8)
    x1, y1, x2, y2 = 6, 4, 26, 12
    values[y1:y2, x1:x2] = 0
    return Image.fromarray(values), (x1, y1, x2, y2)


def dark_rectangle(picture: Image.Image) -> list[int]:
    rows, columns = np.nonzero(np.asarray(picture)[:, :, 0] < 128)
    return [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_turn_with_the_picture_in_all_orientations(tmp_path: Path, orientation: int) -> None:
    """Ground truth are the pixels: the turned box is where the dark rectangle is seen."""
    picture, box = stored_scene(orientation)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    seen = dark_rectangle(open_upright(tmp_path / "a.png"))
    assert turn(np.array([box], dtype=float), (60, 40), orientation)[0].tolist() == seen
    # Annotated in the stored frame: turned, wherever size tells the frames apart. Annotated upright: left alone.
    annotated_stored = RawImage("a.png", (RawBox(box, "x", ""),), size=(60, 40))
    items, report = import_items(RawDataset(tmp_path, [annotated_stored], 1, "raw"))
    swaps = orientation >= 5
    assert (report.turned, report.scaled) == (int(swaps), 0)
    assert items.xyxy[1].tolist() == (seen if swaps else list(box))
    upright_size = (40, 60) if swaps else (60, 40)
    annotated_upright = RawImage("a.png", (RawBox(tuple(seen), "x", ""),), size=upright_size)
    items, report = import_items(RawDataset(tmp_path, [annotated_upright], 1, "raw"))
    assert (items.xyxy[1].tolist(), report.turned) == (seen, 0)


@pytest.mark.parametrize("orientation", [1, 6])
def test_boxes_annotated_at_another_scale_are_scaled(tmp_path: Path, orientation: int) -> None:
    picture, box = stored_scene(orientation)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    seen = dark_rectangle(open_upright(tmp_path / "a.png"))
    triple = tuple(3.0 * value for value in box)
    items, report = import_items(RawDataset(tmp_path, [RawImage("a.png", (RawBox(triple, "x", ""),), size=(180, 121))], 1, "raw"))
    assert (report.scaled, report.turned) == (1, int(orientation == 6))
    assert np.abs(items.xyxy[1] - seen).max() < 0.2
    assert report.dropped == {}


def test_boxes_of_another_aspect_ratio_are_dropped_and_the_scene_stays(make_coco: Make, make_picture: Make, tmp_path: Path) -> None:
    make_picture(tmp_path / "a.jpg", (40, 30))
    images = [{"id": 1, "file_name": "a.jpg", "width": 40, "height": 32}, {"id": 2, "file_name": "b.jpg", "width": 40, "height": 30}]
    boxes = [{"id": n, "image_id": image, "category_id": 1, "bbox": [n, n, 5, 5]} for n, image in enumerate((1, 1, 2), start=1)]
    items, report = load(make_coco(images=images, annotations=boxes))
    assert (len(items), report.images, report.boxes, report.boxes_read) == (3, 2, 1, 3)
    assert report.dropped["annotated size differs"] == {
        "count": 1,
        "images": 0,
        "boxes": 2,
        "examples": ["annotations.json: image 1: annotated as (40, 32), but a.jpg is (40, 30)"],
    }


boxes_3 = st.lists(st.tuples(finite, finite, finite, finite), min_size=1, max_size=3)


@given(boxes_3, st.integers(1, 8))
def test_turning_keeps_areas_and_is_undone_by_its_inverse(boxes: list[tuple[float, ...]], orientation: int) -> None:
    array: NDArray[np.float64] = np.sort(np.array(boxes, dtype=float).reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    size = (64, 48)
    turned = turn(array, size, orientation)
    back = turn(turned, size[::-1] if orientation >= 5 else size, inverse)
    assert np.allclose(back, array, atol=1e-9)
    assert np.allclose(np.prod(turned[:, 2:] - turned[:, :2], axis=1), np.prod(array[:, 2:] - array[:, :2], axis=1))


def test_a_frame_that_matches_nothing_is_refused() -> None:
    info = PictureInfo("c", size=(40, 60), stored=(60, 40), orientation=6)
    box = np.array([[1.0, 2, 3, 4]])
    assert to_upright(box, (50, 50), info) is None
    assert to_upright(box, None, info) is not None


# -- counting ------------------------------------------------------------------------------------------------------


def test_a_counter_keeps_five_examples_and_all_counts() -> None:
    counter = DropCounter()
    for n in range(9):
        counter.box("crowd", f"box {n}")
    counter.image("missing", "a.jpg", boxes=4)
    counter.other("stray", "x.txt")
    assert (counter.images, counter.boxes) == (1, 13)
    assert list(counter.to_json()) == ["crowd", "missing", "stray"]
    assert counter.to_json()["crowd"] == {
        "count": 9,
        "images": 0,
        "boxes": 9,
        "examples": [f"box {n}" for n in range(5)],
    }
