"""Proposals: windows that tile a picture, of which the model chooses, kept apart from annotations everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.config import HierarchySettings
from hypviz.data.corrections import Correction, correct
from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.detect import open_dataset
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.errors import DataError, SettingsError
from hypviz.explore.view import View
from hypviz.inference.propose import PROPOSED, ProposalSettings, choose, propose, suppress, voted, windows, with_proposals
from hypviz.inference.proposed_workspace import propose_workspace
from hypviz.search.embedding import Embedding
from hypviz.workspace.store import Workspace
from tests.data.box_worlds import make_items
from tests.worlds import TinyWorld

MakePicture = Callable[..., Path]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / (float(np.prod(a[2:] - a[:2])) + float(np.prod(b[2:] - b[:2])) - shared)


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 900), st.integers(30, 900))
def test_windows_lie_inside_reach_every_edge_and_are_none_twice(width: int, height: int) -> None:
    boxes = windows((width, height), ProposalSettings())
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    if not len(boxes):
        assert min(width, height) < 60
        return
    assert boxes.min() >= 0 and boxes[:, 2].max() <= width and boxes[:, 3].max() <= height
    sides = boxes[:, 2:] - boxes[:, :2]
    assert sides.min() >= 24 - 1e-2 and np.prod(sides, axis=1).max() <= 0.8 * width * height + 1
    assert (boxes[:, :2].min(axis=0) == 0).all()
    assert np.allclose(boxes[:, 2:].max(axis=0), [width, height], atol=1e-2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 1.0), st.integers(1, 40))
def test_suppression_is_greedy_by_score(seed: int, overlap: float, most: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.random((25, 2)) * 80
    boxes, score = np.concatenate([low, low + 5 + rng.random((25, 2)) * 40], axis=1), rng.random(25)
    kept = suppress(boxes, score, overlap=overlap, most=most)
    expected: list[int] = []
    for row in np.argsort(-score):
        if len(expected) < most and all(iou(boxes[row], boxes[other]) <= overlap for other in expected):
            expected.append(int(row))
    assert kept.tolist() == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 0.9))
def test_of_boxes_of_nearly_one_size_one_inside_the_other_one_is_kept_and_parts_stay(seed: int, inside: float) -> None:
    rng = np.random.default_rng(seed)
    low = rng.random((40, 2)) * 60
    boxes, score = np.concatenate([low, low + 5 + rng.random((40, 2)) * 60], axis=1), rng.random(40)
    kept = suppress(boxes, score, overlap=0.6, most=40, inside=inside)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)

    def clash(one: int, other: int) -> bool:
        union = iou(boxes[one], boxes[other])
        shared = union * (area[one] + area[other]) / (1 + union)
        small, large = sorted((area[one], area[other]))
        return bool(union > 0.6 or (shared > inside * small and small > 0.25 * large))

    for row in range(40):
        better = [other for other in kept.tolist() if score[other] > score[row] and clash(row, other)]
        assert (row in kept) == (not better)


def test_windows_around_a_kept_one_move_it_by_their_scores_and_no_other() -> None:
    boxes = np.array([[0.0, 0, 100, 100], [0, 0, 110, 100], [0, 0, 100, 30], [300, 0, 400, 100], [290, 0, 400, 100]])
    even = voted(boxes, np.array([0, 3]), np.zeros(5))
    np.testing.assert_allclose(even, [[0, 0, 105, 100], [295, 0, 400, 100]])
    score = np.array([0.0, -1.0, 9.0, 0.0, -50.0])
    np.testing.assert_allclose(voted(boxes, np.array([0, 3]), score)[0], [0, 0, 100 + 10 / (1 + np.exp(4)), 100])
    np.testing.assert_allclose(voted(boxes, np.array([0, 3]), score)[1], boxes[3])
    assert voted(boxes, np.array([], np.int64), score).shape == (0, 4)
    between = np.array([[0.0, 0, 10, 10], [2, 0, 12, 10], [3, 0, 13, 10]])  # the middle one overlaps the last more
    np.testing.assert_allclose(voted(between, np.array([0, 2]), np.zeros(3)), [[0, 0, 10, 10], [2.5, 0, 12.5, 10]])


def embedding_of(angles: list[float], radii: list[float], geometry: str = "hyperbolic") -> Embedding:
    """Directions in a plane, the picture's first."""
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return Embedding(directions, np.array(radii, np.float32), 1.0, geometry)


def test_only_windows_inside_the_cone_and_farther_out_are_chosen_the_likeliest_or_nearest_to_the_root_first() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10], [60, 0, 70, 10]])
    # behind the picture and far; beside it; in front of it; behind and farther
    embedding = embedding_of([0, 0.02, 3.0, 0, 0.01], [1.0, 1.5, 2.0, 0.5, 1.8])
    assert choose(embedding, boxes, 0.5, ProposalSettings()).tolist() == [0, 3]
    assert choose(embedding, boxes, 0.5, ProposalSettings(most=1)).tolist() == [0]
    likely = np.array([0.1, 9.0, 9.0, 0.2])  # the second and third are no parts, however much they look like objects
    assert choose(embedding, boxes, 0.5, ProposalSettings(), likely).tolist() == [3, 0]
    wide = embedding_of([0, 1.5, 1.5, 0, 0.01], [1.0, 0.9, 1.1, 0.5, 1.8])  # a cone of more than half the space
    assert choose(wide, boxes, 3.1, ProposalSettings()).tolist() == [1, 3]
    stacked = np.tile(boxes[0], (4, 1))
    assert choose(embedding, stacked, 0.5, ProposalSettings()).tolist() == [0]


def test_proposals_are_added_after_the_boxes_of_their_image_and_leave_the_rest_alone() -> None:
    items = make_items([[(0, 1.0, 1, 9, 9)], [], [(1, 2.0, 2, 5, 5)]], classes=2)
    more = with_proposals(items, {1: np.array([[0.0, 0, 50, 50], [10, 10, 20.03, 20]]), 2: np.array([[3.0, 3, 9, 9]])})
    assert more.source.tolist() == ["image", "annotation", "image", PROPOSED, PROPOSED, "image", "annotation", PROPOSED]
    assert more.classes == (*items.classes, PROPOSED)
    annotated = more.source != PROPOSED
    for name in ("item_id", "image", "label", "xyxy", "source"):
        assert np.array_equal(getattr(more, name)[annotated], getattr(items, name))
    assert {more.name(row) for row in np.flatnonzero(~annotated)} == {PROPOSED}
    again = with_proposals(items, {1: np.array([[0.0, 0, 50, 50], [10, 10, 20.03, 20]])})
    assert again.item_id[3:5].tolist() == more.item_id[3:5].tolist()


def folder_workspace(root: Path, make_picture: MakePicture) -> Workspace:
    for number in range(3):
        make_picture(root / "photos" / f"{number}.png", (96, 72), seed=number)
    items, report = import_items(open_dataset(root / "photos"))
    return Workspace.create(root / "ws", items, build_hierarchy(items, HierarchySettings()), name="photos", report=report)


@pytest.fixture(scope="module")
def propose_command() -> Callable[..., dict[str, object]]:
    def run(*arguments: object) -> dict[str, object]:
        done = CliRunner().invoke(app, ["data", "propose", *map(str, arguments), "--json"], catch_exceptions=False)
        return json.loads(done.output)

    return run


def test_a_folder_of_pictures_becomes_a_hierarchy_marked_as_proposed(
    tmp_path: Path, make_picture: MakePicture, tiny_world: TinyWorld, propose_command: Callable[..., dict[str, object]]
) -> None:
    old = folder_workspace(tmp_path, make_picture)
    before = {path.name: path.read_bytes() for path in old.folder.iterdir() if path.is_file()}
    # An untrained model has no idea of parts: a cone of half the space and more takes windows in all the same.
    result = propose_command(
        "--workspace", old.folder, "--out", tmp_path / "new", "--checkpoint", tiny_world.checkpoint, "--scale", 0.5, "--most", 4
    )
    assert {path.name: path.read_bytes() for path in old.folder.iterdir() if path.is_file()} == before
    new = Workspace.open(tmp_path / "new")
    proposed = new.items.source == PROPOSED
    assert 0 < proposed.sum() == result["proposals"] <= 12
    assert (result["annotated"], result["scenes"]) == (0, 3)
    assert new.meta["import"]["proposals"] == proposed.sum()
    assert len(new.hierarchy.edges) >= proposed.sum()

    view = View(new, tiny_world.checkpoint, device="cpu")  # every way out keeps them apart
    facets = {flag["value"]: flag["count"] for flag in view.queries.selector.facets({})["flags"]}
    assert facets["proposed"] == proposed.sum()
    for word, count in (("--proposed", proposed.sum()), ("--annotated", 3)):
        command = ["export", "selection", "--workspace", new.folder, "--checkpoint", tiny_world.checkpoint, word]
        done = CliRunner().invoke(app, [*map(str, command), "--out", str(tmp_path / f"{word}.csv"), "--json"], catch_exceptions=False)
        assert json.loads(done.output)["items"] == count
    made = view.queries.export({"flags": ["proposed"]}, "coco")
    coco = json.loads(made.data)
    assert {box["hypviz"]["source"] for box in coco["annotations"]} == {PROPOSED}
    (tmp_path / "back.json").write_bytes(made.data)
    items, report = import_items(read_coco(tmp_path / "back.json", tmp_path / "photos"))
    assert report.proposals == proposed.sum() and set(items.source.tolist()) == {"image", PROPOSED}
    assert "proposed, not annotated" in report.summary()


def test_pictures_with_boxes_are_left_alone_unless_asked(tiny_world: TinyWorld) -> None:
    items = Workspace.open(tiny_world.workspace).items
    with pytest.raises(DataError, match=r"All 8 pictures have boxes; propose for them too by --everywhere"):
        propose(items, None, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": ()}, "scales must hold"),
        ({"scales": (1.5,)}, "scale must be between"),
        ({"most": 0}, "most must be"),
        ({"stride": 0.0}, "stride"),
    ],
)
def test_settings_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ProposalSettings(**options)  # type: ignore[arg-type]


def test_a_class_of_that_name_is_not_mixed_with_proposals() -> None:
    items = make_items([[]], classes=0)
    named = with_proposals(items, {0: np.array([[0.0, 0, 9, 9]])})
    with pytest.raises(DataError, match="has a class 'proposal' already"):
        propose(named, None, 1.0)  # type: ignore[arg-type]


def test_corrections_of_the_hierarchy_stay_with_proposals(tiny_world: TinyWorld, tmp_path: Path) -> None:
    opened = Workspace.open(tiny_world.workspace)
    inside = opened.hierarchy.edges.direct & ~opened.items.is_scene[opened.hierarchy.edges.parent]
    place = int(np.flatnonzero(inside)[0])
    ends = [str(opened.items.item_id[side[place]]) for side in (opened.hierarchy.edges.parent, opened.hierarchy.edges.child)]
    corrected, _ = correct(opened.items, opened.hierarchy, [Correction("not", "item", *ends)])
    Workspace.create(tmp_path / "ws", opened.items, corrected, name="corrected")
    propose_workspace(tmp_path / "ws", tmp_path / "more", str(tiny_world.checkpoint), everywhere=True, device="cpu")
    made = Workspace.open(tmp_path / "more")
    rows = [made.items.rows_by_id[end] for end in ends]
    assert len(made.items) >= len(opened.items) and not made.hierarchy.is_related(*rows)
    assert [(one["kind"], one["a"], one["b"]) for one in made.meta["corrections"]] == [("not", *ends)]
