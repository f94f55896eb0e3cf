"""Whether a model knows the pictures at hand: what it retrieves on a sample of them, beside chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hypviz.data.hierarchy import class_graph
from hypviz.data.items import Items, only_pictures, whole_pictures
from hypviz.evaluation import LISTED, EvaluateSettings
from hypviz.evaluation.calibration import image_sample
from hypviz.evaluation.run import measure_chance, run_task
from hypviz.evaluation.task import Score, Task, choose_queries, listed_ranking
from hypviz.evaluation.task_data import TaskData
from hypviz.evaluation.tasks import part_to_object, scene_to_contents
from hypviz.explore.belonging import FEWEST_PICTURES, LEAST_GAIN
from hypviz.inference.embed import suited_checkpoint
from hypviz.inference.propose import PROPOSED
from hypviz.model.card import Card
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval
from hypviz.workspace.store import Workspace

IMAGES, QUERIES = 300, 200
"""Pictures and queries of the sample: a fraction of a second."""
FEWEST = 10
"""Queries without which nothing can be said."""
CERTAIN = 0.995
"""Chance from which on a figure says nothing: a person reads 100 %."""

NO_BOXES = (
    "These pictures have no boxes, so nothing here says what contains what: they are listed by similarity alone, and their distance from "
    "the root means little."
)
ONE_CLASS = (
    "All boxes are of one class, “{}”: no figure by class can say whether this model knows these pictures. Look at what lies in the cones, "
    "or give the boxes classes that tell them apart."
)
FEW = "This set has only {} pictures: too few for any share, colour or score to tell how well this model knows such pictures."
ONE = "This set is one picture: what is found in others and how well this model knows such pictures needs more of them."
PROPOSALS = (
    "All boxes were proposed by a program: nobody has checked or named them, and many frame nothing. What lies in the cones can be looked "
    "at, and no figure says how right it is."
)
LEARNED = "This checkpoint learned from {:,} of these {:,} pictures: what it finds here says little of pictures that it has not seen."


@dataclass(frozen=True)
class Familiarity:
    """Of what is listed from other pictures than the query's, since its own is known: first: share of a scene's first twelve children whose
    class is in the scene, and chance; parents: share of a part's first five parents that hold its class, and chance. None where
    the data has no such query, or chance is sure to find all."""

    first: tuple[float, float] | None
    parents: tuple[float, float] | None

    @property
    def gain(self) -> float | None:
        """The worse of both, as the share of the way from chance (0) to perfect (1); None when there is nothing to judge by."""
        known = [(value - chance) / max(1 - chance, 1e-9) for value, chance in filter(None, (self.first, self.parents))]
        return min(known) if known else None

    @property
    def sentence(self) -> str:
        """What to say of a model that knows next to nothing of the pictures; "" otherwise."""
        gain = self.gain
        if gain is None or gain >= LEAST_GAIN:
            return ""
        words = []
        if self.first:
            share, chance = self.first
            words.append(f"of a scene's first twelve children in other pictures {share:.0%} are of a class in it (chance {chance:.0%})")
        if self.parents:
            words.append(f"of a part's first five parents there {self.parents[0]:.0%} hold such a part (chance {self.parents[1]:.0%})")
        return f"This model does hardly better than chance on these pictures: {', and '.join(words)}."


def familiarity(workspace: Workspace, embedding: Embedding, retrieval: Retrieval, *, seed: int = 0) -> Familiarity:
    """Judge a model on a sample of the annotated pictures of a workspace."""
    items, hierarchy, embedding = image_sample(workspace.items, workspace.hierarchy, embedding, most=IMAGES, seed=seed)
    settings = EvaluateSettings(bootstrap=0, baselines=False, max_queries=QUERIES, seed=seed)
    data = TaskData(items, hierarchy, class_graph(items, hierarchy))
    score = Score(LISTED, embedding, ranking=listed_ranking(embedding, retrieval, whole_pictures(items)))
    return Familiarity(
        _figure(scene_to_contents(data, settings), "class", "other pictures@12", score, settings, data),
        _figure(part_to_object(data, settings), "instance", "other pictures@5", score, settings, data),
    )


def notice(workspace: Workspace, embedding: Embedding, card: Card, retrieval: Retrieval) -> dict[str, Any] | None:
    """{"text", "action"} of what a person should know first, or None: that there are too few pictures to tell anything ("few"); that
    pictures without boxes have no hierarchy to read; that the model does not know these, with another checkpoint to open them with, or
    fine-tuning.  retrieval: what its answers mean here."""
    if workspace.vectors is not None:
        return None
    found, few = _notice(workspace, embedding, card, retrieval), _few(len(workspace.items.images))
    if not few:
        return found
    return (found or {"action": None}) | {"text": f"{few} {found['text'] if found else ''}".strip(), "few": True}


def _few(pictures: int) -> str:
    if pictures >= FEWEST_PICTURES:
        return ""
    return FEW.format(pictures) if pictures > 1 else ONE


def _notice(workspace: Workspace, embedding: Embedding, card: Card, retrieval: Retrieval) -> dict[str, Any] | None:
    """As `notice`, of sets of any size."""
    items = workspace.items
    if only_pictures(items):
        return {"text": NO_BOXES, "action": {"label": "Draw boxes", "tab": "Annotate"}}
    if bool((items.source[~items.is_scene] == PROPOSED).all()):
        return {"text": PROPOSALS, "action": {"label": "Name the boxes", "tab": "Annotate"}}
    if len(classes := np.unique(items.label[~items.is_scene])) == 1:
        return {"text": ONE_CLASS.format(items.classes[classes[0]]), "action": {"label": "Name the boxes", "tab": "Annotate"}}
    text = "" if _few(len(items.images)) else familiarity(workspace, embedding, retrieval).sentence
    if known := learned_from(items, card):
        here = card.training.get("fine_tuned", {}).get("set") == workspace.name  # else Fine-tune has nothing to show of it
        action = {"label": "How it does on the others", "tab": "Fine-tune"} if here else None
        return {"text": " ".join(filter(None, (LEARNED.format(known, len(items.images)), text))), "action": action, "kind": "learned"}
    suited = suited_checkpoint(workspace.items.classes)
    tune = {"label": "Fine-tune it on them", "tab": "Fine-tune"}
    action = tune if suited == card.name else {"label": f"Open them with {suited}", "checkpoint": suited}
    return {"text": text, "action": action} if text else None


def learned_from(items: Items, card: Card) -> int:
    """How many pictures of a data set a checkpoint learned from, as far as its card names them."""
    marks = set(card.training.get("pictures") or ())
    return sum(str(content)[:8] in marks for content in items.images.content)


def _figure(task: Task, reading: str, metric: str, score: Score, settings: EvaluateSettings, data: TaskData) -> tuple[float, float] | None:
    """The metric's mean and its chance; None with too few queries."""
    queries = choose_queries(task.queries, settings.max_queries, settings.seed)
    if len(queries) < FEWEST or len(task.pool) < FEWEST:
        return None
    luck = measure_chance(task, queries)
    result = next(one for one in run_task(task, score, queries, luck, data.items.image, settings) if one.reading == reading)
    value, chance = result.metrics[metric].mean, result.chance_of(metric)
    return (float(value), float(chance)) if np.isfinite([value, chance]).all() and chance < CERTAIN else None
