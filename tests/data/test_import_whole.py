"""One small data set through the importer, to the last field of items and report; and the hierarchy's arrays, types and counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.config import HierarchySettings
from hypviz.data import hierarchy, importer
from hypviz.data.hierarchy import build_hierarchy, class_graph, scene_classes, subset_hierarchy
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import item_ids
from hypviz.data.pictures import inspect_picture
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage
from hypviz.errors import DataError
from tests.data.box_worlds import make_items
from tests.data.layouts import picture
from tests.data.reading import examples, losses

SIZE = (64, 48)


def box(*xyxy: float, label: str = "car", record: str = "b", **more: Any) -> RawBox:
    return RawBox(xyxy, label, record, **more)  # type: ignore[arg-type]


def raw_of(root: Path, *images: RawImage, **more: Any) -> RawDataset:
    root.mkdir(exist_ok=True)
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        (root / name).write_bytes(picture(SIZE, number % 2))
    return RawDataset(root, images, **({"count": len(images), "name": "set"} | more))


def test_a_data_set_becomes_items_and_a_report(tmp_path: Path) -> None:
    decomposed = "Ba\u0308r"
    boxes = (
        box(1, 2, 30, 40, label=decomposed, name="x"),
        box(-5, 2, 30, 40, record="b2", parents=("x",), name="y", source="drawn"),
        box(1, 2, 1, 40, record="b3"),
        box(100, 2, 130, 40, record="b4"),
        box(1, 2, 3, 4, label="ant", source="proposal", name="z", parents=("q",)),
    )
    images = [
        RawImage("b.png", boxes, SIZE, "CC BY", "first"),
        RawImage("gone.png", (box(1, 2, 3, 4),) * 2, record="second"),
        RawImage("a.png", (box(0, 0, 0.5, 0.5, label="ant"),), (9, 9), record="third", normalised=True),
        RawImage("c.png", (box(2, 4, 60, 80),), (128, 96), record="fourth"),
        RawImage("a.png", (box(1, 2, 3, 4),), (64, 49), record="fifth"),
    ]
    dropped = DropCounter()
    dropped.file("unreadable", "x.json")
    heard: list[tuple[int, int | None]] = []
    raw = raw_of(tmp_path / "set", *images, dropped=dropped, files=3, origin="hf://x")
    items, report = import_items(raw, on_progress=lambda *each: heard.append(each))
    assert heard == [(number, 5) for number in range(1, 6)]
    assert items.classes == ("Bär", "ant", "car") and items.root == (tmp_path / "set").resolve()
    assert items.image.tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3] and items.label.tolist() == [-1, 0, 2, 1, -1, 1, -1, 2, -1]
    assert items.source.tolist() == ["image", "annotation", "drawn", "proposal", "image", "annotation", "image", "annotation", "image"]
    whole = [0, 0, 64, 48]
    assert items.xyxy.tolist() == [whole, [1, 2, 30, 40], [0, 2, 30, 40], [1, 2, 3, 4], whole, [0, 0, 32, 24], whole, [1, 2, 30, 40], whole]
    contents = [inspect_picture(tmp_path / "set" / name).content for name in ("b.png", "a.png", "c.png", "a.png")]
    assert items.images.file_name.tolist() == ["b.png", "a.png", "c.png", "a.png"] and items.images.content.tolist() == contents
    assert items.images.width.tolist() == [64] * 4 and items.images.height.tolist() == [48] * 4
    assert items.images.licence.tolist() == ["CC BY", "", "", ""]
    ids = item_ids(contents[0], [[1, 2, 30, 40], [0, 2, 30, 40], [1, 2, 3, 4]]) + item_ids(contents[1], [[0, 0, 32, 24]])
    ids += item_ids(contents[1], [[1, 2, 30, 40]], copy=1) + item_ids(contents[1], [], copy=2)
    assert items.item_id.tolist() == ids
    assert [column.dtype for column in (items.image, items.label, items.xyxy, items.images.width)] == [
        np.int32,
        np.int32,
        np.float32,
        np.int32,
    ]
    lost = {
        "unreadable": {"count": 1, "images": 0, "boxes": 0, "files": 1, "examples": ["x.json"]},
        "not finite or empty": {},
        "missing": {"count": 1, "images": 1, "boxes": 2, "examples": ["second: gone.png, there is no such file"]},
        "outside the picture": {"count": 1, "images": 0, "boxes": 1, "examples": ["b4: car [100, 2, 130, 40] in b.png"]},
        "annotated size differs": {
            "count": 1,
            "images": 0,
            "boxes": 1,
            "examples": ["fifth: annotated as (64, 49), but a.png is (64, 48)"],
        },
    }
    empty = next(reason for reason in report.dropped if reason not in lost)
    lost[empty] = {"count": 1, "images": 0, "boxes": 1, "examples": ["b3: car [1, 2, 1, 40] in b.png"]}
    del lost["not finite or empty"]
    assert report.dropped == lost
    assert report == ImportReport(
        name="set", images_read=5, images=4, boxes_read=10, boxes=5, clipped=1, turned=0, scaled=1, classes=3, dropped=lost, proposals=1,
        files_read=4, files=3, parents={2: (1,), 3: ()}, origin="hf://x",
        notes=("1 boxes are said to lie in boxes that are not there, or that cannot be told from others",),
    )  # fmt: skip
    assert report.to_json() == {
        "name": "set", "images": 5, "boxes": 10, "kept_images": 4, "kept_boxes": 5, "clipped": 1, "turned": 0, "scaled": 1, "classes": 3,
        "proposals": 1, "files": 4, "kept_files": 3, "notes": list(report.notes), "origin": "hf://x", "dropped": lost,
    }  # fmt: skip
    reasons = "; ".join(f"left out: {entry['count']} × {reason}" for reason, entry in report.dropped.items())
    assert report.summary() == (
        f"set: 4 of 5 images, 5 of 10 boxes, 3 classes; 1 boxes proposed, not annotated; 1 boxes clipped; 1 images scaled; {reasons}"
    )


def test_a_report_without_changes_is_short_and_turned_pictures_are_said() -> None:
    report = ImportReport("s", 2, 2, 0, 0, 0, 3, 0, 0, {})
    assert report.summary() == "s: 2 of 2 images, 0 of 0 boxes, 0 classes; 3 images turned"
    assert (report.proposals, report.files_read, report.files, report.notes, report.parents, report.taxonomy, report.origin) == (
        0,
        0,
        0,
        (),
        {},
        None,
        "",
    )


def test_a_set_without_a_usable_picture_or_box_is_refused_with_examples(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        import_items(raw_of(tmp_path, RawImage("x.png", (), record="r"), RawImage("y.png", (box(1, 2, 3, 4),), record="q")))
    assert str(caught.value) == f"set: none of 2 pictures below {tmp_path} is usable: 2 missing (e.g. r: x.png, there is no such file)"
    with pytest.raises(DataError) as caught:
        import_items(raw_of(tmp_path))
    assert str(caught.value) == f"set: none of 0 pictures below {tmp_path} is usable: there are none"
    dropped = DropCounter()
    dropped.other("stray", "s.txt")
    outside, size = box(100, 2, 130, 40), "annotated size differs (e.g. s: annotated as (9, 48), but b.png is (64, 48))"
    with pytest.raises(DataError) as caught:
        import_items(
            raw_of(tmp_path, RawImage("a.png", (outside,) * 2), RawImage("b.png", (outside,), (9, 48), record="s"), dropped=dropped)
        )
    assert str(caught.value) == (
        f"set: none of the 3 boxes read can be used: 2 outside the picture (e.g. b: car [100, 2, 130, 40] in a.png); 1 {size}; "
        "--format folder opens the pictures alone."
    )
    assert import_items(raw_of(tmp_path, RawImage("a.png")))[1].boxes == 0


def test_names_that_cannot_be_files_are_pictures_that_cannot_be_read(tmp_path: Path) -> None:
    names = ["\ud800.png", "../a.png", "/a.png", "n\0.png", "x" * 300 + ".png"]
    raw = raw_of(tmp_path, *(RawImage(name, record="r") for name in names), RawImage("a.png"))
    assert import_items(raw)[1].images == 1
    assert losses(raw.dropped) == {"unreadable": (3, 3, 0, 0), "outside the folder": (2, 2, 0, 0)}
    said = examples(raw.dropped)
    assert said["outside the folder"] == [f"r: {name}, the file lies outside the folder of the data set" for name in names[1:3]]
    assert said["unreadable"][0] == "r: ?.png, the file name is not valid Unicode"
    assert said["unreadable"][1] == "r: n\0.png, the file cannot be read (embedded null byte)"
    assert said["unreadable"][2].startswith(f"r: {'x' * 300}.png, the file cannot be read ([Errno 36] File name too long")


@pytest.mark.parametrize(("count", "refused"), [(2, False), (3, True)])
def test_boxes_that_are_all_below_a_pixel_are_no_pixels(tmp_path: Path, count: int, refused: bool) -> None:
    tiny = [box(10 + number, 10, 10.9 + number, 20) for number in range(count)]
    if refused:
        with pytest.raises(DataError, match=r"^set: all 3 boxes are smaller than a pixel"):
            import_items(raw_of(tmp_path, RawImage("a.png", tuple(tiny))))
    else:
        assert import_items(raw_of(tmp_path, RawImage("a.png", tuple(tiny))))[1].notes == ("2 of 2 boxes are smaller than a pixel",)
    more = (*tiny, box(1, 1, 2, 2), box(1, 1, 9, 1.5))
    assert import_items(raw_of(tmp_path, RawImage("a.png", more)))[1].notes == (
        f"{count + 1} of {count + 2} boxes are smaller than a pixel",
    )


@pytest.mark.parametrize(
    ("inside", "cut", "gone", "words"),
    [
        (4, 4, 0, ""),
        (3, 4, 0, ""),
        (4, 5, 0, "5 of 9"),
        (3, 4, 1, "5 of 8"),
        (4, 3, 1, ""),
        (0, 1, 7, "8 of 8"),
        (3, 2, 3, "5 of 8"),
        (1, 6, 0, ""),
    ],
)
def test_boxes_most_of_which_lie_outside_are_in_another_unit(tmp_path: Path, inside: int, cut: int, gone: int, words: str) -> None:
    boxes = [*[box(1, 1, 9, 9)] * inside, *(box(54, 1, 74.1 + n, 9) for n in range(cut)), *[box(100, 1, 110, 9)] * gone]
    raw = raw_of(tmp_path, RawImage("a.png", tuple(boxes)))
    if words:
        with pytest.raises(DataError, match=rf"^set: {words} boxes lie mostly outside their pictures"):
            import_items(raw)
        return
    assert import_items(raw)[1].notes == (f"{cut} of {inside + cut} boxes lay mostly outside their pictures and were cut",)
    half = import_items(raw_of(tmp_path, RawImage("a.png", (box(54, 1, 74, 9),) * 20)))[1]
    assert half.notes == () and half.clipped == 20, "half of a box is not most of it"


def test_pictures_are_decoded_a_few_ahead_by_a_few_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def images() -> Any:
        for number in range(40):
            asked.append(number)
            yield RawImage("a.png", record=str(number))

    for processors, ahead in ((1, 4), (2, 8), (4, 16), (64, 16), (None, 4)):
        asked.clear()
        monkeypatch.setattr(importer.os, "cpu_count", lambda count=processors: count)
        walk = importer._inspected(RawDataset(raw_of(tmp_path).root, images(), None, "set"))
        assert [next(walk)[0].record, len(asked)] == ["0", ahead]
        assert [each[0].record for each in walk] == [str(number) for number in range(1, 40)]


# ---- the hierarchy ----------------------------------------------------------------------------------------------------------------------

WORLD = [[(0, 0, 0, 60, 60), (1, 5, 5, 40, 40), (1, 5, 5, 40, 40.5), (2, 10, 10, 30, 30), (0, 70, 70, 72, 99)], [],
         [(2, 0, 0, 100, 100), (1, 1, 1, 50, 50), (1, 1, 1, 50, 50)]]  # fmt: skip
"""Rows 0 to 5, 6, and 7 to 10."""


def test_the_arrays_of_a_hierarchy_have_their_types_and_its_counts_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    items = make_items(WORLD)
    for cost in (1, 1 << 21):
        monkeypatch.setattr(hierarchy, "BLOCK_COST", cost)
        built = build_hierarchy(items, HierarchySettings(min_box_px=8))
        edges = list(zip(built.edges.parent.tolist(), built.edges.child.tolist(), built.edges.direct.tolist(), strict=True))
        assert edges == [
            (0, 1, True),
            (0, 2, False),
            (0, 3, False),
            (0, 4, False),
            (1, 2, True),
            (1, 3, True),
            (1, 4, False),
            (2, 4, True),
            (3, 4, True),
            (7, 8, True),
            (7, 9, False),
            (7, 10, False),
            (8, 9, True),
            (8, 10, True),
        ]
        assert len(built.edges) == 14 and built.depth.tolist() == [0, 1, 2, 2, 3, 1, 0, 0, 1, 2, 2]
        assert built.duplicate.tolist() == [[3, 2], [9, 10]] and built.duplicate.shape == (2, 2)
        assert [each.dtype for each in (built.edges.parent, built.edges.child, built.edges.direct, built.depth, built.duplicate)] == [
            np.int32, np.int32, np.bool_, np.int16, np.int32,
        ]  # fmt: skip
        assert built.counts == {
            "images": 3, "boxes": 8, "scene_box": 7, "box_box": 7, "direct": 8, "duplicates": 2, "scene_like": 1, "small": 1,
        }  # fmt: skip


def test_relatives_of_a_row_are_direct_or_all_of_them() -> None:
    built = build_hierarchy(make_items(WORLD), HierarchySettings(min_box_px=8))
    assert built.children_of(1).tolist() == [2, 3] and built.children_of(1, direct=False).tolist() == [2, 3, 4]
    assert (
        built.parents_of(4).tolist() == [2, 3]
        and built.parents_of(4, direct=False).tolist() == [0, 1, 2, 3] == built.ancestors_of(4).tolist()
    )
    assert [built.twins.value[built.twins.span(row)].tolist() for row in (1, 2, 3)] == [[], [3], [2]]
    assert built.is_related(0, 4) and built.is_related(4, 0) and not built.is_related(2, 3) and not built.is_related(0, 7)


def test_a_subset_of_the_pictures_keeps_its_relations_under_new_numbers() -> None:
    items = make_items(WORLD)
    built = build_hierarchy(items, HierarchySettings(min_box_px=8))
    part = subset_hierarchy(built, items, np.array([False, True, True]))
    assert list(zip(part.edges.parent.tolist(), part.edges.child.tolist(), part.edges.direct.tolist(), strict=True)) == [
        (1, 2, True), (1, 3, False), (1, 4, False), (2, 3, True), (2, 4, True),
    ]  # fmt: skip
    assert part.duplicate.tolist() == [[3, 4]] and part.depth.tolist() == built.depth[6:].tolist()
    assert part.counts == {"images": 2, "boxes": 3, "direct": 3}
    none = subset_hierarchy(built, items, np.array([False, True, False]))
    assert none.duplicate.shape == (0, 2) and len(none.edges) == 0 and none.counts == {"images": 1, "boxes": 0, "direct": 0}
    assert [each.dtype for each in (part.edges.parent, part.edges.child, part.edges.direct, part.depth, part.duplicate)] == [
        np.int32, np.int32, np.bool_, np.int16, np.int32,
    ]  # fmt: skip


def test_classes_within_classes_and_classes_in_pictures_are_tables_of_yes_and_no() -> None:
    items = make_items(WORLD)
    built = build_hierarchy(items, HierarchySettings(min_box_px=8))
    graph = class_graph(items, built)
    assert (
        graph.dtype == bool
        and graph.shape == (30, 30)
        and graph.sum() == 4
        and graph[:3, :3].tolist() == [[False, True, True], [False, False, True], [False, True, False]]
    )
    some = class_graph(items, built, np.array([False, True, True]))
    assert some.sum() == 1 and some[:3, :3].tolist() == [[False] * 3, [False] * 3, [False, True, False]]
    present = scene_classes(items)
    assert present.shape == (3, 30) and present.dtype == bool and present.nnz == 5
    assert present.toarray()[:, :3].tolist() == [[True] * 3, [False] * 3, [False, True, True]]
