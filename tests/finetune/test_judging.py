"""What a fine-tuning is judged by, and when it may not be called a success."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hypviz.config import EncoderSettings
from hypviz.evaluation import Evaluation, evaluate
from hypviz.finetune.judging import FULL, MAX_ADMITTED, QUICK, WHILE_TRAINING, judge, score, shortcomings
from hypviz.inference.in_pictures import in_pictures, picture_rows
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, Retrieval
from tests.evaluation.worlds import hierarchy_of, tree_world


def judged(embedding: Embedding, retrieval: Retrieval) -> Evaluation:
    items, _ = tree_world()
    return evaluate(items, hierarchy_of(items), embedding, QUICK, retrieval=retrieval)


def test_the_score_is_the_mean_of_what_matters() -> None:
    assert score({"part → object": 0.4, "cones F1": 0.8}) == pytest.approx(0.6)
    assert score({"cones F1": 0.8, "median share inside": 0.1}) == pytest.approx(0.8)
    assert score({"cones F1": 0.8, "mean direction": 0.3}) == pytest.approx(0.9)  # spread enough
    assert score({"cones F1": 0.8, "mean direction": 0.75}) == pytest.approx(0.65)
    assert score({"cones F1": 0.8, "mean direction": 1.0}) == pytest.approx(0.4)
    assert math.isnan(score({}))


def test_a_perfect_embedding_is_a_success_and_scores_high() -> None:
    items, e = tree_world()
    found = judge(items, hierarchy_of(items), e, FULL)
    assert found.shortcomings == () and found.score > 0.8
    assert set(found.chance) <= set(found.metrics) and found.metrics["cones F1"] > found.chance["cones F1"]
    assert found.score == score(found.metrics)
    quick = judge(items, hierarchy_of(items), e, QUICK)
    assert quick.retrieval.children == WHILE_TRAINING[0] and quick.retrieval.cones == found.retrieval.cones


def test_cones_that_admit_more_than_twice_what_belongs_are_no_success() -> None:
    items, e = tree_world()
    wide = judged(e, Retrieval(cones=Cones((3.1,), outward=True)))
    assert wide.cones["class"].admitted > MAX_ADMITTED
    said = " ".join(shortcomings(wide, items.image))
    assert f"{wide.cones['class'].admitted:.1f} times as many items as belong inside" in said
    right = judged(e, judge(items, hierarchy_of(items), e, QUICK).retrieval)
    assert right.cones["class"].admitted <= MAX_ADMITTED and shortcomings(right, items.image) == ()


def test_cones_no_better_than_everything_are_told() -> None:
    items, e = tree_world()
    said = " ".join(shortcomings(judged(e, Retrieval(cones=Cones((1e-3,)))), items.image))
    assert "no better (F1 0.0" in said and "times as many" not in said


def test_radii_in_the_wrong_order_are_told() -> None:
    items, e = tree_world()
    inverted = Embedding(e.directions, (1.3 - e.radii).astype(np.float32), e.curv)
    found = judge(items, hierarchy_of(items), inverted, FULL)
    assert any("Only 0% of the parents lie nearer the root" in sentence for sentence in found.shortcomings)
    assert found.score < judge(items, hierarchy_of(items), e, FULL).score


def test_directions_in_one_corner_are_told() -> None:
    items, e = tree_world()
    gathered = e.directions + 2.0 * np.eye(e.directions.shape[1])[0]
    gathered /= np.linalg.norm(gathered, axis=1, keepdims=True)
    found = judge(items, hierarchy_of(items), replace(e, directions=gathered.astype(np.float32)), FULL)
    assert any(sentence.startswith("All directions lie in one corner (norm of their mean 0.9") for sentence in found.shortcomings)


def test_a_model_that_only_knows_which_picture_a_box_is_of_is_no_success() -> None:
    """Its cones hold a picture's own boxes, so their F1 is well above that of everything; of other pictures it knows nothing."""
    items, e = tree_world(kinds=5, scenes=12)
    noise = np.random.default_rng(0).standard_normal(e.directions.shape)
    lost = replace(e, directions=(noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype(np.float32))
    at_home = in_pictures(lost, picture_rows(items), EncoderSettings(context=1.0, contents=1.0))
    result = judge(items, hierarchy_of(items), at_home, FULL)
    assert any("hardly better than chance" in sentence for sentence in result.shortcomings)
    known = judge(items, hierarchy_of(items), in_pictures(e, picture_rows(items), EncoderSettings(context=1.0, contents=1.0)), FULL)
    assert known.shortcomings == ()
    for name in ("part → object P@5, other pictures", "scene → contents P@12, other pictures"):
        assert known.metrics[name] > 2 * known.chance[name] and result.metrics[name] < 1.5 * result.chance[name]


def test_a_result_on_a_handful_of_pictures_is_not_called_hardly_better_than_chance() -> None:
    """Four pictures of validation tell nothing (`set_warnings` says so), and of a few more the interval has to lie that low."""
    for scenes, told in ((2, False), (12, True)):  # of two kinds each
        items, e = tree_world(kinds=2, scenes=scenes)
        noise = np.random.default_rng(0).standard_normal(e.directions.shape)
        lost = replace(e, directions=(noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype(np.float32))
        said = judge(items, hierarchy_of(items), lost, FULL).shortcomings
        assert any("hardly better than chance" in sentence for sentence in said) == told
