"""`python -m hypviz search`: children, parents, neighbours and the path to the root of an item, a picture file or a text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from hypviz.cli.output import AsJson, Checkpoint, Device, WorkspaceFolder, say_licence, show, suited
from hypviz.errors import SettingsError
from hypviz.viz.radius_scale import written


def search(
    workspace: WorkspaceFolder,
    item: Annotated[Optional[str], typer.Option(help="Item id to start from.")] = None,
    picture: Annotated[Optional[Path], typer.Option(help="Or: a picture file of your own.")] = None,
    text: Annotated[Optional[str], typer.Option(help="Or: words, with a checkpoint that has a text tower.")] = None,
    children: Annotated[bool, typer.Option("--children", help="Items inside its cone, general → specific.")] = False,
    bands: Annotated[bool, typer.Option("--bands", help="Children in other pictures by band of radius, one line a class.")] = False,
    each_class: Annotated[bool, typer.Option("--each-class", help="Children: only the closest one of each class in the cone.")] = False,
    parents: Annotated[bool, typer.Option("--parents", help="Items that contain it, general → specific.")] = False,
    nearest: Annotated[bool, typer.Option("--nearest", help="Items closest by geodesic distance.")] = False,
    path: Annotated[
        bool, typer.Option("--path", help="Nearest items along the geodesic to the root, up to the last that holds it in its cone.")
    ] = False,
    words: Annotated[bool, typer.Option("--words", help="Words along the geodesic to the root: class names and --word-list.")] = False,
    word_list: Annotated[Optional[Path], typer.Option(help="Text file with words and phrases of your own, one a line.")] = None,
    checkpoint: Checkpoint = "",
    omega: Annotated[Optional[float], typer.Option(help="Cone threshold in radians; the calibrated one by default.")] = None,
    level: Annotated[int, typer.Option(min=0, help="Level of the class tree to show and tell classes apart at; 0: as they are.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="At most this many answers.")] = 40,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Search a workspace by entailment. Embeds it first when that was not done."""
    from hypviz.explore.level_view import at_level
    from hypviz.explore.view import View
    from hypviz.progress import progress_bar
    from hypviz.workspace.store import Workspace

    kinds = [name for name, on in _kinds(children, bands, parents, nearest, path, words) if on] or ["children"]
    if (item, picture, text).count(None) != 2:
        raise SettingsError("Give either --item ID, --picture FILE or --text WORDS to start from.")
    own_words = [] if word_list is None else [line for line in word_list.read_text(encoding="utf-8").splitlines() if line.strip()]
    checkpoint = suited(checkpoint, workspace)
    say_licence(checkpoint)
    with progress_bar("Embedding", quiet=as_json) as report:
        view = at_level(View(Workspace.open(workspace), checkpoint, device=device, on_progress=report), level)
    result = view.search(
        item_id=item, picture=picture, text=text, kinds=kinds, omega=omega, limit=limit, own_words=own_words, each=each_class
    )
    show(result, _as_text(result, kinds), as_json=as_json)


def _kinds(children: bool, bands: bool, parents: bool, nearest: bool, path: bool, words: bool) -> list[tuple[str, bool]]:
    return [("children", children), ("bands", bands), ("parents", parents), ("nearest", nearest), ("path", path), ("words", words)]


def _as_text(result: dict[str, Any], kinds: list[str]) -> str:
    how = f" · children by {result['how']}" if result["how"] == "cosine" or result["label"].startswith("“") else ""
    lines = [f"{result['label']} · {written(result['radius'])} from the root{how}"]
    for kind in kinds:
        answers = result[kind]
        if kind == "words":
            lines += [f"\nwords to the root, of {result['pool']}:", *(f"  {word['radius']:7.3f}  {word['text']}" for word in answers)]
            continue
        if kind == "bands":
            lines += _band_lines(answers)
            continue
        lines.append(f"\n{kind} ({_how_many(result, kind)}):")
        for row in answers:
            angle = "" if row["angle"] is None else f"{row['angle']:8.3f}"
            lines.append(f"  {row['id']}  {written(row['radius']):>7}{angle}  {row['label']:<18} {row['file']}")
    return "\n".join(lines)


def _how_many(result: dict[str, Any], kind: str) -> str:
    """How many there are of a kind, and whether they are proven to be the best, where that is a question."""
    listed, least = len(result[kind]), "" if result.get(f"{kind}_counted", True) else "at least "
    proof = result.get(f"{kind}_proof", "exact")
    return f"{listed} of {least}{result.get(f'{kind}_total', listed)}" + ("" if proof == "exact" else f", {proof}")


def _band_lines(bands: list[dict[str, Any]]) -> list[str]:
    """A heading for every band, then its classes with the number of their items and the best of them."""
    lines = []
    for band in bands:
        lines.append(f"\n{band['name']} ({band['total']} in {len(band['classes'])} classes):")
        lines += [
            f"  {one['id']}  {written(one['radius']):>7}{one['score']:8.3f}  {one['label']:<18} × {one['count']}" for one in band["classes"]
        ]
    return lines
