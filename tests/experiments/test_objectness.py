"""What frames an object: learned from annotated boxes, judged beside chance, kept in a file, and used where the backbone is the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import import_items
from hypviz.data.items import subset_images
from hypviz.errors import CheckpointError, DataError
from hypviz.experiments.objectness import Looked, intersection_over_union, judge, judged_beside_chance, learn
from hypviz.inference.objectness import Objectness, describe, place, read_objectness, shipped_objectness
from hypviz.inference.propose import PROPOSED, ProposalSettings, propose, windows
from hypviz.model.card import find_checkpoint
from hypviz.model.checkpoint import load_checkpoint
from tests.test_propose import iou
from tests.worlds import TinyWorld


def test_the_overlap_of_boxes_is_that_of_each_pair() -> None:
    rng = np.random.default_rng(0)
    low = rng.random((9, 2)) * 50
    boxes = np.concatenate([low, low + 1 + rng.random((9, 2)) * 50], axis=1)
    expected = [[iou(a, b) for b in boxes[:4]] for a in boxes]
    np.testing.assert_allclose(intersection_over_union(boxes, boxes[:4]), expected, rtol=1e-12)


def test_a_place_is_the_same_at_every_size_and_mirrored() -> None:
    boxes = np.array([[10.0, 20, 40, 60], [0, 0, 100, 50]])
    np.testing.assert_allclose(place(boxes, (100, 80)), place(boxes * 3, (300, 240)))
    mirrored = boxes.copy()
    mirrored[:, [0, 2]] = 100 - boxes[:, [2, 0]]
    same = place(mirrored, (100, 80))
    same[:, [6, 8]] = same[:, [8, 6]]  # what touched the left edge touches the right one
    np.testing.assert_allclose(place(boxes, (100, 80)), same)
    assert place(boxes, (100, 80))[:, 6:].tolist() == [[0, 0, 0, 0], [1, 1, 1, 0]]


def looked(seed: int, signal: float) -> Looked:
    """A picture of many windows and two boxes; the first column tells, as loudly as `signal`, which windows frame one of them."""
    rng = np.random.default_rng(seed)
    boxes = windows((200, 150), ProposalSettings())
    annotated = boxes[rng.integers(0, len(boxes), 2)]
    framed = intersection_over_union(boxes, annotated)
    features = rng.random((len(boxes), 5))
    features[:, 0] += signal * (framed.max(axis=1) >= 0.5)
    return Looked(boxes, framed, describe(features, boxes, (200, 150)), annotated)


def test_what_tells_objects_is_learned_and_what_does_not_is_chance() -> None:
    for signal in (4.0, 0.0):
        weights = learn([looked(seed, signal) for seed in range(30)])
        found = judged_beside_chance([looked(seed, signal) for seed in range(100, 130)], weights)
        assert found["by the answer"]["recall@6"] > 0.9 and found["chance"]["recall@6"] < 0.4
        if signal:
            assert found["learned"]["precision@6"] > 2 * found["chance"]["precision@6"]
            assert found["learned"]["recall@6"] > 0.8
        else:
            assert abs(found["learned"]["precision@6"] - found["chance"]["precision@6"]) < 0.15


def test_figures_are_of_the_first_proposals() -> None:
    boxes = np.array(
        [
            [0.0, 0, 10, 10],
            [20, 0, 30, 10],
            [40, 0, 50, 10],
            [60, 0, 70, 10],
            [80, 0, 90, 10],
            [99, 0, 109, 10],
            [0, 20, 10, 30],
            [1, 0, 10, 10],
        ]
    )
    annotated = np.array([[0.0, 0, 10, 10], [0, 20, 10, 30], [50, 50, 60, 60]])
    one = Looked(boxes, intersection_over_union(boxes, annotated), np.zeros((8, 1)), annotated)
    in_order = judge([one], lambda _: -np.arange(8.0))
    assert in_order == {
        "precision@6": 1 / 6,
        "precision@12": 2 / 7,
        "recall@6": 1 / 3,
        "again@6": 0.0,
    }  # the last window is the first again


def test_a_second_box_on_the_same_object_is_counted_as_such() -> None:
    boxes, annotated = np.array([[0.0, 0, 10, 10], [0, 0, 10, 4.5], [40, 0, 50, 10]]), np.array([[0.0, 0, 10, 10], [40, 0, 50, 10]])
    one = Looked(boxes, intersection_over_union(boxes, annotated), np.zeros((3, 1)), annotated)
    apart = ProposalSettings(overlap=0.5, inside=1.0)
    assert judge([one], lambda _: np.zeros(3), settings=apart)["again@6"] == pytest.approx(1 / 3)
    assert judge([one], lambda _: np.zeros(3))["again@6"] == 0.0


def test_pictures_without_an_object_teach_nothing() -> None:
    with pytest.raises(DataError, match="No window of these pictures frames an annotated box"):
        learn([])
    one = looked(0, 1.0)
    with pytest.raises(DataError, match="No window"):
        learn([Looked(one.boxes, np.zeros_like(one.framed), one.columns, one.annotated)])


def test_it_comes_back_from_its_file_and_another_file_is_named(tmp_path: Path) -> None:
    told = Objectness("0123", np.array([1.5, -2e-7, 3.0]), {"learned_from": [{"name": "a", "pictures": 3}]})
    told.write(tmp_path / "o.json")
    back = read_objectness(tmp_path / "o.json")
    assert (back.backbone, back.weights.tolist(), back.facts) == (told.backbone, told.weights.tolist(), told.facts)
    for content in ("{}", "[]", "no", '{"backbone": "x", "weights": ["a"]}', '{"backbone": "x", "weights": [[1]]}'):
        (tmp_path / "o.json").write_text(content)
        with pytest.raises(CheckpointError, match=r"o\.json"):
            read_objectness(tmp_path / "o.json")


def test_the_shipped_one_is_for_the_shipped_backbone_of_photographs_alone(tiny_world: TinyWorld) -> None:
    encoder, _ = load_checkpoint(find_checkpoint("photos"))
    shipped = shipped_objectness(encoder)
    assert shipped is not None and len(shipped.weights) == encoder.head.in_features + 10
    other, _ = load_checkpoint(tiny_world.checkpoint)
    assert shipped_objectness(other) is None


def test_on_photographs_the_first_proposals_frame_objects(shared_data: Path) -> None:
    encoder, card = load_checkpoint(find_checkpoint("photos"))
    items = import_items(open_dataset(shared_data / "photos_more"))[0]
    mask = np.zeros(len(items.images), bool)
    mask[np.random.default_rng(5).permutation(len(mask))[:4]] = True
    some = subset_images(items, mask)
    settings = ProposalSettings(scales=(0.6, 0.4), most=6)
    proposed = propose(some, encoder, card.answers.cones, settings=settings, everywhere=True)
    right, chance = [], []
    for image in range(len(some.images)):
        size = (int(some.images.width[image]), int(some.images.height[image]))
        annotated = some.xyxy[some.of_image(image)[1:]]
        rows = proposed.of_image(image)
        right += list(intersection_over_union(proposed.xyxy[rows[proposed.source[rows] == PROPOSED]], annotated).max(axis=1) >= 0.5)
        chance += list(intersection_over_union(windows(size, settings), annotated).max(axis=1) >= 0.5)
    assert len(right) == 24 and np.mean(right) > 2 * np.mean(chance)


def test_the_command_judges_what_it_did_not_learn_from(tiny_world: TinyWorld, shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.json"
    command = ["objectness", str(tiny_world.folder), "--judge", str(tiny_world.folder), "--pictures", "5", "--backbone", "demo-small"]
    done = CliRunner().invoke(app, [*command, "--out", str(out), "--json"], catch_exceptions=False)
    answer = json.loads(done.stdout)
    name = tiny_world.folder.name
    assert answer["learned_from"] == [{"name": name, "pictures": 5}]
    assert set(answer["judged"]) == {name} and set(answer["judged"][name]) == {"learned", "chance", "largest first", "by the answer"}
    assert read_objectness(out).facts["judged"] == answer["judged"]
    done = CliRunner().invoke(
        app, ["objectness", str(tiny_world.folder), "--pictures", "5", "--backbone", "demo-small"], catch_exceptions=False
    )
    assert f"{name}, learned: precision@6 " in done.stdout and f"{name}, chance: precision@6 " in done.stdout
    refused = CliRunner().invoke(app, ["objectness", str(shared_data.parent / "cases" / "one_picture_no_box")])
    assert isinstance(refused.exception, DataError) and "no picture with boxes" in str(refused.exception)
