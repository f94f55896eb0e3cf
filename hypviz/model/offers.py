"""Backbones to choose from in the page, with where their weights come from, their licence and size. No torch here.

Any other OpenCLIP or timm name can be typed; these are those that a person is likely to want.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from hypviz.model.packaged import PACKAGED, find_packaged, is_installed
from hypviz.storage.json_types import Json

OFFLINE = (
    "Without a network, choose a packaged backbone (pretrained:…), or download the weights file on a machine that has one, "
    "copy it here and give its path."
)
"""What to do about weights from a hub when no hub can be reached."""


@dataclass(frozen=True)
class BackboneOffer:
    """name: as in `EncoderSettings.backbone`.  weights: "" for those of a package, "hub:TAG" for a hub's.  megabytes: to download.
    size: side of the input in pixels."""

    name: str
    weights: str
    title: str
    licence: str
    megabytes: int
    size: int

    @property
    def available(self) -> bool:
        """Whether the weights are on this machine for certain; those of a hub may be in its cache, which is not asked."""
        return not self.weights and is_installed(find_packaged(self.name.partition(":")[2]))

    @property
    def needs(self) -> str:
        """What it takes beyond what is installed, one sentence; "" for nothing."""
        if self.weights:
            return f"{self.megabytes} MB are downloaded from the hub once. {OFFLINE}"
        if self.available:
            return ""
        packaged = find_packaged(self.name.partition(":")[2])
        return f"The package {packaged.package} is not installed; run pip install {packaged.package}=={packaged.version}."

    def to_json(self) -> Json:
        """JSON-ready, what it needs included."""
        return asdict(self) | {"available": self.available, "needs": self.needs}


OFFERS = (
    *(
        BackboneOffer(f"pretrained:{name}", "", f"EfficientNet-Lite{name[-1]}, {one.data}", one.licence, one.megabytes, one.size)
        for name, one in PACKAGED.items()
    ),
    BackboneOffer("open_clip:ViT-B-32", "hub:laion2b_s34b_b79k", "CLIP ViT-B/32, LAION-2B", "MIT", 605, 224),
    BackboneOffer("open_clip:ViT-B-16", "hub:laion2b_s34b_b88k", "CLIP ViT-B/16, LAION-2B", "MIT", 599, 224),
    BackboneOffer("timm:resnet50", "hub:a1_in1k", "ResNet-50, ImageNet", "Apache-2.0", 102, 224),
    BackboneOffer("timm:convnext_tiny", "hub:in12k_ft_in1k", "ConvNeXt-Tiny, ImageNet-12k", "Apache-2.0", 114, 224),
    BackboneOffer("timm:vit_small_patch14_dinov2", "hub:lvd142m", "DINOv2 ViT-S/14, LVD-142M", "Apache-2.0", 88, 518),
)


def offered_licence(backbone: str, weights: str) -> str:
    """The licence of a backbone's weights where it is known; "" for files and what is not offered here."""
    return next((one.licence for one in OFFERS if (one.name, one.weights) == (backbone, weights)), "")
