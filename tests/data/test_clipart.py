"""The demo world keeps its promises: determinism, exact boxes, a true hierarchy, a valid data set."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hypviz.clipart import OBJECT_CLASSES, PART_CLASSES, SCENE_TYPES, SPLIT_SEEDS, DrawnScene, contact_sheet, draw_scene, write_dataset
from hypviz.clipart.canvas import DESIGN_WH, MIN_SIDE_PX, MIN_VISIBLE, Canvas, DrawnBox
from hypviz.clipart.draw import paint, scene_type_of, split_of
from hypviz.clipart.palette import STYLES, Style
from hypviz.clipart.shapes import grown, oval, rect, ring, stroke

SMALL = (192, 144)
RED, BLUE = (220, 40, 40), (40, 40, 220)


def box_area(xyxy: tuple[float, float, float, float]) -> float:
    return max(0.0, xyxy[2] - xyxy[0]) * max(0.0, xyxy[3] - xyxy[1])


def overlap(a: DrawnBox, b: DrawnBox) -> float:
    low, high = np.maximum(a.xyxy[:2], b.xyxy[:2]), np.minimum(a.xyxy[2:], b.xyxy[2:])
    return box_area((*low, *high))


def boxes_only(seed: int, scene_type: str | None = None) -> DrawnScene:
    """A scene with its true boxes and rough pixels, which takes half the time."""
    canvas, kind = paint(seed, scene_type=scene_type, supersample=1)
    return DrawnScene(canvas.pixels(), canvas.boxes(), kind, seed)


@pytest.fixture(scope="module")
def scenes() -> list[DrawnScene]:
    first = SPLIT_SEEDS["test"].start
    return [boxes_only(seed) for seed in range(first, first + 240)]


# -- seeds ----------------------------------------------------------------------------------


def test_a_seed_always_draws_the_same_scene() -> None:
    first, again = draw_scene(5), draw_scene(5)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.boxes == again.boxes
    assert first.scene_type == again.scene_type


def test_different_seeds_draw_different_scenes() -> None:
    pictures = {draw_scene(seed, scene_type="street", size=SMALL).pixels.tobytes() for seed in range(12)}
    assert len(pictures) == 12


def test_splits_share_no_seed_and_name_their_seeds() -> None:
    assert set(SPLIT_SEEDS) == {"train", "validation", "test"}
    spans = sorted((seeds.start, seeds.stop) for seeds in SPLIT_SEEDS.values())
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(split_of(seeds[0]) == split_of(seeds[-1]) == name for name, seeds in SPLIT_SEEDS.items())


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"scene_type must be one of .*street.*got 'moon'"):
        draw_scene(1, scene_type="moon")
    with pytest.raises(ValueError, match="seed must lie in one of the ranges"):
        draw_scene(-1)
    with pytest.raises(ValueError, match="size must be at least"):
        draw_scene(1, size=(50, 40))


def test_every_run_of_eight_seeds_shows_every_scene_type() -> None:
    for start in (0, 8, 2_000_000):
        assert {scene_type_of(seed) for seed in range(start, start + 8)} == set(SCENE_TYPES)


# -- classes and levels ---------------------------------------------------------------------


def test_the_world_is_as_rich_as_promised() -> None:
    assert len(SCENE_TYPES) >= 8
    assert len(OBJECT_CLASSES) >= 30
    assert len(PART_CLASSES) >= 45
    assert len({*SCENE_TYPES, *OBJECT_CLASSES, *PART_CLASSES}) == len(SCENE_TYPES) + len(OBJECT_CLASSES) + len(PART_CLASSES)


def test_every_class_appears_and_no_other(scenes: list[DrawnScene]) -> None:
    seen = {box.label for scene in scenes for box in scene.boxes}
    assert seen - {*OBJECT_CLASSES, *PART_CLASSES} == set()
    assert {*OBJECT_CLASSES, *PART_CLASSES} - seen == set()


def test_four_levels_and_a_handy_number_of_boxes(scenes: list[DrawnScene]) -> None:
    levels: dict[int, int] = defaultdict(int)
    for scene in scenes:
        depth: list[int] = []
        for box in scene.boxes:
            depth.append(1 if box.parent is None else depth[box.parent] + 1)  # the scene is level 0
            levels[depth[-1]] += 1
    assert set(levels) == {1, 2, 3}
    assert levels[3] > 2 * len(scenes)
    assert 12 <= np.mean([len(scene.boxes) for scene in scenes]) <= 22


def test_parts_are_shared_by_different_objects(scenes: list[DrawnScene]) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for scene in scenes:
        for box in scene.boxes:
            if box.parent is not None:
                owners[box.label].add(scene.boxes[box.parent].label)
    assert {"car", "bus", "bicycle", "tractor", "office chair"} <= owners["wheel"]
    assert {"house", "bus", "cabin"} <= owners["window"]
    assert {"door", "drawer", "kettle"} <= owners["handle"]
    assert {"tree", "palm tree"} <= owners["trunk"]
    assert sum(len(names) > 1 for names in owners.values()) >= 20


def test_objects_occur_in_several_scene_types(scenes: list[DrawnScene]) -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for scene in scenes:
        for box in scene.boxes:
            places[box.label].add(scene.scene_type)
    assert sum(len(places[name]) > 1 for name in OBJECT_CLASSES) >= 12


# -- boxes ----------------------------------------------------------------------------------


def test_boxes_lie_in_the_picture_and_are_large_enough(scenes: list[DrawnScene]) -> None:
    for scene in scenes:
        high, wide = scene.pixels.shape[:2]
        for box in scene.boxes:
            x0, y0, x1, y1 = box.xyxy
            assert 0 <= x0 < x1 <= wide and 0 <= y0 < y1 <= high
            assert min(x1 - x0, y1 - y0) >= MIN_SIDE_PX
            assert MIN_VISIBLE <= box.visible <= 1


def test_a_part_lies_inside_its_parent(scenes: list[DrawnScene]) -> None:
    for scene in scenes:
        for index, box in enumerate(scene.boxes):
            if box.parent is None:
                continue
            parent = scene.boxes[box.parent]
            assert box.parent < index
            assert overlap(box, parent) >= 0.8 * box_area(box.xyxy), (scene.seed, box, parent)
            assert box_area(parent.xyxy) > box_area(box.xyxy), (scene.seed, box, parent)


def test_parent_and_part_are_not_one_box_twice(scenes: list[DrawnScene]) -> None:
    doubled = [
        (scene.boxes[box.parent].label, box.label)
        for scene in scenes
        for box in scene.boxes
        if box.parent is not None and overlap(box, scene.boxes[box.parent]) >= 0.9 * box_area(scene.boxes[box.parent].xyxy)
    ]
    assert doubled == []


def test_geometric_containment_is_mostly_the_drawn_hierarchy(scenes: list[DrawnScene]) -> None:
    true = accidental = 0
    for scene in scenes:
        above: list[set[int]] = []
        for box in scene.boxes:
            above.append(set() if box.parent is None else above[box.parent] | {box.parent})
        for i, outer in enumerate(scene.boxes):
            for j, inner in enumerate(scene.boxes):
                if box_area(outer.xyxy) > box_area(inner.xyxy) and overlap(outer, inner) >= 0.8 * box_area(inner.xyxy):
                    true, accidental = true + (i in above[j]), accidental + (i not in above[j])
    assert accidental < 0.08 * true


def test_objects_are_large_in_most_scenes(scenes: list[DrawnScene]) -> None:
    sides = [
        max(box.xyxy[2] - box.xyxy[0], box.xyxy[3] - box.xyxy[1]) for scene in scenes for box in scene.boxes if box.label in OBJECT_CLASSES
    ]
    assert np.mean(np.array(sides) >= 40) > 0.97


def test_the_composition_does_not_depend_on_the_size() -> None:
    for seed in (3, 11, 20):
        large, small = draw_scene(seed, size=(640, 480)), draw_scene(seed, size=(320, 240))
        assert small.pixels.shape == (240, 320, 3)
        near = {(box.label, *np.round(np.divide(box.xyxy, 2))) for box in large.boxes}
        found = {(box.label, *np.round(box.xyxy)) for box in small.boxes}
        assert len(found & near) >= 0.7 * len(found) and len(small.boxes) <= len(large.boxes)
        difference = np.abs(np.asarray(Image.fromarray(large.pixels).resize((320, 240))).astype(int) - small.pixels)
        assert difference.mean() < 4


def test_scenes_come_mirrored_both_ways(scenes: list[DrawnScene]) -> None:
    """A car's headlight is at its front, so it shows which way the car looks."""
    ways = set()
    for scene in scenes:
        for box in scene.boxes:
            if box.label == "headlight" and box.parent is not None:
                vehicle = scene.boxes[box.parent].xyxy
                ways.add(box.xyxy[0] - vehicle[0] > vehicle[2] - box.xyxy[2])
    assert ways == {True, False}


def test_boxes_do_not_depend_on_supersampling() -> None:
    assert boxes_only(4).boxes == draw_scene(4).boxes


# -- the canvas -----------------------------------------------------------------------------


def two_rectangles(covered: float) -> tuple[DrawnBox, ...]:
    """A red rectangle 100 wide of which a blue one covers the given share from the right."""
    canvas = Canvas(DESIGN_WH, style=Style("plain"))
    with canvas.part("red"):
        canvas.rect(100, 100, 200, 160, RED)
    with canvas.part("blue"):
        canvas.rect(200 - 100 * covered, 80, 320, 200, BLUE)
    return canvas.boxes()


def test_a_box_covered_by_more_than_half_is_dropped() -> None:
    assert [box.label for box in two_rectangles(0.6)] == ["blue"]


def test_a_box_covered_by_less_than_half_keeps_its_visible_extent() -> None:
    red = two_rectangles(0.4)[0]
    assert red.label == "red"
    assert red.xyxy == pytest.approx((100, 100, 160, 160), abs=0.6)
    assert red.visible == pytest.approx(0.6, abs=0.02)


def test_what_the_frame_cuts_off_counts_as_hidden() -> None:
    canvas = Canvas(DESIGN_WH, style=Style("plain"))
    with canvas.part("mostly outside"):
        canvas.rect(-60, 20, 40, 60, RED)
    with canvas.part("mostly inside"):
        canvas.rect(472, 20, 532, 60, RED)
    (box,) = canvas.boxes()
    assert box.label == "mostly inside"
    assert box.xyxy == pytest.approx((472, 20, 512, 60), abs=0.6)
    assert box.visible == pytest.approx(2 / 3, abs=0.03)


def test_parts_of_a_thing_do_not_hide_it_and_shadows_hide_nothing() -> None:
    canvas = Canvas(DESIGN_WH, style=Style("plain"))
    with canvas.part("house"):
        canvas.rect(100, 100, 200, 200, RED)
        with canvas.part("door"):
            canvas.rect(110, 110, 190, 200, BLUE)
        canvas.rect(100, 100, 200, 200, RED, alpha=0.5)
    house, door = canvas.boxes()
    assert (house.visible, door.visible) == (1.0, 1.0)
    assert (house.parent, door.parent) == (None, 0)


def test_a_thing_reaches_as_far_as_its_parts() -> None:
    canvas = Canvas(DESIGN_WH, style=Style("plain"))
    with canvas.part("house"):
        canvas.rect(100, 100, 200, 200, RED)
        with canvas.part("chimney"):
            canvas.rect(160, 60, 180, 100, BLUE)
    assert canvas.boxes()[0].xyxy == pytest.approx((100, 60, 200, 200), abs=0.6)


def test_boxes_under_six_pixels_are_not_emitted() -> None:
    canvas = Canvas(DESIGN_WH, style=Style("plain"))
    for x, side in ((50, 4.5), (100, 7.5)):
        with canvas.part(f"{side} wide"):
            canvas.rect(x, 50, x + side, 90, RED)
    assert [box.label for box in canvas.boxes()] == ["7.5 wide"]


def test_a_part_of_a_dropped_thing_hangs_on_the_next_one_up() -> None:
    canvas = Canvas(DESIGN_WH, style=Style("plain"))
    with canvas.part("car"):
        canvas.rect(100, 100, 200, 160, RED)
        with canvas.part("wheel"):
            canvas.rect(110, 120, 150, 160, BLUE)
            with canvas.part("hubcap"):
                canvas.rect(110, 120, 122, 132, RED)
        canvas.rect(100, 133, 200, 160, RED)
    assert [(box.label, box.parent) for box in canvas.boxes()] == [("car", None), ("hubcap", 0)]


def test_boxes_agree_with_the_pixels_that_were_painted() -> None:
    """The box of a lone shape, turned and mirrored, is where the picture differs from its ground."""
    canvas = Canvas(DESIGN_WH, style=Style("plain"))
    with canvas.frame(300, 200, scale=1.4, flip=True, turn=0.07), canvas.part("sign"):
        canvas.rect(0, 0, 60, 30, RED)
    rows, columns = np.nonzero(canvas.pixels()[..., 0] > 110)
    painted = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert canvas.boxes()[0].xyxy == pytest.approx(painted, abs=1.1)


def test_a_mirrored_frame_mirrors_the_box() -> None:
    boxes = []
    for flip in (False, True):
        canvas = Canvas(DESIGN_WH, style=Style("plain"))
        with canvas.frame(256, 0, flip=flip), canvas.part("sign"):
            canvas.rect(20, 50, 70, 90, RED)
        boxes.append(canvas.boxes()[0].xyxy)
    assert boxes[1] == pytest.approx((512 - boxes[0][2], boxes[0][1], 512 - boxes[0][0], boxes[0][3]), abs=0.6)


def test_outlines_belong_to_the_box() -> None:
    outlined = next(style for style in STYLES if style.outline)
    canvas = Canvas(DESIGN_WH, style=outlined)
    with canvas.part("sign"):
        canvas.rect(100, 100, 200, 160, RED)
    assert canvas.boxes()[0].xyxy == pytest.approx(
        (100 - outlined.outline, 100 - outlined.outline, 200 + outlined.outline, 160 + outlined.outline), abs=0.8
    )


def test_shapes_have_the_extent_they_are_given() -> None:
    assert np.ptp(oval(5, 5, 20, 10), axis=0) == pytest.approx([40, 20], abs=0.5)
    assert np.ptp(ring(0, 0, 10, 5), axis=0) == pytest.approx([20, 20], abs=0.5)
    assert np.ptp(rect(0, 0, 30, 20, 5), axis=0) == pytest.approx([30, 20])
    assert np.ptp(stroke([(0, 0), (10, 0)], 4), axis=0) == pytest.approx([10, 4])
    assert np.ptp(grown(rect(0, 0, 30, 20), 2), axis=0) == pytest.approx([34, 24])
    assert np.ptp(grown(rect(0, 0, 30, 20)[::-1], 2), axis=0) == pytest.approx([34, 24])


# -- the data set ---------------------------------------------------------------------------


def test_the_data_set_is_valid_coco_and_reads_back_equal(tmp_path: Path) -> None:
    seeds = [3, 2_000_001, 1_000_002]
    told: list[tuple[int, int]] = []
    target = write_dataset(tmp_path / "set", seeds, size=(320, 240), workers=1, on_progress=lambda done, total: told.append((done, total)))
    coco = json.loads(target.read_text())
    assert target == tmp_path / "set" / "annotations.json"
    assert told == [(1, 3), (2, 3), (3, 3)]
    names = [category["name"] for category in coco["categories"]]
    assert names == sorted(names) and [category["id"] for category in coco["categories"]] == list(range(1, len(names) + 1))
    assert coco["licenses"][0]["name"] == "CC0-1.0"
    assert [annotation["id"] for annotation in coco["annotations"]] == list(range(1, len(coco["annotations"]) + 1))
    for image, seed in zip(coco["images"], seeds, strict=True):
        scene = draw_scene(seed, size=(320, 240))
        assert (image["seed"], image["scene_type"], image["license"]) == (seed, scene.scene_type, 1)
        with Image.open(tmp_path / "set" / "images" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"]) == (320, 240)
            assert np.abs(np.asarray(picture).astype(int) - scene.pixels).mean() < 3
        mine = [annotation for annotation in coco["annotations"] if annotation["image_id"] == image["id"]]
        assert len(mine) == len(scene.boxes)
        for annotation, box in zip(mine, scene.boxes, strict=True):
            x, y, wide, high = annotation["bbox"]
            assert (x, y, x + wide, y + high) == pytest.approx(box.xyxy, abs=0.011)
            assert names[annotation["category_id"] - 1] == box.label
            assert annotation["parent_id"] == (None if box.parent is None else mine[box.parent]["id"])


def test_annotations_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    one = write_dataset(tmp_path / "one", range(4), size=SMALL, workers=1)
    two = write_dataset(tmp_path / "two", range(4), size=SMALL, workers=2)
    assert one.read_bytes() == two.read_bytes()
    assert (tmp_path / "one/images/000002.jpg").read_bytes() == (tmp_path / "two/images/000002.jpg").read_bytes()
    assert sorted(path.name for path in (tmp_path / "two").rglob("*") if path.is_file()) == [
        "000000.jpg",
        "000001.jpg",
        "000002.jpg",
        "000003.jpg",
        "annotations.json",
    ]


def test_webp_is_written_on_request_and_other_formats_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path, [1], size=SMALL, workers=0, image_format="webp", quality=70)
    with Image.open(tmp_path / "images/000001.webp") as picture:
        assert picture.format == "WEBP"
    with pytest.raises(ValueError, match="image_format must be one of jpeg, webp, got 'gif'"):
        write_dataset(tmp_path, [1], image_format="gif")


def test_a_contact_sheet_has_its_tiles_in_rows() -> None:
    sheet = contact_sheet([1, 2, 3], columns=2, tile_wh=(160, 120))
    assert sheet.size == (320, 240)
    tile = np.asarray(sheet.crop((0, 120, 160, 240)))
    assert np.array_equal(tile, draw_scene(3, size=(160, 120)).pixels)
