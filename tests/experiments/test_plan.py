"""Plans: what a row may change, and what all rows of a table share."""

from __future__ import annotations

import pytest

from hypviz.errors import SettingsError
from hypviz.experiments.plan import PLANS, Plan, find_plan, merged
from hypviz.training.state import Recipe


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_row_is_a_valid_recipe_with_the_budget_of_all(plan: Plan) -> None:
    resolved = [Recipe.from_json(merged(plan.base, row.recipe)) for row in plan.rows]
    assert len({recipe.train for recipe in resolved}) == 1
    assert len({(recipe.encoder.backbone, recipe.encoder.image_size) for recipe in resolved}) == 1
    assert plan.reference in {row.name for row in plan.rows}
    assert len({row.name for row in plan.rows}) == len({row.title for row in plan.rows}) == len(plan.rows)
    assert len(plan.seeds) >= 3


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_loss_and_the_encoder_speak_of_one_geometry(plan: Plan) -> None:
    for row in plan.rows:
        recipe = Recipe.from_json(merged(plan.base, row.recipe))
        assert recipe.loss.geometry == recipe.encoder.geometry
        assert row.score == {"cosine": "cosine"}.get(recipe.encoder.geometry, {"distance": "distance"}.get(recipe.loss.objective, "angle"))


def test_the_papers_table_differs_where_its_rows_say() -> None:
    rows = {row.name: Recipe.from_json(merged(find_plan("paper-small").base, row.recipe)) for row in find_plan("paper-small").rows}
    assert rows["euc†"].pairs == rows["hyp†"].pairs == rows["cosine"].pairs == rows["hcl"].pairs
    assert rows["hyp†"].pairs.cross_image == 1 and rows["hyp"].pairs.cross_image == 0
    assert rows["hyp†"].loss.unsampled == "masked" and rows["hyp"].loss.unsampled == "negative"
    assert rows["euc"].loss.unsampled == rows["hyp"].loss.unsampled
    assert rows["hcl"].loss.objective == "distance" and rows["meru"].loss.objective == "hinge"
    assert [name for name, recipe in rows.items() if recipe.pairs.shuffled] == ["shuffled"]


def test_an_unknown_experiment_is_refused() -> None:
    with pytest.raises(SettingsError, match="No experiment called 'big'; there is paper-small, switches-small"):
        find_plan("big")
