"""What those at the page may name: no file decides it, only the program's own places and what the server's owner allowed."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hypviz.access.trust import Trust
from hypviz.errors import CheckpointError, DataError, SettingsError, WorkspaceError
from hypviz.explore.library import Library
from hypviz.finetune.training_sets import TrainingSets
from hypviz.finetune.upload import staging, take_in
from hypviz.workspace.meta import KIND, read_meta
from tests.conftest import MakePicture
from tests.finetune.zips import coco_files, pack
from tests.worlds import TinyWorld


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """A folder that the server's owner allowed."""
    (tmp_path / "allowed").mkdir()
    return tmp_path / "allowed"


@pytest.fixture
def library(home: Path, allowed: Path) -> Library:
    home.mkdir()
    return Library(device="cpu", trust=Trust.of_server([allowed], hub=False))


def plant(world: TinyWorld, into: Path, root: Path) -> Path:
    """A workspace whose meta.json was changed to have its pictures in `root`."""
    shutil.copytree(world.workspace, into)
    meta = json.loads((into / "meta.json").read_text()) | {"root": str(root)}
    (into / "meta.json").write_text(json.dumps(meta))
    return into


def test_a_workspace_planted_among_uploaded_pictures_is_data_like_any_other(
    library: Library, home: Path, tiny_world: TinyWorld, tmp_path: Path
) -> None:
    archive = pack(tmp_path / "set.zip", coco_files(tiny_world, top=""))
    secret = tiny_world.folder
    planted = plant(tiny_world, tmp_path / "planted", secret)
    with zipfile.ZipFile(archive, "a") as file:
        for path in planted.rglob("*"):
            if path.is_file() and path.parent == planted:
                file.write(path, path.name)
    with staging() as stage:
        name = take_in(archive, stage, name="set.zip", on_stage=lambda *_: None)
    assert (home / f"{name}.pictures" / "meta.json").is_file()  # it was unpacked
    assert library.data_names() == ["demo", name]
    for wanted in (f"{name}.pictures", f"./{name}.pictures", str(home / f"{name}.pictures"), f"{name}.pictures/.", f"x/../{name}.pictures"):
        for ask in (library.workspace, library.workspace_folder):
            with pytest.raises(WorkspaceError, match="is no folder that this server opens"):
                ask(wanted)
    with pytest.raises(WorkspaceError):  # not even for one's own code, which may name any path
        Library(device="cpu").workspace_folder(str(home / f"{name}.pictures"))
    assert len(library.workspace(name).items) > 0


@pytest.mark.parametrize("ask", ["workspace", "workspace_folder"])
def test_paths_outside_the_allowed_folders_are_refused_whether_or_not_they_are_there(
    library: Library, allowed: Path, tiny_world: TinyWorld, tmp_path: Path, ask: str
) -> None:
    (allowed / "way out").symlink_to(tiny_world.folder)
    there, absent = tiny_world.workspace, tmp_path / "absent"
    sentences = set()
    for path in (there, absent, allowed / ".." / "x", allowed / "way out" / "workspace", Path("/etc")):
        with pytest.raises(WorkspaceError, match="is no folder that this server opens") as refused:
            getattr(library, ask)(str(path))
        sentences.add(str(refused.value).replace(repr(str(path)), ""))
    assert len(sentences) == 1  # nothing tells what is there from what is not


def test_a_workspace_in_an_allowed_folder_shows_pictures_of_allowed_folders_only(
    library: Library, allowed: Path, tiny_world: TinyWorld
) -> None:
    good = tiny_world.copy(allowed / "good").workspace
    assert library.workspace(str(good)).folder == good.resolve()
    for root in (tiny_world.folder / "images", Path("/etc"), Path("../../../..")):
        planted = plant(tiny_world, allowed / f"planted-{len(str(root))}", root)
        for ask in (library.workspace, library.workspace_folder):
            with pytest.raises(WorkspaceError, match="place of a workspace's pictures"):
                ask(str(planted))


def test_a_workspace_whose_names_climb_out_of_its_root_is_refused(library: Library, allowed: Path, tiny_world: TinyWorld) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    world = tiny_world.copy(allowed / "climbs")
    table = pq.read_table(world.workspace / "images.parquet")
    names = ["../../secret.png", *table["file_name"].to_pylist()[1:]]
    pq.write_table(
        table.set_column(0, "file_name", pa.array(names)).replace_schema_metadata(table.schema.metadata), world.workspace / "images.parquet"
    )
    with pytest.raises(WorkspaceError, match="outside their own folder"):
        library.workspace(str(world.workspace))


def test_what_the_owner_named_at_the_start_is_opened_wherever_it_lies(library: Library, tiny_world: TinyWorld) -> None:
    name = library.add_data(str(tiny_world.workspace))
    assert library.workspace(name).folder == tiny_world.workspace.resolve() == library.workspace_folder(name).resolve()
    chosen = library.add_checkpoint(str(tiny_world.checkpoint))
    assert library.open(name, chosen).card.name == "tiny"


def test_a_workspace_made_here_keeps_its_pictures_wherever_they_lie(library: Library, home: Path, tiny_world: TinyWorld) -> None:
    plant(tiny_world, home / "mine", tiny_world.folder / "images")  # as an import by the command line makes one
    assert "mine" in library.data_names() and library.workspace("mine").name == "tiny"


def test_a_file_of_vectors_names_pictures_in_allowed_folders_only(library: Library, allowed: Path, tiny_world: TinyWorld) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    images = sorted(path.name for path in (tiny_world.folder / "images").iterdir())[:3]
    for number, extra in enumerate(
        ({"images": [f"../../{one}" for one in images]}, {"images": [str(tiny_world.folder / "images" / images[0])] * 3})
    ):
        np.savez(allowed / f"v{number}.npz", vectors=vectors, **extra)
        with pytest.raises(DataError, match="outside the folders that this server opens"):
            library.workspace(str(allowed / f"v{number}.npz"))
    np.savez(allowed / "v.npz", vectors=vectors, images=images)
    (allowed / "v.json").write_text(json.dumps({"images_root": str(tiny_world.folder / "images")}))
    with pytest.raises(DataError, match="outside the folders that this server opens"):
        library.workspace(str(allowed / "v.npz"))
    np.savez(allowed / "plain.npz", vectors=vectors / 4, model="poincare", curv=1.0)
    assert len(library.workspace(str(allowed / "plain.npz")).items) == 3


def test_checkpoints_by_path_are_those_of_allowed_folders(library: Library, allowed: Path, tiny_world: TinyWorld) -> None:
    for name in (str(tiny_world.checkpoint), "../x", "/etc/passwd"):
        with pytest.raises(CheckpointError, match="is no checkpoint that this server opens"):
            library.checkpoint(name)
        with pytest.raises(CheckpointError, match="is no checkpoint that this server opens"):
            TrainingSets(library).job("demo", checkpoint=name)
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_world.checkpoint.with_suffix(suffix), allowed / f"mine{suffix}")
    assert library.checkpoint(str(allowed / "mine.safetensors")) == allowed / "mine.safetensors"
    assert library.checkpoint("demo").name == "demo.safetensors"


@pytest.mark.parametrize(
    ("backbone", "weights", "sentence"),
    [
        ("open_clip:hf-hub:someone/model", "", "OpenCLIP has no model"),
        ("open_clip:local-dir:/etc", "", "OpenCLIP has no model"),
        ("timm:hf-hub:someone/model", "", "timm has no model"),
        ("timm:local-dir:/etc", "", "timm has no model"),
        ("timm:resnet50.hf-hub:x/y", "", "timm has no model"),
        ("somewhere:else", "", "Unknown backbone"),
        ("timm:resnet50", "hub:a1_in1k", "fetches no weights from a hub"),
        ("timm:resnet50", "/etc/passwd", "is no weights file that this server opens"),
        ("timm:resnet50", "/no/such/file", "is no weights file that this server opens"),
    ],
)
def test_a_job_names_known_backbones_and_allowed_weights_only(library: Library, backbone: str, weights: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        TrainingSets(library).job("demo", backbone=backbone, weights=weights)


def test_a_server_that_was_started_with_the_hub_takes_its_weights(home: Path) -> None:
    library = Library(device="cpu", trust=Trust.of_server([], hub=True))
    assert TrainingSets(library).job("demo", backbone="timm:resnet50", weights="hub:a1_in1k").weights == "hub:a1_in1k"


def test_a_strangers_card_leads_to_no_hub_and_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from hypviz.model.backbone import build_backbone

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    for name in ("open_clip:hf-hub:a/b", "timm:hf-hub:a/b", "open_clip:local-dir:/etc", "timm:local-dir:/etc"):
        with pytest.raises(SettingsError, match="has no model"):
            build_backbone(name)


def test_an_allowed_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is no folder, so it cannot be allowed"):
        Trust.of_server([tmp_path / "absent"], hub=False)


def test_a_path_that_cannot_be_followed_is_not_allowed(allowed: Path) -> None:
    trust = Trust.of_server([allowed], hub=False)
    (allowed / "loop").symlink_to(allowed / "loop")
    assert not trust.allows("a\0b") and trust.allows(allowed / "x") and not trust.allows(allowed.with_name("allowed-2"))


def test_two_sets_of_one_short_hash_stay_two(
    library: Library, home: Path, tiny_world: TinyWorld, make_picture: MakePicture, tmp_path: Path
) -> None:
    archive = pack(tmp_path / "set.zip", coco_files(tiny_world, top=""))
    with staging() as stage:
        first = take_in(archive, stage, name="set.zip", on_stage=lambda *_: None)
    short = first.rpartition("-")[2]
    meta = read_meta(home / first)
    assert meta["kind"] == KIND and meta["data_hash"].startswith(short)
    (home / first / "meta.json").write_text(json.dumps(meta | {"data_hash": short + "0" * (len(meta["data_hash"]) - len(short))}))
    with staging() as stage:
        second = take_in(archive, stage, name="other.zip", on_stage=lambda *_: None)
    assert second != first
