"""The radius scale, its rings, the colours and the payload."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.errors import DataError
from hypviz.viz.disk import BRANCH_COLOURS, OTHER_COLOUR, SCENE_COLOUR, RadiusScale, pack, unpack
from tests.viz.worlds import make_payload, make_world

RADII = {
    "levels close together": make_world(noise=0.02).embedding.radii,
    "a wide tree": make_world(radii=(0.5, 1.2, 2.2), noise=0.12, curv=0.1).embedding.radii,
    "very small": 1e-4 * make_world(noise=0.02).embedding.radii,
    "heavy tail": np.random.default_rng(0).lognormal(0, 1.5, 4000),
    "some at the root": np.concatenate([np.zeros(50), np.linspace(1, 2, 900)]),
    "most at one distance": np.concatenate([np.full(990, 1.0), np.linspace(1, 3, 10)]),
    "a hard ceiling": np.minimum(np.random.default_rng(0).normal(0.6, 0.2, 2000).clip(0.05), 0.8),
    "a hard floor": np.maximum(np.random.default_rng(0).normal(0.6, 0.2, 2000), 0.6),
    "all at one distance": np.full(100, 0.7),
    "all at the root": np.zeros(10),
    "one point": np.array([2.0]),
}


@pytest.fixture(params=RADII, ids=str)
def radii(request: pytest.FixtureRequest) -> np.ndarray:
    return np.asarray(RADII[request.param], np.float64)


def test_a_larger_distance_is_always_drawn_farther_out(radii: np.ndarray) -> None:
    scale = RadiusScale.from_radii(radii)
    far = max(radii.max(), 1e-3)
    drawn = scale.drawn(np.concatenate([np.linspace(0, far, 5000), far * np.geomspace(1.001, 100, 200)]))
    assert drawn[0] == 0 and drawn.max() < 1
    assert (np.diff(drawn) > 0).all()


def test_the_true_distance_can_be_read_back_from_the_drawn_radius(radii: np.ndarray) -> None:
    scale = RadiusScale.from_radii(radii)
    true = np.linspace(0, 2 * max(radii.max(), 1e-3), 3000)
    np.testing.assert_allclose(scale.true(scale.drawn(true)), true, rtol=1e-9, atol=1e-12)
    drawn = np.linspace(0, 0.999, 3000)
    np.testing.assert_allclose(scale.drawn(scale.true(drawn)), drawn, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["levels close together", "a wide tree", "very small"])
def test_points_fill_the_disk_with_neither_a_thin_ring_nor_a_dot(name: str) -> None:
    drawn = RadiusScale.from_radii(RADII[name]).drawn(RADII[name])
    low, high = np.quantile(drawn, [0.01, 0.99])
    assert 0.1 < low < 0.35, "the centre must hold the root mark, and not be a hole"
    assert 0.85 < high < 0.97
    assert np.diff(np.quantile(drawn, [0.05, 0.35, 0.65, 0.95])).min() > 0.08


def test_levels_stay_apart_as_drawn() -> None:
    drawn = RadiusScale.from_radii(RADII["levels close together"]).drawn([0.31, 0.36, 0.41])
    assert np.diff(drawn).min() > 0.15


def test_the_stretch_has_no_kinks() -> None:
    scale = RadiusScale.from_radii(RADII["levels close together"])
    slope = np.diff(scale.drawn_table) / np.diff(scale.true_table)
    assert np.abs(np.diff(slope)).max() < 0.12 * slope.max()


def test_rings_are_round_true_distances_at_their_drawn_radius(radii: np.ndarray) -> None:
    scale = RadiusScale.from_radii(radii)
    rings = scale.rings()
    assert 3 <= len(rings) <= 7
    drawn = np.array([ring.drawn for ring in rings])
    np.testing.assert_allclose(drawn, scale.drawn([ring.true for ring in rings]), atol=1e-9)
    assert drawn[0] > 0.05 and drawn[-1] < 0.96 and np.diff(drawn).min() >= 0.075 - 1e-9
    for ring in rings:
        assert len(f"{ring.true:.3g}".strip("0.").replace(".", "").split("e")[0].lstrip("0")) <= 3
        assert ring.true == pytest.approx(float(f"{ring.true:.3g}"), rel=1e-9)


def test_a_scale_says_what_is_wrong_with_its_input() -> None:
    with pytest.raises(DataError, match="at least one radius"):
        RadiusScale.from_radii([])
    with pytest.raises(DataError, match="finite"):
        RadiusScale.from_radii([1.0, np.nan])
    with pytest.raises(DataError, match="rises strictly"):
        RadiusScale(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.5, 0.6]))
    with pytest.raises(DataError, match="below 1"):
        RadiusScale(np.array([0.0, 1.0]), np.array([0.0, 1.0]))


def test_a_payload_holds_exactly_what_was_put_in() -> None:
    world = make_world(20)
    header, arrays = unpack(make_payload(world, total=999))
    scale = RadiusScale.from_radii(world.embedding.radii)
    assert (header["n"], header["total"], header["curv"], header["geometry"]) == (len(world.embedding), 999, 1.0, "hyperbolic")
    np.testing.assert_array_equal(arrays["radius"], world.embedding.radii)
    np.testing.assert_array_equal(arrays["drawn"], scale.drawn(world.embedding.radii).astype(np.float32))
    np.testing.assert_array_equal(arrays["label"], world.tree.label)
    np.testing.assert_array_equal(arrays["depth"], world.tree.depth)
    np.testing.assert_array_equal(arrays["image"], world.image)
    assert header["scale"] == scale.table()
    assert [level["name"] for level in header["depths"]] == ["scene", "object", "part"]
    assert sum(branch["count"] for branch in header["branches"]) == header["n"]


def test_a_payload_is_about_twenty_bytes_a_point_and_its_arrays_are_aligned() -> None:
    world = make_world(400)
    payload = make_payload(world)
    assert len(payload) < 24 * len(world.embedding) + 20_000
    length = int.from_bytes(payload[:4], "little")
    assert length % 4 == 0
    for entry in unpack(payload)[0]["arrays"]:
        assert entry["offset"] % 4 == 0


def test_packing_survives_odd_lengths_and_names_from_anywhere() -> None:
    columns = {"a": np.arange(3, dtype="<u1"), "b": np.arange(5, dtype="<f4"), "c": np.empty(0, "<i4")}
    header, arrays = unpack(pack({"title": "Straße · 通り"}, columns))
    assert header["title"] == "Straße · 通り"
    for name, column in columns.items():
        np.testing.assert_array_equal(arrays[name], column)


def test_a_column_of_the_wrong_length_is_named() -> None:
    world = make_world(5)
    with pytest.raises(DataError, match=r"depth has shape \(3,\)"):
        make_payload(world, depth=np.zeros(3, np.int64))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", ["normal", "protan", "deutan"])
def test_branch_colours_are_told_apart_by_colour_blind_people_too(theme: int, eyes: str) -> None:
    colours = [colour[theme] for colour in (*BRANCH_COLOURS, SCENE_COLOUR, OTHER_COLOUR)]
    seen = np.array([oklab(see(colour, eyes)) for colour in colours])
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1) + np.eye(len(seen))
    first, second = np.unravel_index(apart.argmin(), apart.shape)
    assert apart.min() > 0.04, f"{colours[first]} and {colours[second]} look alike"


def see(colour: str, eyes: str) -> np.ndarray:
    """Linear RGB as seen with full red-green blindness (Machado et al., 2009)."""
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrices = {
        "normal": np.eye(3),
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    }
    return np.clip(np.array(matrices[eyes]) @ linear, 0, 1)


def oklab(linear: np.ndarray) -> np.ndarray:
    """Ottosson's Oklab, a space in which equal steps look about equal."""
    cones = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]) @ linear
    return np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]) @ np.cbrt(cones)
