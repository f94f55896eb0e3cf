"""Vector files of every type: what was written is what is read, with all that was said of the vectors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from hypviz.errors import DataError
from hypviz.vectors.models import MODELS, as_model, place_vectors
from hypviz.vectors.read import is_vector_file, read_vectors
from tests.vectors.test_models import cloud

POINTS = cloud(0.6, count=40, dim=4, reach=2.0)
LABELS = [f"class {row % 3} é" for row in range(40)]
EDGES = np.array([[0, 1], [0, 2], [2, 3]])
Write = Callable[[Path, np.ndarray, str], None]


def beside(path: Path, model: str) -> None:
    said = {"curv": 0.6, "model": model, "labels": LABELS, "edges": EDGES.tolist()}
    path.with_suffix(".json").write_text(json.dumps(said), encoding="utf-8")


def as_npy(path: Path, vectors: np.ndarray, model: str) -> None:
    np.save(path, vectors)
    beside(path, model)


def as_npz(path: Path, vectors: np.ndarray, model: str) -> None:
    np.savez(path, vectors=vectors, labels=np.array(LABELS), edges=EDGES, curv=-0.6, model=model)


def as_parquet(path: Path, vectors: np.ndarray, model: str) -> None:
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    said = {b"hypviz": json.dumps({"curv": 0.6, "model": model, "edges": EDGES.tolist()}).encode()}
    pq.write_table(pa.table({"label": LABELS, "vector": column}, metadata=said), path)


def as_safetensors(path: Path, vectors: np.ndarray, model: str) -> None:
    said = {"curv": "0.6", "model": model, "labels": json.dumps(LABELS)}
    save_file({"embeddings": vectors, "edges": EDGES}, path, metadata=said)


def as_torch(path: Path, vectors: np.ndarray, model: str) -> None:
    import torch

    torch.save({"x": torch.from_numpy(vectors), "edges": torch.from_numpy(EDGES), "labels": LABELS, "curv": 0.6, "model": model}, path)


WRITERS: dict[str, Write] = {".npy": as_npy, ".npz": as_npz, ".parquet": as_parquet, ".safetensors": as_safetensors, ".pt": as_torch}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ending", WRITERS)
def test_every_model_makes_the_round_trip_through_every_type_of_file(tmp_path: Path, ending: str, model: str) -> None:
    path = tmp_path / f"own{ending}"
    WRITERS[ending](path, as_model(POINTS, model), model)
    given = read_vectors(path)
    assert is_vector_file(path) and given.curv == pytest.approx(0.6) and given.model == model
    assert given.labels is not None and given.labels.tolist() == LABELS
    assert given.edges is not None and given.edges.ends.tolist() == EDGES.tolist()
    placed = place_vectors(given.vectors, model=given.model, curv=given.curv)
    np.testing.assert_allclose(placed.embedding.radii, POINTS.radii, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(placed.embedding.directions, POINTS.directions, atol=2e-4)


def test_a_parquet_file_may_have_a_column_per_dimension(tmp_path: Path) -> None:
    vectors = as_model(POINTS, "lorentz")
    table = pa.table({"item_id": [f"i{row}" for row in range(40)]} | {f"x{place}": vectors[:, place] for place in range(4)})
    pq.write_table(table, tmp_path / "wide.parquet")
    given = read_vectors(tmp_path / "wide.parquet")
    np.testing.assert_array_equal(given.vectors, vectors)
    assert given.ids is not None and given.ids[3] == "i3"


def test_half_precision_and_a_bare_tensor_are_read(tmp_path: Path) -> None:
    import torch

    torch.save(torch.from_numpy(as_model(POINTS, "tangent")).bfloat16(), tmp_path / "bare.pt")
    given = read_vectors(tmp_path / "bare.pt")
    assert given.vectors.dtype == np.float32 and given.vectors.shape == (40, 4) and given.curv is None


def test_columns_may_lie_in_files_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", as_model(POINTS, "lorentz"))
    (tmp_path / "labels.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    (tmp_path / "edges.csv").write_text("parent,child\n0,1\n0 2\n\n2,3\n")
    given = read_vectors(tmp_path / "own.npy").with_files(labels=tmp_path / "labels.txt", edges=tmp_path / "edges.csv", images=None)
    assert given.labels is not None and given.labels.tolist() == LABELS and given.images is None
    assert given.edges is not None and given.edges.ends.tolist() == EDGES.tolist()
    (tmp_path / "bad.csv").write_text("0,1\n1;2\n")
    with pytest.raises(DataError, match=r"bad\.csv cannot be read as pairs of rows"):
        given.with_files(edges=tmp_path / "bad.csv")


def broken_npz(path: Path) -> None:
    np.savez(path, vectors=np.array([{"a": 1}], dtype=object))


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("gone.npy", lambda path: None, "There is no vector file"),
        ("a.txt", lambda path: path.write_text("1 2"), r"no vector file that is known; expected one of \.npy"),
        ("a.npy", lambda path: path.write_bytes(b"\x93NUMPY broken"), r"cannot be read as \.npy"),
        ("a.npz", broken_npz, r"cannot be read as \.npz \(ValueError: Object arrays cannot be loaded"),
        (
            "two.npz",
            lambda path: np.savez(path, a=np.zeros((2, 2)), b=np.zeros((2, 2))),
            r"holds a \(2 × 2\), b \(2 × 2\); expected a matrix called 'vectors'",
        ),
        ("c.npz", lambda path: np.savez(path, vectors=np.zeros((2, 2)), curv=np.zeros(2)), "says curv .* expected one number other than 0"),
    ],
)
def test_what_is_no_vector_file_is_refused(tmp_path: Path, name: str, make: Callable[[Path], Any], message: str) -> None:
    make(tmp_path / name)
    with pytest.raises(DataError, match=message):
        read_vectors(tmp_path / name)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    import torch

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"vectors": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(DataError, match="which are not run"):
        read_vectors(tmp_path / "trap.pt")
    assert not (tmp_path / "ran").exists()
