"""The script that `bench embed` compares with: what one writes first. Every crop is opened, cut and prepared by itself.

    python -m hypviz.cli.plain_embedding WORK.json BACKBONE DEVICE

reads a batch size a line and answers with the crops looked at and the seconds by the clock and of the processor. WORK.json lists
[file, [x1, y1, x2, y2]].
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def prepared(path: str, box: tuple[float, float, float, float], transform: Any) -> Any:
    """One crop as the backbone's publishers prepare pictures."""
    from PIL import Image

    with Image.open(path) as picture:
        return transform(picture.convert("RGB").crop(box))


def main(work: str, backbone: str, device: str) -> None:
    """Answer for as long as there are lines."""
    import torch
    from torchvision import transforms

    from hypviz.model.backbone import build_backbone

    torch.manual_seed(0)
    built = build_backbone(backbone)
    tower = built.tower.to(device).eval()
    transform = transforms.Compose(
        [
            transforms.Resize(built.size, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(built.size),
            transforms.ToTensor(),
            transforms.Normalize(built.mean, built.std),
        ]
    )
    crops = json.loads(Path(work).read_text(encoding="utf-8"))
    for line in sys.stdin:
        batch = int(line)
        some = crops if batch > 1 else crops[: max(1, len(crops) // 4)]
        clock, processor = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            for start in range(0, len(some), batch):
                ready = torch.stack([prepared(path, tuple(box), transform) for path, box in some[start : start + batch]])
                tower(ready.to(device)).cpu()
        print(json.dumps([len(some), time.perf_counter() - clock, time.process_time() - processor]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
