"""The disks of a view: layouts kept and carried over, points whole or sampled, and what a sample must never leave out."""

from __future__ import annotations

import shutil
from copy import copy
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

import hypviz.explore.disks as module
from hypviz.config import HierarchySettings
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.items import subset_images
from hypviz.errors import DataError, SelectionError
from hypviz.explore.disks import FLAGS, Disks, first_scene
from hypviz.explore.view import View
from hypviz.inference.embed import embed_workspace
from hypviz.model.card import checkpoint_hash
from hypviz.viz import layout
from hypviz.viz.disk import unpack
from hypviz.workspace.store import Workspace
from hypviz.workspace.synthetic import PER_IMAGE, make_workspace
from tests.evaluation.worlds import make_items
from tests.worlds import TinyWorld


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> View:
    """3,000 made-up items, of which only 400 are drawn at once: see `few`."""
    folder = make_workspace(tmp_path_factory.mktemp("made") / "big", 3000, seed=1).folder
    return View(Workspace.open(folder), "demo", device="cpu")


@pytest.fixture
def few(big: View, monkeypatch: pytest.MonkeyPatch) -> Disks:
    monkeypatch.setattr(module, "MAX_POINTS", 400)
    key = checkpoint_hash(big.checkpoint)
    return Disks(big.workspace, big.embedding, checkpoint=key, omega=big.card.omega_children)


@pytest.mark.parametrize("method", ["hierarchy", "pca"])
def test_every_layout_draws_radii_in_the_order_of_the_true_distances(tiny_view: View, method: str) -> None:
    header, arrays = unpack(tiny_view.points(method))
    assert header["layout"] == method
    assert spearmanr(arrays["drawn"], arrays["radius"]).statistic == 1.0
    np.testing.assert_array_equal(arrays["angle"], tiny_view.disks.angles(method))
    other = {"hierarchy": "pca", "pca": "hierarchy"}[method]
    assert not np.array_equal(arrays["angle"], tiny_view.disks.angles(other))


def test_the_layouts_say_what_they_are_and_whether_they_are_ready(tiny_world: TinyWorld, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "copy")
    for stale in world.workspace.glob("embeddings/*/layout-*"):
        stale.unlink()
    view = View(Workspace.open(world.workspace), world.checkpoint, device="cpu")
    before = {entry["name"]: entry for entry in view.layouts()}
    assert list(before) == list(layout.METHODS) and not any(entry["ready"] for entry in before.values())
    assert all(entry["title"] and entry["how"].endswith(".") and entry["estimate"] > 0 for entry in before.values())
    view.points("pca")
    after = {entry["name"]: entry for entry in view.layouts()}
    assert [name for name in after if after[name]["ready"]] == ["pca"]
    assert after["pca"]["seconds"] >= 0 and before["pca"]["seconds"] is None and after["pca"]["progress"] is None
    again = View(Workspace.open(world.workspace), world.checkpoint, device="cpu")
    assert [entry["name"] for entry in again.layouts() if entry["ready"]] == ["pca"]
    np.testing.assert_array_equal(again.disks.angles("pca"), view.disks.angles("pca"))


def test_a_layout_tells_how_far_it_is_while_it_is_made(tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = tiny_world.copy(tmp_path / "copy")
    for stale in world.workspace.glob("embeddings/*/layout-*"):
        stale.unlink()
    view = View(Workspace.open(world.workspace), world.checkpoint, device="cpu")
    heard = []

    def told() -> object:
        return next(each["progress"] for each in view.layouts() if each["name"] == "umap")

    def slow(embedding: object, *_: object, on_progress: object, **__: object) -> np.ndarray:
        heard.append(told())
        on_progress(50, 141)  # type: ignore[operator]
        heard.append(told())
        return np.zeros(141, np.float32)

    monkeypatch.setattr(layout, "angles", slow)
    view.disks.angles("umap")
    assert heard == [(0, 141), (50, 141)] and told() is None


def test_an_unknown_layout_is_refused(tiny_view: View) -> None:
    for ask in (tiny_view.points, tiny_view.honesty, tiny_view.disks.angles):
        with pytest.raises(DataError, match="must be one of hierarchy, pca, cones, umap, hyperboloid, got 'tsne'"):
            ask("tsne")


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(
    tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = tiny_world.copy(tmp_path / "copy")
    for stale in world.workspace.glob("embeddings/*/layout-*"):
        stale.unlink()
    view = View(Workspace.open(world.workspace), world.checkpoint, device="cpu")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hypviz.workspace.store.write_file", refuse)
    assert len(unpack(view.points("pca"))[1]["angle"]) == 141


@pytest.mark.parametrize("odd", ["é✓-3", "plain-1"])
def test_ids_are_kept_as_bytes_whatever_their_letters(few: Disks, odd: str) -> None:
    items = few.workspace.items
    ids = np.append(items.item_id[:5], odd)
    other = copy(few)
    other.workspace = replace(few.workspace, items=SimpleNamespace(item_id=ids))
    assert [one.decode() for one in other._ids.tolist()] == ids.tolist() and other._ids.dtype.kind == "S"


def test_items_added_later_join_a_layout_that_stays_where_it_was(tiny_world: TinyWorld, tmp_path: Path) -> None:
    settings = HierarchySettings()
    items = Workspace.open(tiny_world.workspace).items
    mask = np.arange(len(items.images)) != 3
    old_items = subset_images(items, mask)
    shutil.copytree(tiny_world.folder / "images", tmp_path / "images")
    old = Workspace.create(tmp_path / "ws", old_items, build_hierarchy(old_items, settings), name="a")
    embed_workspace(old, tiny_world.checkpoint, device="cpu")
    before = View(old, tiny_world.checkpoint, device="cpu")
    old_angles = {method: before.disks.angles(method) for method in ("hierarchy", "pca")}
    old_drawn = unpack(before.points())[1]["drawn"]

    new = Workspace.create(tmp_path / "ws", items, build_hierarchy(items, settings), name="a", overwrite=True)
    after = View(new, tiny_world.checkpoint, device="cpu")
    kept = mask[items.image]
    for method, angles in old_angles.items():
        np.testing.assert_array_equal(after.disks.angles(method)[kept], angles)
        assert not np.array_equal(layout.angles(after.embedding, after.tree, method=method)[kept], angles), "it would have moved"
    drawn = unpack(after.points())[1]["drawn"][kept]
    np.testing.assert_allclose(drawn, old_drawn, atol=1e-6)  # the last batch is another one, which a processor may round otherwise


def test_flags_name_what_contradicts_the_annotation(big: View) -> None:
    edges, radii, header = big.hierarchy.edges, big.embedding.radii, unpack(big.points())[0]
    flags = unpack(big.points())[1]["flags"]
    direct = np.flatnonzero(edges.direct)
    slow = {int(edges.child[e]) for e in direct if radii[edges.child[e]] <= radii[edges.parent[e]]}
    assert set(np.flatnonzero(flags >> list(FLAGS).index("inverted") & 1)) == slow and slow
    outside = np.flatnonzero(flags >> list(FLAGS).index("outside_cone") & 1)
    for row in [*outside[:15].tolist(), *np.setdiff1d(np.arange(3000), outside)[:15].tolist()]:
        inside = [row in big.index.cone_members(big.index.query(int(p))) for p in big.hierarchy.parents_of(row)]
        assert (not all(inside)) == (row in outside)
    assert [flag["count"] for flag in header["flags"]] == [int((flags >> bit & 1).sum()) for bit in range(len(FLAGS))]


def test_up_to_the_limit_all_points_are_sent(big: View) -> None:
    header, arrays = unpack(big.points())
    assert header["n"] == header["total"] == 3000 and "row" not in arrays and header["how"] == "all 3,000 items"


def test_beyond_the_limit_every_branch_and_depth_is_shown_and_the_header_says_so(big: View, few: Disks) -> None:
    header, arrays = unpack(few.points())
    assert header["total"] == 3000 and 400 <= header["n"] == len(arrays["row"]) <= 400 + PER_IMAGE
    assert header["how"].startswith(f"{header['n']} of 3,000 items: of every branch and depth")
    for group in (*header["branches"], *header["depths"]):
        assert 0 < group["shown"] <= group["count"]
    assert sum(group["count"] for group in header["depths"]) == 3000
    whole = unpack(big.points())[1]
    for name in ("angle", "radius", "drawn", "label", "image", "branch", "depth", "flags", "split"):
        np.testing.assert_array_equal(arrays[name], whole[name][arrays["row"]], err_msg=name)
    np.testing.assert_array_equal(unpack(few.points())[1]["row"], arrays["row"])


def test_the_selection_is_always_drawn_with_its_ancestors_and_descendants(big: View, few: Disks) -> None:
    plain = set(unpack(few.points())[1]["row"].tolist())
    rows = [row for row in range(2000, 3000) if row not in plain]
    part, scene = next(r for r in rows if big.hierarchy.depth[r] == 2), next(r for r in rows if big.hierarchy.depth[r] == 0)
    for row in (part, scene):
        family = {row, *big.hierarchy.ancestors_of(row).tolist(), *big.hierarchy.descendants_of(row).tolist()}
        shown = set(unpack(few.points(focus=[row]))[1]["row"].tolist())
        assert family <= shown and not family <= plain and plain <= shown
    small = unpack(few.points(budget=50, focus=[part]))[1]["row"]
    assert len(small) <= 50 + 2 * PER_IMAGE and part in small


def test_where_the_page_starts_is_among_the_points(big: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_POINTS", 30)
    disks = Disks(big.workspace, big.embedding, checkpoint=checkpoint_hash(big.checkpoint), omega=1.0, start=2500)
    assert set(disks.family(2500)) <= set(unpack(disks.points())[1]["row"].tolist())


def test_further_points_of_a_region_are_new_and_inside_it(few: Disks) -> None:
    region = np.zeros(3000, np.bool_)
    region[500:1500] = True
    drawn = unpack(few.points())[1]["row"]
    header, arrays = unpack(few.more("hierarchy", region, budget=100))
    assert len(arrays["row"]) == 100 and region[arrays["row"]].all() and not np.isin(arrays["row"], drawn).any()
    left = 1000 - np.isin(drawn, np.arange(500, 1500)).sum()
    assert header["how"] == f"100 of {left} further items in this region, by branch and depth"
    header, arrays = unpack(few.more("hierarchy", region & (np.arange(3000) < 520)))
    assert header["how"] == f"{header['n']} of {header['n']} further items in this region"


def test_single_rows_can_be_asked_for(few: Disks) -> None:
    header, arrays = unpack(few.some("hierarchy", [2999, 4, 4]))
    assert arrays["row"].tolist() == [4, 2999] and header["total"] == 3000
    np.testing.assert_array_equal(arrays["radius"], few.embedding.radii[[4, 2999]])
    with pytest.raises(SelectionError, match=r"Rows must be in 0…2999, got 4…3000"):
        few.some("hierarchy", [4, 3000])
    with pytest.raises(SelectionError, match="At most 400 points"):
        few.some("hierarchy", range(401))


@pytest.mark.parametrize("budget", [0, -1, 401, True, "9"])
def test_a_budget_that_is_none_is_refused(few: Disks, budget: int) -> None:
    with pytest.raises(SelectionError, match="A budget is a number of points from 1 to 400"):
        few.points(budget=budget)


def test_an_item_that_is_not_there_cannot_be_in_focus(few: Disks) -> None:
    with pytest.raises(SelectionError, match="No item 3000"):
        few.points(focus=[3000])


def test_a_made_up_workspace_has_vectors_but_no_pictures(big: View) -> None:
    big.items.__post_init__()  # its own checks hold
    assert len(big.embedding) == 3000 and big.hierarchy.depth.max() == 2
    edges = big.hierarchy.edges
    rebuilt = build_hierarchy(big.items, HierarchySettings())
    np.testing.assert_array_equal(edges.parent, rebuilt.edges.parent)
    np.testing.assert_array_equal(edges.child, rebuilt.edges.child)
    np.testing.assert_array_equal(edges.direct, rebuilt.edges.direct)
    np.testing.assert_array_equal(big.hierarchy.depth, rebuilt.depth)
    assert Image.open(BytesIO(big.thumb(3))).size == (192, 192)  # a drawn card
    assert Image.open(BytesIO(big.picture(3))).size == (640, 480)


WALL, DOOR, LAMP, CAR, WHEEL, DOG, TAIL = range(7)
IN_ONE_WALL = [((0, 0, 90, 90), WALL), *[((10 * k, 10, 10 * k + 9, 30), k % 3 + 1) for k in range(1, 8)]]
CAR_AND_DOG = [((0, 0, 40, 40), CAR), ((2, 20, 12, 30), WHEEL), ((50, 0, 90, 40), DOG), ((52, 2, 60, 10), TAIL)]
APART = [((10 * k, 0, 10 * k + 8, 8), k) for k in range(7)]


def test_different_rows_of_labels_are_counted_image_by_image() -> None:
    rng = np.random.default_rng(0)
    image, one, other = rng.integers(0, 9, 500), rng.integers(-1, 4, 500), rng.integers(-1, 3, 500)
    for labels in ((one,), (one, other)):
        rows = list(zip(image.tolist(), *(label.tolist() for label in labels), strict=True))
        assert module._distinct(10, image, *labels).tolist() == [len({row for row in rows if row[0] == number}) for number in range(10)]


def test_a_newcomer_starts_at_the_scene_that_shows_most_of_a_hierarchy() -> None:
    def start(*scenes: list[tuple[tuple[int, int, int, int], int]]) -> int:
        items = make_items(list(scenes), tuple("abcdefg"))
        return int(items.image[first_scene(items, build_hierarchy(items, HierarchySettings()))])

    assert start(IN_ONE_WALL, CAR_AND_DOG, APART) == 1, "one box around many others shows less than two objects with a part each"
    assert start(APART, IN_ONE_WALL) == 1, "something that holds something comes before boxes side by side"
    assert start(APART[:2], APART, APART[:3]) == 1, "without boxes in boxes it is the one with the most classes"
