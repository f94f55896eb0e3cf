"""HierOpenImages from CSV files: the same hierarchy as from the pictures, the subset rule, downloads and checksums."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hypviz.cli import app
from hypviz.config import HierarchySettings
from hypviz.data.formats.openimages import find_files, read_openimages
from hypviz.data.formats.openimages_csv import BoxTable, read_boxes, read_descriptions
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.importer import import_items
from hypviz.data.items import item_ids
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError, SettingsError
from hypviz.openimages.download import client_command, download, plan_download, read_checksums, record_checksums, write_commands
from hypviz.openimages.hier_openimages import HierOpenImages, SubsetSettings, build, class_counts, take
from hypviz.openimages.synthetic import write_world
from hypviz.workspace.store import Workspace

MakePicture = Callable[..., Path]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up box files of about 3,000 boxes."""
    return write_world(tmp_path_factory.mktemp("world"), 3000).parent


@pytest.fixture(scope="module")
def table(world: Path) -> BoxTable:
    return read_boxes(find_files(world).boxes, DropCounter())


@pytest.fixture(scope="module")
def made(world: Path, table: BoxTable) -> HierOpenImages:
    return build(table, read_descriptions(find_files(world).descriptions), world / "images")


def test_made_up_files_have_the_official_schema_and_every_hazard(world: Path, table: BoxTable) -> None:
    header = (world / "oidv6-train-annotations-bbox.csv").read_text().splitlines()[0].replace('"', "").split(",")
    official = ["ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax"]
    official += ["IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside", "XClick1X"]
    assert header[:14] == official
    assert len(table) == 3000
    assert set(table.split.tolist()) == {"train"}
    assert all(table.flagged([name]).any() for name in ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction"))
    with pytest.raises(SettingsError, match="at least 100 boxes, got 5"):
        write_world(world, 5)


def test_only_images_with_a_box_inside_another_are_kept(table: BoxTable, made: HierOpenImages, world: Path) -> None:
    edges, items = made.hierarchy.edges, made.items
    nested = np.unique(items.image[edges.parent[~items.is_scene[edges.parent]]])
    assert np.array_equal(nested, np.arange(len(items.images)))
    every = build(table, {}, world, settings=SubsetSettings(subset="all"))
    assert len(every.items.images) > len(items.images)
    kept = {"marked IsGroupOf", "no box inside another"}
    assert set(made.dropped.reasons) == kept
    assert len(items) - len(items.images) + made.dropped.boxes == len(table)


def test_the_nominal_frame_gives_the_hierarchy_of_the_true_pictures(tmp_path: Path, make_picture: MakePicture, world: Path) -> None:
    """Shares of areas do not depend on the frame: pictures of any shape give the same edges, depths and duplicates."""
    table = read_boxes(find_files(world).boxes, DropCounter())
    few = take(build(table, {}, world), 8)
    for number, name in enumerate(few.items.images.file_name.tolist()):
        make_picture(tmp_path / name, ((64, 512), (900, 200), (333, 77))[number % 3], seed=number)
    items, report = import_items(read_openimages(world, tmp_path, only=frozenset(few.items.images.content.tolist())))
    assert (report.images, set(report.dropped)) == (8, {"group of objects"})
    names = [f"/m/{int(items.name(row)[6:]):05x}" for row in np.flatnonzero(~items.is_scene)]
    assert names == [few.items.name(row) for row in np.flatnonzero(~few.items.is_scene)]
    true = build_hierarchy(items, HierarchySettings())
    for name in ("parent", "child", "direct"):
        assert np.array_equal(getattr(true.edges, name), getattr(few.hierarchy.edges, name))
    assert np.array_equal(true.depth, few.hierarchy.depth)
    assert np.array_equal(true.duplicate, few.hierarchy.duplicate)


def test_ids_are_those_of_item_ids_and_classes_have_their_names(made: HierOpenImages) -> None:
    items = made.items
    for image in (0, len(items.images) - 1):
        rows = items.of_image(image)
        assert items.item_id[rows].tolist() == item_ids(str(items.images.content[image]), items.xyxy[rows[1:]].tolist())
    assert items.classes == tuple(sorted(items.classes)) and items.classes[0].startswith("Class ")
    assert sum(boxes for _, boxes, _ in class_counts(items)) == len(items) - len(items.images)
    assert min(boxes for _, boxes, _ in class_counts(items)) > 0
    assert items.images.file_name[0] == f"train/{items.images.content[0]}.jpg"


def test_two_processes_give_the_ids_of_one(table: BoxTable, made: HierOpenImages, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypviz.openimages.hier_openimages.IDS_AT_ONCE", 1500)
    assert build(table, {}, world).items.item_id.tolist() == made.items.item_id.tolist()


def test_bad_boxes_are_counted_by_reason() -> None:
    xyxy = np.array([[0, 0, 1, 1], [0.2, 0.2, 0.5, 0.5], [0.5, 0, 0.4, 1], [1, 0, 1.4, 1], [-0.1, 0, 0.5, 1]], np.float32)
    rows = np.zeros(5, np.int32)
    table = BoxTable(rows, rows.astype(np.int16), xyxy, np.zeros(5, np.uint8), np.array(["a"]), np.array(["train"]), ("/m/0",))
    made = build(table, {"/m/0": "car"}, Path())
    assert {reason: entry.count for reason, entry in made.dropped.reasons.items()} == {
        "empty box": 1,
        "outside the picture": 1,
        "box partly outside, cut and kept": 1,
    }
    assert made.items.xyxy[3].tolist() == [0, 0, 512, 1024]
    with pytest.raises(DataError, match="No image of 1 has a box left after 5 were left out"):
        build(table, {}, Path(), settings=SubsetSettings(splits=("test",)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subset": "some"}, "subset must be one of nested, all"),
        ({"splits": ("dev",)}, "split must be one of"),
        ({"leave_out": ("X",)}, "among IsOccluded"),
    ],
)
def test_unknown_settings_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        SubsetSettings(**options)  # type: ignore[arg-type]


# -- pictures ------------------------------------------------------------------------------------------------------


def test_a_plan_lists_what_is_missing_and_its_size(tmp_path: Path) -> None:
    (tmp_path / "images/train").mkdir(parents=True)
    (tmp_path / "images/train/a.jpg").write_bytes(b"x")
    (tmp_path / "images/train/b.jpg").write_bytes(b"")
    plan = plan_download(["train/a.jpg", "train/b.jpg", "test/c.jpg"], tmp_path / "images")
    assert (plan.missing, plan.present) == (["train/b.jpg", "test/c.jpg"], 1)
    assert plan.bytes == pytest.approx(2 * 293_700, rel=0.01)
    assert plan.free > 0 and "2 pictures to fetch, about 0.0 GB (1 are there)" in plan.describe()
    write_commands(plan, tmp_path / "list.txt")
    lines = (tmp_path / "list.txt").read_text().splitlines()
    assert lines[1] == f"cp --if-size-differ s3://open-images-dataset/test/c.jpg {tmp_path}/images/test/c.jpg"
    assert client_command(tmp_path / "list.txt")[:2] == ["s5cmd", "--no-sign-request"]


def fake_client(folder: Path, script: str) -> None:
    folder.mkdir()
    (folder / "s5cmd").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "s5cmd").chmod(0o755)


def test_the_client_is_run_and_what_did_not_come_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_download(["train/a.jpg", "train/b.jpg"], tmp_path / "images")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"s5cmd is not installed .* run this where it is: s5cmd --no-sign-request .* run "):
        download(plan, tmp_path / "list.txt")
    path = os.defpath
    fake_client(tmp_path / "bin", "echo 'ERROR no route to host' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{path}")
    with pytest.raises(DataError, match=r"2 of 2 pictures did not come .*no route to host.*go on: s5cmd"):
        download(plan, tmp_path / "list.txt")
    fetch = 'while read -r _ _ _ to; do mkdir -p "$(dirname "$to")"; echo x > "$to"; done < "$5"'
    fake_client(tmp_path / "good", fetch)
    monkeypatch.setenv("PATH", f"{tmp_path / 'good'}:{path}")
    download(plan, tmp_path / "list.txt")
    assert plan_download(plan.missing, tmp_path / "images").missing == []


def test_no_room_is_said_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypviz.openimages.download.BYTES_PER_IMAGE", 1e18)
    with pytest.raises(DataError, match="There is no room: 1 pictures to fetch"):
        download(plan_download(["train/a.jpg"], tmp_path), tmp_path / "list.txt")
    assert not (tmp_path / "list.txt").exists()


def test_checksums_are_those_of_sha256sum_and_find_what_changed(tmp_path: Path) -> None:
    folder, path = tmp_path / "images", tmp_path / "checksums.sha256"
    (folder / "train").mkdir(parents=True)
    for name in ("a.jpg", "b c.jpg"):
        (folder / "train" / name).write_bytes(name.encode())
    assert record_checksums(folder, path) == (2, [])
    assert list(read_checksums(path)) == ["train/a.jpg", "train/b c.jpg"]
    assert read_checksums(path)["train/a.jpg"] == hashlib.sha256(b"a.jpg").hexdigest()
    (folder / "train/a.jpg").write_bytes(b"cut")
    (folder / "train/b c.jpg").unlink()
    (folder / "train/new.jpg").write_bytes(b"new")
    recorded, bad = record_checksums(folder, path, verify=True)
    assert (recorded, sorted(bad)) == (1, ["train/a.jpg", "train/b c.jpg"])


def test_the_command_plans_then_imports_what_is_there(tmp_path: Path, make_picture: MakePicture, world: Path) -> None:
    command = ["data", "openimages", str(world), "--out", str(tmp_path / "out"), "--limit", "5", "--json"]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    result = json.loads(first.output)
    assert (result["images"], result["download"]["missing"]) == ({"train": 5}, 5)
    assert result["edges"] == result["boxes"] + result["box_box"] and result["pairs_within"] == result["edges"]
    plan = Workspace.open(tmp_path / "out/plan")
    assert len(plan.items.images) == 5
    listed = (tmp_path / "out/images.csv").read_text().splitlines()
    assert listed[0] == "ImageID,Subset" and len(listed) == 6
    for name in plan.items.images.file_name.tolist():
        make_picture(tmp_path / "out/images" / name)
    second = CliRunner().invoke(app, [*command, "--import", "--verify"])
    assert second.exit_code == 0, second.output
    result = json.loads(second.output)
    assert (result["download"]["missing"], result["checksums"]) == (0, {"recorded": 5, "bad": 0})
    assert Workspace.open(tmp_path / "out/workspace").hierarchy.counts["box_box"] == result["box_box"]
