"""One budget of memory for all pictures that a process decodes at a time, whoever asked for them.

A picture's need is known from its header, before anything is allocated: what does not fit into the whole budget is refused, what does
not fit beside the others waits for them.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

PATIENCE_S = 30.0
"""After that long, one that waits for pictures which nobody lets go of goes on alone, so that nothing can wait for ever."""
_POLL_S = 0.5


class Budget:
    """Bytes shared by all threads; `total` is what they may have together."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = threading.Condition(threading.RLock())  # a picture may be let go of while this thread waits
        self._used = 0
        self._decoding = 0
        self._held: Counter[int] = Counter()

    @property
    def used(self) -> int:
        """Bytes of the pictures that are being decoded or are still in use."""
        return self._used

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Have `size` bytes during the block; waits until they are free. A thread that uses a picture itself does not wait for it."""
        with self._free:
            waited = 0.0
            while not self._fits(size, alone=waited >= PATIENCE_S or self._held[threading.get_ident()] > 0):
                self._free.wait(_POLL_S)
                waited += _POLL_S
            self._used += size
            self._decoding += 1
        try:
            yield
        finally:
            with self._free:
                self._used -= size
                self._decoding -= 1
                self._free.notify_all()

    def hold(self, picture: Image.Image, size: int) -> None:
        """Count a decoded picture until nobody uses it any more."""
        thread = threading.get_ident()
        with self._free:
            self._used += size
            self._held[thread] += size
        weakref.finalize(picture, self._release, thread, size)

    def _fits(self, size: int, *, alone: bool) -> bool:
        return self._used + size <= self.total or (alone and self._decoding == 0)

    def _release(self, thread: int, size: int) -> None:
        with self._free:
            self._used -= size
            self._held[thread] -= size
            if self._held[thread] <= 0:
                del self._held[thread]
            self._free.notify_all()
