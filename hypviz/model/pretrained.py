"""What `HyperbolicEncoder.from_pretrained` is given, as a name that `card.find_checkpoint` knows."""

from __future__ import annotations

from pathlib import Path

from hypviz.errors import CheckpointError, HubError
from hypviz.hub.address import MODEL, SCHEME, is_hub_address, parse_address
from hypviz.model.hub_checkpoint import fetch_checkpoint
from hypviz.progress import progress_bar


def located(name: str | Path, revision: str | None) -> str | Path:
    """The weights file of an address on a hub, fetched with a progress bar; any other name as it is.

    revision: makes OWNER/MODEL an address, too. CheckpointError for a revision of what is no address, or for two of them.
    """
    text = str(name)
    if revision is None and not is_hub_address(name):
        return name
    try:
        address = parse_address(text if is_hub_address(text) else f"{SCHEME}{text}", MODEL)
    except HubError as error:
        raise CheckpointError(str(error)) from None
    if revision is not None:
        if Path(name).exists():
            raise CheckpointError(f"{text} is a file or folder here, which has no revisions; leave out revision={revision!r}.")
        if address.revision not in ("", revision):
            raise CheckpointError(f"{text} names a revision, and revision={revision!r} another one; give one of them.")
        address = parse_address(str(address.at(revision)), MODEL)
    with progress_bar(f"Fetching {address}") as report:
        return fetch_checkpoint(str(address), on_progress=report)
