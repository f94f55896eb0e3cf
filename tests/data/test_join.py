"""Several data sets as one: every picture once, classes by name, paths that still lead to the pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hypviz.config import HierarchySettings
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.items import Items, subset_images
from hypviz.data.join import join_items
from hypviz.errors import DataError
from tests.data.box_worlds import make_items


def sets(folder: Path) -> tuple[Items, Items]:
    """Two sets in folders of their own; both hold the picture "image 0", and they share the class "class 1"."""
    one = make_items([[(0, 10, 10, 60, 60), (1, 20, 20, 30, 30)], [(1, 5, 5, 50, 50)]], classes=2, root=folder / "a" / "images")
    other = make_items([[(1, 0, 0, 9, 9)], [], [(0, 40, 40, 90, 90), (2, 50, 50, 60, 60)], []], classes=3, root=folder / "b")
    other = replace(other, classes=("wheel", "class 1", "door"))
    return one, subset_images(other, np.array([True, False, True, True]))


def described(items: Items, rows: np.ndarray) -> list[tuple[str, Path, str, list[float]]]:
    return [(str(items.item_id[r]), items.path(int(r)), items.name(int(r)), items.xyxy[r].tolist()) for r in rows]


def test_every_picture_is_there_once_and_its_items_are_what_they_were(tmp_path: Path) -> None:
    one, other = sets(tmp_path)
    joined = join_items([one, other])
    new = np.flatnonzero(other.image > 0)  # the first picture of the other set is in the first set
    assert described(joined, np.arange(len(joined))) == described(one, np.arange(len(one))) + described(other, new)
    assert joined.images.content.tolist() == ["image 0", "image 1", "image 2", "image 3"]
    assert joined.source.tolist() == [*one.source.tolist(), *other.source[new].tolist()]
    assert joined.image.dtype == one.image.dtype and joined.label.dtype == one.label.dtype


def test_classes_of_one_name_are_one_class(tmp_path: Path) -> None:
    one, other = sets(tmp_path)
    assert join_items([one, other]).classes == ("class 0", "class 1", "wheel", "door")
    assert join_items([other, one]).classes == ("wheel", "class 1", "door", "class 0")


def test_the_hierarchy_of_the_whole_is_that_of_its_parts(tmp_path: Path) -> None:
    one, other = sets(tmp_path)
    new = subset_images(other, np.array([False, True, True]))
    edges = [build_hierarchy(each, HierarchySettings()).edges for each in (join_items([one, other]), one, new)]
    shifted = [*zip(edges[1].parent.tolist(), edges[1].child.tolist(), strict=True)]
    shifted += [(p + len(one), c + len(one)) for p, c in zip(edges[2].parent.tolist(), edges[2].child.tolist(), strict=True)]
    assert sorted(zip(edges[0].parent.tolist(), edges[0].child.tolist(), strict=True)) == sorted(shifted)


def test_sets_of_one_folder_keep_their_names(tmp_path: Path) -> None:
    one, other = sets(tmp_path)
    both = join_items([replace(one, root=tmp_path), replace(other, root=tmp_path)])
    assert both.images.file_name.tolist() == ["0.png", "1.png", "2.png", "3.png"] and both.root == tmp_path


def test_one_set_stays_what_it_is_and_none_is_refused(tmp_path: Path) -> None:
    one, _ = sets(tmp_path)
    assert join_items([one]).data_hash == one.data_hash
    assert len(join_items([one, one])) == len(one)
    with pytest.raises(DataError, match="needs at least one"):
        join_items([])
