"""Bands of radius and one card a class: laws on drawn numbers, and a slow second way to the same groups."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.errors import DataError
from hypviz.search.bands import Bands, by_class, first_cards, radius_bands

NAMES = ("scenes", "objects", "parts", "parts of parts")


def levels(medians: list[float], counts: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Radii scattered by ±0.01 around one median per level, in random order."""
    rng = np.random.default_rng(seed)
    depth = np.repeat(np.arange(len(medians)), counts)
    radii = np.asarray(medians)[depth] + rng.uniform(-0.01, 0.01, len(depth))
    order = rng.permutation(len(depth))
    return radii[order].astype(np.float32), depth[order].astype(np.int16)


def test_limits_lie_midway_between_the_medians_of_the_levels() -> None:
    radii, depth = levels([1.0, 1.4, 2.0], [101, 101, 101])
    bands = radius_bands(radii, depth, NAMES)
    assert bands.names == NAMES[:3]
    assert bands.limits == pytest.approx((1.2, 1.7), abs=0.01)
    assert (bands.of(radii) == depth).all()


def test_a_radius_at_a_limit_belongs_to_the_outer_band() -> None:
    assert Bands((1.0, 2.0), NAMES[:3]).of(np.array([0.5, 1.0, 1.5, 2.0, 9.0])).tolist() == [0, 1, 1, 2, 2]


def test_a_band_tells_its_limits_and_which_levels_it_is_named_after() -> None:
    bands = Bands((1.2, 1.75), NAMES[:3], first=(0, 1, 2))
    assert [bands.within(band) for band in range(3)] == [
        "radius up to 1.2",
        "radius 1.2 to 1.75",
        "radius from 1.75",
    ]
    assert Bands((), NAMES[:1], first=(1,)).within(0) == "any radius"
    assert bands.of_depth(np.array([0, 1, 2, 3])).tolist() == [0, 1, 2, 2], "a rare, deeper level goes with the one above"
    assert Bands((), NAMES[:1], first=(1,)).of_depth(np.array([0, 1])).tolist() == [-1, 0]
    radii, depth = levels([1.0, 1.5, 1.2, 3.0], [50, 50, 50, 50])
    assert radius_bands(radii, depth, NAMES).first == (0, 1, 3)


def test_levels_whose_medians_do_not_grow_share_a_band() -> None:
    radii, depth = levels([1.0, 1.5, 1.2, 3.0], [50, 50, 50, 50])
    bands = radius_bands(radii, depth, NAMES)
    assert bands.names == ("scenes", "objects and parts", "parts of parts")
    radii, depth = levels([3.0, 2.0, 1.0], [50, 50, 50])
    assert len(radius_bands(radii, depth, NAMES).names) == 3, "an inverted hierarchy falls back to thirds"


def test_a_rare_level_does_not_move_the_limits() -> None:
    radii, depth = levels([1.0, 2.0, 9.0], [500, 500, 2])
    bands = radius_bands(radii, depth, NAMES)
    assert bands.names == NAMES[:2] and bands.limits == pytest.approx((1.5,), abs=0.01)


def test_what_is_never_listed_has_no_band() -> None:
    radii, depth = levels([1.0, 1.4, 2.0], [101, 101, 101])
    bands = radius_bands(radii, depth, NAMES, whole=depth == 0)
    assert bands.names == NAMES[1:3] and bands.limits == pytest.approx((1.7,), abs=0.01)
    assert len(radius_bands(radii, depth, NAMES, whole=np.ones(len(radii), bool)).names) == 3, "nothing else: all have their bands"


def test_one_level_only_has_thirds_and_equal_radii_one_band() -> None:
    radii = np.linspace(1, 2, 300, dtype=np.float32)
    thirds = radius_bands(radii, np.zeros(300, np.int16), NAMES)
    assert np.bincount(thirds.of(radii)).tolist() == [100, 100, 100]
    flat = radius_bands(np.ones(30, np.float32), np.zeros(30, np.int16), NAMES)
    assert flat.limits == () and (flat.of(np.ones(30)) == 0).all()


def test_bands_of_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="one radius and one level per item"):
        radius_bands(np.empty(0, np.float32), np.empty(0, np.int16), NAMES)


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_what_a_slow_way_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, bands = 400, Bands((1.0, 2.0), NAMES[:3])
    rows = rng.permutation(5000)[:count]
    score = rng.integers(0, 40, count) / 10  # many ties
    radius, label = rng.uniform(0, 3, count), rng.integers(-1, 9, count)
    found = by_class(rows, score, radius, label, bands)
    assert [group.band for group in found] == [0, 1, 2]
    for group in found:
        inside = bands.of(radius) == group.band
        assert group.count == inside.sum() == sum(one.count for one in group.classes)
        expected = []
        for name in np.unique(label[inside]):
            mine = inside & (label == name)
            best = min(zip(score[mine], rows[mine], strict=True))
            expected.append((*best, int(name), int(mine.sum())))
        assert [(one.score, one.best, one.label, one.count) for one in group.classes] == sorted(expected)


def test_nothing_found_gives_no_band() -> None:
    none = np.empty(0, np.int64)
    assert by_class(none, none.astype(float), none.astype(float), none, Bands((1.0,), NAMES[:2])) == ()


def test_the_first_cards_are_general_before_specific_and_a_short_band_gives_its_places_away() -> None:
    def groups(*sizes: int):  # type: ignore[no-untyped-def]
        rows = np.arange(sum(sizes))
        radius = np.repeat(np.arange(len(sizes)) + 0.5, sizes)
        label = np.concatenate([np.arange(size) for size in sizes])
        return by_class(rows, rows.astype(float), radius, label, Bands((1.0, 2.0), NAMES[:3]))

    assert [len({card.best for card in first_cards(groups(20, 20, 20))} & set(range(lo, lo + 20))) for lo in (0, 20, 40)] == [6, 4, 2]
    assert [card.best for card in first_cards(groups(3, 20, 1))] == [0, 1, 2, *range(3, 11), 23]
    assert len(first_cards(groups(2, 1, 1))) == 4
    assert first_cards(()) == ()
