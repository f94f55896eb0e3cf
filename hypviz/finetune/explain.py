"""Every setting of a fine-tuning in words, with its range: one table for the page's form and for the documents."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, get_args

from hypviz.config import PairSettings, TrainSettings
from hypviz.finetune.request import FinetuneSettings
from hypviz.training import losses

DEFAULTS = {"tune": FinetuneSettings(), "train": TrainSettings(), "pairs": PairSettings(), "loss": losses.LossSettings()}


@dataclass(frozen=True)
class Setting:
    """name: "part.name".  low, high: of numbers, inclusive; None elsewhere.  choices: of words.  type: "int", "float",
    "bool", "choice" or "pair" (two floats)."""

    name: str
    title: str
    explanation: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | None = None

    @property
    def default(self) -> Any:
        """Its default when nothing about the set is known; `plan.make_plan` gives the one for a set."""
        part, _, key = self.name.partition(".")
        return getattr(DEFAULTS[part], key)

    @property
    def type(self) -> str:
        """What the value is."""
        if self.choices:
            return "choice"
        return {bool: "bool", int: "int", float: "float", tuple: "pair"}[type(self.default)]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"part": self.name.partition(".")[0], "type": self.type, "default": self.default}


SETTINGS = (
    Setting("tune.epochs", "Epochs",
            "How often all training pictures are gone through at most. More gives slow learning time; early stopping ends sooner "
            "when nothing improves.", 1, 10_000),
    Setting("train.lr", "Learning rate",
            "How large the steps are. Too small learns nothing in the time given, too large forgets what the model knew; change it by "
            "factors of three.", 0, 10),
    Setting("train.backbone_lr_scale", "Rate of the backbone",
            "The backbone's learning rate as a share of the head's. 0 keeps the backbone as it is.", 0, 10),
    Setting("train.direction_lr_scale", "Rate of the directions",
            "Of a polar head: the learning rate of the directions as a share of that of the radii. The directions hold what the "
            "backbone knows of pictures, so they move more slowly.", 0, 10),
    Setting("train.last_blocks", "Last blocks",
            "Only so many blocks at the end of the backbone learn; 0 lets all of it learn.", 0, 10_000),
    Setting("train.lora_rank", "Rank of the adapters",
            "Of the depth lora: how many directions of change each layer of the last blocks can learn, instead of all its weights. More "
            "fits these pictures more closely. 0 at every other depth, where the weights themselves learn.", 0, 1024),
    Setting("train.batch_pairs", "Pairs per step",
            "Parent → child pairs in one step; about twice as many crops are looked at. More makes steady steps and needs more memory.",
            2, 1_000_000),
    Setting("train.patience", "Patience",
            "Epochs without a better validation score after which training ends; the best weights are kept. 0 never ends early and "
            "keeps the last weights, whatever they are worth.", 0, 1e9),
    Setting("train.warmup", "Warm-up",
            "Share of the steps over which the learning rate rises from zero, so that the start is gentle.", 0, 1),
    Setting("train.weight_decay", "Weight decay",
            "Pulls weights towards zero a little at every step; more of it works against learning a small set by heart.", 0, 1000),
    Setting("train.betas", "AdamW betas", "How long the optimiser remembers: of the direction, and of the size of past gradients."),
    Setting("train.clip_norm", "Gradient limit",
            "A step's gradient is shortened to this length: the angle loss is steep for a crop that is almost its whole picture.",
            1e-6, 1e9),
    Setting("train.flip", "Mirror pictures",
            "Every crop is mirrored half of the time. Turn it off where left and right have names of their own (left_mirror)."),
    Setting("train.colour_jitter", "Colour jitter",
            "How strongly brightness, contrast and saturation are varied at random; 0 leaves colours alone.", 0, 1),
    Setting("train.early_size", "Small crops first",
            "Side in pixels of crops during the first steps, which are quicker then; 0 is off.", 0, 4096),
    Setting("train.early_share", "Share with small crops", "Share of the steps with small crops, where they are on.", 0, 1),
    Setting("train.precision", "Number format",
            "auto takes bfloat16 on a GPU and float32 on a CPU; name one to force it.", choices=("auto", "float32", "bfloat16")),
    Setting("train.seed", "Seed", "The same seed gives the same training on one machine.", 0, 2**32),
    Setting("tune.validation_share", "Validation pictures",
            "Share of the pictures that training never sees and that all metrics are measured on, where the set's folders do not say.",
            0.05, 0.5),
    Setting("tune.split_seed", "Seed of the split", "Another number holds out other pictures.", 0, 2**32),
    Setting("tune.views", "Augmented views",
            "Head only: how many changed copies of every crop the backbone looks at beforehand. More takes longer once and "
            "over-fits less.", 0, 64),
    Setting("tune.dropout", "Hidden features",
            "Head only: this share of what the backbone sees of a crop is hidden at every step, another one each time. It works against "
            "learning a small set by heart, without further looks at the pictures.", 0, 0.9),
    Setting("tune.adapt_norms", "Adapt normalisation",
            "First let the backbone's batch normalisation take its statistics from your pictures; costs one pass. For backbones with "
            "batch normalisation (demo, ResNet) whose training pictures looked different."),
    Setting("pairs.batches", "Kind of batch",
            "images: all pairs within a few whole pictures, so each crop is used for all its relations; pairs: a random "
            "draw of pairs.", choices=("images", "pairs")),
    Setting("pairs.ancestors", "Ancestors",
            "all: a scene is also the parent of its objects' parts; direct: only of what nothing else lies between.",
            choices=("all", "direct")),
    Setting("pairs.cross_image", "Partners from other pictures",
            "For every box so many boxes of its class in other pictures become children of its scene too; it teaches classes and not "
            "only pictures.", 0, 1000),
    Setting("pairs.cross_from", "Who such partners belong to",
            "scene: the box's whole picture, as in the paper; ancestors: everything that holds the box, so that an object learns the parts "
            "of its class in other pictures too.", choices=("scene", "ancestors")),
    Setting("pairs.class_balance", "Classes alike",
            "All classes in a picture count alike, however many boxes they have: thirteen seats do not speak louder than one boat. "
            "With whole pictures as batches only."),
    Setting("pairs.next_level", "Weight of the next level",
            "How much more what lies one level below a parent counts than what lies deeper: a scene looks at its objects first. With whole "
            "pictures as batches only.", 1e-3, 1e3),
    Setting("pairs.scene_weight", "Weight of whole pictures",
            "How much more whole pictures count among the parents. With whole pictures as batches only.", 1e-3, 1e3),
    Setting("pairs.by_series", "One series at a time",
            "Every batch takes pictures of one folder whose names begin alike. For joined collections, where a class may mean a "
            "whole picture in one and a small box in another."),
    Setting("pairs.repeat_below", "Show rare classes more often",
            "Pictures with a class that fewer than this share of the pictures have are shown more often; 0 shows all alike.", 0, 1),
    Setting("pairs.shuffled", "Shuffled control",
            "A control experiment, never a model to use: every box shows another box's picture, so only scene or no scene can be learned."),
    Setting("loss.objective", "Objective",
            "angle is the paper's; distance and hinge (MERU's cones) are what it is compared with.",
            choices=get_args(losses.Objective)),
    Setting("loss.direction", "Direction",
            "Whether parents look for children, children for parents, or both, which is steadier.", choices=get_args(losses.Direction)),
    Setting("loss.unsampled", "Likely relatives",
            "What to do with boxes whose class is known to lie under the parent's though this one does not: mask them, count them as "
            "children, or as strangers. Strangers contradict the rest.", choices=get_args(losses.Unsampled)),
    Setting("loss.anchor", "Stay near the start",
            "How strongly the likeness of any two crops is held to what it was at the start. More of it keeps what the backbone knows "
            "of other pictures, less of it fits these better.", 0, 1e6),
    Setting("loss.spread", "Spread the directions",
            "Pushes the directions of a batch apart as a whole, so that they do not gather in one corner.", 0, 1e6),
    Setting("loss.norm", "Hold the radii in",
            "Pulls radii inwards, where the angle still has a gradient; for runs whose radii run away.", 0, 1e6),
    Setting("loss.denominator", "Other children",
            "infonce lets the children of one parent compete with each other, sincere does not.", choices=get_args(losses.Denominator)),
    Setting("loss.reduction", "Mean over children",
            "mean_of_log treats all children alike; in log_of_mean the nearest leads.", choices=get_args(losses.Reduction)),
)  # fmt: skip
"""In the order the page shows them."""
