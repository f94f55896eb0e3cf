"""Any picture file becomes the upright RGB picture a person sees, or one sentence that says why not."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from hypviz.data import pictures
from hypviz.data.pictures import PictureError, inspect_picture, is_picture_name, open_upright, read_size
from hypviz.errors import DataError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION = 0x0112
ROW_0_AND_COLUMN_0 = {1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left")}
ROW_0_AND_COLUMN_0 |= {5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom")}
"""Where the stored picture's first row and column are seen, by orientation: the definition in EXIF 2.3, § 4.6.4 A."""


def pixels(image: Image.Image) -> NDArray[np.int64]:
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def corners(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Red, green, blue and white quarters: every turn and mirroring of it differs."""
    quarters = np.array([[RED, GREEN], [BLUE, WHITE]], dtype=np.uint8)
    return Image.fromarray(quarters).resize(size, Image.Resampling.NEAREST)


def with_orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    return exif


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    options = {"quality": 95, "subsampling": 0} if suffix == ".jpg" else {"lossless": True} if suffix == ".webp" else {}
    corners().save(path, exif=with_orientation(orientation), **options)
    row0, column0 = ROW_0_AND_COLUMN_0[orientation]
    upright = open_upright(path)
    assert upright.size == ((64, 32) if orientation <= 4 else (32, 64)) == read_size(path)
    assert np.abs(pixels(upright)[quarter(upright, row0, column0)] - RED).max() < 12
    info = inspect_picture(path)
    assert (info.size, info.stored, info.orientation) == (upright.size, (64, 32), orientation)


def quarter(image: Image.Image, *sides: str) -> tuple[int, int]:
    """(row, column) of the middle of the quarter at two sides, where the stored first row and column have gone."""
    row = image.height // 4 if "top" in sides else image.height * 3 // 4
    column = image.width // 4 if "left" in sides else image.width * 3 // 4
    return row, column


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_an_orientation_out_of_range_or_a_damaged_exif_block_is_ignored(tmp_path: Path) -> None:
    corners().save(tmp_path / "a.png", exif=with_orientation(77))
    corners().save(tmp_path / "b.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff garbage")
    assert read_size(tmp_path / "a.png") == open_upright(tmp_path / "a.png").size == (64, 32)
    assert read_size(tmp_path / "b.jpg") == open_upright(tmp_path / "b.jpg").size == (64, 32)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LAB"])
def test_opaque_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tiff"
    grey = Image.new("L", (8, 8), 255).convert("RGB")
    (grey.convert("P") if mode == "P" else _convert(grey, mode)).save(path)
    assert np.abs(pixels(open_upright(path)) - 255).max() <= 2


def _convert(image: Image.Image, mode: str) -> Image.Image:
    return Image.new("LAB", image.size, (255, 128, 128)) if mode == "LAB" else image.convert(mode)


def test_a_cmyk_jpeg_keeps_its_colours(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    assert np.abs(pixels(open_upright(tmp_path / "a.jpg")) - RED).max() < 12


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_composited_on_white(mode: str) -> None:
    half = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    half.putpixel((1, 0), (0, 0, 0, 0))
    if mode == "P":
        image, options = half.convert("RGB").convert("P"), {"transparency": 0}
        image.putdata([1, 0])
        image.putpalette([0, 0, 0] * 256)
    else:
        image, options = half.convert(mode), {}
    data = io.BytesIO()
    image.save(data, "PNG", **options)
    assert pixels(open_upright(data.getvalue()))[0].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_half_transparent_pixels_blend_with_white() -> None:
    data = io.BytesIO()
    Image.new("RGBA", (1, 1), (255, 0, 0, 128)).save(data, "PNG")
    assert pixels(open_upright(data.getvalue()))[0, 0].tolist() == pytest.approx([255, 127, 127], abs=1)


@pytest.mark.parametrize("values", [[0, 257, 32896, 65535], [0, 257, 257 * 3], [257 * 7] * 2])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_grey_is_scaled_by_257_not_clipped_or_stretched(tmp_path: Path, suffix: str, values: list[int]) -> None:
    Image.fromarray(np.array([values], dtype=np.uint16)).save(tmp_path / f"a{suffix}")
    assert pixels(open_upright(tmp_path / f"a{suffix}"))[0, :, 0].tolist() == [value // 257 for value in values]


def test_16_bit_colour_is_scaled_not_clipped() -> None:
    assert pixels(open_upright(png_rgb16([0, 32896, 65535])))[0, 0].tolist() == [0, 128, 255]


def png_rgb16(pixel: list[int]) -> bytes:
    """A 1 × 1 PNG with 16 bits per channel, which Pillow reads but cannot write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" + struct.pack(">3H", *pixel))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], dtype=np.float32), [0, 128, 255]),
        (np.array([[-1.0, 0.0, 3.0]], dtype=np.float32), [0, 64, 255]),
        (np.array([[0.0, np.nan, 1.0]], dtype=np.float32), [0, 0, 255]),
        (np.array([[0, 65535]], dtype=np.int32), [0, 255]),
        (np.array([[-100, 100]], dtype=np.int32), [0, 255]),
    ],
)
def test_floats_and_32_bit_integers_are_scaled_to_their_range(tmp_path: Path, values: NDArray, expected: list[int]) -> None:
    Image.fromarray(values).save(tmp_path / "a.tiff")
    assert pixels(open_upright(tmp_path / "a.tiff"))[0, :, 0].tolist() == expected


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".tiff"])
def test_of_an_animation_the_first_frame_counts(tmp_path: Path, suffix: str) -> None:
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)
    first.save(
        tmp_path / f"a{suffix}",
        save_all=True,
        append_images=[second],
        **({"lossless": True} if suffix == ".webp" else {}),
    )
    assert pixels(open_upright(tmp_path / f"a{suffix}"))[4, 4].tolist() == list(RED)


def test_a_phone_s_multi_picture_jpeg_opens(tmp_path: Path) -> None:
    corners().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    assert open_upright(tmp_path / "a.jpg").size == (64, 32)


@pytest.mark.parametrize(
    "name",
    [
        "a#1.jpg",
        "t=1055.jpg",
        "ride.mp4#t=1.jpg",
        "Straße 🚗 写真.jpg",
        "UPPER.JPG",
        "100%.jpg",
        "a b.jpg",
        "no-ending",
    ],
)
def test_odd_names_open_like_any_other(tmp_path: Path, name: str) -> None:
    corners().save(tmp_path / name, "JPEG")
    assert open_upright(tmp_path / name).size == open_upright(str(tmp_path / name)).size == (64, 32)


def test_png_content_named_jpg_opens(shared_data: Path) -> None:
    path = shared_data / "formats/hard/dayride_type1_001.mp4#t=1055.jpg"
    with Image.open(path) as direct:
        assert direct.format == "PNG"
        expected = np.asarray(direct.convert("RGB"))
    assert np.array_equal(np.asarray(open_upright(path)), expected)
    assert read_size(path) == (1280, 720)


def test_real_photos_decode_as_pillow_s_own_transpose_does(shared_data: Path) -> None:
    for path in sorted((shared_data / "photos/images").iterdir())[::60]:
        with Image.open(path) as direct:
            expected = np.asarray(ImageOps.exif_transpose(direct).convert("RGB"))
        assert np.array_equal(np.asarray(open_upright(path)), expected), path.name


def failure(source: Path | bytes) -> PictureError:
    with pytest.raises(PictureError) as caught:
        open_upright(source)
    if isinstance(source, Path):
        with pytest.raises(PictureError) as twin:
            inspect_picture(source)
        assert (str(twin.value), twin.value.reason) == (str(caught.value), caught.value.reason)
        assert str(caught.value).startswith(f"{source}: ")
    assert isinstance(caught.value, DataError)
    assert str(caught.value).count("\n") == 0
    assert str(caught.value).endswith(".")
    return caught.value


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    error = failure(tmp_path / "gone.jpg")
    assert (error.reason, str(error)) == ("missing", f"{tmp_path / 'gone.jpg'}: there is no such file.")
    with pytest.raises(PictureError, match="no such file"):
        read_size(tmp_path / "gone.jpg")


def test_a_folder_an_empty_file_and_a_text_say_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("<html>404 not found</html>")
    assert failure(tmp_path / "folder.jpg").reason == "unreadable"
    assert failure(tmp_path / "empty.jpg").reason == "empty file"
    assert failure(tmp_path / "text.jpg").reason == "not a picture"
    assert failure(b"").reason == "empty file"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".bmp", ".tiff"])
def test_a_truncated_picture_is_refused_not_padded(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (80, 80, 3), dtype=np.uint8))
    noise.save(tmp_path / f"a{suffix}")
    data = (tmp_path / f"a{suffix}").read_bytes()
    (tmp_path / f"a{suffix}").write_bytes(data[: len(data) // 2])
    assert failure(tmp_path / f"a{suffix}").reason in ("truncated", "undecodable", "not a picture")


def test_truncated_jpegs_and_pngs_are_called_truncated(tmp_path: Path, shared_data: Path) -> None:
    photo = next(iter(sorted((shared_data / "photos/images").glob("*.jpg"))))
    (tmp_path / "a.jpg").write_bytes(photo.read_bytes()[:4000])
    assert failure(tmp_path / "a.jpg").reason == "truncated"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("keep", [12, 30, 100, 300])
def test_damage_anywhere_is_a_picture_error(tmp_path: Path, keep: int) -> None:
    """Random bytes after a valid start, in every format: whatever Pillow raises, a person gets one sentence."""
    rng = np.random.default_rng(keep)
    for suffix in (".jpg", ".png", ".webp", ".gif", ".bmp", ".tiff", ".ppm", ".jp2"):
        path = tmp_path / f"a{suffix}"
        corners().save(path)
        path.write_bytes(path.read_bytes()[:keep] + rng.bytes(200))
        with contextlib.suppress(PictureError):
            open_upright(path)


def test_a_tiff_that_pillow_cannot_decode_is_named(shared_data: Path) -> None:
    error = failure(shared_data / "formats/hard/test_3_bands_int32.tif")
    assert error.reason in ("undecodable", "not a picture")


def test_pictures_above_the_pixel_limit_are_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 64 * 32 - 1)
    corners().save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("the picture was decoded"))
    with pytest.raises(PictureError, match=r"64 × 32 pixels, the limit is 2,047"):
        open_upright(tmp_path / "a.png")
    with pytest.raises(PictureError, match=r"64 × 32 pixels"):
        read_size(tmp_path / "a.png")


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "bomb.png").write_bytes(bomb + b"\0\0\0\0IDAT")
    assert failure(tmp_path / "bomb.png").reason == "too large"


def test_a_file_too_big_for_a_picture_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 10)
    corners().save(tmp_path / "a.png")
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("the file was read"))
    with pytest.raises(PictureError, match="more than the limit 10"):
        open_upright(tmp_path / "a.png")


def test_postscript_is_no_picture_here(tmp_path: Path) -> None:
    """Pillow would hand it to Ghostscript."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.jpg")
    assert failure(tmp_path / "a.jpg").reason == "not a picture"


def test_bytes_are_called_by_the_name_given() -> None:
    with pytest.raises(DataError, match=r"^the upload: not a picture"):
        open_upright(b"no picture", name="the upload")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.JPG", True), ("x/ä#=.mp4.webp", True), ("a.tiff", True), ("a.mp4", False), ("jpg", False), (".a.png", False)],
)
def test_picture_names_are_told_by_their_ending(name: str, expected: bool) -> None:
    assert is_picture_name(name) is expected
