"""The small sets of own vectors that people brought, read in place: each is read as it was meant, or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.errors import DataError, HypvizError
from hypviz.explore.library import Library
from hypviz.vectors.read import VectorTable, read_vectors
from hypviz.vectors.workspace import make_vectors_workspace
from hypviz.workspace.store import Workspace

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
LABELS = [f"n{row}" for row in range(20)]


@pytest.fixture(scope="module", autouse=True)
def cases() -> Path:
    if not (CASES / "README.md").is_file():
        pytest.fail(f"The shared cases are not at {CASES}; these tests cannot say anything without them.")
    return CASES


def import_vectors(file: str, out: Path, *options: str) -> tuple[dict[str, Any], Workspace]:
    done = CliRunner().invoke(app, ["data", "vectors", str(CASES / file), "--out", str(out), *options, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), Workspace.open(out)


def direct(workspace: Workspace) -> list[list[int]]:
    edges = workspace.hierarchy.edges
    return np.stack([edges.parent[edges.direct], edges.child[edges.direct]], axis=1).tolist()


@pytest.mark.parametrize("edges", ["edges.txt", "edges_header.csv"])
def test_a_third_column_of_weights_is_read_past_and_said(tmp_path: Path, edges: str) -> None:
    folder = CASES / "vectors_edges_weighted"
    said, made = import_vectors(
        "vectors_edges_weighted/plain.npy", tmp_path / "ws", "--model", "poincare", "--edges", str(folder / edges)
    )  # fmt: skip
    assert direct(made) == [[0, 1], [0, 2], [1, 3], [1, 4]]
    assert (said["edges"], said["kept_edges"], said["dropped_edges"]) == (4, 4, {})
    assert any(note.startswith("not used: the ") for note in said["notes"]) and said["omega_calibrated"]


def test_edges_with_a_heading_and_weights_are_read_by_their_names(tmp_path: Path) -> None:
    said, made = import_vectors(
        "edges_three_ints/p.npy", tmp_path / "ws", "--model", "poincare", "--edges", str(CASES / "edges_three_ints" / "edges.csv")
    )
    assert direct(made) == [[0, 1], [1, 2]] and said["edges"] == 2 and said["notes"] == ["not used: the column weight"]


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ("edges3.npy", r"edges3\.npy: edges of the shape \(2, 3\) could be two rows with a third column, or 3 edges written across"),
        ("edges4.csv", r"edges4\.csv, line 1 has 4 columns \(0, 1, 5, 6\); expected two columns, parent and child"),
        ("names.csv", r"names\.csv, line 1: 'n0' is no row number, and the vectors have no ids or labels"),
        ("neg.csv", r"neg\.csv, line 1: -1, 0 cannot be an edge; its ends are whole row numbers, counted from 0"),
    ],
)
def test_edges_that_are_none_are_refused_with_file_and_row(tmp_path: Path, edges: str, message: str) -> None:
    given = read_vectors(CASES / "edges_three_ints" / "p.npy")
    with pytest.raises(DataError, match=message):
        make_vectors_workspace(
            tmp_path / "ws", given.with_files(edges=CASES / "edges_three_ints" / edges), name="p", model="poincare"
        )  # fmt: skip
    assert not (tmp_path / "ws").exists()


def test_edges_by_name_join_the_labels(tmp_path: Path) -> None:
    vectors = np.load(CASES / "edges_three_ints" / "p.npy")
    given = VectorTable(vectors, labels=np.array(LABELS)).with_files(edges=CASES / "edges_three_ints" / "names.csv")
    made, summary = make_vectors_workspace(tmp_path / "ws", given, name="p", model="poincare")
    assert direct(made) == [[0, 1]] and summary.edges.accepted == 1


def test_a_label_that_is_null_is_no_class(tmp_path: Path) -> None:
    said, made = import_vectors("vectors_null_labels/nulls.parquet", tmp_path / "ws", "--model", "poincare")
    assert (said["vectors"], said["labels"], said["classes"]) == (12, 11, 11)
    assert "None" not in made.items.classes and "" not in made.items.classes and len(made.items.classes) == 11
    row = int(np.flatnonzero(made.items.label == -1)[0])
    assert made.items.name(row) == "no label" and (made.items.label == -1).sum() == 1


@pytest.mark.parametrize("options", [[], ["--model", "poincare"]])
def test_a_checkpoint_of_poincare_embeddings_brings_its_names(tmp_path: Path, options: list[str]) -> None:
    said, made = import_vectors("vectors_poincare_checkpoint/nouns.pth", tmp_path / "ws", *options)
    assert (said["vectors"], said["labels"], said["model"], said["curv"]) == (12, 12, "poincare", 1.0)
    assert [made.items.name(row) for row in range(3)] == ["animal", "mammal", "bird"]


def test_the_page_opens_the_checkpoint_too(home: Path) -> None:
    library = Library(device="cpu")
    opened = library.workspace(library.add_data(str(CASES / "vectors_poincare_checkpoint" / "nouns.pth")))
    assert opened.items.name(11) == "hen" and opened.meta["import"]["vectors"] == 12


def test_no_refusal_prints_a_whole_state(tmp_path: Path) -> None:
    import torch

    layers = {f"layer{number}.weight": torch.rand(30, 30) for number in range(40)}
    for content in (layers, {"model": layers, "epoch": 3}, {"vectors": torch.rand(5, 2), "model": layers, "curv": torch.rand(50)}):
        torch.save(content, tmp_path / "state.pth")
        with pytest.raises(HypvizError) as error:
            given = read_vectors(tmp_path / "state.pth")
            make_vectors_workspace(tmp_path / "ws", given, name="state")
        assert len(str(error.value).replace(str(tmp_path), "")) < 300 and "tensor(" not in str(error.value)
