"""The retrieval tasks of method.md §4: queries, pool, what counts as correct, and what is reported.

A task can have several readings of "correct" over one ranking: by *class* (the class graph, or the classes of a scene)
and by *instance* (what this very object or scene holds).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.evaluation.first import FirstSeen, OtherPictures
from hypviz.evaluation.measures import HitRate, LabelDistances, Precision, WholeList
from hypviz.evaluation.recognition import nearest_neighbour, prototype
from hypviz.evaluation.settings import EvaluateSettings
from hypviz.evaluation.task import Reading, Task
from hypviz.evaluation.task_data import Rows, TaskData, dense


def all_tasks(data: TaskData, settings: EvaluateSettings) -> list[Task]:
    """The tasks in the order of the report; one may have no queries or no pool."""
    return [
        part_to_object(data, settings),
        object_to_parts(data, settings),
        scene_to_contents(data, settings),
        box_to_scene(data, settings),
        nearest_neighbour(data),
        prototype(data),
    ]


def part_to_object(data: TaskData, settings: EvaluateSettings) -> Task:
    """A box inside another box → boxes with boxes inside. Correct by instance: the retrieved object holds a box of the
    query's class; by class: the query's class lies under the object's class."""
    pool = data.objects
    holders = data.holds[pool].T.tocsr()

    def instance(rows: Rows) -> NDArray[np.bool_]:
        return dense(holders[data.label[rows]])

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return data.graph.T[data.label[rows]][:, data.label[pool]]

    others = OtherPictures(data, pool, (settings.other_k,))
    measures = Precision(settings.object_k), others
    readings = (Reading("instance", instance, measures), Reading("class", by_class, measures))
    depth = max(*settings.object_k, settings.first_k, others.reach)
    return Task("part → object", "parents", data.parts, pool, readings, depth)


def object_to_parts(data: TaskData, settings: EvaluateSettings) -> Task:
    """A box with boxes inside → all boxes. Correct by class: the class lies under the query's class; by instance: the
    class occurs inside the query itself."""
    pool = data.boxes

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return data.class_below(rows, pool)

    def instance(rows: Rows) -> NDArray[np.bool_]:
        return dense(data.holds[rows])[:, data.label[pool]]

    both = WholeList({str(k): k for k in settings.recall_k}), Precision((settings.first_k,))
    readings = (Reading("class", by_class, both), Reading("instance", instance, (*both, FirstSeen(data, pool, settings.first_k))))
    return Task("object → parts", "children", data.objects, pool, readings)


def scene_to_contents(data: TaskData, settings: EvaluateSettings) -> Task:
    """A scene → all boxes. Correct: the box's class is in the scene's hierarchy, own or other images [P]. OT and TV
    compare the class histogram of the scene with that of the retrieved boxes; the first few are what a person sees."""
    pool = data.boxes
    depths = {f"{share:.0%}": max(1, round(share * len(pool))) for share in settings.shares}
    measures = (
        WholeList({str(k): k for k in settings.recall_k} | depths),
        LabelDistances(data, pool, depths),
        Precision((settings.first_k,)),
        OtherPictures(data, pool, (settings.first_k,)),
        FirstSeen(data, pool, settings.first_k),
    )

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return data.class_below(rows, pool)

    queries = data.scenes[np.diff(data.shown.indptr) > 0]
    return Task("scene → contents", "children", queries, pool, (Reading("class", by_class, measures),))


def box_to_scene(data: TaskData, settings: EvaluateSettings) -> Task:
    """A box → all scenes. Correct by class: the scene holds a box of the query's class [P]; by image: its own scene."""
    pool, image = data.scenes, data.items.image
    showing = data.shown.T.tocsr()

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return dense(showing[data.label[rows]])

    def by_image(rows: Rows) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = image[rows][:, None] == image[pool]
        return same

    others, hit_rate = OtherPictures(data, pool, (settings.other_k,)), HitRate(settings.scene_k)
    same_class = Reading("same class", by_class, (Precision(settings.scene_k), others))
    readings = (same_class, Reading("same image", by_image, (hit_rate,), curve=False))
    depth = max(*settings.scene_k, settings.first_k, others.reach)
    return Task("box → scene", "parents", data.boxes, pool, readings, depth)
