"""The payload and the colours of the disk."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.errors import DataError
from hypviz.viz.colours import BRANCH_COLOURS, OTHER_COLOUR, SCENE_COLOUR
from hypviz.viz.disk import pack, unpack
from hypviz.viz.radius_scale import RadiusScale
from tests.viz.worlds import make_columns, make_payload, make_world


def test_a_payload_holds_exactly_what_was_put_in() -> None:
    world = make_world(20)
    columns = make_columns(world)
    share = np.linspace(0, 1, len(columns))
    header, arrays = unpack(make_payload(world, point_distortion=share, how="all of them", layout="pca"))
    scale = RadiusScale.from_radii(world.embedding.radii)
    count = len(world.embedding)
    assert (header["n"], header["total"], header["curv"], header["geometry"]) == (count, count, 1.0, "hyperbolic")
    assert (header["how"], header["layout"]) == ("all of them", "pca")
    np.testing.assert_array_equal(arrays["radius"], world.embedding.radii)
    np.testing.assert_array_equal(arrays["drawn"], scale.drawn(world.embedding.radii).astype(np.float32))
    for name in ("label", "depth", "image", "branch", "split", "flags"):
        np.testing.assert_array_equal(arrays[name], getattr(columns, name), err_msg=name)
    np.testing.assert_allclose(arrays["distortion"] / 255, share, atol=0.5 / 255 + 1e-9)
    assert "row" not in arrays
    assert header["scale"] == scale.table()
    assert [level["name"] for level in header["depths"]] == ["scene", "object", "part"]
    assert sum(branch["count"] for branch in header["branches"]) == header["n"]


def test_the_legend_counts_the_whole_data_set_and_what_is_shown_of_it() -> None:
    world = make_world(20)
    columns, rows = make_columns(world), np.arange(3, 90, 4)
    header, arrays = unpack(make_payload(world, rows=rows, point_distortion=None))
    assert (header["n"], header["total"]) == (len(rows), len(world.embedding))
    np.testing.assert_array_equal(arrays["row"], rows)
    np.testing.assert_array_equal(arrays["radius"], world.embedding.radii[rows])
    np.testing.assert_array_equal(arrays["split"], columns.split[rows])
    for key, column in (("branches", columns.branch), ("depths", columns.depth), ("splits", columns.split)):
        assert [group["count"] for group in header[key]] == np.bincount(column).tolist()
        assert [group["shown"] for group in header[key]] == np.bincount(column[rows], minlength=len(header[key])).tolist()
    flag = {"bit": 0, "name": "outside_cone", "title": "outside the cone of an annotated parent", "count": int(columns.flags.sum())}
    assert header["flags"] == [flag]


def test_names_of_pictures_travel_only_while_they_are_few() -> None:
    world = make_world(20)
    names = [f"folder/{number}.jpg" for number in range(20)]
    header = unpack(make_payload(world, image_names=names))[0]
    assert header["images"] == names and header["image_count"] == 20
    many = [f"{number:0200}" for number in range(2000)]
    payload = make_payload(world, image_names=many)
    header = unpack(payload)[0]
    assert header["images"] == [] and header["image_count"] == 2000 and len(payload) < 40_000


@pytest.mark.parametrize(("rows", "bytes_each"), [(None, 25), (np.arange(5000), 29)])
def test_a_payload_is_some_twenty_bytes_a_point_and_its_arrays_are_aligned(rows: np.ndarray | None, bytes_each: int) -> None:
    world = make_world(400)
    payload = make_payload(world, rows=rows, point_distortion=None)
    count = len(world.embedding) if rows is None else len(rows)
    length = int.from_bytes(payload[:4], "little")
    assert length % 4 == 0 and length < 20_000
    assert bytes_each * count <= len(payload) - 4 - length < bytes_each * count + 50
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
    with pytest.raises(DataError, match=r"split has shape \(3,\), expected \(65,\)"):
        make_columns(world, split=np.zeros(3, np.int64))
    with pytest.raises(DataError, match=r"point_distortion has shape \(3,\), expected \(65,\)"):
        make_payload(world, point_distortion=np.zeros(3))
    with pytest.raises(DataError, match="as many angles"):
        make_payload(world, angles=np.zeros(3, np.float32))


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
