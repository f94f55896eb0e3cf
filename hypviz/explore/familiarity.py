"""Whether a model knows the pictures at hand: what it retrieves on a sample of them, beside chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import class_graph
from hypviz.data.items import Items, only_pictures, whole_pictures
from hypviz.evaluation import LISTED, EvaluateSettings
from hypviz.evaluation.calibration import image_sample
from hypviz.evaluation.report import TaskResult
from hypviz.evaluation.run import measure_chance, run_task
from hypviz.evaluation.task import Score, Task, choose_queries, listed_ranking
from hypviz.evaluation.task_data import TaskData
from hypviz.evaluation.tasks import part_to_object, scene_to_contents
from hypviz.explore.belonging import FEWEST_PICTURES, LEAST_GAIN
from hypviz.inference.embed import suited_checkpoint
from hypviz.inference.propose import PROPOSED
from hypviz.metrics import interval_of_few
from hypviz.model.card import Card
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval
from hypviz.workspace.store import Workspace

IMAGES, QUERIES = 300, 200
"""Pictures and queries of the sample: a fraction of a second."""
FEWEST = 10
"""Queries without which nothing can be said, and candidates."""
ENOUGH_PICTURES = 20
"""Pictures from which on a figure is told without its interval: of fewer it is as wide as most of what there is to tell."""
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
HARDLY = "This model does hardly better than chance on these pictures"
BETTER = "This model does better than chance on these pictures, few as they are"
UNDECIDED = "Too few pictures with boxes to tell whether this model does better than chance on them"
MORE = f"{ENOUGH_PICTURES} or more with boxes tell it better."
NOTHING = (
    "Too few of these pictures have boxes of classes that others show, too: no figure can tell how well this model knows them. "
    f"{ENOUGH_PICTURES} or more that do would tell it."
)
ALIKE = (
    "Nearly every one of these pictures shows the same classes, so that chance alone finds what belongs: no figure can tell how well this "
    "model knows them. Look at what lies in the cones."
)
PROPOSALS = (
    "All boxes were proposed by a program: nobody has checked or named them, and many frame nothing; “object” and “part” only say which "
    "lies in which. What lies in the cones can be looked at, and no figure says how right it is."
)
LEARNED = "This checkpoint learned from {:,} of these {:,} pictures: what it finds here says little of pictures that it has not seen."


class Figure(NamedTuple):
    """Of queries in `pictures` pictures: a share beside chance, and its 95 % interval over these pictures, NaN where none was asked for."""

    share: float
    chance: float
    low: float = math.nan
    high: float = math.nan
    pictures: int = ENOUGH_PICTURES

    def gain(self, share: float) -> float:
        """A share as part of the way from chance (0) to perfect (1)."""
        return (share - self.chance) / max(1 - self.chance, 1e-9)

    def words(self, predicate: str, over: int = 0) -> str:
        """The share that is `what`, with its interval, where there is one, and chance; over: pictures that were named before."""
        among = ""
        if not math.isnan(self.low):
            pictures = "" if over == self.pictures else f"95% over {self.pictures} pictures: "
            among = f"{pictures}{100 * max(self.low, 0.0):.0f}–{min(self.high, 1.0):.0%}, "
        return f"{self.share:.0%} {predicate} ({among}chance {self.chance:.0%})"


@dataclass(frozen=True)
class Familiarity:
    """Of what is listed from other pictures than the query's, since its own is known: first: share of a scene's first twelve children whose
    class is in the scene, and chance; parents: share of a part's first five parents that hold its class, and chance. None where
    the data has no such query, or chance is sure to find all.  sure: whether it is that for one."""

    first: Figure | None
    parents: Figure | None
    sure: bool = False

    @property
    def known(self) -> list[Figure]:
        """What there is to judge by."""
        return [one for one in (self.first, self.parents) if one is not None]

    @property
    def gain(self) -> float | None:
        """The worse of both, as the share of the way from chance (0) to perfect (1); None when there is nothing to judge by."""
        return min((one.gain(one.share) for one in self.known), default=None)

    @property
    def pictures(self) -> int:
        """Pictures of the figure that has fewer of them."""
        return min((one.pictures for one in self.known), default=0)

    @property
    def sentence(self) -> str:
        """What to say of a model that knows next to nothing of the pictures, whatever their uncertainty; "" otherwise."""
        hardly = any(one.gain(one.share if math.isnan(one.high) else one.high) < LEAST_GAIN for one in self.known)
        return f"{HARDLY}: {self._figures}." if hardly else ""

    @property
    def of_few(self) -> str:
        """What to say where few pictures judge: what they tell with its uncertainty, or that they do not tell it."""
        if not self.known:
            return ALIKE if self.sure else NOTHING
        if self.sentence:
            return self.sentence
        if all(one.low > one.chance for one in self.known):
            return f"{BETTER}: {self._figures}."
        return f"{UNDECIDED}: {self._figures}. {MORE}"

    @property
    def _figures(self) -> str:
        words = []
        if self.first:
            words.append(f"of a scene's first twelve children in other pictures {self.first.words('are of a class in it')}")
        if self.parents:
            words.append(
                f"of a part's first five parents there {self.parents.words('hold such a part', self.first.pictures if self.first else 0)}"
            )
        return ", and ".join(words)


def familiarity(workspace: Workspace, embedding: Embedding, retrieval: Retrieval, *, seed: int = 0) -> Familiarity:
    """Judge a model on a sample of the annotated pictures of a workspace."""
    items, hierarchy, embedding = image_sample(workspace.items, workspace.hierarchy, embedding, most=IMAGES, seed=seed)
    settings = EvaluateSettings(bootstrap=0, baselines=False, max_queries=QUERIES, seed=seed)
    data = TaskData(items, hierarchy, class_graph(items, hierarchy))
    score = Score(LISTED, embedding, ranking=listed_ranking(embedding, retrieval, whole_pictures(items)))
    first = _figure(scene_to_contents(data, settings), "class", "other pictures@12", score, settings, data)
    parents = _figure(part_to_object(data, settings), "instance", "other pictures@5", score, settings, data)
    sure = any(one is not None and one.chance >= CERTAIN for one in (first, parents))
    return Familiarity(_telling(first), _telling(parents), sure)


def _telling(figure: Figure | None) -> Figure | None:
    return figure if figure is not None and figure.chance < CERTAIN else None


def notice(workspace: Workspace, embedding: Embedding, card: Card, retrieval: Retrieval) -> dict[str, Any] | None:
    """{"text", "action"} of what a person should know first, or None: that there are too few pictures to tell anything ("few"); that
    pictures without boxes have no hierarchy to read ("propose": some can be proposed); that the model does not know these, with another
    checkpoint to open them with, or fine-tuning.  retrieval: what its answers mean here."""
    if workspace.vectors is not None:
        return None
    line, few = _notice(workspace, embedding, card, retrieval), _few(len(workspace.items.images))
    if not few:
        return line
    return (line or {"action": None}) | {"text": f"{few} {line['text'] if line else ''}".strip(), "few": True}


def _few(pictures: int) -> str:
    if pictures >= FEWEST_PICTURES:
        return ""
    return FEW.format(pictures) if pictures > 1 else ONE


def _notice(workspace: Workspace, embedding: Embedding, card: Card, retrieval: Retrieval) -> dict[str, Any] | None:
    """As `notice`, of sets of any size."""
    items = workspace.items
    if only_pictures(items):
        return {"text": NO_BOXES, "action": {"label": "Draw boxes", "tab": "Annotate"}, "propose": True}
    if bool((items.source[~items.is_scene] == PROPOSED).all()):
        return {"text": PROPOSALS, "action": {"label": "Name the boxes", "tab": "Annotate"}}
    if len(classes := np.unique(items.label[~items.is_scene])) == 1:
        return {"text": ONE_CLASS.format(items.classes[classes[0]]), "action": {"label": "Name the boxes", "tab": "Annotate"}}
    figures = None if _few(len(items.images)) else familiarity(workspace, embedding, retrieval)
    sentence = figures.sentence if figures else ""
    text = sentence or (figures.of_few if figures and figures.pictures < ENOUGH_PICTURES else "")
    if known := learned_from(items, card):
        here = card.training.get("fine_tuned", {}).get("set") == workspace.name  # else Fine-tune has nothing to show of it
        action = {"label": "How it does on the others", "tab": "Fine-tune"} if here else None
        return {"text": " ".join(filter(None, (LEARNED.format(known, len(items.images)), sentence))), "action": action, "kind": "learned"}
    if text and not sentence:
        return {"text": text, "action": {"label": "All figures", "tab": "Evaluate"} if figures and figures.known else None}
    suited = suited_checkpoint(workspace.items.classes)
    tune = {"label": "Fine-tune it on them", "tab": "Fine-tune"}
    action = tune if suited == card.name else {"label": f"Open them with {suited}", "checkpoint": suited}
    return {"text": text, "action": action} if text else None


def learned_from(items: Items, card: Card) -> int:
    """How many pictures of a data set a checkpoint learned from, as far as its card names them."""
    marks = set(card.training.get("pictures") or ())
    return sum(str(content)[:8] in marks for content in items.images.content)


def _figure(task: Task, reading: str, metric: str, score: Score, settings: EvaluateSettings, data: TaskData) -> Figure | None:
    """The metric's mean and its chance; None with too few queries, or too few pictures that have any."""
    queries, image = choose_queries(task.queries, settings.max_queries, settings.seed), data.items.image
    if len(np.unique(image[queries])) < FEWEST_PICTURES or len(task.pool) < FEWEST:
        return None
    luck = measure_chance(task, queries)
    result = next(one for one in run_task(task, score, queries, luck, image, settings) if one.reading == reading)
    return figure_of(result, metric, image)


def figure_of(result: TaskResult, metric: str, image: NDArray[np.integer]) -> Figure | None:
    """The metric of a task beside chance, with its interval where it is of few pictures; None where those are too few for any.
    image: (N,) which picture each item is of."""
    values, by_chance, picture = result.values[metric], result.chance[metric], image[result.rows]
    known = ~np.isnan(values) & ~np.isnan(by_chance)
    pictures = len(np.unique(picture[known]))
    if pictures < FEWEST_PICTURES:
        return None
    value, chance = float(values[known].mean()), float(by_chance[known].mean())
    if pictures >= ENOUGH_PICTURES:
        return Figure(value, chance, pictures=pictures)
    low, high = interval_of_few(values[known] - by_chance[known], picture[known])
    return Figure(value, chance, chance + low, chance + high, pictures)
