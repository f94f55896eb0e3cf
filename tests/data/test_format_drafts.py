"""Which picture a name means, and how drafts become entries in the size that their pictures have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats import drafts as of_drafts
from hypviz.data.formats.drafts import Draft, DraftBox, settle
from hypviz.data.formats.entries import Entry
from hypviz.data.formats.names import Match, PictureNames, is_mask_name
from hypviz.data.raw import RawBox
from tests.data.layouts import picture
from tests.data.reading import source, write


@pytest.mark.parametrize(
    ("pictures", "stated", "where", "expected"),
    [
        (["s/a.png", "t/a.png"], "a.png", {"folder": "s"}, "s/a.png"),
        (["s/a.png", "a.png"], "a.png", {"folder": "s"}, "s/a.png"),
        (["s/a.png", "a.png"], "a.png", {"folder": "t"}, "a.png"),
        (["s/A.png", "t/a.png"], "a.PNG", {"folder": "s"}, "s/A.png"),
        (["x/s/a.png", "x/t/a.png"], "s/a.png", {}, "x/s/a.png"),
        (["x/s/a.png", "x/t/a.png"], "y/S/a.png", {}, "x/s/a.png"),
        (["x/s/a.png", "y/s/a.png"], "y/s/a.png", {"folder": "q"}, "y/s/a.png"),
        (["p/i/s/a.png", "q/i/s/a.png"], "a.png", {"folder": "q/l/s"}, "q/i/s/a.png"),
        (["i/s/a.png", "i/t/a.png"], "a.png", {"folder": "l/t"}, "i/t/a.png"),
        (["p/x/a.png", "q/x/a.png"], "a.png", {"folder": "q/y"}, "q/x/a.png"),
        (["cats/a.png", "dogs/a.png"], "a.png", {"hint": "all-Dogs_2"}, "dogs/a.png"),
        (["train2017/a.png", "test2017/a.png"], "a.png", {"hint": "instances_test2017"}, "test2017/a.png"),
        (["x/val/a.png", "x/train/a.png"], "a.png", {"hint": "valid"}, "x/val/a.png"),
        (["set1/a.png", "set2/a.png"], "a.png", {"folder": "labels2"}, "set2/a.png"),
        (["images/a.png", "masks/a.png"], "a.png", {}, "images/a.png"),
        (["images/a.png", "other/a.png"], "a.png", {}, "images/a.png"),
        (["other/a.png", "masks/a.png"], "a.png", {}, "other/a.png"),
        (["s/A.png", "t/a.png"], "a.png", {}, "t/a.png"),
        (["s/a.png", "t/a.png"], "a.png", {}, ("s/a.png", "t/a.png")),
        (["train/a.png"], "a.png", {"folder": "val"}, ""),
        (["train/a.png"], "a.png", {"folder": "x"}, "train/a.png"),
        (["train/a.png"], "a.png", {"folder": "train/labels"}, "train/a.png"),
        (["train/a.png"], "train/a.png", {"folder": "val"}, "train/a.png"),
        (["other/a.png"], "a.png", {"folder": "val"}, "other/a.png"),
        (["x/train/a.png"], "q/train/a.png", {"folder": "val"}, "x/train/a.png"),
        (["a.b.png"], "a.b.jpg", {"any_ending": True}, "a.b.png"),
        (["a.b.png"], "a.b", {"any_ending": True}, "a.b.png"),
        (["a.b.png", "a.png"], "a.b", {"any_ending": True}, "a.b.png"),
        (["s/a.png", "t/a.png"], "a.png", {"any_ending": True}, ("s/a.png", "t/a.png")),
    ],
)
def test_of_several_pictures_the_nearest_is_meant(pictures: list[str], stated: str, where: Any, expected: Any) -> None:
    match = Match(expected) if isinstance(expected, str) else Match("", expected)
    assert PictureNames(pictures).find((stated,), **where) == match
    assert PictureNames(reversed(pictures)).find((stated,), **where) == match


def test_masks_are_known_by_their_folders() -> None:
    folders = ["masks", "Mask", "segmentations", "SegmentationClass", "panoptic_val2017", "Semantic"]
    assert (
        all(is_mask_name(f"{folder}/x/a.png") for folder in folders) and not is_mask_name("x/masks.png") and not is_mask_name("mask2/a.png")
    )


def test_drafts_are_settled_to_entries(tmp_path: Path) -> None:
    box = DraftBox((1, 2, 3, 4), "x", "b", "", None, "drawn", "n", ("m",))
    draft = Draft(("a.png",), "s/f.json", "r", [box, DraftBox((1, 2, 3, 4), "y", "c", "xyxy")], (9, 8), "CC", True)
    fractions = Draft(("b.png",), "f", "q", [DraftBox((0, 0, 1, 1), "z", "d", "xywh")], (9, 8), unit="fractions")
    assert settle([draft, fractions], source(tmp_path), "w", ("xywh", "xyxy")) == [
        Entry(
            ("a.png",),
            "s/f.json",
            (RawBox((1, 2, 4, 6), "x", "b", "drawn", "n", ("m",)), RawBox((1, 2, 3, 4), "y", "c")),
            "r",
            (9, 8),
            "CC",
            any_ending=True,
        ),
        Entry(("b.png",), "f", (RawBox((0, 0, 1, 1), "z", "d"),), "q", normalised=True),
    ]
    assert settle([draft], source(tmp_path, box_format="xyxy"), "w", ("xywh", "xyxy"))[0].load()[0].xyxy == (1, 2, 3, 4)
    assert settle([draft], source(tmp_path, box_format="xyxy"), "w", ("xywh",))[0].load()[0].xyxy == (1, 2, 4, 6), "one form is no question"
    assert settle([], source(tmp_path), "w") == []
    shares = Draft(
        ("a.png",), "f", "r", [DraftBox((0.1, 0.2, 0.3, 0.4), "x", "b", "xyxy"), DraftBox((9, 9, 9, 9), "x", "b", "cxcywh")], (9, 8)
    )
    entry = settle([shares], source(tmp_path), "w", ("xywh", "xyxy"))[0]
    assert entry.normalised and entry.size is None and entry.load()[0].xyxy == (0.1, 0.2, 0.3, 0.4)


def test_sizes_that_a_file_does_not_state_are_read_from_the_first_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {f"s/{n}.png": picture((640, 480), 0) for n in range(3)} | {"s/bad.png": b"x"})
    pictures = ["s/0.png", "s/1.png", "s/2.png", "s/bad.png"]
    asked: list[str] = []
    monkeypatch.setattr(of_drafts, "read_size", lambda path, real=of_drafts.read_size: (asked.append(Path(path).name), real(path))[1])
    corners = [DraftBox((330, 250, 630, 470), "x", "b")] * 4

    def form(*names: str, any_ending: bool = False, size: Any = None) -> Any:
        asked.clear()
        drafts = [Draft((name,), "s/f.json", name, list(corners), size, any_ending=any_ending) for name in names]
        return settle(drafts, source(tmp_path, pictures), "w", ("xywh", "xyxy"))[0].load()[0].xyxy

    as_corners, as_sizes = (330, 250, 630, 470), (330, 250, 960, 720)
    assert form("0.png", "1.png") == as_corners and asked == ["0.png", "1.png"]
    assert form("0", "1") == as_sizes and asked == [] and form("0", "1", any_ending=True) == as_corners
    assert form("bad.png", "0.png", "gone.png", "1.png") == as_corners and asked == ["bad.png", "0.png", "1.png"]
    assert form("0.png", "1.png", size=(9, 9)) == as_sizes and asked == []
    monkeypatch.setattr(of_drafts, "MEASURED", 2)
    assert form("0.png", "1.png", "2.png") == as_corners and asked == ["0.png", "1.png"]
