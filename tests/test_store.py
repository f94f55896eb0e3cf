"""A workspace is the old one or the new one, never half of each; what is wrong with a folder is said in one sentence."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hypviz.config import HierarchySettings
from hypviz.data.formats.coco import read_coco
from hypviz.data.hierarchy import Edges, Hierarchy, build_hierarchy
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import SCENE, Images, Items
from hypviz.errors import WorkspaceError
from hypviz.search.embedding import Embedding
from hypviz.storage import files
from hypviz.workspace import store, tables
from hypviz.workspace.meta import SCHEMA
from hypviz.workspace.store import Workspace, is_workspace

Make = Callable[..., Path]
CHECKPOINT = "0a1b2c3d"


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> tuple[Items, Hierarchy, ImportReport]:
    items, report = import_items(read_coco(shared_data / "photos/annotations.json"))
    return items, build_hierarchy(items, HierarchySettings()), report


@pytest.fixture
def small(make_coco: Make, tmp_path: Path) -> Items:
    """Two pictures below tmp_path/data, four boxes; two of them duplicates, one inside another."""
    images = [{"id": n, "file_name": f"data/{n}.jpg", "license": "CC0" if n == 1 else ""} for n in (1, 2)]
    boxes = [(1, [2, 2, 30, 20]), (1, [2, 2, 30, 21]), (1, [5, 5, 6, 6]), (2, [1, 1, 9, 9])]
    annotations = [{"id": k, "image_id": n, "category_id": 1, "bbox": box} for k, (n, box) in enumerate(boxes)]
    return import_items(read_coco(make_coco(images=images, annotations=annotations)))[0]


@pytest.fixture
def workspace(small: Items, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "ws", small, build_hierarchy(small, HierarchySettings()), name="small")


def embedding(items: Items, *, dim: int = 5, seed: int = 0, **options: Any) -> Embedding:
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(len(items), dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = rng.uniform(0, 2, len(items))
    return Embedding(directions.astype(np.float32), radii.astype(np.float32), **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def stored_as(column: NDArray[Any]) -> str:
    """The type of a column; text is text, however many characters NumPy set aside for it."""
    return "text" if column.dtype.kind == "U" else str(column.dtype)


def assert_same(a: Items, b: Items) -> None:
    for name in ("item_id", "image", "xyxy", "label", "source"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
        assert stored_as(getattr(a, name)) == stored_as(getattr(b, name)), name
    for name in ("file_name", "width", "height", "content", "licence"):
        assert np.array_equal(getattr(a.images, name), getattr(b.images, name)), name
        assert stored_as(getattr(a.images, name)) == stored_as(getattr(b.images, name)), name
    assert (a.classes, a.data_hash) == (b.classes, b.data_hash)
    assert a.root.resolve() == b.root.resolve()


def assert_same_hierarchy(a: Hierarchy, b: Hierarchy) -> None:
    for name in ("parent", "child", "direct"):
        assert np.array_equal(getattr(a.edges, name), getattr(b.edges, name)), name
        assert getattr(a.edges, name).dtype == getattr(b.edges, name).dtype, name
    assert np.array_equal(a.depth, b.depth)
    assert np.array_equal(a.duplicate, b.duplicate)
    assert (a.depth.dtype, a.duplicate.dtype, a.duplicate.shape) == (
        b.depth.dtype,
        b.duplicate.dtype,
        b.duplicate.shape,
    )
    assert a.counts == b.counts


# -- round trips ---------------------------------------------------------------------------------------------------


def test_the_photos_come_back_as_they_were(photos: tuple[Items, Hierarchy, ImportReport], tmp_path: Path) -> None:
    items, hierarchy, report = photos
    made = Workspace.create(tmp_path / "ws", items, hierarchy, name="photos", report=report)
    opened = Workspace.open(tmp_path / "ws")
    assert_same(opened.items, items)
    assert_same_hierarchy(opened.hierarchy, hierarchy)
    assert opened.meta == made.meta
    assert opened.name == "photos"
    assert (opened.meta["import"]["images"], opened.meta["import"]["boxes"]) == (535, 6467)
    assert sum(opened.meta["licences"].values()) == 535
    assert opened.meta["hierarchy"]["settings"] == {"min_overlap": 0.8, "duplicate_iou": 0.9, "min_box_px": 0.0}
    assert opened.items.path(0).is_file()


def test_opening_the_photos_is_quick(photos: tuple[Items, Hierarchy, ImportReport], tmp_path: Path) -> None:
    """In processor time: how busy the machine is does not matter."""
    items, hierarchy, _ = photos
    Workspace.create(tmp_path / "ws", items, hierarchy, name="photos")
    seconds = []
    for _ in range(3):
        start = time.process_time()
        Workspace.open(tmp_path / "ws")
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.2


def test_small_sets_come_back_with_duplicates_and_without(workspace: Workspace, small: Items, tmp_path: Path) -> None:
    opened = Workspace.open(workspace.folder)
    assert len(opened.hierarchy.duplicate) == 1
    assert_same(opened.items, small)
    assert_same_hierarchy(opened.hierarchy, workspace.hierarchy)
    none = replace(workspace.hierarchy, duplicate=np.empty((0, 2), np.int32))
    Workspace.create(tmp_path / "other", small, none, name="none")
    assert_same_hierarchy(Workspace.open(tmp_path / "other").hierarchy, none)


def test_scenes_alone_come_back(small: Items, tmp_path: Path) -> None:
    """No boxes, so no classes and no edges."""
    rows = small.is_scene
    columns = {name: getattr(small, name)[rows] for name in ("item_id", "image", "xyxy", "label", "source")}
    scenes = Items(**columns, images=small.images, classes=(), root=small.root)
    hierarchy = build_hierarchy(scenes, HierarchySettings())
    Workspace.create(tmp_path / "scenes", scenes, hierarchy, name="scenes")
    opened = Workspace.open(tmp_path / "scenes")
    assert_same(opened.items, scenes)
    assert_same_hierarchy(opened.hierarchy, hierarchy)


def test_pictures_beside_the_workspace_move_with_it(workspace: Workspace, tmp_path: Path) -> None:
    assert workspace.meta["root"] == ".."
    new = tmp_path.with_name(tmp_path.name + "-moved")
    shutil.copytree(tmp_path, new)
    shutil.rmtree(tmp_path / "data")
    opened = Workspace.open(new / "ws")
    assert opened.items.root == new
    assert opened.items.path(0).is_file()


def test_pictures_elsewhere_are_named_absolutely(photos: tuple[Items, Hierarchy, ImportReport], tmp_path: Path) -> None:
    items, hierarchy, _ = photos
    made = Workspace.create(tmp_path / "ws", items, hierarchy, name="photos")
    assert Path(made.meta["root"]) == items.root
    (tmp_path / "ws").rename(tmp_path / "renamed")
    assert Workspace.open(tmp_path / "renamed").items.path(0).is_file()


@pytest.mark.parametrize("names", [["a", "bb", "", "dddd"], ["plain", "Straße", "✓", "日本"], ["", "", "", ""]])
@pytest.mark.parametrize("rows", [1 << 20, 3, 1])
def test_words_of_any_length_and_alphabet_come_back_from_parts_of_a_table(names: list[str], rows: int, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"plain": names, "coded": pa.array(names).dictionary_encode()})
    pq.write_table(table, tmp_path / "words.parquet", row_group_size=rows)
    read = pq.ParquetFile(tmp_path / "words.parquet", read_dictionary=["coded"])
    table = pa.concat_tables([read.read_row_group(group) for group in range(read.num_row_groups)]) if rows < 4 else read.read()
    for column in (table["plain"], table["coded"], table["plain"].slice(1), table["coded"].slice(1)):
        expected = names[len(names) - len(column) :]
        assert tables._text(column).tolist() == expected and tables._text(column).dtype.kind == "U"
        for word in {*names, "absent"}:
            assert tables._is(column, word).tolist() == [word == one for one in expected]
    assert tables._text(table["plain"].slice(4)).tolist() == [] and tables._is(table["coded"].slice(4), "a").tolist() == []


def test_relative_folders_work(small: Items, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Workspace.create("ws", small, build_hierarchy(small, HierarchySettings()), name="small")
    opened = Workspace.open("ws")
    monkeypatch.chdir("/")
    assert opened.items.path(0).is_file()
    assert opened.folder == tmp_path / "ws"


# -- writing never harms -------------------------------------------------------------------------------------------


def test_a_failed_first_writing_leaves_nothing(small: Items, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hierarchy = build_hierarchy(small, HierarchySettings())
    monkeypatch.setattr(store, "write_json", _killed)
    with pytest.raises(KeyboardInterrupt):
        Workspace.create(tmp_path / "ws", small, hierarchy, name="small")
    assert not list(tmp_path.glob("ws*"))


def _killed(*args: Any, **kwargs: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("survivors", range(4))
def test_a_renewal_that_fails_leaves_the_old_workspace(
    workspace: Workspace, small: Items, monkeypatch: pytest.MonkeyPatch, survivors: int
) -> None:
    """The writing dies after any number of complete files, before the first is renamed."""
    before = contents(workspace.folder)
    to_disk, calls = files._to_disk, []

    def die_later(path: Path) -> None:
        if len(calls) == survivors:
            raise KeyboardInterrupt
        calls.append(path)
        to_disk(path)

    monkeypatch.setattr(files, "_to_disk", die_later)
    with pytest.raises(KeyboardInterrupt):
        Workspace.create(workspace.folder, small, workspace.hierarchy, name="new", overwrite=True)
    assert contents(workspace.folder) == before


@pytest.mark.parametrize("renamed", range(1, 4))
def test_a_renewal_cut_between_two_renames_is_finished_by_whoever_opens_the_workspace(
    workspace: Workspace, small: Items, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    real, calls = Path.replace, []

    def die_later(self: Path, target: Path) -> Path:
        if len(calls) == renamed:
            raise KeyboardInterrupt
        calls.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", die_later)
    with pytest.raises(KeyboardInterrupt):
        Workspace.create(workspace.folder, small, workspace.hierarchy, name="new", overwrite=True)
    monkeypatch.undo()
    assert json.loads((workspace.folder / "meta.json").read_bytes())["name"] == workspace.name
    opened = Workspace.open(workspace.folder)
    assert opened.name == "new" and opened.items.data_hash == small.data_hash
    assert not [path.name for path in workspace.folder.iterdir() if ".part-" in path.name or path.name == ".commit"]


def test_tables_of_another_writing_are_detected(workspace: Workspace, small: Items) -> None:
    Workspace.create(workspace.folder.with_name("other"), small, workspace.hierarchy, name="new")
    (workspace.folder.with_name("other") / "images.parquet").replace(workspace.folder / "images.parquet")
    with pytest.raises(WorkspaceError, match=r"images\.parquet and meta\.json were not written together; import .* again"):
        Workspace.open(workspace.folder)


def test_a_renewal_keeps_foreign_files_and_embeddings(workspace: Workspace, small: Items) -> None:
    (workspace.folder / "notes.txt").write_text("mine")
    workspace.write_embedding(CHECKPOINT, embedding(small))
    with pytest.raises(WorkspaceError, match="is a workspace already"):
        Workspace.create(workspace.folder, small, workspace.hierarchy, name="new")
    renewed = Workspace.create(workspace.folder, small, workspace.hierarchy, name="new", overwrite=True)
    assert (workspace.folder / "notes.txt").read_text() == "mine"
    assert Workspace.open(workspace.folder).name == "new"
    assert renewed.embedding(CHECKPOINT) is not None
    assert not list(workspace.folder.rglob("*.part-*"))


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_other_files_is_never_taken(small: Items, tmp_path: Path, overwrite: bool) -> None:
    hierarchy = build_hierarchy(small, HierarchySettings())
    for name, text in (("notes.txt", "mine"), ("meta.json", '{"kind": "something else"}')):
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        (folder / name).write_text(text)
        with pytest.raises(WorkspaceError, match="holds files that are no workspace"):
            Workspace.create(folder, small, hierarchy, name="small", overwrite=overwrite)
        assert contents(folder) == {name: text.encode()}
    with pytest.raises(WorkspaceError, match="is a file"):
        Workspace.create(tmp_path / "with notes.txt/notes.txt", small, hierarchy, name="small", overwrite=overwrite)


def test_an_empty_folder_may_become_a_workspace(small: Items, tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    Workspace.create(tmp_path / "ws", small, build_hierarchy(small, HierarchySettings()), name="small")
    assert is_workspace(tmp_path / "ws")


# -- what can be wrong with a folder ---------------------------------------------------------------------------------


def refusal(folder: Path) -> str:
    with pytest.raises(WorkspaceError) as caught:
        Workspace.open(folder)
    message = str(caught.value)
    assert message.startswith(str(folder))
    assert "\n" not in message
    return message


def edit_meta(workspace: Workspace, **changes: Any) -> None:
    path = workspace.folder / "meta.json"
    meta = json.loads(path.read_bytes()) | changes
    path.write_text(json.dumps({key: value for key, value in meta.items() if value is not None}))


def test_a_folder_that_is_no_workspace_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith("is not a workspace: it has no meta.json.")
    assert refusal(tmp_path / "gone").endswith("is not a workspace: it has no meta.json.")
    (tmp_path / "meta.json").write_text('{"kind": "else"}')
    assert "was not written by hypviz" in refusal(tmp_path)
    assert not is_workspace(tmp_path)


def test_a_writing_that_was_killed_is_told(workspace: Workspace) -> None:
    workspace.folder.rename(workspace.folder.with_name("ws.part-12345678"))
    assert "was never finished (only ws.part-12345678 is there); import again" in refusal(workspace.folder)


def test_a_newer_schema_is_told(workspace: Workspace) -> None:
    edit_meta(workspace, schema=99)
    assert "newer hypviz (schema 99, this one reads up to 2); update hypviz." in refusal(workspace.folder)
    with pytest.raises(WorkspaceError, match="newer hypviz"):  # nor is it written over
        Workspace.create(workspace.folder, workspace.items, workspace.hierarchy, name="x", overwrite=True)


def test_a_workspace_of_the_first_schema_opens_as_one_of_the_present(workspace: Workspace) -> None:
    path = workspace.folder / "meta.json"
    meta = json.loads(path.read_text())
    assert meta["schema"] == SCHEMA
    old = {key: value for key, value in meta.items() if key not in ("pictures", "vectors", "corrections", "import", "licences")}
    path.write_text(json.dumps(old | {"schema": 1}))
    opened = Workspace.open(workspace.folder)
    assert opened.meta["schema"] == SCHEMA and opened.meta["pictures"] is True and opened.vectors is None
    assert opened.meta["corrections"] == [] and opened.meta["import"] is None
    assert json.loads(path.read_text())["schema"] == 1  # reading changes nothing on disk
    Workspace.create(workspace.folder, opened.items, opened.hierarchy, name="x", overwrite=True)
    assert json.loads(path.read_text())["schema"] == SCHEMA


@pytest.mark.parametrize(
    "changes", [{"schema": 0}, {"schema": True}, {"schema": "2"}, {"root": 3}, {"classes": "abc"}, {"classes": [1]}, {"hierarchy": []}]
)
def test_a_meta_file_that_says_something_else_is_told(workspace: Workspace, changes: dict[str, object]) -> None:
    edit_meta(workspace, **changes)
    assert "is damaged or half-written: meta.json" in refusal(workspace.folder)


def test_an_embedding_of_a_newer_schema_is_made_again(workspace: Workspace) -> None:
    workspace.write_embedding("abc", embedding(workspace.items))
    path = workspace.embedding_folder("abc") / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    assert workspace.embedding("abc") is None
    assert is_workspace(workspace.folder)


@pytest.mark.parametrize("text", ["", '{"kind": "hypviz', "\xff\xfe"])
def test_a_damaged_meta_file_is_told(workspace: Workspace, text: str) -> None:
    (workspace.folder / "meta.json").write_bytes(text.encode("latin-1"))
    assert "is damaged or half-written: meta.json cannot be read" in refusal(workspace.folder)


def test_a_meta_file_without_its_keys_is_told(workspace: Workspace) -> None:
    edit_meta(workspace, stamp=None, classes=None)
    assert "meta.json has no stamp, classes" in refusal(workspace.folder)


@pytest.mark.parametrize("name", ["images", "items", "edges"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated"])
def test_a_damaged_table_is_named(workspace: Workspace, name: str, damage: str) -> None:
    path = workspace.folder / f"{name}.parquet"
    data = path.read_bytes()
    path.unlink() if damage == "missing" else path.write_bytes(data[: 0 if damage == "empty" else len(data) // 2])
    assert f"damaged or half-written: {name}.parquet {'is missing' if damage == 'missing' else 'cannot be read'}" in refusal(
        workspace.folder
    )


def test_a_table_of_another_workspace_is_noticed(workspace: Workspace, small: Items, tmp_path: Path) -> None:
    other = Workspace.create(tmp_path / "other", small, workspace.hierarchy, name="other")
    shutil.copy(other.folder / "items.parquet", workspace.folder)
    assert "items.parquet and meta.json were not written together" in refusal(workspace.folder)


def test_data_that_do_not_match_their_hash_are_noticed(workspace: Workspace) -> None:
    edit_meta(workspace, data_hash="0" * 16)
    assert "items.parquet is not the one it was written with" in refusal(workspace.folder)


def test_edges_beyond_the_items_are_noticed(small: Items, tmp_path: Path) -> None:
    edges = Edges(np.array([0], np.int32), np.array([99], np.int32), np.array([True]))
    broken = Hierarchy(edges, np.zeros(len(small), np.int16), np.empty((0, 2), np.int32), {})
    Workspace.create(tmp_path / "ws", small, broken, name="broken")
    assert "edges.parquet names items beyond the 6 there are" in refusal(tmp_path / "ws")


def test_moved_pictures_are_told_and_can_be_named(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").rename(tmp_path / "elsewhere/data")
    assert f"its pictures are no longer in {tmp_path} (example: data/1.jpg)" in refusal(workspace.folder)
    opened = Workspace.open(workspace.folder, root=tmp_path / "elsewhere")
    assert opened.items.path(0).is_file()


def test_one_lost_picture_does_not_close_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "data/1.jpg").unlink()
    assert Workspace.open(workspace.folder).name == "small"


# -- embeddings ----------------------------------------------------------------------------------------------------


def test_an_embedding_comes_back_memory_mapped(workspace: Workspace) -> None:
    written = embedding(workspace.items, curv=0.7, geometry="hyperbolic")
    assert workspace.embedding(CHECKPOINT) is None
    workspace.write_embedding(CHECKPOINT, written, extra={"seconds": 3.5})
    found = Workspace.open(workspace.folder).embedding(CHECKPOINT)
    assert found is not None
    assert isinstance(found.directions, np.memmap)
    assert found.directions.dtype == found.radii.dtype == np.float32
    assert np.array_equal(found.directions, written.directions)
    assert np.array_equal(found.radii, written.radii)
    assert (found.curv, found.geometry) == (0.7, "hyperbolic")
    meta = workspace.embedding_meta(CHECKPOINT)
    assert (meta["extra"], meta["dim"], meta["data_hash"]) == ({"seconds": 3.5}, 5, workspace.items.data_hash)
    assert workspace.embedding("another") is None
    with pytest.raises(WorkspaceError, match="has no embedding by checkpoint another"):
        workspace.embedding_meta("another")


def test_an_embedding_of_changed_data_is_stale(workspace: Workspace, small: Items) -> None:
    workspace.write_embedding(CHECKPOINT, embedding(small))
    xyxy = small.xyxy.copy()
    xyxy[1, 0] += 1
    moved = replace(small, xyxy=xyxy)
    renewed = Workspace.create(workspace.folder, moved, workspace.hierarchy, name="small", overwrite=True)
    assert renewed.embedding(CHECKPOINT) is None
    assert Workspace.open(workspace.folder).embedding(CHECKPOINT) is None
    back = Workspace.create(workspace.folder, small, workspace.hierarchy, name="small", overwrite=True)
    assert back.embedding(CHECKPOINT) is not None


@pytest.mark.parametrize("name", ["meta.json", "directions.npy", "radii.npy"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_half_written_embedding_counts_as_none(workspace: Workspace, name: str, damage: str) -> None:
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items))
    path = workspace.embedding_folder(CHECKPOINT) / name
    data = path.read_bytes()
    path.unlink() if damage == "missing" else path.write_bytes(data[: len(data) // 2])
    assert workspace.embedding(CHECKPOINT) is None
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items))
    assert workspace.embedding(CHECKPOINT) is not None


def test_an_embedding_with_too_few_rows_counts_as_none(workspace: Workspace) -> None:
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items))
    for name, rows in (("directions", np.ones((3, 5), np.float32)), ("radii", np.ones(3, np.float32))):
        np.save(workspace.embedding_folder(CHECKPOINT) / f"{name}.npy", rows)
        assert workspace.embedding(CHECKPOINT) is None


def test_an_embedding_of_other_items_is_refused(workspace: Workspace) -> None:
    few = embedding(workspace.items).take(np.arange(3))
    with pytest.raises(WorkspaceError, match="has 3 rows, the workspace 6 items"):
        workspace.write_embedding(CHECKPOINT, few)


def test_a_failed_embedding_leaves_the_old_one_and_its_arrays(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items))
    workspace.write_array(CHECKPOINT, "layout-pca", np.arange(6.0))
    before = contents(workspace.folder)
    monkeypatch.setattr(store, "write_json", _killed)
    with pytest.raises(KeyboardInterrupt):
        workspace.write_embedding(CHECKPOINT, embedding(workspace.items, seed=1))
    assert contents(workspace.folder) == before


def test_a_failed_swap_puts_the_old_embedding_back(workspace: Workspace, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items))
    before = contents(workspace.folder)
    real, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError("disk full")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items, seed=1))
    assert contents(workspace.folder) == before and list(home.rglob("radii.npy")), "the new one is kept elsewhere"


def test_arrays_live_and_die_with_their_embedding(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="has no embedding by checkpoint 0a1b2c3d to keep layout-pca with"):
        workspace.write_array(CHECKPOINT, "layout-pca", np.zeros(6))
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items))
    assert workspace.read_array(CHECKPOINT, "layout-pca") is None
    workspace.write_array(CHECKPOINT, "layout-pca", np.arange(6.0))
    workspace.write_array(CHECKPOINT, "layout-pca", np.arange(6.0) * 2)
    found = workspace.read_array(CHECKPOINT, "layout-pca")
    assert found is not None
    assert found.tolist() == [0, 2, 4, 6, 8, 10]
    (workspace.embedding_folder(CHECKPOINT) / "layout-pca.npy").write_bytes(b"half")
    assert workspace.read_array(CHECKPOINT, "layout-pca") is None
    workspace.write_array(CHECKPOINT, "layout-pca", np.arange(6.0))
    workspace.write_embedding(CHECKPOINT, embedding(workspace.items, seed=1))
    assert workspace.read_array(CHECKPOINT, "layout-pca") is None


@pytest.mark.parametrize("name", ["", "../meta", "a/b", "directions", "radii", "a.b"])
def test_names_of_arrays_and_checkpoints_cannot_leave_their_folder(workspace: Workspace, name: str) -> None:
    with pytest.raises(WorkspaceError, match="An array's name has letters"):
        workspace.read_array(CHECKPOINT, name)
    if name not in ("directions", "radii"):
        with pytest.raises(WorkspaceError, match="A checkpoint hash has letters"):
            workspace.embedding(name)


# -- size ----------------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_items_open_without_a_loop_per_item(tmp_path: Path, make_picture: Make) -> None:
    """Columns only: a loop in Python over items or edges would take several times the limit."""
    images, per_image = 10_000, 10
    count = images * per_image
    make_picture(tmp_path / "data/0.jpg")
    label = np.tile(np.arange(-1, per_image - 1, dtype=np.int32), images)
    items = Items(
        item_id=np.char.zfill(np.arange(count).astype(str), 16),
        image=np.repeat(np.arange(images, dtype=np.int32), per_image),
        xyxy=np.tile(np.array([[0, 0, 40, 30]], np.float32), (count, 1)),
        label=label,
        source=np.where(label == SCENE, "image", "annotation"),
        images=Images(
            file_name=np.char.add(np.arange(images).astype(str), ".jpg"),
            width=np.full(images, 40, np.int32),
            height=np.full(images, 30, np.int32),
            content=np.char.zfill(np.arange(images).astype(str), 16),
            licence=np.full(images, "CC0"),
        ),
        classes=tuple("abcdefghi"),
        root=tmp_path / "data",
    )
    scene, box = items.offsets[items.image], np.arange(count)
    inside = ~items.is_scene
    edges = Edges(scene[inside].astype(np.int32), box[inside].astype(np.int32), np.ones(inside.sum(), bool))
    hierarchy = Hierarchy(edges, inside.astype(np.int16), np.empty((0, 2), np.int32), {})
    Workspace.create(tmp_path / "ws", items, hierarchy, name="large")
    start = time.process_time()
    opened = Workspace.open(tmp_path / "ws")
    seconds = time.process_time() - start
    assert_same(opened.items, items)
    assert_same_hierarchy(opened.hierarchy, hierarchy)
    assert seconds < 2
