"""COCO files, real ones first: what is read, what is counted as left out, and what is refused by file and record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.sniff import sniff
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.data.raw import RawImage
from hypviz.errors import DataError

MakeCoco = Callable[..., Path]


def load(path: Path, **options: Any) -> tuple[Items, ImportReport]:
    return import_items(read_coco(path, **options))


def dropped(report: ImportReport) -> dict[str, int]:
    return {reason: entry["count"] for reason, entry in report.dropped.items()}


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> tuple[Items, ImportReport]:
    return load(shared_data / "photos/annotations.json")


def test_all_photos_are_read(photos: tuple[Items, ImportReport]) -> None:
    items, report = photos
    assert (report.images_read, report.boxes_read) == (535, 6467)
    assert (report.images, report.boxes, dropped(report)) == (535, 6467, {})
    assert (len(items), len(items.classes)) == (535 + 6467, 183)
    assert items.classes == tuple(sorted(items.classes))
    as_json = json.loads(json.dumps(report.to_json()))
    assert (as_json["images"], as_json["boxes"], as_json["kept_boxes"]) == (535, 6467, 6467)


def test_photo_boxes_stick_out_by_rounding_only_and_are_clipped(shared_data: Path, photos: tuple[Items, ImportReport]) -> None:
    """An independent count from the JSON: resizing left 53 boxes up to half a pixel outside."""
    content = json.loads((shared_data / "photos/annotations.json").read_bytes())
    size = {image["id"]: (image["width"], image["height"]) for image in content["images"]}
    out = 0
    for annotation in content["annotations"]:
        (x, y, w, h), (width, height) = annotation["bbox"], size[annotation["image_id"]]
        out += x < 0 or y < 0 or x + w > width or y + h > height
    assert photos[1].clipped == out == 53


def test_photos_keep_their_licence_and_boxes_their_label(shared_data: Path, photos: tuple[Items, ImportReport]) -> None:
    items, _ = photos
    content = json.loads((shared_data / "photos/annotations.json").read_bytes())
    assert items.images.licence.tolist() == [image["license"] for image in content["images"]]
    names = {category["id"]: category["name"] for category in content["categories"]}
    first = [a for a in content["annotations"] if a["image_id"] == content["images"][0]["id"]]
    rows = items.of_image(0)[1:]
    assert [items.name(row) for row in rows] == [names[a["category_id"]] for a in first]
    x, y, w, h = first[0]["bbox"]
    assert items.xyxy[rows[0]].tolist() == pytest.approx([x, y, x + w, y + h], abs=1e-4)


def test_car_parts_are_all_read(shared_data: Path) -> None:
    _, report = load(shared_data / "car_parts/annotations.json")
    assert (report.images, report.boxes, report.classes, dropped(report)) == (397, 3659, 19, {})


def test_two_dialects_of_one_data_set_give_the_same_items(shared_data: Path) -> None:
    """The dialects differ in ids, order and category numbers; one has no licences, the other no attributes."""
    a, report_a = load(shared_data / "formats/multi100/coco_a/instances_default.json")
    b, report_b = load(shared_data / "formats/multi100/coco_b/instances_v2.json")
    assert report_a.images == report_b.images == 100
    assert report_a.boxes == report_b.boxes == 273
    assert a.classes == b.classes
    assert set(a.item_id.tolist()) == set(b.item_id.tolist())
    label = {item: b.name(row) for row, item in enumerate(b.item_id.tolist())}
    assert all(label[item] == a.name(row) for row, item in enumerate(a.item_id.tolist()))


@pytest.mark.parametrize("folder", ["coco", "coco_instances", "coco_person_keypoints", "coco_roboflow", "mmdet_coco"])
def test_two_splits_become_one_data_set(shared_data: Path, folder: str) -> None:
    items, report = import_items(open_dataset(shared_data / "formats/tiny/coco_dataset" / folder))
    assert items.images.file_name.tolist() == ["train/a.jpg", "val/b.jpg"]
    beside = {"its pictures are those of another file": 12, "mask of segments, no picture": 2} if folder == "coco" else {}
    assert (report.name, report.boxes_read, report.boxes, dropped(report)) == (folder, 3, 2, {"crowd": 1} | beside)
    assert [items.name(row) for row in range(len(items))] == ["scene", "b", "scene", "a"]
    assert items.xyxy.tolist() == [[0, 0, 10, 5], [2, 2, 5, 3], [0, 0, 5, 10], [0, 0, 1, 2]]


def test_annotations_without_boxes_are_refused_with_their_number(shared_data: Path) -> None:
    for folder in ("coco_captions", "coco_labels"):
        with pytest.raises(DataError, match=r"none of the 3 boxes read can be used: 3 no box .*--format folder"):
            import_items(open_dataset(shared_data / "formats/tiny/coco_dataset" / folder))
    items, report = import_items(open_dataset(shared_data / "formats/tiny/coco_dataset/coco_panoptic"))
    assert (report.boxes_read, report.boxes, items.classes) == (3, 2, ("a",))
    assert dropped(report) == {"crowd": 1, "mask of segments, no picture": 2}


def test_lvis_without_its_pictures_says_what_was_looked_for(shared_data: Path) -> None:
    path = shared_data / "formats/lvis/lvis_val_100.json"
    with pytest.raises(DataError, match=r"names 100 pictures, but 0 of the 100 .*COCO_val2014_000000\d+\.jpg.*--images"):
        read_coco(path)


def test_lvis_licences_come_from_its_table(shared_data: Path, tmp_path: Path, make_picture: Callable[..., Path]) -> None:
    content = json.loads((shared_data / "formats/lvis/lvis_val_100.json").read_bytes())
    image = content["images"][0]
    make_picture(tmp_path / image["file_name"], (image["width"], image["height"]))
    items, report = load(shared_data / "formats/lvis/lvis_val_100.json", images=tmp_path)
    assert (report.images_read, report.boxes_read, report.images, dropped(report)) == (100, 977, 1, {"missing": 99})
    assert report.boxes + report.dropped["missing"]["boxes"] == 977
    table = {entry["id"]: entry["name"] for entry in content["licenses"]}
    assert items.images.licence.tolist() == [table[image["license"]]]


def test_a_wrong_pictures_folder_is_an_error_with_counts(shared_data: Path) -> None:
    with pytest.raises(DataError, match=r"names 535 pictures, but 0 of the 535 looked for were found among .*car_parts"):
        read_coco(shared_data / "photos/annotations.json", images=shared_data / "car_parts/images")
    with pytest.raises(DataError, match=r"there is no folder .*nowhere; name the folder .* by --images"):
        read_coco(shared_data / "photos/annotations.json", images=shared_data / "nowhere")


def test_the_pictures_folder_may_be_named_one_step_above(shared_data: Path) -> None:
    raw = read_coco(shared_data / "photos/annotations.json", images=shared_data / "photos")
    assert raw.root == shared_data / "photos/images"


def test_a_few_pictures_found_are_enough_and_the_rest_is_counted(make_coco: MakeCoco, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 8, "height": 8} for n in range(4)]
    path = make_coco(images=images, annotations=[])
    (tmp_path / "0.jpg").unlink()
    items, report = load(path)
    assert (len(items), dropped(report)) == (3, {"missing": 1})
    assert report.dropped["missing"]["examples"] == ["annotations.json: image 0: 0.jpg, there is no such file"]


@pytest.mark.parametrize("style", [".\\sub\\a.jpg", "./sub/a.jpg", "sub//a.jpg", "sub/x/../a.jpg"])
def test_file_names_of_other_systems_are_understood(
    make_coco: MakeCoco, make_picture: Callable[..., Path], tmp_path: Path, style: str
) -> None:
    make_picture(tmp_path / "sub/a.jpg")
    items, _ = load(make_coco(images=[{"id": 1, "file_name": style}], draw=False))
    assert items.images.file_name.tolist() == ["sub/a.jpg"]


def test_absolute_names_below_the_root_become_relative(make_coco: MakeCoco, make_picture: Callable[..., Path], tmp_path: Path) -> None:
    make_picture(tmp_path / "pictures/a.jpg")
    path = make_coco(images=[{"id": 1, "file_name": str(tmp_path / "pictures/a.jpg")}], draw=False)
    items, _ = load(path, images=tmp_path / "pictures")
    assert items.images.file_name.tolist() == ["a.jpg"]


@pytest.mark.parametrize("name", ["../outside.jpg", "sub/../../outside.jpg", "ABSOLUTE/outside.jpg"])
def test_files_outside_the_pictures_folder_are_never_opened(
    make_coco: MakeCoco, make_picture: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    make_picture(tmp_path.parent / "outside.jpg")
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": name.replace("ABSOLUTE", str(tmp_path.parent))}]
    make_picture(tmp_path / "a.jpg")
    items, report = load(make_coco(images=images, draw=False))
    assert items.images.file_name.tolist() == ["a.jpg"]
    assert dropped(report) == {"outside the folder": 1}


def test_a_box_may_be_given_by_its_polygons(make_coco: MakeCoco) -> None:
    base = {"image_id": 1, "category_id": 1}
    polygons = [[1, 2, 9, 2, 9, 8], [3, 1, 4, 20, 5, 5]]
    annotations = [
        base | {"id": 1, "segmentation": polygons},
        base | {"id": 2, "bbox": None, "segmentation": {"counts": [1, 2], "size": [30, 40]}},
        base | {"id": 3, "bbox": [], "segmentation": []},
        base | {"id": 4},
    ]
    items, report = load(make_coco(annotations=annotations))
    assert items.xyxy[1:].tolist() == [[1, 1, 9, 20]]
    assert dropped(report) == {"no box": 3}
    assert report.dropped["no box"]["examples"][0] == "annotations.json: annotation 2"


def test_dangling_references_are_counted_with_five_examples_each(make_coco: MakeCoco) -> None:
    box = {"bbox": [1, 1, 5, 5]}
    annotations = [box | {"id": n, "image_id": 99, "category_id": 1} for n in range(7)]
    annotations += [box | {"id": n, "image_id": 1, "category_id": c} for n, c in enumerate([77, None, "1"], start=10)]
    annotations += [box | {"id": 20, "image_id": 1}, box | {"id": 21, "image_id": 1, "category_id": 1}]
    items, report = load(make_coco(annotations=annotations))
    assert (len(items), report.boxes_read, report.boxes) == (3, 12, 2)  # "1" and 1 are one id
    assert dropped(report) == {"no such image": 7, "no such category": 3}
    examples = report.dropped["no such image"]["examples"]
    assert len(examples) == 5
    assert examples[0] == "annotations.json: annotation 0 (image 99)"


def test_crowds_are_left_out_and_counted(make_coco: MakeCoco) -> None:
    crowd = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5], "iscrowd": 1}
    items, report = load(make_coco(annotations=[crowd, crowd | {"iscrowd": 0}]))
    assert (len(items), items.classes, dropped(report)) == (2, ("thing",), {"crowd": 1})
    with pytest.raises(DataError, match=r"none of the 1 boxes read can be used: 1 crowd \(e\.g\. annotations\.json: annotation 1\)"):
        load(make_coco(annotations=[crowd]))


def test_licences_come_from_the_table_or_stand_in_the_record(make_coco: MakeCoco) -> None:
    licences = [{"id": 0, "name": ""}, {"id": 1, "name": "CC0"}, {"id": 2, "url": "https://example.org/by"}, "odd"]
    values = [0, 1, 2, 5, "CC BY 4.0", None, 1.5]
    images = [{"id": n, "file_name": f"{n}.png", "width": 8, "height": 8, "license": v} for n, v in enumerate(values)]
    items, _ = load(make_coco(images=images, annotations=[], licenses=licences))
    assert items.images.licence.tolist() == ["", "CC0", "https://example.org/by", "", "CC BY 4.0", "", ""]


@pytest.mark.parametrize("height", [0.5, 0, -3, 1e9, 10**400, float("nan"), None])
def test_a_size_that_cannot_be_counts_as_not_stated(
    make_coco: MakeCoco, make_picture: Callable[..., Path], tmp_path: Path, height: float | None
) -> None:
    make_picture(tmp_path / "a.jpg")
    path = make_coco([[1, 1, 5, 5]], images=[{"id": 1, "file_name": "a.jpg", "width": 40, "height": height}], draw=False)
    assert load(path)[1].boxes == 1


def test_a_licence_table_with_odd_ids_and_overlong_file_names_do_no_harm(
    make_coco: MakeCoco, make_picture: Callable[..., Path], tmp_path: Path
) -> None:
    images = [{"id": 1, "file_name": "a.jpg", "license": 1}, {"id": 2, "file_name": "x" * 300}]
    make_picture(tmp_path / "a.jpg")
    items, report = load(make_coco(images=images, licenses=[{"id": [1], "name": "odd"}], draw=False))
    assert (items.images.licence.tolist(), dropped(report)) == ([""], {"unreadable": 1})


def test_string_ids_work(make_coco: MakeCoco) -> None:
    annotation = {"id": "x", "image_id": "one", "category_id": "c", "bbox": [1, 1, 5, 5]}
    items, _ = load(
        make_coco(
            images=[{"id": "one", "file_name": "a.jpg"}],
            annotations=[annotation],
            categories=[{"id": "c", "name": " wheel "}],
        )
    )
    assert items.classes == ("wheel",)


def test_two_categories_of_one_name_are_one_class(make_coco: MakeCoco) -> None:
    boxes = [{"id": n, "image_id": 1, "category_id": n, "bbox": [n, 1, 5, 5]} for n in (1, 2, 3)]
    names = [{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}, {"id": 3, "name": "car"}, {"id": 4, "name": "unused"}]
    items, _ = load(make_coco(annotations=boxes, categories=names))
    assert items.classes == ("bus", "car")
    assert items.label.tolist() == [-1, 1, 0, 1]


def test_half_a_surrogate_pair_in_a_name_does_no_harm(make_coco: MakeCoco) -> None:
    path = make_coco([[1, 1, 5, 5]], categories=[{"id": 1, "name": "car \ud83d"}])
    assert load(path)[0].classes == ("car ?",)


WRONG_RECORDS = [
    ({"images": {"id": 1}}, r"images must be a list, got dict"),
    ({"images": ["a.jpg"]}, r"images\[0\] must be an object, got str"),
    ({"images": [{"file_name": "a.jpg"}]}, r"image number 0 has no id; expected an integer or a string"),
    ({"images": [{"id": 1.5, "file_name": "a.jpg"}]}, r"image 1.5: id must be an integer or a string, got 1.5"),
    ({"images": [{"id": True, "file_name": "a.jpg"}]}, r"id must be an integer or a string, got True"),
    ({"images": [{"id": 7}]}, r"image 7 has no file_name; expected a string"),
    ({"images": [{"id": 7, "file_name": 3}]}, r"image 7: file_name must be a string, got 3"),
    ({"annotations": 5}, r"annotations must be a list, got int"),
    ({"categories": {"1": "car"}}, r"categories must be a list, got dict"),
]


@pytest.mark.parametrize(("keys", "message"), WRONG_RECORDS)
def test_wrong_records_are_named_with_file_and_record(make_coco: MakeCoco, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"annotations\.json: .*{message}"):
        read_coco(make_coco(**keys, draw=False))


GOOD = {"id": 9, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}
BAD_RECORDS = [
    ("annotations", {"id": 4, "bbox": [1, 1, 2, 2]}, "no such image", "annotation 4 (image None)"),
    ("annotations", GOOD | {"id": 4, "bbox": [1, 2, 3]}, "box is not four numbers", "annotation 4: [1, 2, 3]"),
    ("annotations", GOOD | {"id": 4, "bbox": "1 2 3 4"}, "box is not four numbers", "annotation 4: '1 2 3 4'"),
    ("annotations", GOOD | {"id": 4, "bbox": [1, 2, None, 4]}, "box is not four numbers", "annotation 4: [1, 2, None, 4]"),
    ("annotations", "x", "unreadable record", "annotation number 0 is no object"),
    ("images", "a.jpg", "unusable record", "images[0] must be an object, got str"),
    ("images", {"file_name": "b.jpg"}, "unusable record", "image number 0 has no id"),
    ("images", {"id": 7, "file_name": 3}, "unusable record", "image 7: file_name must be a string, got 3"),
    ("categories", {"name": "car"}, "unusable category", "category number 0 has no id"),
    ("categories", {"id": 7}, "unusable category", "category 7 has no name"),
    ("categories", {"id": 7, "name": " "}, "unusable category", "category 7 has no name"),
]


@pytest.mark.parametrize(("key", "record", "reason", "example"), BAD_RECORDS)
def test_one_bad_record_is_counted_and_the_rest_is_read(make_coco: MakeCoco, key: str, record: Any, reason: str, example: str) -> None:
    content = json.loads(make_coco(annotations=[GOOD]).read_bytes())
    content[key].insert(0, record)
    items, report = load(make_coco(**content, draw=False))
    assert (len(items), report.boxes, items.classes) == (2, 1, ("thing",))
    assert set(report.dropped) == {reason} and example in report.dropped[reason]["examples"][0]
    assert report.boxes_read == len(content["annotations"])
    assert report.images_read == len(content["images"])


def test_ids_that_mean_two_things_cost_their_boxes_only(make_coco: MakeCoco) -> None:
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 7, "file_name": "b.jpg"}, {"id": 7, "file_name": "c.jpg"}]
    names = [{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}, {"id": 2, "name": "tram"}]
    boxes = [GOOD, GOOD | {"id": 2, "image_id": 7}, GOOD | {"id": 3, "category_id": 2}]
    items, report = load(make_coco(images=images, annotations=boxes, categories=names))
    assert (report.images, report.boxes, items.classes) == (3, 1, ("car",))
    assert {reason: entry["boxes"] for reason, entry in report.dropped.items()} == {"image id listed twice": 1, "category listed twice": 1}
    assert "b.jpg and c.jpg" in report.dropped["image id listed twice"]["examples"][0]
    assert "'bus' and 'tram'" in report.dropped["category listed twice"]["examples"][0]


def test_a_size_in_quotes_is_a_size_and_one_that_is_no_number_is_none(
    make_coco: MakeCoco, make_picture: Callable[..., Path], tmp_path: Path
) -> None:
    make_picture(tmp_path / "a.jpg")
    for width, scaled in (("80", 1), ("wide", 0)):
        image = {"id": 1, "file_name": "a.jpg", "width": width, "height": 60}
        assert load(make_coco([[1, 1, 5, 5]], images=[image], draw=False))[1].scaled == scaled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"not a JSON file"),
        ('{"images": [', r"not a JSON file"),
        ("[1, 2]", r"not a COCO file: expected the keys images, annotations, categories; found list"),
        ('{"shapes": [], "version": 1}', r"found shapes, version"),
        ('{"images": []}', r"found images"),
        ("[" * 100_000, r"not a JSON file"),
        ("\xff\xfe", r"not a JSON file"),
    ],
)
def test_files_that_are_not_coco_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=rf"x\.json: .*{message}"):
        read_coco(tmp_path / "x.json")


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.json: there is no such annotation file"):
        read_coco(tmp_path / "gone.json")


def test_one_picture_in_two_files_is_refused(make_coco: MakeCoco) -> None:
    paths = [make_coco(file="a.json"), make_coco(file="b.json")]
    with pytest.raises(DataError, match=r"a\.jpg is listed twice, as a\.json image 1 and as b\.json image 1.*--annotations"):
        read_coco(paths)


def test_one_picture_in_two_records_keeps_the_boxes_of_both(make_coco: MakeCoco) -> None:
    images = [{"id": 3, "file_name": "a.jpg"}, {"id": 4, "file_name": "./a.jpg"}]
    boxes = [GOOD | {"id": n, "image_id": image, "bbox": [x, 1, 5, 5]} for n, (image, x) in enumerate([(3, 1), (4, 1), (4, 9)])]
    items, report = load(make_coco(images=images, annotations=boxes))
    assert (report.images, report.images_read, report.boxes, report.boxes_read) == (1, 2, 2, 3)
    assert items.xyxy[1:, 0].tolist() == [1, 9]
    example = "a.jpg is listed twice, as annotations.json: image 3 and as annotations.json: image 4"
    assert report.dropped["picture listed twice"]["examples"] == [example]


def test_files_of_other_classes_of_the_same_pictures_are_joined(make_coco: MakeCoco, tmp_path: Path) -> None:
    for number, name in enumerate(("cats", "dogs")):
        make_coco([[1 + number, 1, 5, 5]], file=f"{name}.json", categories=[{"id": 1, "name": name}])
    items, report = import_items(open_dataset(tmp_path))
    assert (report.images, report.boxes, items.classes) == (1, 2, ("cats", "dogs"))


def test_no_image_at_all_is_an_error_with_the_counts(make_coco: MakeCoco, tmp_path: Path) -> None:
    path = make_coco(images=[{"id": 1, "file_name": "a.jpg"}], draw=False)
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"none of 1 pictures below .* is usable: 1 not a picture \(e\.g\. .*a\.jpg"):
        load(path)


def test_numbers_beyond_floats_are_dropped_as_not_finite(make_coco: MakeCoco) -> None:
    items, report = load(make_coco([[10**400, 0, 5, 5], [float("nan"), 0, 5, 5], [0, 0, float("inf"), 5], [0, 0, 5, 5]]))
    assert (len(items), dropped(report)) == (2, {"not finite": 3})


def test_coco_is_recognised_by_its_content(tmp_path: Path, shared_data: Path) -> None:
    assert sniff(shared_data / "photos/annotations.json").kind == "coco"
    (tmp_path / "empty.json").touch()
    (tmp_path / "other.json").write_text('{"images": 3}')
    assert not any(sniff(tmp_path / name).kind == "coco" for name in ("empty.json", "other.json", "gone.json"))


any_json = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 50),
    st.floats(),
    st.sampled_from(["", "a.jpg", "b.jpg", "..", "x" * 300, "\0", 10**400]),
    st.just([]),
    st.just({}),
    st.lists(st.one_of(st.integers(-9, 9), st.none(), st.text(max_size=2)), min_size=1, max_size=5),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_wrong_value_anywhere_is_an_import_or_a_data_error(make_coco: MakeCoco, data: st.DataObject) -> None:
    """Never another exception, whatever stands in one field or two; and the counts always add up."""
    content: dict[str, Any] = json.loads(make_coco([[1, 2, 3, 4], [5, 5, 9, 9]]).read_bytes()) | {"licenses": [{"id": 1, "name": "CC0"}]}
    for _ in range(data.draw(st.integers(1, 2))):
        key = data.draw(st.sampled_from(sorted(content)))
        record = content[key][0] if isinstance(content[key], list) and content[key] else None
        if not isinstance(record, dict) or data.draw(st.integers(0, 9)) == 0:
            content[key] = data.draw(any_json)
        else:
            fields = sorted({*record, "segmentation", "license", "bbox", "iscrowd"})
            record[data.draw(st.sampled_from(fields))] = data.draw(any_json)
    try:
        items, report = load(make_coco(**content, draw=False))
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert report.boxes_read == len(content["annotations"] or ())
        assert report.boxes_read == report.boxes + sum(entry["boxes"] for entry in report.dropped.values())
        assert len(items) == report.images + report.boxes


def test_readers_stream(make_coco: MakeCoco) -> None:
    raw = read_coco(make_coco([[1, 2, 3, 4]]))
    first = next(iter(raw.images))
    assert isinstance(first, RawImage)
    assert (first.file_name, first.size, first.boxes[0].xyxy, first.boxes[0].record) == (
        "a.jpg",
        (40, 30),
        (1, 2, 4, 6),
        "annotations.json: annotation 1",
    )
    assert raw.count == 1
    assert np.isfinite(first.boxes[0].xyxy).all()
