"""From a query to a place: where it lies (direction, radius, drawn angle) and the picture that shows it."""

from __future__ import annotations

import base64
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items, only_pictures
from hypviz.data.pictures import open_upright
from hypviz.errors import SelectionError
from hypviz.explore.uploads import Box, Upload, Uploads
from hypviz.inference.embed import embed_picture
from hypviz.search.answers import Query
from hypviz.search.index import Index
from hypviz.storage.json_types import Json
from hypviz.viz.colours import DEPTH_NAMES
from hypviz.viz.pictures import card_bytes, placeholder
from hypviz.viz.radius_scale import written

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder

KEPT_EMBEDDINGS = 512
"""Embedded own crops remembered, so that moving the ω slider does not embed again."""
WORDS_SIZE = (480, 140)
"""Width and height of the card that stands for typed words, in pixels."""
KEPT_BOXES = 200
"""Boxes remembered of an own picture, the latest ones."""
MIN_BOX = 2.0
"""Smallest side of a drawn box, in pixels."""


@dataclass(frozen=True)
class QueryPoint:
    """query: what the index searches for.  picture: what the page shows.  thumb: address of a small picture."""

    query: Query
    picture: Json
    thumb: str


class QueryResolver:
    """Resolves queries (see `session`) against one view's items and uploads, and embeds own crops."""

    def __init__(
        self,
        items: Items,
        hierarchy: Hierarchy,
        index: Index,
        *,
        encoder: Callable[[], HyperbolicEncoder],
        uploads: Uploads,
        words: Callable[[Any], Query],
    ) -> None:
        self.items, self.hierarchy, self.index = items, hierarchy, index
        self.uploads, self._encoder, self._place_words = uploads, encoder, words
        self._lock = threading.Lock()
        self._embedded: OrderedDict[tuple[str, Box], Query] = OrderedDict()

    def resolve(self, query: Mapping[str, Any]) -> QueryPoint:
        """The place a query names; SelectionError when it names nothing."""
        if "text" in query:
            return self._of_text(query["text"], query.get("box"))
        if "upload" in query:
            return self._of_upload(str(query["upload"]), query.get("box"))
        if "image" in query:
            return self._of_drawn(self.checked(query["image"], len(self.items.images), "picture"), query.get("box"))
        if "row" in query:
            return self._of_item(self.checked(query["row"], len(self.items), "item"))
        raise SelectionError("A query needs a row, an image with a box, an upload, or a text.")

    def checked(self, value: Any, count: int, kind: str) -> int:
        """A row number from outside, in 0…count − 1."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
            raise SelectionError(f"No {kind} {_short(value)} in this data set; it has {count}, counted from 0.")
        return value

    def _of_item(self, row: int) -> QueryPoint:
        image = int(self.items.image[row])
        level = "" if self.items.is_scene[row] else f"· {depth_name(int(self.hierarchy.depth[row]))} "
        file = "" if self._only_pictures else f" · {self.items.images.file_name[image]}"
        picture = self._picture(image, row=row, box=self.items.xyxy[row].tolist(), title=self._title(row))
        radius = float(self.index.embedding.radii[row])
        picture["subtitle"] = f"{level}· {written(radius)} from the root{file}"
        return QueryPoint(self.index.query(row), picture, f"thumb/{row}")

    @cached_property
    def _only_pictures(self) -> bool:
        return only_pictures(self.items)

    def _title(self, row: int) -> str:
        """An item's class; among whole pictures alone, which have none, the file's name tells them apart."""
        return Path(str(self.items.images.file_name[self.items.image[row]])).name if self._only_pictures else self.items.name(row)

    def _of_drawn(self, image: int, box: Any) -> QueryPoint:
        width, height = int(self.items.images.width[image]), int(self.items.images.height[image])
        xyxy = checked_box(box, width, height)
        row = int(self.items.offsets[image])
        path = self.items.path(row)
        opened: list[Image.Image] = []

        def picture() -> Image.Image:
            opened[:] = opened or [open_upright(path)]
            return opened[0]

        query = self._embed(f"image {image}", xyxy, picture, np.array(self.index.embedding.directions[row], np.float32))
        shown = self._picture(image, row=None, box=list(xyxy), title="drawn box")
        shown["subtitle"] = f"· {written(query.radius)} from the root · {shown['name']}"
        return QueryPoint(query, shown, data_url(card_bytes(picture(), xyxy)))

    def _of_upload(self, token: str, box: Any) -> QueryPoint:
        upload = self.uploads.get(token)
        width, height = upload.picture.size
        whole = (0.0, 0.0, float(width), float(height))
        xyxy = whole if box is None else checked_box(box, width, height)
        if box is not None and xyxy not in upload.boxes:
            upload.boxes[:] = [*upload.boxes, xyxy][-KEPT_BOXES:]
        query = self._embed(token, xyxy, lambda: upload.picture)
        shown = self._upload_picture(token, upload, xyxy if box is not None else None)
        shown["subtitle"] = f"· {written(query.radius)} from the root · {upload.name}"
        return QueryPoint(query, shown, data_url(card_bytes(upload.picture, xyxy)))

    def _of_text(self, words: Any, box: Any) -> QueryPoint:
        if box is not None:
            raise SelectionError("Words are no picture to draw a box on; choose a picture first.")
        query = self._place_words(words)
        text = str(words).strip()
        width, height = WORDS_SIZE
        shown = {
            "url": f"words.jpg?text={quote(text, safe='')}",
            "name": text,
            "width": width,
            "height": height,
            "title": f"“{text}”",
            "subtitle": f"· words · {written(query.radius)} from the root",
            "place": {"text": text},
            "whole": {"text": text},
            "chosen": [0, 0, width, height],
            "boxes": [],
        }
        return QueryPoint(query, shown, data_url(placeholder(text, "words")))

    def _embed(self, source: str, box: Box, picture: Callable[[], Image.Image], whole: NDArray[np.float32] | None = None) -> Query:
        """whole: direction of the whole picture, where it is an item."""
        key = (source, box)
        with self._lock:  # one crop at a time: two would share the cores and both be late
            if key not in self._embedded:
                embedding = embed_picture(self._encoder(), picture(), [box], whole=whole)
                self._embedded[key] = Query(embedding.directions[0], float(embedding.radii[0]), None)
                while len(self._embedded) > KEPT_EMBEDDINGS:
                    self._embedded.popitem(last=False)
            return self._embedded[key]

    def _picture(self, image: int, *, row: int | None, box: list[float], title: str) -> Json:
        images, first = self.items.images, int(self.items.offsets[image])
        rows = self.items.of_image(image)[1:]
        return {
            "url": f"image/{image}",
            "name": str(images.file_name[image]),
            "width": int(images.width[image]),
            "height": int(images.height[image]),
            "title": title,
            "place": {"image": image},
            "whole": {"row": first},
            "chosen": box,
            "boxes": [
                {"query": {"row": int(r)}, "row": int(r), "label": self.items.name(int(r)), "xyxy": self.items.xyxy[r].tolist()}
                for r in rows
            ],
        }

    @staticmethod
    def _upload_picture(token: str, upload: Upload, box: Box | None) -> Json:
        width, height = upload.picture.size
        return {
            "url": f"upload/{token}",
            "name": upload.name,
            "width": width,
            "height": height,
            "title": "your picture" if box is None else "your box",
            "place": {"upload": token},
            "whole": {"upload": token},
            "chosen": list(box or (0, 0, width, height)),
            "boxes": [
                {"query": {"upload": token, "box": list(b)}, "row": None, "label": "your box", "xyxy": list(b)} for b in upload.boxes
            ],
        }


def depth_name(depth: int) -> str:
    """Level of the hierarchy in words: scene, object, part…"""
    return DEPTH_NAMES[depth] if depth < len(DEPTH_NAMES) else f"level {depth}"


def checked_box(box: Any, width: int, height: int) -> Box:
    """A box from outside as xyxy inside a width × height picture; SelectionError says what is wrong with it."""
    if not isinstance(box, (list, tuple)) or len(box) != 4 or not all(_is_number(value) for value in box):
        raise SelectionError(f"A box needs four numbers x1, y1, x2, y2; got {_short(box)}.")
    try:
        x1, y1, x2, y2 = map(float, box)
    except OverflowError:  # an integer beyond float64
        x1 = y1 = x2 = y2 = math.inf
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        raise SelectionError(f"A box needs four finite numbers; got {_short(box)}.")
    x1, x2 = max(0.0, x1), min(float(width), x2)
    y1, y2 = max(0.0, y1), min(float(height), y2)
    if x2 - x1 < MIN_BOX or y2 - y1 < MIN_BOX:
        raise SelectionError(f"The box {box!r} has less than {MIN_BOX:g} pixels inside the {width} × {height} picture.")
    return x1, y1, x2, y2


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(value: Any) -> str:
    """What was given, at a length that fits a sentence."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def data_url(jpeg: bytes) -> str:
    """A small JPEG as an address of its own."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
