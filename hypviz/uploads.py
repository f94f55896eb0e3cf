"""Own pictures of the people at the page: kept in memory, a bounded number of them, under names nobody can guess."""

from __future__ import annotations

import io
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from PIL import Image

from hypviz.data.pictures import open_upright
from hypviz.errors import DataError, SelectionError

MAX_BYTES = 64 << 20
"""Largest picture file taken, in bytes."""
MAX_SIDE = 2048
"""Larger pictures are scaled down to this longest side: crops are far smaller than that."""
KEPT = 64
"""Pictures kept; the oldest goes when another comes."""

Box = tuple[float, float, float, float]


@dataclass
class Upload:
    """One own picture, upright RGB, with the boxes drawn on it so far (xyxy pixels of `picture`)."""

    name: str
    picture: Image.Image
    jpeg: bytes
    boxes: list[Box] = field(default_factory=list)


class Uploads:
    """The pictures uploaded to one view; safe to share between threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, data: bytes, name: str) -> str:
        """Keep a picture file's content; returns its token. DataError when it is no picture or too large."""
        if len(data) > MAX_BYTES:
            raise DataError(f"{name} has {len(data) >> 20} MiB; a picture may have at most {MAX_BYTES >> 20} MiB.")
        picture = open_upright(data, name=name, side=MAX_SIDE)
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=90)
        token = secrets.token_hex(16)
        with self._lock:
            self._uploads[token] = Upload(name, picture, stream.getvalue())
            while len(self._uploads) > self._kept:
                self._uploads.popitem(last=False)
        return token

    def get(self, token: str) -> Upload:
        """The upload behind a token; SelectionError when it is no longer kept."""
        with self._lock:
            if token not in self._uploads:
                raise SelectionError("This picture is no longer kept by the server; upload it again.")
            self._uploads.move_to_end(token)
            return self._uploads[token]
