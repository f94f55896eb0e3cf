"""The focus layout: the cone of the selection holds its members and nothing else, as drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz.errors import DataError
from hypviz.search.embedding import GEOMETRIES, Embedding
from hypviz.search.index import Index
from hypviz.viz.angle_scale import AngleScale
from hypviz.viz.focus import Focus, distance_rings, family_angles, focus, sides
from hypviz.viz.outline import _beyond, bent, cone_outline
from hypviz.viz.radius_scale import RadiusScale
from tests.viz.worlds import make_world


def random_embedding(seed: int, geometry: str, *, dim: int, count: int = 700, curv: float = 1.0, depth: float = 2.0) -> Embedding:
    """Clusters of directions with copies and near copies, radii with an outlier and ties."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(12, dim))
    direction = centres[rng.integers(0, 12, count)] + rng.choice([0.05, 0.5, 3.0]) * rng.normal(size=(count, dim))
    direction[:5], direction[5:9] = direction[5], -direction[5]
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radii = np.abs(rng.normal(size=count)) * depth + 0.05
    radii[:4], radii[20:40], radii[-1] = radii[4], radii[19], 6 * depth
    return Embedding(direction.astype(np.float32), radii.astype(np.float32), curv, geometry)


def around(space: Embedding, row: int, omega: float, *, outward: bool = False) -> tuple[Focus, np.ndarray, np.ndarray]:
    """The focus of a row, who is in its cone, and the drawn radii. outward: a member also lies farther out than the row."""
    index = Index(space)
    query = index.query(row)
    member = np.zeros(len(space), np.bool_)
    member[index.cone_members(query, omega)] = True
    if outward:
        member &= space.radii > query.radius
    scale = RadiusScale.from_radii(space.radii)
    side = np.where(np.random.default_rng(row).random(len(space)) < 0.5, -1, 1)
    found = focus(
        space, space.directions @ query.direction, side, radius=query.radius, omega=omega, member=member, radii=scale, apex_row=row,
        min_radius=query.radius if outward else None,
    )  # fmt: skip
    return found, member, found.drawn


def wrong_side(found: Focus, member: np.ndarray, drawn: np.ndarray, row: int) -> np.ndarray:
    wrong = found.outline.holds(found.angle, drawn) != member
    wrong[row] = False
    return np.flatnonzero(wrong)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    geometry=st.sampled_from(GEOMETRIES),
    dim=st.sampled_from([2, 3, 16, 64]),
    row=st.integers(0, 699),
    omega=st.floats(0.03, 3.13),
    curv=st.sampled_from([0.05, 1.0, 4.0]),
    outward=st.booleans(),
)
def test_every_member_is_drawn_inside_and_every_other_item_outside(
    seed: int, geometry: str, dim: int, row: int, omega: float, curv: float, outward: bool
) -> None:
    space = random_embedding(seed, geometry, dim=dim, curv=curv)
    found, member, drawn = around(space, row, omega, outward=outward)
    assert wrong_side(found, member, drawn, row).tolist() == []


@pytest.mark.parametrize("outward", [False, True])
@pytest.mark.parametrize("omega", [0.4, 1.2, np.pi / 2, 2.0, 2.8])
def test_bending_moves_the_outline_by_less_than_a_tenth_of_a_pixel(omega: float, outward: bool) -> None:
    space = random_embedding(3, "hyperbolic", dim=16, count=4000)
    found, _, drawn = around(space, 11, omega, outward=outward)
    plain = cone_outline(
        space, float(space.radii[11]), omega, found.scale, RadiusScale.from_radii(space.radii),
        min_radius=float(space.radii[11]) if outward else None,
    )  # fmt: skip
    differ = plain.holds(found.angle, drawn) != found.outline.holds(found.angle, drawn)
    assert np.count_nonzero(differ) <= 12, "only what lies on the curve"
    polygon = plain.corners
    ends = np.roll(polygon, -1, axis=0)
    for corner in found.outline.corners:
        share = np.clip(((corner - polygon) * (ends - polygon)).sum(1) / np.maximum(((ends - polygon) ** 2).sum(1), 1e-30), 0, 1)
        assert np.hypot(*(corner - polygon - share[:, None] * (ends - polygon)).T).min() < 3.1e-4


@pytest.mark.parametrize("omega", [1.7, 2.1, 2.8])
@pytest.mark.parametrize("farthest", [5.0, 500.0, 5000.0])
def test_the_outline_keeps_to_the_true_curve_also_where_one_item_lies_a_thousand_times_farther_out(omega: float, farthest: float) -> None:
    from hypviz.geometry.entailment import exterior_angle_from_cosine

    rng = np.random.default_rng(4)
    radii = np.append(rng.uniform(0.02, 0.3, 2000), farthest).astype(np.float32)
    space = Embedding(np.eye(3, dtype=np.float32)[rng.integers(0, 3, 2001)], radii, 0.3, "hyperbolic")
    scale, angles = RadiusScale.from_radii(radii), AngleScale.from_angles(rng.normal(np.pi / 2, 0.2, 2000).clip(0, np.pi))
    outline = cone_outline(space, 0.1, omega, angles, scale)
    phi, rho = rng.uniform(-np.pi, np.pi, 20_000), rng.uniform(0, 0.98, 20_000)
    inside = exterior_angle_from_cosine(np.cos(angles.true(np.abs(phi))), 0.1, scale.true(rho), curv=0.3) <= omega
    wrong = outline.holds(phi, rho) != inside
    assert 0.05 < inside.mean() < 0.95
    assert np.count_nonzero(wrong) <= 3, "within 1e-4 of the curve, which is crossed by few of so many places"


def test_what_counts_as_one_point_with_the_selection_is_drawn_on_it() -> None:
    space = random_embedding(6, "hyperbolic", dim=16)
    turned = space.directions[50] + np.float32(1e-3) * space.directions[51]
    space.directions[60] = turned / np.linalg.norm(turned)
    radii = (1 + 0.002 * (space.radii / space.radii.max())).astype(np.float32)  # a range that the scale stretches five hundred times
    radii[50], radii[60] = 1.0, 1 + 3e-6
    near = Embedding(space.directions, radii, 1.0, "hyperbolic")
    for omega in (0.5, 2.0):
        found, member, drawn = around(near, 50, omega)
        assert found.angle[60] == 0 and drawn[60] == drawn[50]
        assert wrong_side(found, member, drawn, 50).tolist() == []


@pytest.mark.parametrize("off", [-3e-17, 0.0, 6e-17])
def test_a_curve_that_begins_on_the_circle_does_so_on_every_processor(off: float) -> None:
    """The apex lies on the circle that closes its cone; how its radius is rounded adds no corner."""
    phi, rho = _beyond(np.array([0.0, 0.1, 0.3]), np.array([0.25 + off, 0.4, 0.9]), 0.25)
    assert phi.tolist() == [0.0, 0.1, 0.3] and rho.tolist() == [0.25, 0.4, 0.9]


def test_an_item_far_on_the_wrong_side_is_not_covered_up() -> None:
    space = random_embedding(5, "hyperbolic", dim=16)
    found, member, drawn = around(space, 30, 1.0)
    liar = int(np.flatnonzero(~member & (np.abs(found.angle) > 2.5))[0])
    lied = member.copy()
    lied[liar] = True
    again = bent(found.outline, found.angle.astype(np.float64), drawn.astype(np.float64), lied)
    assert not again.holds(found.angle[[liar]], drawn[[liar]])[0]


def test_the_border_is_where_the_exterior_angle_is_omega() -> None:
    from hypviz.geometry.entailment import exterior_angle_from_cosine

    space = random_embedding(1, "hyperbolic", dim=8, curv=0.7)
    radii = RadiusScale.from_radii(space.radii)
    for omega in (0.5, 1.4, 2.2):
        outline = cone_outline(space, 1.3, omega, AngleScale.from_angles([0.5, 1.0, 1.5]), radii)
        angles = AngleScale.from_angles([0.5, 1.0, 1.5])
        left = slice(1, outline.edge)
        theta, true = angles.true(outline.angle[left]), radii.true(outline.drawn[left])
        found = exterior_angle_from_cosine(np.cos(theta), 1.3, true, curv=0.7)
        inner = true < 0.98 * radii.true(0.9995)
        np.testing.assert_allclose(found[inner], omega, atol=2e-6)


def test_above_a_right_angle_an_item_nearer_the_root_has_an_interval_of_angles() -> None:
    space = random_embedding(1, "hyperbolic", dim=8)
    radii, angles = RadiusScale.from_radii(space.radii), AngleScale.from_angles([0.5, 1.0, 1.5])
    outline = cone_outline(space, 2.0, 2.4, angles, radii)
    spots = np.linspace(0, np.pi, 400)
    inside = outline.holds(spots, np.full(400, float(radii.drawn(1.7))))
    changes = np.flatnonzero(np.diff(inside.astype(int)))
    assert not inside[0] and inside.any() and not inside[-1] and len(changes) == 2, "two borders"
    closed = cone_outline(space, 2.0, 2.4, angles, radii, min_radius=2.0)
    assert not closed.holds(spots, np.full(400, float(radii.drawn(1.99)))).any(), "nothing inside the circle of the apex"
    beyond = radii.drawn(2.05)
    np.testing.assert_array_equal(closed.holds(spots, np.full(400, beyond)), outline.holds(spots, np.full(400, beyond)))


@given(st.lists(st.floats(0, np.pi), max_size=200))
def test_the_angle_scale_is_strictly_monotone_and_keeps_0_and_a_half_turn(theta: list[float]) -> None:
    scale = AngleScale.from_angles(theta)
    assert scale.drawn(0.0) == 0 and scale.drawn(np.pi) == pytest.approx(np.pi)
    grid = np.linspace(0, np.pi, 5001)
    assert (np.diff(scale.drawn(grid)) > 0).all()
    np.testing.assert_allclose(scale.true(scale.drawn(grid)), grid, atol=1e-9)


def test_angles_that_crowd_fill_the_half_turn_and_the_ticks_are_true() -> None:
    theta = np.pi / 2 + 0.05 * np.random.default_rng(0).normal(size=5000)
    scale = AngleScale.from_angles(theta)
    spread = np.histogram(scale.drawn(theta), bins=6, range=(0, np.pi))[0]
    assert spread.min() > 100, "no sixth of the half turn is empty"
    ticks = scale.ticks()
    assert len(ticks) >= 4 and all(0 < tick < 180 for tick in ticks)
    assert np.diff(scale.drawn(np.radians(ticks))).min() >= 0.169


def test_a_table_that_does_not_rise_from_0_to_a_half_turn_is_refused() -> None:
    with pytest.raises(DataError, match="rises strictly"):
        AngleScale(np.array([0.0, 1.0]), np.array([0.0, np.pi]))


def test_a_family_is_on_one_side_and_stays_there_while_one_walks() -> None:
    world = make_world(80)
    from hypviz.viz.layout import angles

    placed = angles(world.embedding, world.tree)
    family = family_angles(placed, world.tree)
    top, label = world.tree.top_class(), world.tree.label
    for row in (0, 5, 40):
        side = sides(family, float(family[row]))
        for group in {(a, b) for a, b in zip(top, label, strict=True) if b >= 0}:
            assert len(set(side[(top == group[0]) & (label == group[1])])) == 1
    kept = []
    for child in np.flatnonzero((world.tree.parent >= 0) & (label >= 0))[:200]:
        before, after = (sides(family, float(family[row])) for row in (world.tree.parent[child], child))
        kept.append(np.mean(before == after))
    assert np.mean(kept) > 0.75, "a step from a parent to its child leaves most where they are"


def test_distance_rings_are_round_and_among_the_items() -> None:
    space = random_embedding(2, "hyperbolic", dim=8)
    theta = np.arccos(np.clip(space.directions @ space.directions[7], -1, 1)).astype(np.float64)
    rings = distance_rings(space, theta, float(space.radii[7]), space.radii)
    assert 1 <= len(rings) <= 3 and all(np.format_float_positional(ring).rstrip("0")[-1] in "125." or ring >= 1 for ring in rings)
