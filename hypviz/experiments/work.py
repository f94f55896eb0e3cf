"""One run of an experiment: train, judge on held-out images, write the result. A result that is there is not made again."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hypviz.data.crops import build_crop_cache
from hypviz.data.hierarchy import class_graph
from hypviz.data.items import Items
from hypviz.evaluation import EvaluateSettings, evaluate
from hypviz.experiments.data import Part
from hypviz.progress import OnCount
from hypviz.storage.files import write_file
from hypviz.storage.json_types import Json

SCHEMA = 2
QUICK = EvaluateSettings(max_queries=500, bootstrap=0, entailment_apexes=0)
FULL = EvaluateSettings(max_queries=2000)
"""How runs are judged: a family's temperature on a sample of the validation queries, a row on the test queries [R]."""


@dataclass(frozen=True)
class Run:
    """A run. recipe: all its settings.  judged: the part it is judged on.  tuning: whether it only serves to choose a
    temperature.  home: the experiment's folder, with the crops that all runs share."""

    recipe: dict[str, Json]
    train: Part
    judged: Part
    home: Path
    trained: bool = True
    apex: str = "query"
    tuning: bool = False
    device: str = "auto"
    init: str | None = None

    @property
    def key(self) -> str:
        """Names everything the result depends on but the pictures, which `identity` in the result guards."""
        content = asdict(self) | {"home": "", "device": "", "schema": SCHEMA}
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]

    @property
    def trained_key(self) -> str:
        """Names the training alone: runs that differ in how they are judged share it."""
        content = {"recipe": self.recipe, "train": asdict(self.train), "trained": self.trained, "init": self.init, "schema": SCHEMA}
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]

    @property
    def checkpoint(self) -> Path:
        """Where the trained weights are kept; a checkpoint like any other."""
        return self.home / "models" / f"{self.trained_key}.safetensors"

    @property
    def result(self) -> Path:
        """Where the result is written."""
        return self.home / "runs" / f"{self.key}.json"

    def read(self) -> Json | None:
        """The result when it is there."""
        return json.loads(self.result.read_text(encoding="utf-8")) if self.result.is_file() else None


def crops_of(items: Items, home: Path, size: int) -> Any:
    """The crops of all items, from the experiment's cache, which is built when it is not there."""
    return build_crop_cache(items, home / "crops", size=size, workers=2)


def do(run: Run, *, on_step: OnCount | None = None, stop: threading.Event | None = None) -> Json:
    """Train, judge and write the result; resumes what was begun. Raises train.Stopped when `stop` is set."""
    done = run.read()
    if done is not None:
        return done
    start = time.process_time()
    encoder, record = _trained(run, on_step, stop)
    items, hierarchy = run.judged.load()
    from hypviz.inference.embed import embed_crops, norm_sample
    from hypviz.inference.in_pictures import picture_rows
    from hypviz.model.norms import adapt_norms, has_fresh_norms

    crops = crops_of(items, run.home, encoder.image_size)
    if not run.trained and has_fresh_norms(encoder):
        adapt_norms(encoder, crops[norm_sample(len(items))], on_share=lambda share: None)
    embedding = embed_crops(encoder, crops, picture_rows(items))
    settings = QUICK if run.tuning else EvaluateSettings(**{**asdict(FULL), "apex": run.apex})
    evaluation = evaluate(items, hierarchy, embedding, settings, graph=class_graph(items, hierarchy))
    result = {
        "schema": SCHEMA,
        "recipe": run.recipe,
        "judged": {"data": items.data_hash, "images": len(items.images), "items": len(items)},
        "training": record,
        "cpu_seconds": round(time.process_time() - start, 1),
        "evaluation": evaluation.to_json(),
    }
    run.result.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result)
    write_file(run.result, lambda part: part.write_text(text, encoding="utf-8"))
    stored: Json = json.loads(text)
    return stored


def _trained(run: Run, on_step: OnCount | None, stop: threading.Event | None) -> tuple[Any, Json]:
    """The run's encoder in eval mode and the record of its training, from its checkpoint when that is there."""
    from hypviz.model.card import read_card
    from hypviz.model.checkpoint import load_checkpoint
    from hypviz.model.device import pick_device
    from hypviz.model.encoder import build_encoder
    from hypviz.training.loop import finish, train
    from hypviz.training.state import Recipe

    recipe = Recipe.from_json(run.recipe)
    if not run.trained:
        return build_encoder(recipe.encoder, seed=recipe.train.seed).to(pick_device(run.device)).eval(), {"seconds": 0}
    if run.checkpoint.is_file() and run.checkpoint.with_suffix(".json").is_file():
        return load_checkpoint(run.checkpoint)[0].to(pick_device(run.device)).eval(), read_card(run.checkpoint).training
    items, hierarchy = run.train.load()
    folder = run.home / "states" / run.trained_key
    encoder, record = train(
        items, hierarchy, folder, recipe, init=run.init, device=run.device, crop_folder=run.home / "crops", stop=stop,
        on_progress=lambda p: on_step(p.step, p.steps) if on_step else None,
    )  # fmt: skip
    run.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    finish(encoder, run.checkpoint, record=record, description="A run of an experiment.")
    (folder / "state.pt").unlink()  # three times the weights, of no further use
    return encoder, record


def quality(evaluation: Json, score: str) -> float:
    """What temperatures are chosen by: the mean of part → object P@5, object → parts mAP and scene → contents mAP [R]."""
    keys = (("part → object", "instance", "precision@5"), ("object → parts", "class", "mAP"), ("scene → contents", "class", "mAP"))
    values = [figure(evaluation, task, reading, score, metric) for task, reading, metric in keys]
    return sum(value or 0.0 for value in values) / len(values)


def figure(evaluation: Json, task: str, reading: str, score: str, metric: str) -> float | None:
    """A mean of an evaluation's JSON form; None where there was nothing to measure."""
    for result in evaluation["tasks"]:
        if (result["task"], result["reading"], result["score"]) == (task, reading, score) and metric in result["metrics"]:
            mean: float | None = result["metrics"][metric]["mean"]
            return mean
    return None
