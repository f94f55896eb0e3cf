"""What makes a published folder a Hugging Face Space: a README.md with the header that Spaces read.

A static Space serves the folder as it is: no machine to run, nothing to keep up to date, and it does not fall asleep. A Space with a server
(for own pictures and boxes) is made of the repository's Dockerfile instead; see docs/publish.md.
"""

from __future__ import annotations

import json
from pathlib import Path

from hypviz import __version__
from hypviz.explore.view import View

LONGEST_TITLE = 80


def write_space(view: View, folder: Path, title: str) -> None:
    """Write the README.md of a static Space into a folder that holds a published page."""
    (folder / "README.md").write_text(readme(view, title), encoding="utf-8")
    (folder / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n*.jpg filter=lfs diff=lfs merge=lfs -text\n")


def readme(view: View, title: str) -> str:
    """The text: a YAML header, its values quoted as in JSON, which YAML reads, too; what is shown, from what, under which licences."""
    facts = view.facts()
    header = {
        "title": " ".join(title.split())[:LONGEST_TITLE],
        "emoji": "🌳",
        "colorFrom": "indigo",
        "colorTo": "pink",
        "sdk": "static",
        "app_file": "index.html",
        "short_description": "Pictures in hyperbolic space",
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in header.items()]
    content = f"{facts['images']:,} vectors" if facts["own_vectors"] else f"{facts['images']:,} pictures, {facts['boxes']:,} boxes"
    return "\n".join(
        [
            "---",
            *lines,
            "pinned: false",
            "---",
            "",
            f"# {header['title']}",
            "",
            f"A page made by hypviz {__version__} (`hypviz publish --space`): a Poincaré disk of {content}. Click a point for its "
            "cone, children and parents. The page needs no server and asks for nothing but the files of this folder.",
            "",
            f"- data: {facts['data']}, licence: {facts['data_licence']}",
            f"- checkpoint: {facts['checkpoint']} ({facts['backbone']}, {facts['dimension']} dimensions, {facts['geometry']}), "
            f"licence: {facts['checkpoint_licence']}",
            "",
        ]
    )
