"""A model that does not know the pictures is told from one that does, and another is offered."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hypviz.clipart import OBJECT_CLASSES, PART_CLASSES
from hypviz.config import EncoderSettings
from hypviz.data.items import Items, picture_marks
from hypviz.evaluation import EvaluateSettings, calibrate_retrieval, evaluate
from hypviz.explore.belonging import Belonging
from hypviz.explore.familiarity import ENOUGH_PICTURES, Familiarity, Figure, familiarity, notice
from hypviz.inference.embed import checkpoint_for, suited_checkpoint
from hypviz.inference.in_pictures import in_pictures
from hypviz.inference.propose import PROPOSED
from hypviz.model.card import Card
from hypviz.paths import CHECKPOINTS
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Ranking, Retrieval
from tests.evaluation.worlds import hierarchy_of, make_items, tree_world

DRAWN = sorted({*OBJECT_CLASSES, *PART_CLASSES})


def workspace_of(items: Items, **keys: Any) -> Any:
    return SimpleNamespace(items=items, hierarchy=hierarchy_of(items), vectors=None, **keys)


def strange(e: Embedding, seed: int) -> Embedding:
    """Vectors that know nothing of what they stand for."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal(e.directions.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Embedding(directions.astype(np.float32), rng.permutation(e.radii), e.curv)


def test_a_model_that_knows_the_pictures_has_nothing_to_be_said_of() -> None:
    items, e = tree_world()
    found = familiarity(workspace_of(items), e, calibrate_retrieval(items, hierarchy_of(items), e))
    assert found.sentence == "" and found.gain is not None and found.gain > 0.75  # four of five: that many other pictures show a class


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_knows_nothing_is_told_with_its_chance(seed: int) -> None:
    items, e = tree_world(kinds=5, scenes=12)
    found = familiarity(workspace_of(items), strange(e, seed), Retrieval())
    assert found.first is not None and found.parents is not None
    assert found.first[1] == pytest.approx(11 / 59)  # a scene holds the classes of one kind of five; its own picture is left out
    assert "does hardly better than chance" in found.sentence
    assert "(chance 19%)" in found.sentence and "a part's first five parents" in found.sentence


def test_a_model_that_only_knows_which_picture_a_box_is_of_knows_nothing() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    lost = strange(e, 0)
    picture = items.offsets[items.image]
    at_home = in_pictures(lost, picture, EncoderSettings(context=5.0, contents=1.0))
    retrieval = Retrieval(Ranking("cosine"), Ranking("cosine"))
    evaluation = evaluate(items, hierarchy_of(items), at_home, EvaluateSettings(bootstrap=0), retrieval=retrieval)
    listed = evaluation.find("scene → contents", "class", "as listed")
    assert listed.metrics["own boxes@12"].mean > 3 * listed.chance_of("own boxes@12"), "its own boxes come first"
    assert "does hardly better than chance" in familiarity(workspace_of(items), at_home, retrieval).sentence


def test_the_worse_of_both_counts_and_without_either_nothing_is_said() -> None:
    assert Familiarity(Figure(0.28, 0.2), Figure(0.6, 0.2)).gain == pytest.approx(0.1)
    assert Familiarity(Figure(0.28, 0.2), Figure(0.6, 0.2)).sentence == ""
    assert "55% are of a class in it (chance 56%)" in Familiarity(Figure(0.55, 0.56), Figure(0.44, 0.31)).sentence, (
        "good parents do not hide it"
    )
    assert "first five parents" not in Familiarity(Figure(0.22, 0.2), None).sentence != ""
    assert Familiarity(None, None).sentence == ""


def test_a_set_too_small_to_judge_by_is_not_judged() -> None:
    items = make_items([[((0, 0, 60, 60), 0), ((10, 10, 40, 40), 1)]] * 3, ("house", "door"))
    e = Embedding(np.eye(9, dtype=np.float32), np.ones(9, np.float32))
    assert familiarity(workspace_of(items), e, Retrieval()) == Familiarity(None, None)


@pytest.mark.parametrize("pictures", [1, 3, 5, 6, 10])
def test_of_a_few_pictures_it_is_said_once_that_they_cannot_tell(pictures: int) -> None:
    boxes: list[tuple[tuple[int, int, int, int], int]] = [((0, 0, 60, 60), 0), ((10, 10, 40, 40), 1)] * 12
    items = make_items([boxes] * pictures, ("house", "door"))
    e = Embedding(np.eye(len(items), dtype=np.float32), np.ones(len(items), np.float32))
    found = notice(workspace_of(items), e, Card("photos", EncoderSettings()), Retrieval())
    few = {1: "This set is one picture", 3: "This set has only 3 pictures", 5: "This set has only 5 pictures"}.get(pictures)
    assert (found is not None and found.get("few", False)) == (few is not None)
    if few:
        assert (
            found is not None
            and found["text"].startswith(few)
            and "hardly better" not in found["text"]
            and not found["action"]
            and "propose" not in found
        )
    bare = make_items([[]] * pictures, ())
    said = notice(workspace_of(bare), e, Card("photos", EncoderSettings()), Retrieval())
    assert said is not None and "no boxes" in said["text"] and said["action"]["tab"] == "Annotate" and said["propose"]
    assert said["text"].startswith(few or "These pictures have no boxes")


@pytest.mark.parametrize("pictures", [3, 5, 6, 10])
def test_nothing_does_better_than_chance_on_fewer_than_six_pictures(pictures: int) -> None:
    apart = [((0, 0, 30, 30), 0)] * 8 + [((70, 70, 90, 90), 1)] * 8
    items = make_items([[((60, 60, 99, 99), 2), *apart]] + [apart] * (pictures - 1), ("cat", "dog", "house"))
    belonging = Belonging(items, hierarchy_of(items))
    house = int(np.flatnonzero(items.label == 2)[0])
    dogs = np.flatnonzero((items.label == 1) & (items.image != 0))
    found = belonging.under(house, dogs)
    assert found is not None and found["share"] == 1 and found["chance"] == pytest.approx(0.5)
    assert found["verdict"] == ("few" if pictures < 6 else "better")
    assert belonging.tables(dogs)["few"] == (pictures < 6)  # type: ignore[index]


@pytest.mark.parametrize(("kinds", "scenes"), [(2, 3), (2, 4), (3, 4), (3, 6)])
def test_of_six_to_nineteen_pictures_the_figures_are_told_with_their_uncertainty(kinds: int, scenes: int) -> None:
    items, e = tree_world(kinds=kinds, scenes=scenes)
    good = Card("photos", EncoderSettings(), retrieval=calibrate_retrieval(items, hierarchy_of(items), e))
    found = notice(workspace_of(items), e, good, good.answers)
    assert found is not None and found["text"].startswith("This model does better than chance on these pictures, few as they are: ")
    assert re.search(rf"\(95% over {kinds * scenes} pictures: \d+–\d+%, chance \d+%\)", found["text"])
    assert found["text"].count(f"over {kinds * scenes} pictures") == 1 and found["action"]["tab"] == "Evaluate"
    lost = notice(workspace_of(items), strange(e, 0), Card("photos", EncoderSettings()), Retrieval())
    assert lost is not None and "better than chance on these pictures, few" not in lost["text"]


def test_what_few_pictures_tell_depends_on_the_whole_interval() -> None:
    sure, wide, none = Figure(0.5, 0.2, 0.4, 0.6, 12), Figure(0.3, 0.2, 0.1, 0.5, 12), Figure(0.2, 0.2, 0.17, 0.23, 12)
    assert Familiarity(sure, sure).of_few.startswith("This model does better than chance")
    assert Familiarity(sure, wide).of_few.startswith("Too few pictures with boxes to tell whether this model does better")
    assert Familiarity(sure, wide).of_few.endswith("30% hold such a part (10–50%, chance 20%). 20 or more with boxes tell it better.")
    assert "30% hold such a part (95% over 9 pictures: 10–50%, chance 20%)" in Familiarity(sure, wide._replace(pictures=9)).of_few
    assert Familiarity(wide, none).of_few.startswith("This model does hardly better than chance")
    assert Familiarity(None, None).of_few.startswith("Too few of these pictures have boxes of classes that others show")
    assert Familiarity(None, None, sure=True).of_few.startswith("Nearly every one of these pictures shows the same classes")


def test_where_chance_finds_all_or_few_pictures_have_boxes_that_is_said_of_any_number_of_pictures() -> None:
    boxes: list[tuple[tuple[int, int, int, int], int]] = [((0, 0, 60, 60), 0), ((10, 10, 40, 40), 1)]
    for scenes, said in (([boxes] * 30, "Nearly every one of these pictures"), ([boxes] * 5 + [[]] * 25, "Too few of these pictures")):
        items = make_items(scenes, ("house", "door"))
        e = Embedding(np.eye(len(items), dtype=np.float32), np.ones(len(items), np.float32))
        found = notice(workspace_of(items), e, Card("photos", EncoderSettings()), Retrieval())
        assert found is not None and found["text"].startswith(said) and found["action"] is None


def test_from_twenty_pictures_on_a_model_that_knows_them_has_nothing_to_be_said_of() -> None:
    items, e = tree_world(kinds=4, scenes=ENOUGH_PICTURES // 4)
    good = Card("photos", EncoderSettings(), retrieval=calibrate_retrieval(items, hierarchy_of(items), e))
    assert notice(workspace_of(items), e, good, good.answers) is None


def test_of_boxes_of_one_class_no_figure_by_class_is_told() -> None:
    kinds, e = tree_world(kinds=5, scenes=12)
    items = replace(kinds, label=np.where(kinds.is_scene, kinds.label, 0), classes=("thing",))
    found = notice(workspace_of(items), e, Card("photos", EncoderSettings()), Retrieval())
    assert familiarity(workspace_of(items), e, Retrieval()).sentence == ""
    assert found is not None and "one class, “thing”" in found["text"] and "chance" not in found["text"]


def test_of_boxes_that_nobody_drew_it_is_told() -> None:
    kinds, e = tree_world(kinds=5, scenes=12)
    source = np.where(kinds.is_scene, kinds.source, PROPOSED)
    items = replace(kinds, label=np.where(kinds.is_scene, kinds.label, 0), classes=(PROPOSED,), source=source)
    found = notice(workspace_of(items), e, Card("photos", EncoderSettings()), Retrieval())
    assert found is not None and "proposed by a program" in found["text"] and found["action"]["tab"] == "Annotate"
    source[np.flatnonzero(~items.is_scene)[0]] = "annotation"
    found = notice(workspace_of(replace(items, source=source)), e, Card("photos", EncoderSettings()), Retrieval())
    assert found is not None and "one class, “proposal”" in found["text"]


def test_what_to_do_is_another_model_or_fine_tuning() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    lost = strange(e, 0)
    for name, action in (
        ("demo", {"label": "Open them with photos", "checkpoint": "photos"}),
        ("photos", {"label": "Fine-tune it on them", "tab": "Fine-tune"}),
    ):
        found = notice(workspace_of(items), lost, Card(name, EncoderSettings()), Retrieval())
        assert found is not None and found["action"] == action and "chance" in found["text"]
    own = workspace_of(items)
    own.vectors = "vectors.npz"
    assert notice(own, lost, Card("demo", EncoderSettings()), Retrieval()) is None
    good = Card("demo", EncoderSettings(), retrieval=calibrate_retrieval(items, hierarchy_of(items), e))
    assert notice(workspace_of(items), e, good, good.answers) is None


def test_what_a_checkpoint_learned_from_is_said_and_fine_tune_offered_where_it_shows_the_others() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    marks = picture_marks(items)[:4]
    for of, action in (
        ({}, None),
        ({"fine_tuned": {"set": "photographs"}}, None),
        ({"fine_tuned": {"set": "mine"}}, {"label": "How it does on the others", "tab": "Fine-tune"}),
    ):
        card = Card(
            "tuned", EncoderSettings(), training={"pictures": marks, **of}, retrieval=calibrate_retrieval(items, hierarchy_of(items), e)
        )
        workspace = workspace_of(items)
        workspace.name = "mine"
        found = notice(workspace, e, card, card.answers)
        assert (
            found is not None
            and found["text"].startswith("This checkpoint learned from 4 of these 60 pictures")
            and found["action"] == action
        )


# --- which checkpoint


def test_the_drawn_world_has_its_own_checkpoint_and_anything_else_that_of_photographs() -> None:
    assert suited_checkpoint(DRAWN) == "demo"
    assert suited_checkpoint(DRAWN[:30]) == "demo"
    assert suited_checkpoint(DRAWN[:29]) == "photos"  # a photographed set may share a few names
    assert suited_checkpoint([*DRAWN, "zebra crossing"]) == "photos"
    assert suited_checkpoint([]) == "photos"


def test_no_name_is_the_shipped_checkpoint_that_suits(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(classes: list[str], name: str = "") -> Any:
        return checkpoint_for(SimpleNamespace(vectors=None, items=SimpleNamespace(classes=classes)), name)  # type: ignore[arg-type]

    assert asked(DRAWN) == CHECKPOINTS / "demo.safetensors"
    monkeypatch.setattr("hypviz.model.card.find_checkpoint", lambda name: name)
    assert asked(["cat"]) == "photos" and asked(["cat"], "mine") == "mine"
