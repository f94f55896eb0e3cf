"""Own pictures of the people at the page: kept in memory under names nobody can guess, so many a person, so long, so much in all.

A person's further pictures push out that person's oldest ones and never anybody else's; where all of them together fill the store,
another is refused until some have expired.
"""

from __future__ import annotations

import io
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image

from hypviz.access.visitors import visitor
from hypviz.data.pictures import open_upright
from hypviz.errors import DataError, QuotaError, SelectionError

MAX_BYTES = 64 << 20
"""Largest picture file taken, in bytes."""
MAX_SIDE = 2048
"""Larger pictures are scaled down to this longest side: crops are far smaller than that."""
KEPT = 64
"""Pictures kept of one person; the oldest goes when another comes."""
KEPT_BYTES = 1 << 30
"""Memory for the pictures of all people; one of the largest side takes 12.6 MB."""
EXPIRY_S = 4 * 3600.0
"""A picture that nobody looked at for so long is dropped."""

Box = tuple[float, float, float, float]


@dataclass
class Upload:
    """One own picture, upright RGB, with the boxes drawn on it so far (xyxy pixels of `picture`)."""

    name: str
    picture: Image.Image
    jpeg: bytes
    owner: str = ""
    used: float = 0.0
    boxes: list[Box] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.picture.width * self.picture.height * 3 + len(self.jpeg)


class Uploads:
    """The pictures uploaded to one server; safe to share between threads.  per_person: how many of one.  total: bytes of all."""

    def __init__(self, per_person: int = KEPT, total: int = KEPT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_person, self._total, self._clock = per_person, total, clock
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, data: bytes, name: str) -> str:
        """Keep a picture file's content for the present visitor; returns its token.

        DataError when it is no picture or too large, QuotaError when the store is full of others' pictures.
        """
        if len(data) > MAX_BYTES:
            raise DataError(f"{name} has {len(data) >> 20} MiB; a picture may have at most {MAX_BYTES >> 20} MiB.")
        picture = open_upright(data, name=name, side=MAX_SIDE)
        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=90)
        token, upload = secrets.token_hex(16), Upload(name, picture, stream.getvalue(), visitor.get().id, self._clock())
        with self._lock:
            self._make_room(upload)
            self._uploads[token] = upload
        return token

    def get(self, token: str) -> Upload:
        """The upload behind a token; SelectionError when it is no longer kept."""
        with self._lock:
            self._expire()
            if token not in self._uploads:
                raise SelectionError("This picture is no longer kept by the server; upload it again.")
            self._uploads.move_to_end(token)
            upload = self._uploads[token]
            upload.used = self._clock()
            return upload

    def _make_room(self, coming: Upload) -> None:
        """Drop what has expired, then the person's oldest ones, until there is room; QuotaError when that is not enough."""
        self._expire()
        tokens = [token for token, upload in self._uploads.items() if upload.owner == coming.owner]
        held = sum(upload.size for upload in self._uploads.values())
        while tokens and (len(tokens) >= self._per_person or held + coming.size > self._total):
            held -= self._uploads.pop(tokens.pop(0)).size
        if held + coming.size > self._total:
            raise QuotaError("The server holds as many own pictures of others as it has room for; try again later.")

    def _expire(self) -> None:
        while self._uploads:
            token, oldest = next(iter(self._uploads.items()))
            if self._clock() - oldest.used <= EXPIRY_S:
                return
            del self._uploads[token]
