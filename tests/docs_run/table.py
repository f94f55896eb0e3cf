"""What stands for what in the pages' commands when they are run: names, sizes, and what is not run.

Every command of every page is run, unless it is listed in `NOT_RUN`. What a command names lies in the prepared folder under that very name
(`place.py`); only what cannot is put in its place here.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

NAMES = {
    "/data": "data",
    "COMMAND": "--help",
    "ITEM_ID": "{item}",
    "OWNER/NAME": "ada/pictures-of-mine",
    "NAME": "ada",
    "open_clip:ViT-B-16": "open_clip:ViT-S-32-alt",
}
"""A word of a command → what is put there. ViT-B-16 would be 600 MB of random weights; its smallest brother is built by the same code."""
NAMES_OF: dict[str, dict[str, str]] = {
    "data import": {"FILE": "a.json", "DIR": "photos"},
    "data openimages": {"DIR": "OpenImages"},
    "data taxonomy": {"FILE": "taxonomy.txt"},
    "data vectors": {"FILE": "tree.npz"},
    "export selection": {"NAME": "to check"},
}
"""Words that mean one thing in one command and another in the next."""


@dataclass(frozen=True)
class Smaller:
    """Options that are added to each command that begins with `words`.

    settings: added to its --settings.  last_row: of --rows the last stays.
    """

    words: str
    why: str
    options: str = ""
    settings: tuple[tuple[str, Any], ...] = ()
    last_row: bool = False

    def applied(self, words: list[str]) -> list[str]:
        """The words of the command that is run."""
        words = [*words, *shlex.split(self.options)]
        if self.last_row and "--rows" in words:
            at = words.index("--rows") + 1
            words[at] = words[at].split(",")[-1]
        if self.settings and "--settings" in words:
            at = words.index("--settings") + 1
            words[at] = json.dumps(json.loads(words[at]) | dict(self.settings))
        elif self.settings:
            words += ["--settings", json.dumps(dict(self.settings))]
        return words


PHOTOS = "one epoch of the recipe over the pictures as they are, and one seed"
SMALLER = (
    Smaller("train", "one step shows that it trains; thousands take hours", "--steps 1 --batch-pairs 16"),
    Smaller(
        "finetune",
        "one epoch of small batches, over the pictures as they are",
        settings=(("tune.epochs", 1), ("tune.views", 0), ("train.batch_pairs", 8)),
    ),
    Smaller(
        "heads",
        "one row, seed and step, not nine of five and 300; the components of features without class probabilities take a sixth of the time",
        "--seeds 1 --steps 1 --backbone pretrained:efficientnet_lite0",
        last_row=True,
    ),
    Smaller(
        "experiment paper-small",
        "the reference, which is the last row of all, by one seed of one step; each row is a process, with a thread where there are two",
        "--seeds 1 --steps 1 --jobs 2 --no-tune",
        last_row=True,
    ),
    Smaller("photos", PHOTOS, "", (("tune.epochs", 1), ("tune.views", 0))),
    Smaller("photos FOLDER --leave-out coco_", PHOTOS, "--seeds 1", (("tune.epochs", 1), ("tune.views", 0))),
    Smaller("photos PHOTOS PHOTOS_MORE CAR_PARTS --leave-out coco_", PHOTOS, "--seeds 1", (("tune.epochs", 1), ("tune.views", 0))),
    Smaller("objectness", "five pictures of each set, through a small network", "--pictures 5 --backbone demo-small"),
    Smaller("data clipart", "two scenes show what 400 are", "--count 2"),
    Smaller("data openimages", "eight pictures in place of a million", "--limit 8"),
    Smaller("export onnx", "a network of a tenth of the weights; tests/model/test_onnx_file.py writes `photos`", "--checkpoint runs/mine"),
    Smaller("bench", "the least that it takes: its figures are for people to read", "--items 200"),
    Smaller("bench disk", "the least that it takes, without a browser of its own", "--items 200 --no-browser"),
    Smaller("bench search", "one round among a thousand vectors", "--items 1000 --rounds 1"),
    Smaller("bench approximate", "a thousand vectors", "--items 1000 --queries 1"),
    Smaller(
        "bench growth",
        "two hundred items and two pictures, through a small network and without a browser",
        "--items 200 --pictures 2 --backbone demo-small --queries 1 --no-browser",
    ),
    Smaller("bench openimages", "a thousand boxes, not 14 million", "--boxes 1000"),
    Smaller("bench embed", "one picture, one round and a small network", "--pictures 1 --rounds 1 --backbone demo-small"),
    Smaller("bench training", "one round of few pairs", "--pairs 8 --rounds 1"),
    Smaller("bench load", "one browser for a second", "--items 200 --browsers 1 --seconds 1 --pace 0 --no-train"),
)
"""The longest beginning that fits a command is the one that counts. Of an option that is stated twice the last counts."""
COMPLETED = {
    "export selection --tag NAME": ("--workspace WS --out tagged.csv", "the sentence is about --tag alone"),
    "experiment paper-small": ("--workspace workspaces/mine --rows hyp†", "drawing 5,200 scenes and training ten rows takes an hour"),
    "heads --workspace workspaces/mine": ("--rows 'hyp† + ancestors'", "as for those that name their rows"),
    "heads --workspace build/car_parts": ("--rows 'cosine InfoNCE'", "as for those that name their rows"),
    "publish OUT --space": ("--sample 60", "the whole demo is 9,344 files"),
}
"""A whole command → options that are added to it, and why."""
NOT_RUN: dict[str, str] = {
    "hypviz demo": "an hour that writes over what is shipped; test_demo.py runs it from a few scenes, a step a stage, to another place",
}
"""A command → the one sentence why it is not run with the others."""
