"""Commands and the page: what is named by its address opens, is pinned and recorded; what is pushed comes back as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.access.trust import Trust
from hypviz.cli import serve as serving
from hypviz.errors import CheckpointError, WorkspaceError
from hypviz.explore.library import Library
from hypviz.finetune.training_sets import TrainingSets
from hypviz.hub.client import go_offline
from hypviz.inference.embed import encode
from hypviz.model.card import checkpoint_hash, find_checkpoint, read_card
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.workspace.store import Workspace
from tests.commands import Done
from tests.hub.local_hub import LocalHub
from tests.hub.repositories import DATA, MODEL, add_data, add_model
from tests.worlds import TinyWorld

Run = Callable[..., Done]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(tiny_world: TinyWorld, tmp_path: Path) -> TinyWorld:
    """A copy that may be changed."""
    return tiny_world.copy(tmp_path / "world")


def same_data(one: Workspace, other: Workspace) -> None:
    """Items and hierarchy are the same, whatever the order of the pictures."""
    order, other_order = np.argsort(one.items.item_id), np.argsort(other.items.item_id)
    assert np.array_equal(one.items.item_id[order], other.items.item_id[other_order])
    assert np.array_equal(one.items.xyxy[order], other.items.xyxy[other_order])
    assert [one.items.name(row) for row in order] == [other.items.name(row) for row in other_order]
    edges = [
        {(*workspace.items.item_id[[parent, child]].tolist(), bool(direct)) for parent, child, direct in zip(*columns, strict=True)}
        for workspace in (one, other)
        for columns in [(workspace.hierarchy.edges.parent, workspace.hierarchy.edges.child, workspace.hierarchy.edges.direct)]
    ]
    assert edges[0] == edges[1]


# --- a checkpoint by its address


def test_a_command_embeds_with_a_model_of_the_hub_and_records_its_commit(run: Run, hub: LocalHub, world: TinyWorld, tmp_path: Path) -> None:
    repository = add_model(hub, world, tmp_path / "cones")
    pinned = f"{MODEL}@{repository.branches['main']}"
    done = run("embed", "--workspace", world.workspace, "--checkpoint", MODEL, "--json")
    assert done.json()["dimension"] == 16 and done.err == ""
    opened, path = Workspace.open(world.workspace), find_checkpoint(MODEL)
    assert opened.embedding_meta(checkpoint_hash(path))["extra"] == {"checkpoint": "tiny", "origin": pinned}
    local, of_hub = opened.embedding(checkpoint_hash(world.checkpoint)), opened.embedding(checkpoint_hash(path))
    assert local is not None and of_hub is not None
    np.testing.assert_allclose(of_hub.directions, local.directions, atol=1e-6)  # the same weights; a processor may round otherwise
    np.testing.assert_allclose(of_hub.radii, local.radii, rtol=1e-5)
    asked = len(hub.requests)
    item = str(opened.items.item_id[0])
    found = run("search", "--workspace", world.workspace, "--item", item, "--checkpoint", pinned, "--json").json()
    assert found["children"] is not None and len(hub.requests) == asked


def test_a_training_that_starts_from_the_hub_says_so_in_its_card(run: Run, hub: LocalHub, world: TinyWorld, tmp_path: Path) -> None:
    repository = add_model(hub, world, tmp_path / "cones")
    run(
        "train", "--workspace", world.workspace, "--out", tmp_path / "next", "--init", MODEL, "--steps", 1, "--batch-pairs", 8, "--json"
    ).json()
    assert read_card(tmp_path / "next.safetensors").training["from"] == f"{MODEL}@{repository.branches['main']}"


def test_what_is_refused_is_the_one_line_of_the_command(run: Run, hub: LocalHub, world: TinyWorld) -> None:
    for name, words in (("hf://ada/absent", "has no such model"), ("hf://ada", "is no model on a hub: expected hf://OWNER/MODEL")):
        assert words in run("embed", "--workspace", world.workspace, "--checkpoint", name).mistake()
    assert "has no such data set" in run("data", "import", "hf://datasets/ada/absent", "--out", world.folder / "new").mistake()
    hub.failing = 500
    assert "HTTP 500" in run("data", "import", DATA, "--out", world.folder / "new").mistake()


# --- data by its address


def test_an_import_from_the_hub_is_the_import_of_the_files_and_records_its_commit(
    run: Run, hub: LocalHub, world: TinyWorld, tmp_path: Path
) -> None:
    repository = add_data(hub, world)
    first = repository.branches["main"]
    repository.commit({"README.md": b"emptied since"})
    result = run("data", "import", f"{DATA}@{first}", "--out", tmp_path / "ws", "--json").json()
    made = Workspace.open(tmp_path / "ws")
    assert made.meta["import"]["origin"] == result["origin"] == f"{DATA}@{first}"
    same_data(made, Workspace.open(world.workspace))
    assert Workspace.open(world.workspace).meta["import"]["origin"] == ""
    told = run("data", "import", f"{DATA}@{first}", "--out", tmp_path / "again")
    assert told.status == 0 and f"note: fetched from {DATA}@{first}" in told.out


def test_the_page_opens_what_the_command_line_named_and_asks_no_more(
    hub: LocalHub, home: Path, world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = add_model(hub, world, tmp_path / "cones"), add_data(hub, world)
    seen: dict[str, Any] = {}
    monkeypatch.setattr(serving, "serve", lambda data, checkpoint, **options: seen.update(options, data=data, checkpoint=checkpoint))
    monkeypatch.setattr(serving, "_set_up_log", lambda *_: None)
    serving.serve_page(data=DATA, checkpoint=MODEL)
    assert seen["data"] == f"{DATA}@{data.branches['main']}" and seen["checkpoint"] == f"{MODEL}@{model.branches['main']}"
    assert seen["hub"] is False and os.environ["HF_HUB_OFFLINE"] == "1"
    asked = len(hub.requests)
    library = Library(device="cpu", trust=Trust.of_server([], hub=False))
    name, chosen = library.add_data(seen["data"]), library.add_checkpoint(seen["checkpoint"])
    view = library.open(name, chosen)
    assert (name, chosen) == (seen["data"], seen["checkpoint"]) and chosen in library.checkpoint_names() and name in library.data_names()
    assert view.workspace.folder.parent == home and view.workspace.folder.name.startswith("streets-")
    assert view.workspace.meta["import"]["origin"] == name and library.open(name, chosen) is view
    assert len(hub.requests) == asked
    with pytest.raises(CheckpointError, match="fetches nothing from a hub"):  # another one is not fetched, and nobody is asked
        library.checkpoint("hf://ada/another")
    assert len(hub.requests) == asked


# --- what those at the page may name


def test_a_server_without_the_hub_asks_nobody_and_one_with_it_opens_what_is_named(
    hub: LocalHub, home: Path, world: TinyWorld, tmp_path: Path
) -> None:
    add_model(hub, world, tmp_path / "cones"), add_data(hub, world)
    shut = Library(device="cpu", trust=Trust.of_server([], hub=False))
    for kind, ask in (
        (CheckpointError, lambda: shut.checkpoint(MODEL)),
        (WorkspaceError, lambda: shut.workspace(DATA)),
        (WorkspaceError, lambda: shut.open(DATA, "demo")),
        (WorkspaceError, lambda: shut.workspace_folder(DATA)),
        (CheckpointError, lambda: TrainingSets(shut).job("demo", checkpoint=MODEL)),
    ):
        with pytest.raises(kind, match=r"fetches nothing from a hub|that this server opens"):
            ask()
    assert hub.requests == [] and not home.exists()
    free = Library(device="cpu", trust=Trust.of_server([], hub=True))
    view = free.open(DATA, MODEL)
    assert view.card.name == "tiny" and len(view.workspace.items) == len(Workspace.open(world.workspace).items)
    job = TrainingSets(free).job(DATA, checkpoint=MODEL)
    assert Path(job.checkpoint) == find_checkpoint(MODEL)


def test_a_workspace_in_a_data_set_of_the_hub_is_data_like_any_other(hub: LocalHub, home: Path, world: TinyWorld, tmp_path: Path) -> None:
    repository = add_data(hub, world)
    planted = {path.name: path.read_bytes() for path in world.workspace.iterdir() if path.is_file()}
    planted["meta.json"] = json.dumps(json.loads(planted["meta.json"]) | {"root": "/etc"}).encode()
    repository.commit(repository.commits[repository.branches["main"]] | planted)
    made = Library(device="cpu").workspace(DATA)
    assert made.folder.parent == home and not str(made.items.root).startswith("/etc")


def test_going_offline_holds_for_libraries_that_are_loaded_already(hub: LocalHub) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import OfflineModeIsEnabled

    go_offline()
    with pytest.raises(OfflineModeIsEnabled):
        HfApi().model_info("ada/cones")
    assert hub.requests == []


# --- writing


def test_a_dry_run_writes_the_folder_lists_it_and_asks_nobody(run: Run, hub: LocalHub, tiny_world: TinyWorld, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("push", tiny_world.checkpoint, "ada/cones", "--dry-run", "--out", out)
    assert done.status == 0 and hub.requests == [] and hub.repositories == {}
    names = sorted(path.name for path in out.iterdir())
    assert names == ["README.md", "config.json", "model.safetensors"] and all(
        f"{(out / name).stat().st_size:,}  {name}" in done.out for name in names
    )
    assert HyperbolicEncoder.from_pretrained(out).card == read_card(tiny_world.checkpoint)
    assert 'from_pretrained("hf://ada/cones")' in (out / "README.md").read_text("utf-8")
    assert "is there already" in run("push", tiny_world.checkpoint, "ada/cones", "--dry-run", "--out", out).mistake()
    assert "add --dry-run" in run("push", tiny_world.checkpoint, "ada/cones", "--out", tmp_path / "b").mistake()
    assert "is no model on a hub" in run("push", tiny_world.checkpoint, "cones", "--dry-run").mistake()


@pytest.mark.usefixtures("login")
def test_a_pushed_checkpoint_comes_back_to_the_last_bit(run: Run, hub: LocalHub, tiny_world: TinyWorld) -> None:
    done = run("push", tiny_world.checkpoint, "ada/mine", "--private", "--json").json()
    repository = hub.repositories["models/ada/mine"]
    assert repository.private and done["commit"] == f"hf://ada/mine@{repository.branches['main']}" and len(repository.commits) == 2
    again, before = (HyperbolicEncoder.from_pretrained(name) for name in ("hf://ada/mine", tiny_world.checkpoint))
    crops = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    assert all(np.array_equal(a, b) for a, b in zip(encode(again, crops), encode(before, crops), strict=True))
    uploads = [path for method, path in hub.requests if method == "PUT"]
    assert len(uploads) == 1  # the weights alone are large
    run("push", tiny_world.checkpoint, "ada/mine", "--json").json()
    assert [path for method, path in hub.requests if method == "PUT"] == uploads  # what is there is not sent again


@pytest.mark.usefixtures("login")
def test_a_pushed_workspace_comes_back_with_the_same_items_and_hierarchy(run: Run, hub: LocalHub, world: TinyWorld, tmp_path: Path) -> None:
    before = Workspace.open(world.workspace)
    done = run("push", world.workspace, "ada/mine")
    assert done.status == 0, done.err
    files = hub.repositories["datasets/ada/mine"].commits[hub.repositories["datasets/ada/mine"].branches["main"]]
    assert {name for name in files if name.startswith("images/")} == {f"images/{name}" for name in before.items.images.file_name}
    readme = files["README.md"].decode()
    assert readme.startswith("---\nlicense:") and f"{len(before.items.images)} pictures" in readme and "hf://datasets/ada/mine" in readme
    run("data", "import", "hf://datasets/ada/mine", "--out", tmp_path / "back", "--json").json()
    same_data(Workspace.open(tmp_path / "back"), before)


def test_pushing_without_a_login_is_one_line_with_a_way_out(run: Run, hub: LocalHub, tiny_world: TinyWorld) -> None:
    assert "hf auth login" in run("push", tiny_world.checkpoint, "ada/mine").mistake()
    assert hub.repositories == {}
    hub.failing = 500
    assert "cannot be written" in run("push", tiny_world.checkpoint, "ada/mine").mistake()


def test_vectors_and_lost_pictures_are_no_data_set_to_push(run: Run, hub: LocalHub, world: TinyWorld, tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32) / 9)
    run("data", "vectors", tmp_path / "points.npy", "--model", "poincare", "--out", tmp_path / "points")
    assert "export vectors" in run("push", tmp_path / "points", "ada/points", "--dry-run").mistake()
    lost = world.folder / "images" / str(Workspace.open(world.workspace).items.images.file_name[3])
    lost.unlink()
    assert f"its picture {lost} is not there" in run("push", world.workspace, "ada/mine", "--dry-run").mistake().replace(
        str(lost.resolve()), str(lost)
    )
    assert hub.requests == []


def test_a_process_of_its_own_finds_the_hub_by_its_environment_and_prints_nothing_else(
    hub: LocalHub, tiny_world: TinyWorld, tmp_path: Path
) -> None:
    repository = add_model(hub, tiny_world, tmp_path / "cones")
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "hypviz", "push", MODEL, "ada/copy", "--dry-run", "--json", "--out", str(tmp_path / "copy")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert json.loads(done.stdout)["repository"] == "hf://ada/copy"
    assert (tmp_path / "hf" / "hub" / "models--ada--cones" / "snapshots" / repository.branches["main"]).is_dir()
    weights = (tmp_path / "copy" / "model.safetensors").read_bytes()
    assert weights == repository.commits[repository.branches["main"]]["model.safetensors"]
    routes = {path.partition("/resolve/")[0] for _, path in hub.requests if not path.startswith("/store/")}
    assert all(path.startswith(("/ada/cones", "/api/models/ada/cones")) for path in routes), routes  # and nothing else is asked


# --- the documentation

PAGE = (ROOT / "docs" / "hub.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(hub: LocalHub, world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = add_model(hub, world, tmp_path / "cones")
    repository.branches["v1"] = repository.branches["main"]
    monkeypatch.chdir(tmp_path)
    (code,) = (block.partition("```")[0] for block in PAGE.split("```python\n")[1:])
    names: dict[str, Any] = {}
    exec(compile(code, "docs/hub.md", "exec"), names)
    assert isinstance(names["encoder"], HyperbolicEncoder) and (tmp_path / "runs" / "cones" / "model.safetensors").is_file()


def test_an_address_is_no_folder_for_commands_that_take_folders(run: Run) -> None:
    assert "not a workspace" in run("embed", "--workspace", "hf://datasets/ada/streets").mistake()
