"""Pictures as people see them: upright, RGB, whole. Whatever a file holds, one decoder and one sentence when it fails.

Orientation from EXIF is applied, so width, height and every box in this project refer to the upright picture. Colour
profiles are ignored: CMYK is converted without one. Of an animation or a multi-page file the first picture counts.

All decoding shares one budget of memory (`data.budget`), reserved by what the header says before anything is allocated.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from hypviz.data.budget import Budget
from hypviz.data.items import content_hash
from hypviz.errors import DataError

MAX_PIXELS = 178_000_000
"""Pictures with more pixels are refused before decoding (decompression bombs); Pillow's own limit lies just above."""
MAX_BYTES = 1 << 30
"""Files above 1 GiB are refused before reading: no picture within MAX_PIXELS needs that much."""
BUDGET = Budget(5 << 29)
"""2.5 GiB for all pictures that are decoded at a time: the largest TIFF of MAX_PIXELS fits, one at a time."""
BYTES_PER_PIXEL = {"WEBP": 16, "AVIF": 16, "HEIF": 16, "JPEG2000": 24, "TIFF": 12}
"""Most that decoding and conversion to RGB take, where it is more than OTHERS: these libraries keep the picture once more, in parts of
their own. Pillow keeps 4 bytes of a coloured pixel."""
OTHERS = 8
_STRIP = 1 << 21
"""Pixels that are converted at a time where a conversion has steps in between."""
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
"""Pillow's decoders in use; HEIF comes by pillow-heif with the first such file. EPS is not among them: Pillow would start Ghostscript
on a stranger's file."""
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif", ".heic", ".heif", ".hif"}
)
"""Endings, in lower case, by which a folder's files are taken for pictures."""

_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG = 0x0112
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_BROKEN = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(RuntimeError, AssertionError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError, Warning),
)
"""What Pillow's decoders raise on broken bytes: nearly anything, with `-W error` their warnings too."""


class PictureError(DataError):
    """A picture that cannot be shown; `reason` is for counting ("missing", "truncated"…), `detail` a sentence."""

    def __init__(self, name: str, reason: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}.")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """What is known of a file that decodes: `size` upright, `stored` as in the file, both (width, height) in pixels.

    orientation: EXIF 1…8, the turn that leads from stored to upright.  content: hash of the file's bytes.
    """

    content: str
    size: tuple[int, int]
    stored: tuple[int, int]
    orientation: int


def is_picture_name(name: str) -> bool:
    """Whether a file name ends like a picture's, in any case; hidden files (leading dot) are none.

    >>> is_picture_name("a b#1.mp4.JPG"), is_picture_name("a.jpg.txt"), is_picture_name(".a.jpg")
    (True, False, False)
    """
    path = Path(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")


def starts_like_picture(path: Path) -> bool:
    """Whether a file begins as a JPEG, PNG, GIF, TIFF, WebP, HEIC or AVIF picture does; False when it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    if head[4:8] == b"ftyp":
        return head[8:12] in _HEIF_BRANDS or head[8:12] == b"avif"
    return head.startswith(_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def open_upright(source: Path | str | bytes, *, name: str = "the picture", side: int = 0) -> Image.Image:
    """The picture of a file or of its bytes: mode RGB, orientation applied, transparency on white, 16 bit scaled.

    `name` stands for the bytes in messages. side: when not 0, a JPEG may be decoded smaller, with no side below twice that many pixels.
    Waits while other pictures take the memory there is for decoding. Raises PictureError (a DataError) when the file is missing, empty,
    truncated, no picture, undecodable, above MAX_PIXELS or in need of more memory than BUDGET.
    """
    label = name if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else read_bytes(Path(source))
    image = _open(data, label)
    try:
        if side:
            image.draft("RGB", (2 * side, 2 * side))
        with _reserved(image, data, label):
            image.load()
            upright = _to_rgb(_turned(image))
            BUDGET.hold(upright, 4 * upright.width * upright.height)
            return upright
    except PictureError:
        raise
    except _BROKEN as error:
        raise _undecodable(label, error) from None


def read_size(path: Path | str) -> tuple[int, int]:
    """(width, height) of the upright picture from the file's header; raises PictureError. A PNG may state its turn behind its pixels, so
    it is decoded."""
    data = read_bytes(Path(path))
    with _open(data, str(path)) as image, _reserved(image, data, str(path)):
        return _upright_size(image)


def inspect_picture(path: Path | str) -> PictureInfo:
    """Read and fully decode a file once: its hash, sizes and orientation; raises PictureError as `open_upright`."""
    data = read_bytes(Path(path))
    with _open(data, str(path)) as image, _reserved(image, data, str(path)):
        size, orientation = _upright_size(image), _orientation(image)
        try:
            image.load()
        except _BROKEN as error:
            raise _undecodable(str(path), error) from None
    stored = size[::-1] if orientation >= 5 else size
    return PictureInfo(content_hash(data), size, stored, orientation)


def read_bytes(path: Path) -> bytes:
    """The bytes of a picture file; raises PictureError when it is missing, empty, unreadable or above MAX_BYTES."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PictureError(str(path), "too large", f"the file has {size:,} bytes, more than the limit {MAX_BYTES:,}")
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise PictureError(str(path), "missing", "there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise PictureError(str(path), "unreadable", f"the file cannot be read ({_words(error)})") from None
    if not data:
        raise PictureError(str(path), "empty file", "the file is empty")
    return data


def _open(data: bytes, label: str) -> Image.Image:
    if not data:
        raise PictureError(label, "empty file", "the file is empty")
    try:
        image = Image.open(BytesIO(data), formats=_formats(data))
    except Image.DecompressionBombError:
        raise _too_large(label, f"more than {MAX_PIXELS:,}") from None
    except UnidentifiedImageError:
        raise PictureError(label, "not a picture", "not a picture in a format known here") from None
    except _BROKEN as error:  # headers can be as broken as bodies
        raise _undecodable(label, error) from None
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(label, f"{image.width} × {image.height}")
    return image


def _formats(data: bytes) -> tuple[str, ...]:
    """The decoders to try; for a HEIC picture, as telephones take them, pillow-heif's, which turns it upright by itself."""
    if data[4:8] != b"ftyp" or data[8:12] not in _HEIF_BRANDS:
        return FORMATS
    import pillow_heif

    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def _reserved(image: Image.Image, data: bytes, label: str) -> AbstractContextManager[None]:
    """The memory that decoding takes, the file's own included; PictureError when that is more than there is for all."""
    need = image.width * image.height * BYTES_PER_PIXEL.get(image.format or "", OTHERS) + len(data)
    if need > BUDGET.total:
        words = f"decoding it takes {need / 1e9:.1f} GB, at most {BUDGET.total / 1e9:.1f} GB are given to pictures"
        raise PictureError(label, "too large", f"{words}; make it smaller or save it as JPEG or PNG")
    return BUDGET.reserve(need)


def _too_large(label: str, pixels: str) -> PictureError:
    return PictureError(label, "too large", f"the picture has {pixels} pixels, the limit is {MAX_PIXELS:,}")


def _undecodable(label: str, error: Exception) -> PictureError:
    if "truncated" in str(error).lower() or "broken data stream" in str(error).lower():
        return PictureError(label, "truncated", "the picture is truncated or damaged")
    return PictureError(label, "undecodable", f"the picture cannot be decoded ({_words(error)})")


def _words(error: Exception) -> str:
    text = getattr(error, "strerror", None) or " ".join(str(error).split())
    return text.rstrip(".") or type(error).__name__


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _BROKEN:  # a damaged EXIF block must not cost the picture
        return 1
    return value if isinstance(value, int) and value in _TURN else 1


def _upright_size(image: Image.Image) -> tuple[int, int]:
    # Pillow's TIFF reader turns the picture itself: its size is upright from the start.
    swapped = _orientation(image) >= 5 and image.format != "TIFF"
    return (image.height, image.width) if swapped else (image.width, image.height)


def _turned(image: Image.Image) -> Image.Image:
    # After load() a TIFF is upright and Pillow has removed its tag.
    turn = _TURN.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        return _scaled_to_8bit(image).convert("RGB")
    if image.has_transparency_data:
        return _in_strips(image, _on_white, "RGB")
    return image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The picture as bands of whole rows, each with its first row; a small one as it is."""
    rows = max(1, _STRIP // max(image.width, 1))
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _in_strips(image: Image.Image, convert: Callable[[Image.Image], Image.Image], mode: str) -> Image.Image:
    """A conversion whose intermediate pictures are strips only; the result is the same."""
    whole = Image.new(mode, image.size)
    for top, strip in _strips(image):
        whole.paste(convert(strip), (0, top))
    return whole


def _scaled_to_8bit(image: Image.Image) -> Image.Image:
    # Integers within 16 bits keep their absolute brightness, floats within 0…1 too; other ranges are stretched.
    ranges = [(values.min(initial=0.0), values.max(initial=0.0)) for values in (_numbers(strip) for _, strip in _strips(image))]
    low, high = float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))
    full = 1.0 if image.mode == "F" else 65535.0
    if low >= 0 and high <= full:
        low, high = 0.0, full

    def scaled(strip: Image.Image) -> Image.Image:
        return Image.fromarray(np.round((_numbers(strip) - low) / (high - low) * 255).astype(np.uint8))

    return _in_strips(image, scaled, "L")


def _numbers(image: Image.Image) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
