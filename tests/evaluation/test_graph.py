"""The class graph of one data set in the classes of another."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.data.hierarchy import class_graph
from hypviz.errors import DataError
from hypviz.evaluation import graph_from
from tests.evaluation.worlds import hierarchy_of, make_items

OUTER, INNER = (0, 0, 80, 80), (10, 10, 30, 30)
# The last class has one above it and one below: a class that is not known must not be taken for it.
SMALLER = (12, 12, 20, 20)
TRAINING = make_items([[(OUTER, 0), (INNER, 2), (SMALLER, 1)], [(OUTER, 2), (INNER, 1)]], ("house", "handle", "door"))


def test_classes_meet_by_name() -> None:
    graph = graph_from(("handle", "boat", "house"), TRAINING, hierarchy_of(TRAINING))
    assert np.argwhere(graph).tolist() == [[2, 0]]  # handle under house, past the door; nothing is known of the boat


def test_the_own_classes_give_the_own_graph() -> None:
    hierarchy = hierarchy_of(TRAINING)
    np.testing.assert_array_equal(graph_from(TRAINING.classes, TRAINING, hierarchy), class_graph(TRAINING, hierarchy))


def test_data_that_shares_no_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"none of the classes judged here \(it has house, handle, door"):
        graph_from(("cat",), TRAINING, hierarchy_of(TRAINING))
