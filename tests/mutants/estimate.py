"""What a sample says of all mutants: a share with its 95 % interval."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

Z = 1.959963984540054
"""The normal deviate of 95 %."""


def interval(killed: int, count: int, whole: int) -> tuple[float, float]:
    """Wilson's score interval of a share, narrowed by the share of the whole that was looked at; both ends in [0, 1].

    killed <= count, the mutants that were tried, <= whole, all that there are; (0, 1) when none was tried. Wilson, J. Am. Stat. Assoc.
    22 (1927); the correction for a finite population is Cochran's (Sampling Techniques, 1977, §2.6).

    >>> [round(end, 3) for end in interval(90, 100, 10**9)]
    [0.826, 0.945]
    >>> interval(9, 10, 10)
    (0.9, 0.9)
    """
    if not count:
        return 0.0, 1.0
    share = killed / count
    square = Z**2 * (whole - count) / max(whole - 1, 1)
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = math.sqrt(square) / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return middle - half, middle + half


def sample(names: Sequence[str], size: int, seed: int) -> list[str]:
    """`size` of the names without repetition, by the seed alone; all of them for 0 or when there are no more."""
    ordered = sorted(names)
    return random.Random(seed).sample(ordered, size) if 0 < size < len(ordered) else ordered
