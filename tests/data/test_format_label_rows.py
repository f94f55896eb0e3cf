"""YOLO's rows and the whole reader of labels, to the last field and count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats import yolo
from hypviz.data.formats.entries import Entry
from hypviz.data.formats.yolo import read_yolo
from hypviz.data.formats.yolo_rows import RowForm, box_of, numbers_of, row_form
from hypviz.data.raw import DropCounter, RawBox
from hypviz.errors import DataError
from tests.data.layouts import picture
from tests.data.reading import losses, read_labels, write

ROW = "0 0.5 0.5 0.2 0.4\n"


CORNERS = (0.4, 0.3, 0.6, 0.7)


def test_a_row_is_a_box_an_outline_or_nothing() -> None:
    assert (
        numbers_of(["0", "1", "2", "3", "4"]) == [0, 1, 2, 3, 4]
        and numbers_of(["0", "1", "2", "3"]) is numbers_of(["0", "1", "2", "3", "x"]) is None
    )
    four, five, six = (0.5, 0.5, 0.2, 0.4), (0.9, 0.5, 0.5, 0.2, 0.4), (0.1, 0.2, 0.3, 0.4, 0.0, 0.9)
    plain = RowForm()
    assert box_of(four, plain) == box_of((*four, 0.9), plain) == pytest.approx(CORNERS)
    assert box_of(five, RowForm(first=1)) == pytest.approx(CORNERS) and box_of(four, RowForm(first=1)) == pytest.approx(CORNERS)
    assert box_of(six, plain) == (0.0, 0.2, 0.3, 0.9) and box_of(six, RowForm(tracked=True)) == pytest.approx((-0.05, 0, 0.25, 0.4))
    assert box_of((*four, 0.1, 0.2, 2), plain) is None and box_of((0.1, 0.2, 0.3), plain) is None
    assert box_of((*four, 0.1, 0.2, 2), RowForm(keypoints=3)) == pytest.approx(CORNERS)
    assert box_of((*four, 0.1, 0.2, 2, 1), RowForm(keypoints=3)) == (0.1, 0.2, 2, 1)
    assert box_of((0.1, 0.2, 0.5, 0.6), RowForm("xyxy")) == (0.1, 0.2, 0.5, 0.6)


def form_of(rows: list[Any], stated: int = 0) -> tuple[RowForm, list[str]]:
    dropped = DropCounter()
    return row_form([[*map(float, row)] for row in rows], stated, dropped), dropped.notes


def test_a_confidence_may_stand_before_or_behind_the_box() -> None:
    box = [0.5, 0.5, 0.2, 0.4]
    before, behind = [0.9, 0.95, 0.95, 0.1, 0.1], [*box, 0.9]
    note = "YOLO label files: the number after the class was read as a confidence, since the boxes are in the four after it"
    assert form_of([before] * 3) == (RowForm(first=1), [note]) and form_of([before] * 2) == form_of([behind] * 3) == (RowForm(), [])
    assert form_of([before] * 19 + [[0.9, 0.5, 0.5, 9, 9]]) == (RowForm(first=1), [note])
    assert form_of([before] * 18 + [[0.9, 0.5, 0.5, 9, 9]] * 2) == (RowForm(), [])
    edge = [0.9, 0.045, 0.5, 0.11, 0.4]
    assert form_of([[0.9, 0.965, 0.5, 0.09, 0.4]] * 3)[0].first == 1 and form_of([edge] * 3)[0].first == 0  # the first four fit as well
    for bad in ([0.99, 0.97, 0.5, 0.1, 0.4], [0.99, 0.5, 0.5, 0, 0.4], [0.99, 0.5, 0.5, 0.2, 0], [0.99, 0.5, 0.97, 0.4, 0.1]):
        assert form_of([bad] * 3)[0].first == 0, bad


def test_a_box_sticks_out_by_a_hundredth_at_most_to_be_told_from_a_confidence() -> None:
    """Between whether the first four fit, which decides against the confidence, and the last four."""
    for place, step in ((1, 1), (1, -1), (2, 1), (2, -1)):
        inside, outside = [0.99, 0.5, 0.5, 0.25, 0.25], [0.99, 0.5, 0.5, 0.25, 0.25]
        inside[place] = 0.5 + step * 0.384
        outside[place] = 0.5 + step * 0.386
        assert (form_of([inside] * 3)[0].first, form_of([outside] * 3)[0].first) == (1, 0), (place, step)
    box = [0.5, 0.5, 0.2, 0.4, 0.9]
    assert form_of([box] * 18 + [[0.99, 0.5, 0.5, 0.2, 0.4]] * 2)[0].first == 0
    both = [0.3, 0.4, 0.2, 0.2, 0.1]
    assert form_of([both] * 19 + [[0.99, 0.5, 0.5, 0.2, 0.4]])[0].first == 0, "nineteen of twenty fit without one"


def test_the_form_of_boxes_is_told_by_those_that_are_fractions() -> None:
    corners = [0.5, 0.6, 0.9, 0.95]
    assert form_of([corners] * 8)[0] == RowForm("xyxy") and form_of([corners] * 7)[0] == RowForm()
    assert form_of([corners] * 7 + [[0.5, 0.5, 2.1, 0.5]])[0] == RowForm()
    assert form_of([corners] * 7 + [[0.5, 0.6, 2.0, 0.95]])[0] == RowForm(), "one that is a fraction and fits nothing leaves seven of eight"


def test_rows_of_six_with_a_confidence_and_a_whole_number_are_tracks() -> None:
    row = [0.5, 0.5, 0.2, 0.4, 0.9, 7]
    assert form_of([row])[0].tracked and form_of([row, [0.5, 0.5, 0.2, 0.4]])[0].tracked
    assert form_of([[*row[:4], 1, 0], [*row[:4], 0, 3]])[0].tracked
    for other in ([*row[:4], 1.1, 7], [*row[:4], -0.1, 7], [*row[:5], 7.5]):
        assert not form_of([row, other])[0].tracked
    assert not form_of([[0.5, 0.5, 0.2, 0.4]])[0].tracked and form_of([row], 3)[0] == RowForm(keypoints=3)


def test_points_in_their_boxes_are_keypoints_where_all_rows_are_as_long() -> None:
    box = [0.5, 0.5, 0.2, 0.4]
    seen, hidden, out = [0.45, 0.6, 2], [0, 0, 0], [0.45, 0.9, 1]
    note = "YOLO label files: rows of 11 numbers were read as a box and 2 keypoints"
    row = [*box, *seen, *hidden]
    assert form_of([row] * 3) == (RowForm(keypoints=6), [note]) and form_of([row] * 2)[0].keypoints == 0
    assert form_of([row] * 3, 9) == (RowForm(keypoints=9), [])
    assert form_of([row, row, [*row, *seen]])[0].keypoints == form_of([[*box, *seen, *out]] * 3)[0].keypoints == 0
    assert form_of([[*box, *hidden, *hidden]] * 3)[0].keypoints == 0, "no point is marked"
    assert form_of([[*box, *seen, 0, 0.5, 2]] * 3)[0].keypoints == form_of([[*box, *seen, 0.5, 0, 2]] * 3)[0].keypoints == 0
    last = [*box, 0.45, 0.6, 0.5, 0.5, 0.9, 0.9]
    assert form_of([last] * 3)[0].keypoints == 0, "the last point counts as well"
    assert form_of([row] * 19 + [[*box, *seen, *out]])[0].keypoints == 6 and form_of([row] * 9 + [[*box, *seen, *out]])[0].keypoints == 0
    assert form_of([[*box, 0.45, 0.6, 2]] * 3)[0].keypoints == 0, "one point"
    three = "YOLO label files: rows of 11 numbers were read as a box and 3 keypoints"
    assert form_of([[*box, 0.45, 0.6, 0.5, 0.5, 0.55, 0.4]] * 3) == (RowForm(keypoints=6), [three])
    assert form_of([[*box, 0.45, 0.6, 3, 0.5, 0.5, 1]] * 3)[0].keypoints == 0, "what follows a point is 0, 1 or 2"
    assert form_of([[*box, 0.45, 0.6, 0.5, 0.5]] * 3)[0].keypoints == 0, "four corners of a turned box"
    edges = [0.38, 0.28, 2, 0.62, 0.72, 2]
    assert form_of([[*box, *edges]] * 3)[0].keypoints == 6
    for place, value in ((0, 0.37), (1, 0.27), (3, 0.63), (4, 0.73)):
        moved = [value if at == place else each for at, each in enumerate(edges)]
        assert form_of([[*box, *moved]] * 3)[0].keypoints == 0, place


def entry(name: str, label: str = "", *boxes: RawBox, record: str = "", exact: bool = True) -> Entry:
    return Entry((name,), label, boxes, record or Path(label).name or name, normalised=True, exact=exact, absent=not exact)


def box(record: str, label: str = "car") -> RawBox:
    return RawBox((0.4, 0.3, 0.6, 0.7), label, record)


def test_pictures_have_labels_or_none_and_labels_without_a_picture_are_missing(tmp_path: Path) -> None:
    rows = f"{ROW}\n1 0.5 0.5 0.2 0.4\n2 0.5 0.5 0.2 0.4\n0.5 0.5 0.5 0.2 0.4\n0 0.5 0.5\n0 9 0.5 0.2 0.4\n0 1 2 3 4 5 6 7\n"
    files = {"data.yaml": "names: [car, bus]\n", "labels/a.txt": rows, "labels/c.txt": ROW, "labels/e.txt": ""}
    got = read_labels(tmp_path, files, pictures=["images/b.png", "images/a.png", "masks/a.png"])
    assert got.entries == [
        entry("images/a.png", "labels/a.txt", box("a.txt: line 1"), box("a.txt: line 3", "bus")),
        entry("images/b.png"),
        entry("labels/c.jpg", "labels/c.txt", box("c.txt: line 1"), exact=False),
    ]
    assert got.files == set(files)
    assert got.said == {
        "no such class": ["a.txt: line 4: class 2 of 2", "a.txt: line 5: class 0.5 of 2"],
        "no YOLO row": ["a.txt: line 6: '0 0.5 0.5'", "a.txt: line 8: 8 numbers"],
        "not fractions of the picture": ["a.txt: line 7: 0 9 0.5 0.2 0.4"],
        "unlisted": [],
    }


def test_splits_name_their_pictures_once_and_leave_others_out(tmp_path: Path) -> None:
    pictures = [f"images/{name}.png" for name in ("a", "b", "c")]
    files = {"data.yaml": "names: [car]\ntrain: [t.txt, t.txt]\nval: v.txt\n", "labels/a.txt": ROW, "labels/d.txt": ROW}
    lists = {"t.txt": "images/b.png\nimages/a.png\nimages/d.png\n", "v.txt": "images/a.png\nimages/gone.png\n"}
    write(tmp_path, lists)
    got = read_labels(tmp_path, files, pictures=pictures)
    assert [one.names[0] for one in got.entries] == ["images/b.png", "images/a.png", "gone.png", "labels/d.jpg"]
    assert got.entries[2] == entry("gone.png", record="gone.png", exact=False)
    assert got.said == {
        "picture listed twice": ["data.yaml: images/b.png", "data.yaml: images/a.png", "data.yaml: images/a.png"],
        "unlisted": ["images/c.png"],
    }
    write(tmp_path, {"v.txt": "images/b.png\nimages/a.png\n", "t.txt": "images/b.png\nimages/a.png\n"})
    got = read_labels(tmp_path, {**files, "data.yaml": "names: [car]\ntrain: t.txt\nval: v.txt\n"}, pictures=pictures)
    assert got.notes == ["data.yaml names every picture in more than one split"] and got.said == {"unlisted": ["images/c.png"]}


def test_where_a_split_is_not_found_labelled_pictures_are_read_all_the_same(tmp_path: Path) -> None:
    files = {"data.yaml": "names: [car]\ntrain: t\nval: gone\n", "t/a.txt": ROW, "u/b.txt": ROW}
    got = read_labels(tmp_path, files, pictures=["t/a.png", "u/b.png", "u/c.png"])
    assert [one.names[0] for one in got.entries] == ["t/a.png", "u/b.png"] and got.said["unlisted"] == ["u/c.png"]
    assert got.notes == ["1 labelled pictures that no split names were read, since a split was not found"]
    other = {"s/data.yaml": "names: [bus]\n", "s/d.txt": ROW, "data.yaml": "names: [car]\ntrain: t\n"}
    got = read_labels(tmp_path, {**files, **other}, pictures=["t/a.png", "s/d.png", "s/e.png", "sx.png"])
    assert [one.names[0] for one in got.entries] == ["t/a.png", "s/d.png", "s/e.png", "u/b.jpg"]
    assert [[one.label for one in each.boxes] for each in got.entries] == [["car"], ["bus"], [], ["car"]] and got.said["unlisted"] == [
        "sx.png"
    ]


def test_one_configuration_a_folder_counts_and_names_come_from_the_nearest(tmp_path: Path) -> None:
    files = {"z.yaml": "names: [car]\n", "b.data": "names = x.names\n", "a.yaml": "names: [bus]\n", "x.names": "cat\n", "p.txt": ROW}
    got = read_labels(tmp_path, files, pictures=["p.png"])
    assert got.said["another configuration of the same folder"] == ["z.yaml, beside a.yaml", "b.data, beside a.yaml"]
    assert got.lost == {"another configuration of the same folder": (2, 0, 0, 2)} and got.entries[0].load()[0].label == "bus"
    named = {
        "classes.txt": "cat\n",
        "s/classes.txt": "\ndog\n",
        "a.json": {"categories": [{"id": 0, "name": "cow"}]},
        "s/p.txt": ROW,
        "q.txt": ROW,
    }
    got = read_labels(tmp_path / "n", named, pictures=["s/p.png", "q.png"])
    assert [one.load()[0].label for one in got.entries] == ["cat", "dog"] and got.notes == ["s/classes.txt: its empty lines are no classes"]
    assert got.files == set(named)


@pytest.mark.parametrize("name", ["x.names", "x.labels", "x.LABELS", "Classes.txt"])
def test_names_stand_in_files_of_several_endings(name: str, tmp_path: Path) -> None:
    got = read_labels(tmp_path, {name: "car\n", "a.txt": ROW}, pictures=["a.png"])
    assert got.entries == [entry("a.png", "a.txt", box("a.txt: line 1"))] and got.files == {name, "a.txt"}


def test_classes_without_names_are_numbered_and_that_is_noted(tmp_path: Path) -> None:
    got = read_labels(tmp_path, {"a.txt": "7 0.5 0.5 0.2 0.4\n7.5 0.5 0.5 0.2 0.4\n"}, pictures=["a.png"])
    assert got.entries == [entry("a.png", "a.txt", box("a.txt: line 1", "class 7"))]
    assert got.said["no such class"] == ["a.txt: line 2: class 7.5 of 0"]
    assert got.notes == ["there is no file of class names: YOLO classes are numbered"]


def test_labels_of_several_pictures_are_counted_or_refused(tmp_path: Path) -> None:
    files = {"labels/a.txt": ROW + ROW, "labels/b.txt": ROW}
    twins = [f"images/a.{ending}" for ending in ("bmp", "gif", "jpg", "png")]
    got = read_labels(tmp_path, files, pictures=[*twins, "images/b.png"])
    assert got.lost["label file of several pictures"] == (1, 0, 2, 0)
    assert got.said["label file of several pictures"] == [f"labels/a.txt may be that of {' or '.join(twins[:3])}"]
    with pytest.raises(DataError, match=rf"labels/a\.txt: may be that of {' or '.join(twins[:3])}, and no YOLO"):
        read_labels(tmp_path, {"labels/a.txt": ROW}, pictures=twins)
    with pytest.raises(
        DataError, match=r": none of 1 pictures has .*; labels/a\.txt holds rows of numbers, but is called like none of them; --format"
    ):
        read_labels(tmp_path, {"labels/a.txt": ROW}, pictures=["images/x.png"])
    splits = "names: [car]\ntrain: gone\nval: 'gone: too'\nvalid: more\n"
    with pytest.raises(
        DataError, match=r"data\.yaml: none of 1 .* beside the picture, train: gone was not found, val: gone: too was not found; --format"
    ):
        read_labels(tmp_path, {"data.yaml": splits}, pictures=["images/x.png"])


def test_five_hundred_label_files_evenly_spread_say_what_rows_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = "0 0.9 0.95 0.95 0.1 0.1\n"
    files = {f"{n}.txt": before if n % 2 else ROW for n in range(8)}
    pictures = [f"{n}.png" for n in range(8)]
    monkeypatch.setattr(yolo, "_LOOKED_AT", 4)
    assert read_labels(tmp_path, files, pictures=pictures).notes[-1] == "there is no file of class names: YOLO classes are numbered"
    monkeypatch.setattr(yolo, "_LOOKED_AT", 5)
    assert any("confidence" in note for note in read_labels(tmp_path, files, pictures=pictures).notes)


def test_a_set_of_yolo_is_a_folder_a_configuration_or_pictures_elsewhere(tmp_path: Path) -> None:
    files = {
        "set/data.yaml": "names: [car]\ntrain: images\n",
        "set/labels/a.txt": ROW,
        "set/other.yml": "names: [bus]\n",
        "set/notes.md": "x",
        "set/classes.txt": "cow\n",
        "set/images/a.png": picture((64, 48), 0),
        "else/images/a.png": picture((64, 48), 0),
    }
    write(tmp_path, files)
    for place, images, root, counts in (
        ("set", None, "set/images", {"another configuration of the same folder": (1, 0, 0, 1)}),
        ("set/data.yaml", None, "set/images", {}),
        ("set", "else", "else/images", {"another configuration of the same folder": (1, 0, 0, 1)}),
    ):
        raw = read_yolo(str(tmp_path / place), None if images is None else str(tmp_path / images))
        (image,) = raw.images
        assert (raw.root / image.file_name).parent == tmp_path / root and image.boxes == (box("a.txt: line 1"),)
        assert (raw.name, raw.count, raw.files, losses(raw.dropped)) == ("set", 1, 3, counts), place
