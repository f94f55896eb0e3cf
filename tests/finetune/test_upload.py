"""From a zip to a workspace: good sets of every form are kept once, bad ones leave nothing behind."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hypviz.data.formats import limits
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.finetune.upload import staging, take_in, title_of
from hypviz.storage import owners
from hypviz.storage.sweep import STAGE, sweep
from hypviz.workspace.store import Workspace
from tests.finetune.zips import coco_files, huge_png, pack, relabelled, small_picture
from tests.worlds import TinyWorld

Files = Mapping[str, "bytes | str"]


def bring(files: Files | bytes, name: str = "cars.zip") -> str:
    """What an upload does, in the foreground."""
    with staging() as stage:
        archive = stage / "upload.zip"
        if isinstance(files, bytes):
            archive.write_bytes(files)
        else:
            pack(archive, files)
        return take_in(archive, stage, name=name, on_stage=lambda share, what: None)


def opened(home: Path, name: str) -> Items:
    return Workspace.open(home / name).items


def left(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if path.name != owners.FOLDER) if home.exists() else []


def test_a_coco_zip_becomes_a_workspace_with_its_pictures_beside_it_and_only_once(tiny_world: TinyWorld, home: Path) -> None:
    name = bring(coco_files(tiny_world))
    items = opened(home, name)
    assert len(items.images) == 8 and len(items.classes) > 2 and items.path(0).is_file()
    assert left(home) == [name, f"{name}.pictures"] and name.startswith("cars-")
    assert bring(coco_files(tiny_world, top=""), "other name.zip") == name  # the same content
    assert left(home) == [name, f"{name}.pictures"]
    (home.parent / "elsewhere").mkdir()
    home.rename(home.parent / "elsewhere" / "home")  # both can move together
    assert opened(home.parent / "elsewhere" / "home", name).path(0).is_file()


def test_sub_folders_are_classes(home: Path) -> None:
    files = {f"{kind}/{number}.png": small_picture(number + 3 * place) for place, kind in enumerate(("cat", "dog")) for number in range(3)}
    items = opened(home, bring(files, "pets.zip"))
    assert items.classes == ("cat", "dog") and len(items.images) == 6 and len(items) == 12


def one_class(world: TinyWorld) -> Files:
    return relabelled(world, annotations=[entry | {"category_id": 1} for entry in world.coco()["annotations"]])


def with_huge(world: TinyWorld) -> Files:
    content = world.coco()
    content["images"][0] |= {"file_name": "huge.png", "width": 20_000, "height": 15_000}
    return relabelled(world, images=content["images"]) | {"cars/images/huge.png": huge_png(20_000, 15_000)}


def few(world: TinyWorld) -> Files:
    kept = [image["id"] for image in world.coco()["images"][:2]]
    return relabelled(world, annotations=[entry for entry in world.coco()["annotations"] if entry["image_id"] in kept])


def with_bomb(world: TinyWorld) -> Files:
    """Pictures beside a data.yaml of aliases of aliases: each level is nine times as large as the one before, here a small one."""
    levels = [f"{name}: &{name} [{','.join(['*' + before] * 9)}]" for before, name in zip("abcd", "bcde", strict=True)]
    pictures = {f"images/{number}.png": small_picture(number) for number in range(4)}
    return pictures | {"data.yaml": "\n".join(["a: &a [x,x,x,x,x,x,x,x,x]", *levels, "names: *e", "train: images"])}


BAD: dict[str, tuple[Callable[[TinyWorld], Files | bytes], str]] = {
    "corrupt": (lambda world: b"PK\x03\x04 no zip at all", "no zip archive, or a damaged one"),
    "climbing": (lambda world: coco_files(world) | {"../evil.png": b"1"}, "names a file outside its own folder"),
    "no boxes": (lambda world: relabelled(world, annotations=[]), "8 pictures and no boxes"),
    "one class": (one_class, "boxes of one class only"),
    "a huge picture": (with_huge, r"huge\.png, the picture has more than 178,000,000 pixels.*make it smaller or leave it out"),
    "two pictures": (few, "2 pictures with boxes; at least 4"),
    "no pictures": (lambda world: {"readme.txt": "hello"}, "cars.zip"),
    "a bomb of YAML": (with_bomb, r"data\.yaml: not a YAML file .*aliases are not read here"),
    "broken annotations": (lambda world: coco_files(world) | {"cars/annotations.json": '{"images": ['}, "cars.zip"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_set_that_cannot_be_trained_on_says_why_and_changes_nothing(kind: str, tiny_world: TinyWorld, home: Path) -> None:
    home.mkdir()
    make, message = BAD[kind]
    with pytest.raises(DataError, match=message) as caught:
        bring(make(tiny_world))
    assert "\n" not in str(caught.value) and str(home) not in str(caught.value) and str(caught.value).endswith(".")
    assert left(home) == []


def test_what_the_files_of_a_zip_cost_is_weighed_before_they_are_read(
    tiny_world: TinyWorld, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotations = coco_files(tiny_world)["cars/annotations.json"]
    weight = limits.parsing_memory(annotations if isinstance(annotations, bytes) else annotations.encode())
    monkeypatch.setattr(limits, "MAX_MEMORY", weight - 1)
    monkeypatch.setattr("hypviz.finetune.upload.open_dataset", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(DataError, match=r"cars\.zip: Reading the annotations of the archive could take .* of memory"):
        bring(coco_files(tiny_world))
    assert left(home) == []


def test_stopping_leaves_nothing(tiny_world: TinyWorld, home: Path) -> None:
    class StopError(Exception):
        pass

    def stop(share: float, what: str) -> None:
        if what.startswith("reading"):
            raise StopError

    with pytest.raises(StopError), staging() as stage:
        take_in(pack(stage / "upload.zip", coco_files(tiny_world)), stage, name="cars.zip", on_stage=stop)
    assert left(home) == []


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_works_on_is_not(home: Path) -> None:
    with staging() as mine:
        dead = mine.with_name(f"{STAGE}0123456789ab-01234567")
        dead.mkdir()
        (dead / "file").write_text("x")
        sweep()
        assert mine.is_dir() and not dead.exists()


@pytest.mark.parametrize(("name", "title"), [("My cars.zip", "My cars"), ("../x/y.ZIP", "y"), ("ä ö:?.zip", "ä ö"), (".zip", "set")])
def test_a_set_is_called_as_its_archive(name: str, title: str) -> None:
    assert title_of(name) == title


def test_a_zip_can_be_packed_by_anything_that_writes_zip64(tiny_world: TinyWorld, home: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in coco_files(tiny_world).items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(content if isinstance(content, bytes) else content.encode())
    assert bring((tmp_path / "a.zip").read_bytes()).startswith("cars-")
