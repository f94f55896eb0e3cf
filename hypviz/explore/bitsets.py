"""Sets of rows as text: one bit per item, least significant first, in base64. 1,000,000 items are 167 kB."""

from __future__ import annotations

import base64
import binascii

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import SelectionError


def pack_mask(mask: NDArray[np.bool_]) -> str:
    """(N,) bool as text.

    >>> pack_mask(np.array([True, False, False, True]))
    'CQ=='
    """
    return base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()


def pack_rows(rows: NDArray[np.integer], count: int) -> str:
    """A set of rows out of `count` as text."""
    mask = np.zeros(count, np.bool_)
    mask[rows] = True
    return pack_mask(mask)


def unpack_mask(text: object, count: int) -> NDArray[np.bool_]:
    """The (count,) bool of `pack_mask`; SelectionError when the text is of another length or no base64."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != (count + 7) // 8:
        raise SelectionError(f"A set of rows needs {(count + 7) // 8} bytes in base64, a bit for each of the {count} items.")
    return np.unpackbits(np.frombuffer(data, np.uint8), count=count, bitorder="little").astype(np.bool_)
