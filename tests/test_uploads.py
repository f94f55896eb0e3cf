"""Own pictures: kept upright, few, and under names nobody can guess; what is no picture is refused by its name."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from hypviz.errors import DataError, SelectionError
from hypviz.explore import uploads
from hypviz.explore.uploads import MAX_SIDE, Uploads
from tests.conftest import random_picture
from tests.worlds import picture_bytes


def test_a_token_gives_the_picture_and_its_name_back() -> None:
    kept, picture = Uploads(), random_picture((40, 30))
    upload = kept.get(kept.add(picture_bytes(picture), "cat.png"))
    assert upload.name == "cat.png" and upload.boxes == []
    assert np.array_equal(np.asarray(upload.picture), np.asarray(picture))
    shown = Image.open(BytesIO(upload.jpeg))
    assert (shown.format, shown.size) == ("JPEG", (40, 30))


def test_tokens_are_long_and_never_the_same() -> None:
    kept, data = Uploads(), picture_bytes(random_picture((4, 4)))
    tokens = {kept.add(data, "same.png") for _ in range(20)}
    assert len(tokens) == 20 and all(len(token) == 32 and int(token, 16) >= 0 for token in tokens)


def test_the_picture_unused_longest_goes_when_there_are_too_many() -> None:
    kept, data = Uploads(per_person=3), picture_bytes(random_picture((4, 4)))
    first, second, third = (kept.add(data, f"{number}.png") for number in range(3))
    kept.get(first)
    fourth = kept.add(data, "4.png")
    with pytest.raises(SelectionError, match="no longer kept by the server; upload it again"):
        kept.get(second)
    assert [kept.get(token).name for token in (first, third, fourth)] == ["0.png", "2.png", "4.png"]


def test_a_photograph_turned_by_exif_is_kept_upright() -> None:
    upright = random_picture((40, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: turn by 270° to see it
    data = picture_bytes(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    kept = Uploads()
    upload = kept.get(kept.add(data, "phone.png"))
    assert np.array_equal(np.asarray(upload.picture), np.asarray(upright))
    assert Image.open(BytesIO(upload.jpeg)).size == (40, 30)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_every_colour_mode_is_taken_as_rgb(mode: str) -> None:
    picture = random_picture((8, 8)).convert("L") if mode == "I;16" else random_picture((8, 8))
    data = picture_bytes(picture.convert(mode), "TIFF")
    kept = Uploads()
    assert kept.get(kept.add(data, "a.tif")).picture.mode == "RGB"


def test_a_large_picture_is_scaled_down_in_its_own_shape() -> None:
    kept = Uploads()
    upload = kept.get(kept.add(picture_bytes(Image.new("RGB", (MAX_SIDE * 2, MAX_SIDE)), "JPEG"), "wide.jpg"))
    assert upload.picture.size == Image.open(BytesIO(upload.jpeg)).size == (MAX_SIDE, MAX_SIDE // 2)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 no picture at all", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (picture_bytes(random_picture((64, 64)), "JPEG")[:300], "truncated|cannot be decoded"),
    ],
    ids=["empty", "pdf", "svg", "cut"],
)
def test_what_is_no_picture_is_refused_by_its_name(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=rf"^my file\.jpg: .*({reason}).*\.$"):
        Uploads().add(data, "my file.jpg")


def test_a_file_that_is_too_large_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 3 << 20)
    with pytest.raises(DataError, match=r"^big\.jpg has 4 MiB; a picture may have at most 3 MiB\.$"):
        Uploads().add(b"\0" * (4 << 20), "big.jpg")
