"""Workspaces of own vectors: at once on the disk, searchable by entailment, with or without pictures, edges and labels."""

from __future__ import annotations

import json
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.errors import CheckpointError, DataError, SettingsError, WorkspaceError
from hypviz.evaluation import evaluate
from hypviz.evaluation.page.options import EvaluationOptions
from hypviz.evaluation.page.sources import sources_of
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.search.embedding import Embedding
from hypviz.vectors.models import as_model
from hypviz.vectors.read import VectorTable, read_vectors
from hypviz.vectors.workspace import hierarchy_of, make_vectors_workspace
from hypviz.viz.disk import unpack
from hypviz.workspace.store import Workspace
from tests.conftest import MakePicture

COUNT = 40
CURV = 0.8


def tree() -> tuple[Embedding, np.ndarray]:
    """Four trees of a root, three children and two grandchildren each; every child straight behind its parent, nearly."""
    rng = np.random.default_rng(1)
    direction, radius, edges = [], [], []
    for root in np.eye(4, 6):
        first = len(direction)
        for depth, start in ((0, None), *(((1, first),) * 3)):
            row = len(direction)
            direction.append(root + 0.1 * depth * rng.standard_normal(6))
            radius.append(0.6 + 0.7 * depth)
            if start is not None:
                edges.append((start, row))
                for _ in range(2):
                    edges.append((row, len(direction)))
                    direction.append(direction[row] + 0.05 * rng.standard_normal(6))
                    radius.append(2.2)
    unit = np.array(direction) / np.linalg.norm(direction, axis=1, keepdims=True)
    return Embedding(unit.astype(np.float32), np.array(radius, np.float32), CURV), np.array(edges)


POINTS, EDGES = tree()
LABELS = np.array([f"tree {row // 10}" for row in range(COUNT)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    given = VectorTable(as_model(POINTS, "poincare"), labels=LABELS, edges=EDGES, curv=CURV, model="poincare")
    return make_vectors_workspace(tmp_path_factory.mktemp("vectors") / "ws", given, name="trees")[0]


@pytest.fixture(scope="module")
def view(made: Workspace) -> View:
    return View(Workspace.open(made.folder), "demo")


def test_own_vectors_are_seen_as_they_are(view: View) -> None:
    np.testing.assert_allclose(view.embedding.radii, POINTS.radii, rtol=1e-4)
    np.testing.assert_allclose(view.embedding.directions, POINTS.directions, atol=2e-4)
    assert view.embedding.curv == CURV and view.card.name == "trees: own vectors" and "poincare" in view.card.description
    header, arrays = unpack(view.points())
    assert header["n"] == COUNT and sorted(header["classes"]) == sorted(set(LABELS.tolist()))
    np.testing.assert_allclose(arrays["radius"], POINTS.radii, rtol=1e-4)
    assert view.items.is_scene.all() and view.items.name(0) == "tree 0"


def test_the_given_edges_are_the_hierarchy_and_calibrate_the_cone(view: View) -> None:
    assert sorted(view.hierarchy.descendants_of(0).tolist()) == list(range(1, 10)) and view.hierarchy.depth.max() == 2
    assert view.hierarchy.children_of(0).tolist() == [1, 4, 7] and view.hierarchy.parents_of(2).tolist() == [1]
    answer = view.select({"row": 0}, view.card.omega_children)
    assert {card["row"] for card in answer["children"]} <= set(range(1, 10)) and answer["children_total"] >= 7
    assert {card["row"] for card in view.select({"row": 2}, 0.5)["parents"]} >= {0, 1}
    assert view.describe()["start"] in (0, 10, 20, 30)  # a root


def test_a_selection_goes_out_as_vectors_with_their_words(view: View, tmp_path: Path) -> None:
    made = view.queries.export({"text": "tree 1"}, "vectors")
    assert made.ending == "vectors.zip" and made.count == 10
    with zipfile.ZipFile(BytesIO(made.data)) as archive:
        archive.extractall(tmp_path)
    again = read_vectors(tmp_path / "vectors.npy")
    assert again.model == "lorentz" and again.curv == CURV and again.ids is not None and again.edges is not None
    np.testing.assert_allclose(again.vectors, as_model(POINTS, "lorentz")[10:20], rtol=1e-3, atol=1e-4)
    assert again.ids.tolist() == view.items.item_id[10:20].tolist() and len(again.edges) == 9


def test_a_lost_embedding_is_made_again_and_a_lost_file_is_told(made: Workspace, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made.folder, copy)
    shutil.rmtree(copy / "embeddings")
    again = View(Workspace.open(copy), "demo").embedding
    np.testing.assert_allclose(again.directions, POINTS.directions, atol=2e-4)
    (copy / "vectors.npy").unlink()
    with pytest.raises(WorkspaceError, match=r"damaged or half-written: vectors\.npy or its card is missing"):
        Workspace.open(copy)


def test_without_a_picture_a_card_with_the_label_is_drawn(view: View) -> None:
    card = Image.open(BytesIO(view.thumb(7)))
    assert card.size == (192, 192) and np.asarray(card.convert("L")).std() > 10
    assert view.thumb(7) != view.thumb(17) and Image.open(BytesIO(view.picture(7))).size == (192, 192)


def test_own_vectors_are_judged_by_their_edges_and_stand_alone(view: View) -> None:
    found = evaluate(view.items, view.hierarchy, view.embedding).to_json()
    assert found["items"] == COUNT and any("left out" in note for note in found["notes"])
    assert sources_of(view, EvaluationOptions(), Library())[0].embedding(view.workspace).curv == CURV
    with pytest.raises(SettingsError, match="trees holds own vectors: there is no model behind them"):
        sources_of(view, EvaluationOptions(other="demo"), Library())


def test_there_is_no_model_to_place_own_pictures_or_words_with(view: View, make_picture: MakePicture, tmp_path: Path) -> None:
    view.warm_up()
    token = view.placer.uploads.add(make_picture(tmp_path / "a.png").read_bytes(), "a.png")
    for query in ({"upload": token}, {"image": 0, "box": [1, 1, 50, 50]}):
        with pytest.raises(CheckpointError, match="come without a model, so own pictures and words have no place"):
            view.placer.resolve(query)


def test_pictures_are_shown_where_there_are_some(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "pictures" / "é #1.png", (60, 40), seed=3)
    images = np.array(["", "é #1.png", "gone.png", "é #1.png"])
    made, summary = make_vectors_workspace(
        tmp_path / "ws", VectorTable(POINTS.directions[:4], images=images, model="tangent"), name="four", images_root=tmp_path / "pictures"
    )
    assert summary.without == {"none given": 1, "missing": 1} and not summary.calibrated
    view = View(Workspace.open(made.folder), "demo")
    assert Image.open(BytesIO(view.picture(1))).size == (60, 40) and Image.open(BytesIO(view.thumb(3))).size == (192, 128)
    assert Image.open(BytesIO(view.thumb(2))).size == (192, 192) and view.items.name(0) == "vector"


def test_a_directed_graph_keeps_its_direct_edges_and_circles_are_refused() -> None:
    found = hierarchy_of(5, np.array([[0, 1], [1, 2], [0, 2], [3, 2], [0, 1]]))
    pairs = list(zip(found.edges.parent.tolist(), found.edges.child.tolist(), found.edges.direct.tolist(), strict=True))
    assert pairs == [(0, 1, True), (0, 2, False), (1, 2, True), (3, 2, True)] and found.depth.tolist() == [0, 1, 2, 0, 0]
    for circle in ([[0, 1], [1, 2], [2, 0]], [[3, 3]]):
        with pytest.raises(DataError, match="edges go in a circle through rows"):
            hierarchy_of(5, np.array(circle))
    with pytest.raises(DataError, match=r"edge 1 is \[2, 9\], but the vectors are rows 0…4"):
        hierarchy_of(5, np.array([[0, 1], [2, 9]]))
    with pytest.raises(DataError, match=r"whole numbers of the shape \(E, 2\)"):
        hierarchy_of(5, np.zeros((3, 3), int))


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"labels": LABELS[:5]}, "labels has 5 values for 40 vectors"), ({"ids": np.array(["a"] * COUNT)}, "'a' is there 40 times")],
)
def test_columns_that_do_not_fit_are_refused(tmp_path: Path, columns: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make_vectors_workspace(tmp_path / "ws", VectorTable(as_model(POINTS, "lorentz"), model="lorentz", **columns), name="bad")
    assert not (tmp_path / "ws").exists()


def test_a_file_of_vectors_opens_by_its_path(home: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", vectors=as_model(POINTS, "lorentz-full"), labels=LABELS, edges=EDGES)
    library = Library(device="cpu")
    name = library.add_data(str(tmp_path / "mine.npz"))
    opened = library.open(name, "demo")
    assert opened.embedding.curv == pytest.approx(CURV, rel=1e-3) and len(opened.items) == COUNT
    assert library.open(str(tmp_path / "mine.npz"), "demo").workspace.folder == opened.workspace.folder  # made once
    with pytest.raises(WorkspaceError, match="No data called"):
        library.add_data(str(tmp_path / "none.npz"))


def test_the_commands_make_search_and_write_vectors_again(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", as_model(POINTS, "tangent"))
    np.save(tmp_path / "edges.npy", EDGES)
    (tmp_path / "labels.txt").write_text("\n".join(LABELS))
    run = CliRunner().invoke
    options = ["--model", "tangent", "--curv", str(CURV), "--labels", str(tmp_path / "labels.txt"), "--edges", str(tmp_path / "edges.npy")]
    done = run(app, ["data", "vectors", str(tmp_path / "mine.npy"), "--out", str(tmp_path / "ws"), *options, "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["vectors"] == COUNT and said["model"] == "tangent" and said["omega_calibrated"] is True
    item = str(Workspace.open(tmp_path / "ws").items.item_id[0])
    found = run(app, ["search", "--workspace", str(tmp_path / "ws"), "--item", item, "--children", "--json"])
    assert {1, 4, 7} <= {card["row"] for card in json.loads(found.stdout)["children"]} <= set(range(1, 10)), found.output
    out = ["export", "vectors", "--workspace", str(tmp_path / "ws"), "--out", str(tmp_path / "out.npy"), "--model", "poincare"]
    assert run(app, [*out, "--text", "tree 1"]).exit_code == 0
    again = read_vectors(tmp_path / "out.npy")
    assert again.model == "poincare" and again.curv == CURV and again.vectors.shape == (10, 6)
    np.testing.assert_allclose(again.vectors, as_model(POINTS, "poincare")[10:20], atol=1e-5)
    assert again.labels is not None and set(again.labels.tolist()) == {"tree 1"} and again.ids is not None
    assert again.edges is not None and sorted(map(tuple, again.edges.ends.tolist())) == sorted(map(tuple, EDGES[:9].tolist()))
