"""Edge lists as people write them: the same edges in every layout, or every loss counted; never numbers paired anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hypviz.errors import DataError
from hypviz.vectors.columns import read_lines
from hypviz.vectors.edge_files import edge_table, read_edges
from hypviz.vectors.edges import edge_pairs
from hypviz.vectors.read import VectorTable, read_vectors
from hypviz.vectors.workspace import make_vectors_workspace

COUNT = 30
NAMES = np.array([f"Bär {row}, „x“" if row % 3 else f"node_{row}" for row in range(COUNT)])
Rows = list[list[int]]


def random_edges(seed: int) -> Rows:
    """A forest, its edges in any order."""
    rng = np.random.default_rng(seed)
    rows = [[int(rng.integers(0, child)), child] for child in range(1, COUNT) if rng.random() < 0.7]
    return [rows[place] for place in rng.permutation(len(rows))]


def text(separator: str, *, head: str = "", more: str = "", encoding: str = "utf-8", comment: str = "") -> Callable[[Path, Rows], None]:
    def write(path: Path, rows: Rows) -> None:
        lines = [*([comment] if comment else []), *([head] if head else [])]
        lines += [f"{parent}{separator}{child}{more}" for parent, child in rows]
        path.write_bytes(("\r\n".join(lines) + "\r\n\r\n").encode(encoding))

    return write


def swapped(path: Path, rows: Rows) -> None:
    path.write_text("weight,child,parent\n" + "".join(f"0.5,{child},{parent}\n" for parent, child in rows))


def indexed(path: Path, rows: Rows) -> None:
    path.write_text(",parent,child\n" + "".join(f"{row},{parent}.0,{child}.0\n" for row, (parent, child) in enumerate(rows)))


def arrays(**named: Callable[[np.ndarray], Any]) -> Callable[[Path, Rows], None]:
    return lambda path, rows: np.savez(path, **{name: make(np.array(rows)) for name, make in named.items()})


def table(*names: str) -> Callable[[Path, Rows], None]:
    def write(path: Path, rows: Rows) -> None:
        pq.write_table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)}), path)

    return write


LAYOUTS: dict[str, tuple[str, Callable[[Path, Rows], None]]] = {
    "commas": (".csv", text(",")),
    "blanks": (".txt", text("  ")),
    "tabs": (".tsv", text("\t")),
    "semicolons": (".csv", text(";")),
    "heading": (".csv", text(",", head="parent,child")),
    "other heading": (".csv", text(",", head="a,b")),
    "weights without a name": (".txt", text(" ", more=" 3")),
    "named weights": (".csv", text(",", head="source,target,weight", more=",0.25")),
    "columns the other way round": (".csv", swapped),
    "an index and fractions": (".csv", indexed),
    "comments": (".edgelist", text(" ", comment="# a graph of nodes and edges", more=" {'weight': 1}")),
    "UTF-16": (".csv", text(",", head="parent,child", encoding="utf-16")),
    "byte-order mark": (".csv", text(",", encoding="utf-8-sig")),
    ".npy": (".npy", lambda path, rows: np.save(path, np.array(rows))),
    ".npy of floats": (".npy", lambda path, rows: np.save(path, np.array(rows, np.float32))),
    ".npy with weights": (".npy", lambda path, rows: np.save(path, np.array([[*row, 1] for row in rows]))),
    ".npz": (".npz", arrays(edges=lambda rows: rows, other=lambda rows: rows[:, 0])),
    ".npz as PyTorch Geometric": (".npz", arrays(edge_index=lambda rows: rows.T)),
    ".npz by end": (".npz", arrays(parent=lambda rows: rows[:, 0], child=lambda rows: rows[:, 1])),
    ".json": (".json", lambda path, rows: path.write_text(json.dumps(rows))),
    ".json of objects": (".json", lambda path, rows: path.write_text(json.dumps({"edges": [{"child": c, "parent": p} for p, c in rows]}))),
    ".parquet": (".parquet", table("parent", "child")),
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_edges_come_from_every_layout(tmp_path: Path, layout: str, seed: int) -> None:
    rows = random_edges(seed)
    ending, write = LAYOUTS[layout]
    write(tmp_path / f"edges{ending}", rows)
    pairs, counted = edge_pairs(read_edges(tmp_path / f"edges{ending}"), COUNT, ids=None, labels=None)
    assert pairs.tolist() == sorted(rows) and (counted.read, counted.accepted) == (len(rows), len(rows)) and not counted.dropped
    assert bool(counted.notes) == (layout in ("other heading", "columns the other way round") or "weights" in layout)


@pytest.mark.parametrize("by", ["labels", "ids"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".json", ".parquet", ".npy"])
def test_edges_by_name_join_ids_and_labels(tmp_path: Path, ending: str, by: str) -> None:
    rows, path = random_edges(3), tmp_path / f"edges{ending}"
    named = [[str(NAMES[end]) for end in row] for row in rows]
    if ending in (".csv", ".tsv"):
        import csv

        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="," if ending == ".csv" else "\t").writerows([["parent", "child"], *named])
    elif ending == ".json":
        path.write_text(json.dumps(named), encoding="utf-8")
    elif ending == ".npy":
        np.save(path, np.array(named))
    else:
        pq.write_table(pa.table({"child": [row[1] for row in named], "parent": [row[0] for row in named]}), path)
    pairs, counted = edge_pairs(read_edges(path), COUNT, ids=NAMES if by == "ids" else None, labels=NAMES if by == "labels" else None)
    assert pairs.tolist() == sorted(rows) and counted.accepted == len(rows)


@pytest.mark.parametrize("seed", range(5))
def test_read_is_kept_and_dropped_whatever_is_wrong(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = NAMES.copy()
    labels[7] = labels[8]  # two vectors of one name
    kept = [row for row in random_edges(seed) if not {7, 8} & set(row)]
    lines = [[str(labels[parent]), str(labels[child])] for parent, child in kept]
    wrong = {
        "given before": lines[:2],
        "from an item to itself": [[str(labels[3])] * 2],
        "with a name that no vector has": [["x", "y"]] * 3,
    }
    wrong["with the name of several vectors"] = [[str(labels[0]), str(labels[7])]]
    mixed = [*lines, *(line for some in wrong.values() for line in some)]
    (tmp_path / "edges.json").write_text(json.dumps([mixed[place] for place in rng.permutation(len(mixed))]))
    pairs, counted = edge_pairs(read_edges(tmp_path / "edges.json"), COUNT, ids=None, labels=labels)
    assert pairs.tolist() == sorted(kept)
    assert counted.read == len(mixed) == counted.accepted + sum(entry["count"] for entry in counted.dropped.values())
    assert {reason: entry["count"] for reason, entry in counted.dropped.items()} == {reason: len(some) for reason, some in wrong.items()}
    assert all("row " in example for entry in counted.dropped.values() for example in entry["examples"])


REFUSED = {
    "0,1,5,6\n1,2,7,8\n": r"edges\.csv, line 1 has 4 columns \(0, 1, 5, 6\); expected two columns",
    "0,1\n\n1,2,3\n": r"line 3 \('1 2 3'\) has 3 columns, the first row 2",
    "dog,is_a,mammal\n": r"line 1 has 3 columns \(dog, is_a, mammal\)",
    "a,b,c\n0,1,2\n": r"has 3 columns \(a, b, c\); expected two columns, parent and child, or a heading",
    "id1,id2,weight\n0,1,1\n": r"the columns id1, id2, weight do not say which is the parent",
    "0\n1\n2\n": r"line 1 has 1 columns",
    "-1,0\n0,1\n": r"line 1: -1, 0 cannot be an edge",
    "0,1\n1.5,2\n": r"line 2: 1\.5, 2 cannot be an edge",
    "0,1\n,2\n": r"line 2: an edge needs a parent and a child, got \['', '2'\]",
    "0,1\n1,nan\n": r"line 2: 1, nan cannot be an edge",
    "1,30\n1,2\n": r"line 1: the edge is \[1, 30\], but the vectors are rows 0…29, counted from 0\. They seem to be counted from 1",
    "parent,child\n0,1\n4,99\n": r"line 3: the edge is \[4, 99\], but the vectors are rows 0…29, counted from 0\.$",
    "n0,n1\n": r"line 1: 'n0' is no row number",
    "3,3\n4,4\n": r"none of 2 edges can be used: 2 from an item to itself",
    "parent,child\n": r"holds no edges",
    "": r"holds no edges",
}


@pytest.mark.parametrize("content", REFUSED)
def test_what_is_no_edge_list_is_refused_with_the_row(tmp_path: Path, content: str) -> None:
    (tmp_path / "edges.csv").write_text(content)
    with pytest.raises(DataError, match=REFUSED[content]) as error:
        edge_pairs(read_edges(tmp_path / "edges.csv"), COUNT, ids=None, labels=None)
    assert "edges.csv" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe0 jpeg", b"PK\x03\x04", bytes(range(256)), "0,1\nä,2".encode("cp1252")])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, data: bytes) -> None:
    for ending in (".csv", ".npy", ".npz", ".json", ".parquet"):
        (tmp_path / f"edges{ending}").write_bytes(data)
        with pytest.raises(DataError, match=f"edges\\{ending}"):
            edge_pairs(read_edges(tmp_path / f"edges{ending}"), COUNT, ids=None, labels=None)


def test_numbers_that_can_only_be_ids_are_and_those_that_could_be_both_are_refused() -> None:
    ids = np.array([str(1000 + row) for row in range(COUNT)])
    pairs, _ = edge_pairs(edge_table([[1000, 1002]], "edges"), COUNT, ids=ids, labels=None)
    assert pairs.tolist() == [[0, 2]]
    from_one = np.array([str(1 + row) for row in range(COUNT)])
    with pytest.raises(DataError, match="could name rows or ids"):
        edge_pairs(edge_table([[1, 2]], "edges"), COUNT, ids=from_one, labels=None)


def test_arrays_are_never_reshaped() -> None:
    for array in (np.arange(4), np.arange(12).reshape(2, 6), np.arange(12).reshape(3, 4), np.zeros((2, 2, 2)), np.array([[True, False]])):
        with pytest.raises(DataError, match="edges"):
            edge_pairs(edge_table(array, "edges"), COUNT, ids=None, labels=None)


# ---- columns beside the vectors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".parquet", ".npz", ".json", ".pt", "labels.json", "labels.txt", "labels.csv"])
def test_a_missing_label_is_no_class_in_every_file(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(12, 4)) * 0.1
    labels: list[Any] = ["012", "yes", None, "null", "é", None, *"abcdef"]
    path, files = tmp_path / f"v{ending}", {}
    if ending == ".parquet":
        pq.write_table(pa.table({"label": pa.array(labels).dictionary_encode(), "vector": list(vectors)}), path)
    elif ending == ".pt":
        import torch

        torch.save({"vectors": torch.from_numpy(vectors), "labels": labels}, path)
    elif ending == ".npz":
        labels = [1.0, 7.0, float("nan"), 1.0, 3.0, float("nan"), *[2.0] * 6]
        np.savez(path, vectors=vectors, labels=np.array(labels))
        labels = [None if value != value else str(int(value)) for value in labels]
    else:
        np.save(tmp_path / "v.npy", vectors)
        beside = tmp_path / (ending if ending != ".json" else "v.json")
        if beside.suffix == ".json":
            beside.write_text(json.dumps({"labels": labels} if ending == ".json" else labels))
        else:
            head = "label,index\n" if ending == "labels.csv" else ""
            rows = [f"{label or ''}{f',{row}' if head else ''}" for row, label in enumerate(labels)]
            beside.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
        path, files = tmp_path / "v.npy", {} if ending == ".json" else {"labels": beside}
    made, summary = make_vectors_workspace(tmp_path / "ws", read_vectors(path).with_files(**files), name="v", model="poincare")
    assert [None if made.items.label[row] < 0 else made.items.name(row) for row in range(12)] == labels
    assert summary.labelled == 10 and set(made.items.classes) == {label for label in labels if label is not None}


def test_numbers_as_labels_find_the_names_of_their_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", embeddings=np.zeros((4, 3)), targets=[0, 1, 1, 0], classes=["cat", "dog"], extra=np.ones(4))
    given = read_vectors(tmp_path / "v.npz")
    assert given.labels is not None and given.labels.tolist() == ["cat", "dog", "dog", "cat"]
    assert given.notes == ("not used: extra (4)",), "what has no use is named"


def test_a_column_of_label_numbers_is_no_dimension(tmp_path: Path) -> None:
    columns = {"x": [0.1, 0.2], "y": [0.3, 0.1], "label": [3.0, float("nan")]}
    pq.write_table(pa.table(columns), tmp_path / "v.parquet")
    given = read_vectors(tmp_path / "v.parquet")
    assert given.vectors.tolist() == [[0.1, 0.3], [0.2, 0.1]] and given.labels is not None and given.labels.tolist() == ["3", ""]


def test_a_table_of_labels_without_a_heading_is_refused_and_a_heading_is_no_label(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("cat,1\ndog,2\n")
    with pytest.raises(DataError, match=r"a\.csv has 2 columns \(cat, 1\); call the one with the labels 'label'"):
        read_lines(tmp_path / "a.csv", "labels", 2)
    (tmp_path / "b.txt").write_text("label\ncat\ndog\n\n")
    assert read_lines(tmp_path / "b.txt", "labels", 2).tolist() == ["cat", "dog"]
    assert read_lines(tmp_path / "b.txt", "labels", 3).tolist() == ["label", "cat", "dog"]


def test_an_id_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ids must name every vector; row 1 has none"):
        make_vectors_workspace(tmp_path / "ws", VectorTable(np.zeros((2, 3)), ids=np.array(["a", ""])), name="v", model="poincare")


def test_a_missing_label_is_missing_again_when_it_goes_out(tmp_path: Path) -> None:
    from hypviz.explore.export import export_columns
    from hypviz.explore.view import View

    given = VectorTable(np.eye(3) * 0.3, labels=np.array(["a", "", "no label"]))
    made, _ = make_vectors_workspace(tmp_path / "ws", given, name="v", model="poincare")
    view = View(made, "demo")
    (tmp_path / "out.zip").write_bytes(view.queries.export({}, "vectors").data)
    import zipfile

    zipfile.ZipFile(tmp_path / "out.zip").extractall(tmp_path / "out")
    again = read_vectors(tmp_path / "out" / "vectors.npy")
    assert again.labels is not None and again.labels.tolist() == ["a", "", "no label"]
    assert export_columns(view.cards, view.tree, np.arange(3))["label"].tolist() == ["a", "no label", "no label"]


def test_a_row_without_a_vector_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"vector": [[0.1, 0.2], None, [0.3, 0.1]]}), tmp_path / "v.parquet")
    with pytest.raises(DataError, match="column 'vector' has no vector in row 1"):
        read_vectors(tmp_path / "v.parquet")
