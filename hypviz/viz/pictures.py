"""Thumbnails of items: the crop of a box, longest side `size`, as JPEG bytes; made on demand and kept on disk."""

from __future__ import annotations

import contextlib
import io
import textwrap
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from hypviz.data.items import Items
from hypviz.data.pictures import open_upright
from hypviz.errors import DataError
from hypviz.storage.files import write_file

THUMB_SIZE = 192
"""Longest side in pixels: crisp at 96 CSS pixels on a dense screen."""

SHOWN_SIZE = 1600
"""Longest side of a picture sent to the page."""


def crop_bytes(picture: Image.Image, xyxy: tuple[float, float, float, float], size: int = THUMB_SIZE) -> bytes:
    """JPEG of one box of an RGB picture, in its own shape, longest side `size` (small crops are enlarged)."""
    width, height = xyxy[2] - xyxy[0], xyxy[3] - xyxy[1]
    scale = size / max(width, height)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    crop = picture.resize(shape, Image.Resampling.BICUBIC, box=xyxy, reducing_gap=2.0)
    stream = io.BytesIO()
    crop.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def thumbnail(items: Items, row: int, cache: Path | None) -> bytes:
    """The thumbnail of an item, from the folder `cache` when it is there, else made and, if it can be, kept there."""
    cached = cache / f"{items.item_id[row]}.jpg" if cache else None
    if cached is not None and cached.is_file():
        return cached.read_bytes()
    x1, y1, x2, y2 = (float(value) for value in items.xyxy[row])
    picture, image = open_upright(items.path(row)), items.image[row]
    if picture.size != (items.images.width[image], items.images.height[image]):
        was = f"{items.images.width[image]} × {items.images.height[image]}"
        raise DataError(f"{items.path(row)} is {picture.width} × {picture.height} now and was {was} when it was imported; import it again.")
    data = crop_bytes(picture, (x1, y1, x2, y2))
    if cached is not None:
        _keep(cached, data)
    return data


def placeholder(label: str, name: str, *, size: tuple[int, int] = (THUMB_SIZE, THUMB_SIZE)) -> bytes:
    """A card in place of a picture that is not there, as JPEG: the label, large, and a name below, on a grey with a frame."""
    width, height = (min(side, SHOWN_SIZE) for side in size)
    card = Image.new("RGB", (width, height), "#e4e8ef")
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, width - 1, height - 1), outline="#8a94a6", width=max(1, min(width // 64, 3)))
    lines = textwrap.wrap(label, 14)[:3] or ["?"]
    letters = max(len(line) for line in lines)
    large = max(9.0, min(width / (0.62 * max(letters, 5)), height / (1.5 * len(lines) + 2)))
    top = height / 2 - 0.7 * large * len(lines)
    for number, line in enumerate(lines):
        draw.text((width / 2, top + 1.3 * large * number), line, fill="#2b3444", anchor="ma", font=_font(large))
    small = max(8.0, min(width / 16, 16.0))
    draw.text((width / 2, height - 1.8 * small), name[:24], fill="#4d586b", anchor="ma", font=_font(small))
    stream = io.BytesIO()
    card.save(stream, "JPEG", quality=85)
    return stream.getvalue()


@lru_cache(maxsize=64)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # which unpacks it anew every time


def shown_picture(path: Path) -> bytes:
    """A whole picture, upright, as JPEG of at most SHOWN_SIZE pixels a side."""
    picture = open_upright(path, side=SHOWN_SIZE)
    picture.thumbnail((SHOWN_SIZE, SHOWN_SIZE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=92)
    return stream.getvalue()


def _keep(path: Path, data: bytes) -> None:
    """A folder that cannot be written to only means that the next visit makes the thumbnail again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, lambda part: part.write_bytes(data))
