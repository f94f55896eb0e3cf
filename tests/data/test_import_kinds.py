"""What may go wrong with a stranger's data, kind by kind, over random sets: the same boxes come in, or every loss is counted and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.errors import DataError
from tests.data.foreign import FOREIGN
from tests.data.layouts import HAZARDS, WRITERS, Hazard, Layout, Scene, boxes_of, coco_content, truth_of

CLASSES = ("cat", "tail", "dog")
SIZES = ((160, 120), (107, 160), (240, 200))
SEEDS = range(4)


def random_scenes(seed: int, count: int = 5, boxes: int = 5, name: str = "shot {}.png", classes: tuple[str, ...] = CLASSES) -> list[Scene]:
    """Pictures with boxes spread all over them, whole pixels of six at least."""
    rng = np.random.default_rng(seed)
    scenes = []
    for number in range(count):
        width, height = SIZES[rng.integers(len(SIZES))]
        found = []
        for _ in range(boxes):
            x1, y1 = rng.integers(0, width - 8), rng.integers(0, height - 8)
            x2, y2 = rng.integers(x1 + 6, width + 1), rng.integers(y1 + 6, height + 1)
            found.append((str(rng.choice(classes)), int(x1), int(y1), int(x2), int(y2)))
        scenes.append(Scene(name.format(number), (width, height), tuple(dict.fromkeys(found))))
    return scenes


def load(folder: Path, **options: Any) -> tuple[Items, ImportReport]:
    return import_items(open_dataset(folder, **options))


def adds_up(report: ImportReport) -> None:
    content = report.to_json()
    for key in ("images", "boxes", "files"):
        assert content[key] == content[f"kept_{key}"] + sum(entry.get(key, 0) for entry in content["dropped"].values())


# ---- 1: in an unexpected place, under an unexpected name --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ending", [".json", ".JSON", ".txt", "", ".lst"])
def test_annotations_are_found_however_deep_and_whatever_they_are_called(tmp_path: Path, ending: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = ("Export", "task 7", "META", "v1.2", "日本", "data", "Labels")
    root, scenes = tmp_path / "set", random_scenes(seed)
    there, here = ("/".join([*rng.choice(words, rng.integers(1, 4), replace=False), ""]) for _ in range(2))
    WRITERS["coco"](Layout(tmp_path / "source", CLASSES), scenes)
    (root / here).mkdir(parents=True)
    (tmp_path / "source/images").rename(root / here / "photos")
    (root / there).mkdir(parents=True, exist_ok=True)
    (tmp_path / "source/annotations/set.json").rename(root / there / f"export{ending}")
    items, report = load(root)
    assert (boxes_of(items), report.files, report.dropped) == (truth_of(scenes), 1, {})


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("before", ["", "sep={}\n", "# made by hand\n\n"])
def test_a_table_is_read_whatever_parts_its_cells_and_stands_before_it(tmp_path: Path, ending: str, sign: str, before: str) -> None:
    layout, scenes = Layout(tmp_path, CLASSES), random_scenes(1)
    layout.pictures(scenes, "images/")
    lines = [["", "File Name", "Label", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2"]]
    lines += [["7", scene.name, *map(str, box)] for scene in scenes for box in scene.boxes]
    layout.write(f"boxes{ending}", before.format(sign) + "\n".join(sign.join(line) for line in lines) + "\n")
    items, report = load(tmp_path)
    assert (boxes_of(items), report.dropped) == (truth_of(scenes), {})


@pytest.mark.parametrize("seed", SEEDS[:2])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_nobody_reads_is_named_and_never_opened_as_plain_pictures(tmp_path: Path, foreign: str, seed: int) -> None:
    layout, scenes = Layout(tmp_path, CLASSES), random_scenes(seed, name="IMG_20{}.png")
    layout.pictures(scenes, "pictures/")
    FOREIGN[foreign](layout, scenes)
    files = [path.name for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".png"]
    with pytest.raises(DataError, match="--format folder") as caught:
        load(tmp_path)
    assert any(name in str(caught.value) for name in files) and "\n" not in str(caught.value)
    assert load(tmp_path, format="folder")[1].images == len(scenes)
    WRITERS["coco"](Layout(tmp_path / "read", CLASSES), [replace(scene, name=f"more {scene.name}") for scene in scenes])
    items, report = load(tmp_path)  # beside a format that is read, the file is counted
    assert len(items) - len(items.images) == sum(len(scene.boxes) for scene in scenes)
    assert sum(entry.get("files", 0) for entry in report.dropped.values()) == len(files)
    adds_up(report)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("all.csv", "file;caption\n" + "".join(f"shot {number}.png;a cat\n" for number in range(3))),
        ("captions.csv", "file,caption\nshot 0.png,a cat on a mat\nshot 1.png,two dogs\n"),
        ("breeds.csv", "id,breed\nshot 0,pug\nshot 1,husky\nshot 2,pug\n"),
        ("notes.txt", "shot 0.png shows a cat\nshot 1.png shows a dog\n"),
    ],
)
def test_words_on_the_pictures_without_coordinates_are_noted(tmp_path: Path, name: str, text: str) -> None:
    Layout(tmp_path, CLASSES).pictures(random_scenes(0, count=3))
    (tmp_path / name).write_text(text)
    (tmp_path / "list.txt").write_text("shot 0.png\nshot 1.png\nimages/shot 2.png\n")
    _, report = load(tmp_path)
    assert report.images == 3
    notes = "; ".join(report.notes)
    assert f"{name} was not read" in notes and "list.txt" not in notes


# ---- 2: the right partner ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layout", [name for name in WRITERS if name != "splits"])
def test_a_leftover_is_never_given_to_a_picture_of_that_name_elsewhere(tmp_path: Path, layout: str, seed: int) -> None:
    """A picture was removed from one folder; another of its name, in a folder without annotations, has nothing to do with it."""
    scenes = random_scenes(seed)
    WRITERS[layout](Layout(tmp_path / "dogs", CLASSES), scenes)
    gone = scenes[seed % len(scenes)]
    place = next((tmp_path / "dogs").rglob(gone.name))
    (tmp_path / "background").mkdir()
    place.rename(tmp_path / "background" / gone.name)
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of([scene for scene in scenes if scene != gone])
    assert (report.dropped["missing"]["images"], report.dropped["missing"]["boxes"]) == (1, len(gone.boxes))
    adds_up(report)


@pytest.mark.parametrize("layout", ["voc", "labelme"])
@pytest.mark.parametrize("seed", SEEDS)
def test_copies_of_a_file_that_name_the_picture_of_the_first_belong_to_their_own(tmp_path: Path, layout: str, seed: int) -> None:
    scenes = [
        replace(scene, size=(160, 120), boxes=((CLASSES[seed % 3], 1, 2, 30 + number, 40),))
        for number, scene in enumerate(random_scenes(seed))
    ]
    WRITERS[layout](Layout(tmp_path, CLASSES, Hazard(stated=lambda name: scenes[seed].name)), scenes)
    items, report = load(tmp_path)
    assert (boxes_of(items), report.dropped) == (truth_of(scenes), {})
    assert f"{len(scenes) - 1} annotation files name a picture that another file is called like" in report.notes[0]


def test_class_folders_with_pictures_beside_them_are_noted(tmp_path: Path) -> None:
    Layout(tmp_path, CLASSES).pictures(random_scenes(0, count=3), "cat/")
    Layout(tmp_path, CLASSES).pictures(random_scenes(1, count=2), "dog/")
    Layout(tmp_path, CLASSES).pictures(random_scenes(2, count=1))
    items, report = load(tmp_path)
    assert (report.images, len(items.classes)) == (6, 0)
    assert "folders such as cat and dog were not taken for classes, since 1 pictures lie in none" in report.notes


# ---- 3: read = kept + dropped -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layout", ["coco", "csv", "metadata", "via", "createml", "fiftyone", "labelstudio"])
def test_any_part_of_a_file_may_be_of_any_kind(tmp_path: Path, layout: str, seed: int) -> None:
    """A random value in the file is replaced by rubbish: the rest is read, or one sentence refuses; the sums hold."""
    rng = np.random.default_rng(seed)
    scenes = random_scenes(seed)
    for turn in range(10):
        root = tmp_path / str(turn)
        WRITERS[layout](Layout(root, CLASSES), scenes)
        path = next(path for path in root.rglob("*") if path.suffix in (".json", ".csv", ".jsonl"))
        text = path.read_text(encoding="utf-8")
        path.write_text(spoilt(text, path.suffix, rng), encoding="utf-8")
        try:
            items, report = load(root)
        except DataError as error:
            assert "\n" not in str(error)
            continue
        adds_up(report)
        truth = truth_of(scenes)
        assert sum(box not in truth for box in boxes_of(items)) <= max(len(scene.boxes) for scene in scenes)
        shutil.rmtree(root)


def spoilt(text: str, suffix: str, rng: np.random.Generator) -> str:
    rubbish: list[Any] = [None, [], {}, "", "x", -1, 1e400, True, [None], {"id": None}]
    if suffix == ".csv":
        lines = text.split("\n")
        row = int(rng.integers(1, len(lines)))
        cells = lines[row].split(",")
        cells[int(rng.integers(len(cells)))] = str(rng.choice(["", "x", "nan", "-1", "1e400", "[]"]))
        return "\n".join([*lines[:row], ",".join(cells), *lines[row + 1 :]])
    lines = text.split("\n") if suffix == ".jsonl" else [text]
    row = int(rng.integers(len(lines)))
    content = json.loads(lines[row])
    part, places = content, list(places_in(content))
    path = places[int(rng.integers(len(places)))]
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = rubbish[int(rng.integers(len(rubbish)))]
    return "\n".join([*lines[:row], json.dumps(content), *lines[row + 1 :]])


def places_in(content: Any, path: tuple[Any, ...] = ()) -> Any:
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield (*path, key)
        yield from places_in(content[key], (*path, key))


def test_links_that_lead_nowhere_are_counted(tmp_path: Path) -> None:
    scenes = random_scenes(0)
    WRITERS["coco"](Layout(tmp_path, CLASSES), scenes)
    (tmp_path / "val").symlink_to(tmp_path / "gone")
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of(scenes)
    assert report.dropped["link that leads nowhere"]["examples"] == ["val"]


def test_a_hidden_folder_with_files_is_counted_and_those_of_programs_are_not(tmp_path: Path) -> None:
    scenes = random_scenes(0)
    WRITERS["coco"](Layout(tmp_path, CLASSES), scenes)
    for name in (".old annotations", ".git", ".empty"):
        (tmp_path / name).mkdir()
    (tmp_path / ".git/config").write_text("x")
    (tmp_path / ".old annotations/a.json").write_text("{}")
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of(scenes)
    assert report.dropped["hidden folder not read"]["examples"] == [".old annotations"]


# ---- 4: names as they were written ------------------------------------------------------------------------------------------------------

WORDS = {
    "utf-8": ("Löwe", "猫", "колесо"),
    "utf-16": ("Löwe", "猫", "колесо"),
    "utf-16-le": ("Löwe", "Bär", "cat"),
    "utf-32": ("γάτα", "猫", "no"),
    "cp1252": ("Löwe", "façade – “x”", "Größe"),
    "gbk": ("猫", "狗", "尾巴"),
    "shift_jis": ("ねこ", "いぬの尾", "ネコ"),
    "cp1251": ("кошка", "собака", "хвост"),
    "cp1253": ("γάτα", "σκύλος", "ουρά"),
    "euc-jp": ("ねこ", "いぬ", "しっぽ"),
}
"""Class names that an encoding can hold."""


@pytest.mark.parametrize("seed", SEEDS[:2])
@pytest.mark.parametrize("layout", ["coco", "csv", "yolo", "labelme", "createml", "cvat"])
@pytest.mark.parametrize("encoding", WORDS)
def test_class_names_are_those_that_were_written_or_the_file_is_refused(tmp_path: Path, encoding: str, layout: str, seed: int) -> None:
    words = WORDS[encoding]
    scenes = random_scenes(seed, name="IMG_{}.png", classes=words)
    WRITERS[layout](Layout(tmp_path, words, Hazard(encoding=encoding)), scenes)
    known = encoding not in ("cp1251", "cp1253", "euc-jp") or layout == "cvat"  # which states its encoding
    try:
        items, report = load(tmp_path)
    except DataError as error:
        assert not known and ("UTF-8" in str(error) or "none of" in str(error))
        return
    assert known or not len(items) - len(items.images)
    if known:
        assert boxes_of(items) == truth_of(scenes)
    guessed = encoding in ("cp1252", "gbk", "shift_jis") and layout != "cvat"
    assert any("is not UTF-8 and was read as" in note for note in report.notes) == guessed


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("cat\ntail\ndog\n", ""),
        ("\n\ncat\n\ntail\n\ndog\n", "its empty lines are no classes"),
        ("0: cat\n1: tail\n2: dog\n", "the numbers before the class names were taken off"),
        ("cat\r\r\ntail\r\r\ndog\r\r\n", "its empty lines are no classes"),
    ],
)
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_files_of_class_names_give_the_names(tmp_path: Path, text: str, note: str, seed: int) -> None:
    scenes = random_scenes(seed)
    WRITERS["yolo"](Layout(tmp_path, CLASSES), scenes)
    (tmp_path / "data.yaml").unlink()
    (tmp_path / "classes.txt").write_bytes(text.encode())
    items, report = load(tmp_path)
    assert boxes_of(items) == truth_of(scenes)
    assert note in "; ".join(report.notes)


def test_names_may_stand_in_a_file_that_the_configuration_names_or_in_notes_of_label_studio(tmp_path: Path) -> None:
    scenes = random_scenes(3)
    WRITERS["yolo"](Layout(tmp_path, CLASSES), scenes)
    (tmp_path / "words.txt").write_text("cat\ntail\ndog\n")
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\nnames: words.txt\n")
    assert boxes_of(load(tmp_path)[0]) == truth_of(scenes)
    (tmp_path / "data.yaml").unlink()
    notes = {"categories": [{"id": number, "name": name} for number, name in enumerate(CLASSES)], "info": {}}
    (tmp_path / "notes.json").write_text(json.dumps(notes))
    (tmp_path / "words.txt").unlink()
    assert boxes_of(load(tmp_path)[0]) == truth_of(scenes)


# ---- 5: numbers of another convention ---------------------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[float, float, float, float], list[float]]] = {
    "xywh": lambda x1, y1, x2, y2: [x1, y1, x2 - x1, y2 - y1],
    "xyxy": lambda x1, y1, x2, y2: [x1, y1, x2, y2],
    "cxcywh": lambda x1, y1, x2, y2: [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1],
    "yxyx": lambda x1, y1, x2, y2: [y1, x1, y2, x2],
}
UNITS = {"pixels": None, "fractions": 1, "per cent": 100, "thousandths": 1000}
CONVENTIONS = [(form, unit) for form in FORMS for unit in UNITS if form != "yxyx" or unit == "pixels"]
"""In parts of the picture, x and y cannot be told apart; x is taken to come first, which a note says."""


def numbers_of(scene: Scene, box: Any, form: str, unit: str) -> list[float]:
    corners = list(map(float, box[1:]))
    whole = UNITS[unit]
    if whole is not None:
        corners = [value * whole / side for value, side in zip(corners, (*scene.size, *scene.size), strict=True)]
    return FORMS[form](*corners)


def write_numbers(layout: str, root: Path, scenes: list[Scene], form: str, unit: str, *, area: bool) -> None:
    place = Layout(root, CLASSES)
    place.pictures(scenes, "images/")
    if layout == "coco":
        content = coco_content(place, scenes)
        boxes = [(scene, box) for scene in scenes for box in scene.boxes]
        for one, (scene, box) in zip(content["annotations"], boxes, strict=True):
            one["bbox"] = numbers_of(scene, box, form, unit)
            if not area:
                del one["area"]
        place.json("a.json", content)
    elif layout == "csv":
        lines = [[scene.name, json.dumps(numbers_of(scene, box, form, unit)), box[0]] for scene in scenes for box in scene.boxes]
        place.write("t.csv", "\n".join(";".join(line) for line in [["image", "bbox", "label"], *lines]))
    else:
        for scene in scenes:
            lines = [[CLASSES.index(box[0]), *numbers_of(scene, box, form, unit)] for box in scene.boxes]
            place.write(
                f"labels/{scene.stem}.txt", "\n".join(" ".join(f"{value:.8f}".rstrip("0").rstrip(".") for value in line) for line in lines)
            )
        place.write("classes.txt", "\n".join(CLASSES))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("form", "unit"), CONVENTIONS)
@pytest.mark.parametrize("layout", ["coco", "coco with areas", "csv", "yolo"])
def test_numbers_mean_what_they_mean_or_are_refused(tmp_path: Path, layout: str, form: str, unit: str, seed: int) -> None:
    scenes = random_scenes(seed, boxes=8)
    write_numbers(layout.split(" ")[0], tmp_path, scenes, form, unit, area=layout.endswith("areas"))
    custom = (form, unit) == (("cxcywh", "fractions") if layout == "yolo" else ("xywh", "pixels"))
    try:
        items, report = load(tmp_path)
    except DataError as error:
        assert not custom and "\n" not in str(error)
        if layout != "yolo" and unit == "pixels" and "--boxes" in str(error):  # the advice works
            assert boxes_of(load(tmp_path, boxes=form)[0]) == truth_of(scenes)
        return
    assert boxes_of(items) == truth_of(scenes)
    assert report.dropped == {}
    if not custom and unit != "fractions":
        assert "were read as" in "; ".join(report.notes)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("extra", ["confidence", "confidence first", "track", "confidence and track", "outline", "keypoints", "turned"])
def test_rows_of_every_length_give_their_boxes(tmp_path: Path, extra: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scenes = random_scenes(seed, boxes=6)
    place = Layout(tmp_path, CLASSES)
    place.pictures(scenes, "images/")
    for scene in scenes:
        lines = []
        for box in scene.boxes:
            x1, y1, x2, y2 = scene.fractions(box)
            middle = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
            sure, track = round(float(rng.uniform(0.3, 0.99)), 3), int(rng.integers(0, 3))
            points = [value for _ in range(3) for value in (float(rng.uniform(x1, x2)), float(rng.uniform(y1, y2)), 2)]
            row = {
                "confidence": [*middle, sure],
                "confidence first": [sure, *middle],
                "track": [*middle, track],
                "confidence and track": [*middle, sure, track],
                "outline": [x1, y1, x2, (y1 + y2) / 2, x2, y2, (x1 + x2) / 2, y2],
                "keypoints": [*middle, *points],
                "turned": [x1, (y1 + y2) / 2, (x1 + x2) / 2, y1, x2, (y1 + y2) / 2, (x1 + x2) / 2, y2],
            }[extra]
            lines.append(
                " ".join([str(CLASSES.index(box[0])), *(f"{value:.8f}" if isinstance(value, float) else str(value) for value in row)])
            )
        place.write(f"labels/{scene.stem}.txt", "\n".join(lines))
    place.write("classes.txt", "\n".join(CLASSES))
    items, report = load(tmp_path)
    assert (boxes_of(items), report.dropped) == (truth_of(scenes), {})


@pytest.mark.parametrize("seed", SEEDS)
def test_ids_join_however_they_are_written(tmp_path: Path, seed: int) -> None:
    scenes = random_scenes(seed)
    ids: list[Callable[[int], Any]] = [str, lambda n: f"{n:06d}", float, lambda n: scenes[n].name, lambda n: scenes[n].stem]
    for turn, of_annotation in enumerate(ids):
        for of_image in (int, str, lambda n: f"{n:06d}"):
            root = tmp_path / f"{turn}{of_image(7)}{type(of_image(1)).__name__}"
            place = Layout(root, CLASSES)
            place.pictures(scenes, "images/")
            content = coco_content(place, scenes)
            for image in content["images"]:
                image["id"] = of_image(image["id"])
            for one in content["annotations"]:
                one["image_id"] = of_annotation(int(one["image_id"]))
                one["category_id"] = str(one["category_id"])
            place.json("a.json", content)
            assert boxes_of(load(root)[0]) == truth_of(scenes)


# ---- 7: names from other machines -------------------------------------------------------------------------------------------------------

STATED: dict[str, Callable[[str], str]] = {
    "server": lambda name: f"\\\\server\\share\\{name}",
    "address": lambda name: f"https://x.org/i/{name.replace(' ', '%20')}?sig=1#x",
    "bucket": lambda name: f"gs://bucket/a/b/{name}",
    "file": lambda name: f"file:///C:/data/{name}",
    "plus": lambda name: name.replace(" ", "+"),
    "up": lambda name: f"../../images/{name}",
    "other ending": lambda name: name.replace(".png", ".jpg"),
    "no ending": lambda name: name.removesuffix(".png"),
    "spaces around": lambda name: f" {name} ",
    "decomposed": lambda name: name.replace("Ü", "U\u0308"),
}


@pytest.mark.parametrize("stated", STATED)
@pytest.mark.parametrize("layout", ["coco", "csv", "createml", "metadata", "voc"])
def test_names_of_other_machines_find_their_pictures(tmp_path: Path, layout: str, stated: str) -> None:
    scenes = random_scenes(5, name="Ü {} .png".replace(" .", "."))
    WRITERS[layout](Layout(tmp_path, CLASSES, replace(HAZARDS["none"], stated=STATED[stated])), scenes)
    items, report = load(tmp_path)
    assert (boxes_of(items), report.dropped) == (truth_of(scenes), {})


def test_names_that_are_no_utf8_are_counted_and_shown(tmp_path: Path) -> None:
    scenes = random_scenes(0)
    WRITERS["coco"](Layout(tmp_path, CLASSES), scenes)
    try:
        (tmp_path / "images" / "caf\udce9.png").write_bytes((tmp_path / "images" / scenes[0].name).read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    for options in ({}, {"format": "folder"}):
        _, report = load(tmp_path, **options)
        assert "caf?.png" in json.dumps(report.to_json())
        json.dumps(report.to_json(), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("name", ["x", "x.jpg_large", "x.png~"])
def test_a_picture_is_one_by_its_bytes(tmp_path: Path, name: str) -> None:
    scenes = random_scenes(0)
    WRITERS["coco"](Layout(tmp_path, CLASSES), [replace(scenes[0], name=name), *scenes[1:]])
    items, report = load(tmp_path)
    assert (boxes_of(items), report.dropped) == (truth_of([replace(scenes[0], name=name), *scenes[1:]]), {})
