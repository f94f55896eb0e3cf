"""Keep a result as a checkpoint among one's own, take that back, and pack it for taking away."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

from hypviz.errors import SelectionError, SettingsError
from hypviz.finetune.folder import JobFolder
from hypviz.model.card import Card, card_writer, list_checkpoints, read_card, weights_path
from hypviz.storage.files import settle, write_file, write_files
from hypviz.storage.home import own_checkpoints

MAX_NAME, MAX_NOTE = 60, 2_000
"""Characters of a checkpoint's name, and of its note."""
KEPT_OF = "kept_of"
"""Under "training" of a kept checkpoint's card: the id of the training that it is the result of."""


def result_of(folder: JobFolder) -> Path:
    """The weights file of a job's result; SelectionError while there is none."""
    path = folder.path / "best.safetensors"
    if not path.with_suffix(".json").is_file():
        raise SelectionError("This training has no result yet; let it finish, or stop it to keep the best so far.")
    return path


def keep(folder: JobFolder, target: Path, licence: str, note: str, *, overwrite: bool = False) -> None:
    """Copy the result to a weights file, with its name, licence and note in the card beside it, which also says of which training it is.

    The weights take their place last, in one step: without them there is no checkpoint, and with them it is all there.
    SettingsError when there are weights of that name already, unless they are to be overwritten.
    """
    result = result_of(folder)
    settle(target.parent)
    if target.exists() and not overwrite:
        raise SettingsError(f"There is a file {target.name!r} already; choose another name.")
    card = signed(read_card(result), target.stem, licence, note)
    card = replace(card, training=card.training | {KEPT_OF: folder.id})
    target.parent.mkdir(parents=True, exist_ok=True)
    write_files({target.with_suffix(".json"): card_writer(card), target: lambda part: shutil.copyfile(result, part)})


def kept_as(folder: JobFolder) -> str | None:
    """The name of the own checkpoint that is this training's result; None without one.

    The folder says under which name it was to be kept, and the checkpoint of that name whether it is of this training. So both are
    right whenever a process is killed.
    """
    state = folder.read("state")
    if state.get("kept"):
        return str(state["kept"])  # by an earlier hypviz, which wrote this when all was done
    name = str(state.get("keep_as") or "")
    target = own_checkpoints() / f"{name}.safetensors"
    return name if name and target.is_file() and _training_of(target.with_suffix(".json")) == folder.id else None


def tidy() -> None:
    """Remove cards of results whose weights never came, or went first: what a process that was killed in the middle leaves."""
    for card in own_checkpoints().glob("*.json"):
        if not card.with_suffix(".safetensors").exists() and _training_of(card):
            card.unlink(missing_ok=True)


def _training_of(card: Path) -> str | None:
    """The training that a card says it is of; None where it says nothing."""
    try:
        training = json.loads(card.read_bytes())["training"].get(KEPT_OF)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return str(training) if training else None


def target_of(name: str) -> Path:
    """The weights file that a name stands for: among the own checkpoints, or where a path says.

    Raises SettingsError for a name that is taken or cannot be a file's, and for a path that is a checkpoint already.
    """
    if "/" not in name and "\\" not in name and not name.endswith(".safetensors"):
        return own_checkpoints() / f"{checked_name(name)}.safetensors"
    target = weights_path(Path(name).absolute())
    if target.exists():
        raise SettingsError(f"{target} is there already; choose another name.")
    return target


def signed(card: Card, name: str, licence: str, note: str) -> Card:
    """The card with its name, licence and note."""
    note = " ".join(note.split())[:MAX_NOTE]
    description = f"{note} {card.description}".strip() if note else card.description
    return replace(card, name=name, licence=" ".join(licence.split())[:200] or "not stated", description=description)


def checked_name(name: str) -> str:
    """The name without blanks around it; SettingsError when no checkpoint can be called so."""
    name = " ".join(name.split())
    letters = all(letter.isalnum() or letter in " -_." for letter in name)
    if not name or not letters or not name[0].isalnum() or name[-1] == "." or len(name) > MAX_NAME:
        raise SettingsError(
            f"A checkpoint's name has 1 to {MAX_NAME} letters, digits, blanks or - _ . and starts with a letter or digit; got {name!r}."
        )
    names = [*list_checkpoints(), *list_checkpoints(own_checkpoints())]
    if name.casefold() in (each.casefold() for each in names):
        raise SettingsError(f"There is a checkpoint called {name!r} already; choose another name.")
    return name


def take_back(name: str) -> None:
    """Remove an own checkpoint; one that is gone already is no mistake."""
    target = own_checkpoints() / f"{name}.safetensors"
    target.unlink(missing_ok=True)  # first: without its weights it is no checkpoint
    target.with_suffix(".json").unlink(missing_ok=True)


def packed(folder: JobFolder, name: str) -> Path:
    """A zip of the result's weights and card, called NAME.*, in the job's folder."""
    checkpoint = own_checkpoints() / f"{name}.safetensors"
    source = checkpoint if checkpoint.with_suffix(".json").is_file() else result_of(folder)
    target = folder.path / "download.zip"

    def write(part: Path) -> None:
        with zipfile.ZipFile(part, "w") as archive:  # stored: weights do not shrink
            archive.write(source, f"{name}.safetensors")
            card = replace(read_card(source), name=name)
            archive.writestr(f"{name}.json", json.dumps(card.to_json(), indent=2, ensure_ascii=False) + "\n")

    write_file(target, write)
    return target
