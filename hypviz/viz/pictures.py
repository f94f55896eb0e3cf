"""Cards of items: the crop of a box, or a small box in its surroundings, as JPEG bytes; made on demand and kept on disk."""

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
from hypviz.viz.surroundings import Xyxy, cut_of, outline

THUMB_SIZE = 192
"""Longest side in pixels: crisp at 96 CSS pixels on a dense screen."""

SHOWN_SIZE = 1600
"""Longest side of a picture sent to the page."""


def crop_bytes(picture: Image.Image, xyxy: Xyxy, size: int = THUMB_SIZE) -> bytes:
    """JPEG of one box of an RGB picture, in its own shape, longest side `size` (small crops are enlarged)."""
    return _jpeg(_scaled(picture, xyxy, size))


def card_bytes(picture: Image.Image, xyxy: Xyxy, size: int = THUMB_SIZE) -> bytes:
    """JPEG of what stands for a box wherever the page shows it as a card: its crop, or a small one in its surroundings with the box
    outlined (`viz.surroundings`); longest side `size`."""
    cut = cut_of(xyxy, picture.size)
    card = _scaled(picture, cut.xyxy, size)
    if cut.outlined:
        left, top, right, _ = cut.xyxy
        scale = card.width / (right - left)
        outline(card, ((xyxy[0] - left) * scale, (xyxy[1] - top) * scale, (xyxy[2] - left) * scale, (xyxy[3] - top) * scale))
    return _jpeg(card)


def thumbnail(items: Items, row: int, cache: Path | None) -> bytes:
    """The card of an item, from the folder `cache` when it is there, else made and, if it can be, kept there."""
    x1, y1, x2, y2 = (float(value) for value in items.xyxy[row])
    image = items.image[row]
    size = int(items.images.width[image]), int(items.images.height[image])
    kind = "-around" if cut_of((x1, y1, x2, y2), size).outlined else ""
    cached = cache / f"{items.item_id[row]}{kind}.jpg" if cache else None
    if cached is not None and cached.is_file():
        return cached.read_bytes()
    picture = open_upright(items.path(row))
    if picture.size != size:
        now, was = (f"{width} × {height}" for width, height in (picture.size, size))
        raise DataError(f"{items.path(row)} is {now} now and was {was} when it was imported; import it again.")
    data = card_bytes(picture, (x1, y1, x2, y2))
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
    return _jpeg(card)


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


def _scaled(picture: Image.Image, xyxy: Xyxy, size: int) -> Image.Image:
    """A part of a picture, longest side `size`."""
    width, height = xyxy[2] - xyxy[0], xyxy[3] - xyxy[1]
    scale = size / max(width, height)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    return picture.resize(shape, Image.Resampling.BICUBIC, box=xyxy, reducing_gap=2.0)


def _jpeg(card: Image.Image) -> bytes:
    stream = io.BytesIO()
    card.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _keep(path: Path, data: bytes) -> None:
    """A folder that cannot be written to only means that the next visit makes the thumbnail again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, lambda part: part.write_bytes(data))
