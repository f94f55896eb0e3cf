"""Embedding on a cluster: the same vectors as here, whoever dies on the way, read where they were written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from hypviz.access.trust import Trust
from hypviz.errors import DataError, SettingsError, WorkspaceError
from hypviz.explore.view import View
from hypviz.inference import ray_stages
from hypviz.inference.embed import embed_items
from hypviz.inference.ray_engine import RaySettings, check_ray, embed_parts
from hypviz.model.card import checkpoint_hash
from hypviz.model.checkpoint import load_checkpoint
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.search.embedding import Embedding
from hypviz.vectors.read import is_vector_file, read_vectors
from hypviz.vectors.workspace import make_vectors_workspace
from hypviz.workspace.parts import About, Place, open_place, read_parts
from hypviz.workspace.store import Workspace
from hypviz.workspace.work import write_work
from tests.commands import Run, command_runner
from tests.ray_worlds import mortal
from tests.worlds import TinyWorld

ROOT = Path(__file__).resolve().parents[1]
BUSY = pytest.mark.timeout(900)
"""Ray starts a dozen processes: half a minute on a quiet machine, minutes where others keep it busy."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A cluster of two cores on this machine, which nobody else reaches; its address."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_AUTH_MODE"] = "disabled"  # a token would be written into the home of whoever runs the tests
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:  # a socket's path has 107 letters
        context = ray.init(
            address="local", num_cpus=2, include_dashboard=False, object_store_memory=128 << 20, log_to_driver=False,
            _temp_dir=folder, _node_ip_address="127.0.0.1",
        )  # fmt: skip
        yield context.address_info["address"]
        ray.shutdown()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    return command_runner(monkeypatch, capfd)


@pytest.fixture
def world(tiny_world: TinyWorld, tmp_path: Path) -> TinyWorld:
    return tiny_world.copy(tmp_path / "world")


def about_of(workspace: Workspace, checkpoint: Path) -> About:
    encoder, _ = load_checkpoint(checkpoint)
    items = workspace.items
    return About(
        checkpoint_hash(checkpoint), items.data_hash, encoder.curv.item(), "hyperbolic", encoder.settings.embed_dim,
        len(items), len(items.images), workspace.name, str(items.root),
    )  # fmt: skip


def assert_same(embedding: Embedding | None, local: Embedding, *, rtol: float = 1e-6) -> None:
    """Radii to 1e-6 of each, directions to half of float16's last digit. rtol: more where crops are looked at in other batches, for which
    the kernels sum in another order."""
    assert embedding is not None
    np.testing.assert_allclose(embedding.radii, local.radii, rtol=rtol)
    np.testing.assert_allclose(embedding.directions, local.directions, atol=2.0**-11, rtol=0)
    np.testing.assert_allclose(np.linalg.norm(embedding.directions, axis=1), 1, atol=1e-6)


def rows_of(folder: Path, *, apart_from: Collection[str] = ()) -> list[str]:
    """The pictures in the files of a folder, one after the other."""
    files = [path for path in folder.glob("*.parquet") if path.name not in apart_from]
    return [picture for path in files for picture in pq.read_table(path, columns=["picture"])["picture"].to_pylist()]


@BUSY
def test_a_worker_that_is_killed_leaves_nothing_out(cluster: str, world: TinyWorld, tmp_path: Path) -> None:
    """On an address that only fsspec knows, in batches of two pictures and parts of one or more."""
    workspace = Workspace.open(world.workspace)
    encoder, _ = load_checkpoint(world.checkpoint)
    local = embed_items(workspace.items, encoder)
    place, fuse, seen = open_place(f"local://{tmp_path}/out"), tmp_path / "fuse", []
    settings = RaySettings(pictures_per_batch=2, pictures_per_part=2)
    embed_parts(
        workspace.items, mortal(encoder, fuse), place, about_of(workspace, world.checkpoint), settings=settings,
        on_progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert fuse.exists(), "nobody was killed, so nothing was tested"
    assert_same(read_parts(tmp_path / "out", workspace.items.item_id), local)
    assert seen and {total for _, total in seen} == {len(workspace.items.images)} and max(done for done, _ in seen) <= seen[0][1]
    table = pq.read_table(next((tmp_path / "out" / "vectors").glob("*.parquet")))
    assert [str(table.schema.field(name).type.value_type) for name in ("item", "radius")] == ["string", "float"]
    assert "halffloat" in str(table.schema.field("direction").type)


@BUSY
def test_a_run_that_is_killed_goes_on_where_it_was_and_is_opened_in_place(cluster: str, world: TinyWorld, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    half = half_a_run(cluster, world, out)
    written, before = set(half), {path.name for path in (out / "vectors").iterdir()}
    with pytest.raises(WorkspaceError, match="is not complete"):
        Workspace.open(world.workspace).link_parts(checkpoint_hash(world.checkpoint), str(out))
    answer = run(
        "embed", "--workspace", world.workspace, "--checkpoint", world.checkpoint, "--engine", "ray", "--out", out.as_uri(), "--json"
    )
    workspace = Workspace.open(world.workspace)
    assert answer.json()["parts"] == out.as_uri() and answer.json()["items"] == len(workspace.items)
    anew = rows_of(out / "vectors", apart_from=before)
    assert not written & set(anew), "what was complete is not computed again"
    assert len(anew) == len(set(anew)) and set(anew) | set(rows_of(out / "vectors")) == set(
        workspace.items.item_id[workspace.items.is_scene]
    )
    local = embed_items(workspace.items, load_checkpoint(world.checkpoint)[0])
    assert_same(workspace.embedding(checkpoint_hash(world.checkpoint)), local)
    assert not list(workspace.embedding_folder(checkpoint_hash(world.checkpoint)).glob("directions*")), "nothing was copied"
    view = View(workspace, world.checkpoint, device="cpu")
    assert view.select({"row": 0}, 3.0)["children"] and len(view.points()) > 0
    twice = run("embed", "--workspace", world.workspace, "--checkpoint", world.checkpoint, "--engine", "ray", "--out", str(out), "--json")
    assert twice.json()["seconds"] < 1e9 and rows_of(out / "vectors", apart_from=before) == anew, "a complete run is not done again"


def half_a_run(cluster: str, world: TinyWorld, out: Path) -> list[str]:
    """Pictures that a run had written for good when its process was killed."""
    environment = os.environ | {"RAY_ADDRESS": cluster, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.ray_worlds", str(world.workspace), str(world.checkpoint), str(out)]
    with (out.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 400
            while len(done(out)) < 2:
                assert process.poll() is None and time.monotonic() < end, (out.parent / "log").read_text()
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
    time.sleep(1.0)  # the cluster notices, and ends the workers
    written = [picture for path in done(out) for picture in pq.read_table(path)["picture"].to_pylist()]
    assert 0 < len(written) < 8, "the run was killed too late to say anything"
    return written


def done(out: Path) -> list[Path]:
    return [path for path in (out / "progress").glob("*.parquet") if not path.name.endswith(".pending.parquet")]


@BUSY
def test_a_picture_that_a_worker_cannot_read_is_one_sentence(
    cluster: str, world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypviz.inference.ray_engine.GATHERED", 1)  # this process does not look at all of so few pictures itself
    workspace = Workspace.open(world.workspace)
    encoder, _ = load_checkpoint(world.checkpoint)
    gone = workspace.items.path(len(workspace.items) - 1)
    gone.unlink()
    with pytest.raises(DataError, match=gone.name) as raised:
        embed_parts(workspace.items, encoder, open_place(tmp_path / "out"), about_of(workspace, world.checkpoint))
    assert "\n" not in str(raised.value)


# without a cluster


def parts_by_hand(workspace: Workspace, encoder: HyperbolicEncoder, about: About, out: Path, *, split: int = 3, **options: Any) -> Place:
    """What a cluster would write, by the two stages alone, some pictures at a time."""
    place = open_place(out)
    write_work(place, workspace.items, rows_per_file=5)
    work = pq.read_table(out / "pictures")
    embedder = ray_stages.Embedder(encoder, root=about.root, **options)
    (out / "vectors").mkdir()
    for number, start in enumerate(range(0, len(work), split)):
        some = ray_stages.decoded(work.slice(start, split), root=about.root, size=encoder.image_size)
        pq.write_table(embedder(some), out / "vectors" / f"{number}.parquet")
    place.write_about(replace(about, complete=True))
    return place


@pytest.fixture
def parts(world: TinyWorld, tmp_path: Path) -> Path:
    workspace = Workspace.open(world.workspace)
    parts_by_hand(workspace, load_checkpoint(world.checkpoint)[0], about_of(workspace, world.checkpoint), tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize(("split", "batch", "passed"), [(1, None, 128), (8, 1, 128), (3, 7, 10), (8, None, 0)])
def test_any_division_of_the_work_gives_the_same_vectors(
    world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: int, batch: int | None, passed: int
) -> None:
    """Also where pictures with many boxes are cut at the encoder, and for an encoder that sees boxes in their pictures."""
    monkeypatch.setattr(ray_stages, "PASSED", passed)
    monkeypatch.setattr(ray_stages, "TASK_CROPS", 4)
    workspace = Workspace.open(world.workspace)
    encoder, card = load_checkpoint(world.checkpoint)
    encoder.settings = replace(card.encoder, context=0.5, contents=1.0, boxes_from=0.4)
    parts_by_hand(workspace, encoder, about_of(workspace, world.checkpoint), tmp_path / "out", split=split, batch=batch)
    local = embed_items(workspace.items, encoder)
    assert_same(read_parts(tmp_path / "out", workspace.items.item_id), local, rtol=1e-6 if batch is None else 5e-6)
    exact = embed_items(workspace.items, encoder, batch=batch)
    assert_same(read_parts(tmp_path / "out", workspace.items.item_id), exact, rtol=1e-6 if batch == 1 else 5e-6)


def test_a_picture_in_two_parts_counts_once_and_one_in_none_is_named(world: TinyWorld, parts: Path) -> None:
    items = Workspace.open(world.workspace).items
    whole = read_parts(parts, items.item_id)
    (parts / "vectors" / "again.parquet").write_bytes((parts / "vectors" / "0.parquet").read_bytes())
    np.testing.assert_array_equal(read_parts(parts, items.item_id).directions, whole.directions)
    (parts / "vectors" / "1.parquet").unlink()
    with pytest.raises(WorkspaceError, match=f"has no vector of .* such as {items.item_id[items.offsets[3]]}; embed again"):
        read_parts(parts, items.item_id)


def test_the_work_and_the_vectors_are_own_vectors_too(world: TinyWorld, parts: Path, tmp_path: Path) -> None:
    items = Workspace.open(world.workspace).items
    table = read_vectors(parts)
    assert is_vector_file(parts) and not is_vector_file(tmp_path)
    assert table.ids is not None and table.ids.tolist() == items.item_id.tolist()
    assert table.labels is not None and table.labels[1] == items.name(1) and table.labels[0] == ""
    opened, _ = make_vectors_workspace(tmp_path / "own", table, name="own", images_root=table.images_root)
    whole, stored = read_parts(parts, items.item_id), opened.embedding(checkpoint_hash(opened.folder / "vectors.npy"))
    assert stored is not None and opened.has_picture(0) and any("boxes" in note for note in table.notes)
    np.testing.assert_allclose(stored.directions, whole.directions, atol=1e-6)
    np.testing.assert_allclose(stored.radii, whole.radii, rtol=1e-6)


def test_parts_of_other_data_are_not_written_over_or_linked(world: TinyWorld, parts: Path) -> None:
    workspace, place = Workspace.open(world.workspace), open_place(parts)
    about = replace(about_of(workspace, world.checkpoint), data_hash="others", complete=True)
    place.write_about(about)
    with pytest.raises(WorkspaceError, match="not of these data"):
        embed_parts(workspace.items, load_checkpoint(world.checkpoint)[0], place, about_of(workspace, world.checkpoint))
    with pytest.raises(WorkspaceError, match="not of these"):
        workspace.link_parts(checkpoint_hash(world.checkpoint), str(parts))


def test_vectors_that_cannot_be_read_are_not_made_again_unasked(world: TinyWorld, parts: Path) -> None:
    workspace, key = Workspace.open(world.workspace), checkpoint_hash(world.checkpoint)
    workspace.link_parts(key, parts.as_uri())
    parts.rename(parts.with_name("away"))
    with pytest.raises(WorkspaceError, match="holds no vectors in parts"):
        workspace.embedding(key)


def test_a_server_reads_vectors_in_allowed_folders_only(world: TinyWorld, parts: Path, tmp_path: Path) -> None:
    workspace, key = Workspace.open(world.workspace), checkpoint_hash(world.checkpoint)
    workspace.link_parts(key, parts.as_uri())
    Trust.of_server([tmp_path], hub=False).check_workspace(workspace.folder)
    with pytest.raises(WorkspaceError, match="does not read"):
        Trust.of_server([world.folder], hub=False).check_workspace(workspace.folder)
    meta = workspace.embedding_folder(key) / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"parts": "s3://bucket/out"}))
    with pytest.raises(WorkspaceError, match="s3://bucket/out"):
        Trust.of_server([tmp_path], hub=False).check_workspace(workspace.folder)


def test_without_ray_one_sentence_says_how_to_get_it(world: TinyWorld, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match="hypviz\\[ray\\]"):
        check_ray()
    command = ["embed", "--workspace", world.workspace, "--checkpoint", world.checkpoint]
    assert "needs the package ray" in run(*command, "--engine", "ray").mistake()
    assert "--engine must be one of local, ray" in run(*command, "--engine", "spark").mistake()
    assert "--out is for --engine ray" in run(*command, "--out", "there").mistake()
    assert "--device is for --engine local" in run(*command, "--engine", "ray", "--device", "cpu").mistake()


def test_an_address_of_no_kind_is_refused() -> None:
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        open_place("nowhere://bucket/out")
