"""The table of heads: every way to rank is judged, and gains are paired by seed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hypviz.config import EncoderSettings
from hypviz.errors import CollapseError, DataError
from hypviz.evaluation import calibrate_retrieval, evaluate
from hypviz.experiments import heads
from hypviz.experiments.heads import (
    BY,
    DUEL,
    FAST,
    FIGURES,
    ORDER,
    ROWS,
    TEMPERATURES,
    Ground,
    _sides,
    chosen,
    figures,
    page,
    run_row,
)
from hypviz.experiments.unseen import interval
from hypviz.model.encoder import build_encoder
from tests.evaluation.worlds import hierarchy_of, tree_world


def test_every_way_to_rank_is_judged_as_evaluate_judges_it() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    hierarchy = hierarchy_of(items)
    found = figures(items, hierarchy, e, calibrate_retrieval(items, hierarchy, e))
    for apex, name in (("query", "angle at the query"), ("candidate", "angle at the candidate"), ("sum", "angle at both")):
        judged = evaluate(items, hierarchy, e, replace(FAST, apex=apex, baselines=True))
        for figure, (task, reading, metric) in FIGURES.items():
            for score, by in (("angle", name), ("cosine", "cosine")):
                want = judged.find(task, reading, score).metrics[metric].mean
                assert found[f"{figure}, by {by}"] == pytest.approx(want, abs=1e-6)
    assert set(found) == {*FIGURES, ORDER, *(f"{figure}, by {by}" for figure in FIGURES for by in BY)}


def test_a_cosine_space_is_ranked_by_its_cosine_alone() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    flat, hierarchy = replace(e, geometry="cosine"), hierarchy_of(items)
    found = figures(items, hierarchy, flat, calibrate_retrieval(items, hierarchy, flat))
    assert math.isnan(found[ORDER])
    assert [name for name in found if ", by angle" in name] == []
    assert all(f"{figure}, by cosine" in found for figure in FIGURES)


def test_the_page_has_means_with_intervals_and_gains_paired_by_seed() -> None:
    def run(value: float) -> dict[str, float]:
        return dict.fromkeys([*FIGURES, ORDER], value) | {f"{name}, by cosine": value / 2 for name in FIGURES}

    floor = run(0.25)
    ours, other = [run(0.5), run(0.7), run(0.9)], [run(0.4), run(0.6), run(0.8)]
    text = page(run(0.1), {"untouched": floor}, {f"{DUEL}, τ 0.2": ours, "hyp, τ 0.2": other})
    lines = text.splitlines()
    mean, half = interval([50.0, 70.0, 90.0])
    assert f"| {DUEL}, τ 0.2 | {mean:.1f} ± {half:.1f} |" in text
    gains = lines[lines.index(f"{DUEL} minus each row, paired by seed:") :]
    assert next(line for line in gains if line.startswith("| hyp, τ 0.2")).split(" | ")[1] == "10.0 ± 0.0"
    assert next(line for line in gains if line.startswith("| untouched")).split(" | ")[1].startswith("45.0 ± ")
    assert "| part → object P@5, % | angle at the query | angle at the candidate | angle at both | cosine |" in text
    assert f"| hyp, τ 0.2 | – | – | – | 30.0 ± {half / 2:.1f} |" in text, "what was not judged is a dash"


def test_all_objectives_of_the_paper_and_of_its_baselines_have_a_row() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) == 9
    assert {row.loss.objective for row in ROWS} == {"angle", "distance", "hinge"}


def test_temperature_dropout_and_steps_are_chosen_on_validation_pictures_alone() -> None:
    known = dict.fromkeys([(tau, 300, 0.0) for tau in TEMPERATURES], 0.5) | {
        (0.07, 300, 0.0): 0.6, (0.07, 150, 0.0): 0.7, (0.07, 600, 0.0): 0.65, (0.07, 300, 0.1): 0.59,
    }  # fmt: skip
    assert chosen(lambda *settings: known[settings], 300) == (0.07, 150, 0.0)
    known[0.07, 600, 0.0] = 0.8
    assert chosen(lambda *settings: known[settings], 300) == (0.07, 600, 0.0)
    known |= {(0.07, 300, 0.1): 0.61, (0.07, 150, 0.1): 0.5, (0.07, 600, 0.1): 0.62}
    assert chosen(lambda *settings: known[settings], 300) == (0.07, 600, 0.1), "the steps are chosen with the dropout"
    assert chosen(lambda tau, steps, dropout: -tau - steps - dropout, 1) == (min(TEMPERATURES), 1, 0.0), "no run has no step"


def test_a_series_that_is_left_out_is_judged_and_not_learned_from() -> None:
    items, _ = tree_world(kinds=5, scenes=12)
    names = [f"{'out' if image % 3 == 0 else 'in'}_{image}.jpg" for image in range(len(items.images))]
    named = replace(items, images=replace(items.images, file_name=np.array(names)))
    learned, judge = _sides(named, "out_")
    assert judge.tolist() == [name.startswith("out_") for name in names] and (learned ^ judge).all()
    learned, judge = _sides(named, "")
    assert not (learned & judge).any() and learned.any() and judge.any()
    with pytest.raises(DataError, match="begin with 'nothing'"):
        _sides(named, "nothing")


def test_a_trial_that_collapses_is_the_worst_of_its_row_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    items, _ = tree_world(kinds=5, scenes=12)
    settings = EncoderSettings(backbone="demo-small", head="polar", embed_dim=8)
    width = build_encoder(settings).head.in_features
    features = np.random.default_rng(0).normal(size=(len(items), width)).astype(np.float32)
    sides = np.arange(len(items.images)) % 3
    ground = Ground(items, hierarchy_of(items), features, sides == 0, sides == 1, sides == 2, settings)

    def gone(*_: object, **__: object) -> None:
        raise CollapseError("its radii ran outwards")

    monkeypatch.setattr(heads, "train", gone)
    values, validation = run_row(ground, ROWS[-1], seed=0, steps=3, temperature=0.07)
    assert validation == 0 and set(values) == {*FIGURES, ORDER} and all(math.isnan(value) for value in values.values())
