"""The hub's own client, `huggingface_hub`, loaded when a hub is first asked for something; what it refuses, in one sentence."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hypviz import __version__
from hypviz.errors import HubError, HypvizError
from hypviz.hub.address import HubAddress

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LOGIN = "log in by `hf auth login`, or set HF_TOKEN"


def hub_api(purpose: str) -> HfApi:
    """The client of the hub that HF_ENDPOINT names; HubError where its package is not installed. purpose: begins that sentence."""
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise HubError(f"{purpose} needs the package huggingface_hub, which is not installed: pip install 'hypviz[hub]'.") from None
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # its transport has a line for every request
    return HfApi(library_name="hypviz", library_version=__version__)


def go_offline() -> None:
    """From here on this process, and those it starts, ask no hub for anything, whichever library would like to."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # read by those that load later
    if "huggingface_hub" in sys.modules:
        from huggingface_hub import constants

        constants.HF_HUB_OFFLINE = True


@contextmanager
def refusals(address: HubAddress, doing: str) -> Iterator[None]:
    """Turn what the client raises into a HubError of one sentence. doing: "fetched" or "written"."""
    try:
        yield
    except HypvizError:
        raise
    except Exception as error:  # the client, its transport and its cache each have an error tree of their own
        if isinstance(error, OSError) and error.filename and error.strerror:
            raise  # the disk's refusal, which names its file
        raise HubError(_sentence(error, address, doing)) from error


def _sentence(error: BaseException, address: HubAddress, doing: str) -> str:
    from huggingface_hub import constants, errors

    hub = constants.ENDPOINT
    page = f"{hub}/{'datasets/' if address.kind == 'dataset' else ''}{address.repo}"
    chain = list(_causes(error))
    refused = next((one for one in chain if isinstance(one, errors.HfHubHTTPError)), None)
    if refused is not None:
        return _refused(refused, address, doing, hub, page)
    if any(isinstance(one, errors.OfflineModeIsEnabled) for one in chain):
        advice = "unset it, or name a folder" if doing == "fetched" else "unset it"
        copy = f", and the cache {constants.HF_HUB_CACHE} has no copy" if doing == "fetched" else ""
        return f"{address} cannot be {doing}: HF_HUB_OFFLINE allows no requests{copy}; {advice}."
    if any(isinstance(one, errors.FileMetadataError) for one in chain):
        return f"{address} cannot be {doing}: what answers at {hub} is no hub; check HF_ENDPOINT, and whether a proxy answers in its place."
    if isinstance(error, (ValueError, TypeError)) and not any(isinstance(one, OSError) for one in chain):
        return f"{address} cannot be {doing}: {' '.join(str(error).split())[:200]}."
    cause = type(chain[-1]).__name__
    if doing == "fetched":
        return (
            f"{address} cannot be fetched: the hub at {hub} cannot be reached ({cause}), and the cache {constants.HF_HUB_CACHE} has no "
            "copy; check the network, or copy the repository here by other means and name its folder."
        )
    return f"{address} cannot be written: the hub at {hub} cannot be reached ({cause}); check the network and try again."


def _refused(error: Any, address: HubAddress, doing: str, hub: str, page: str) -> str:
    from huggingface_hub import errors

    status = getattr(error.response, "status_code", 0)
    noun = {"model": "model", "dataset": "data set"}[address.kind]
    if isinstance(error, errors.GatedRepoError):
        return f"{address} cannot be {doing}: its owner grants access one by one; ask for it on {page}, then {LOGIN}."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{address}: the {noun} has no revision {address.revision!r}; choose a branch, tag or commit of {page}."
    if isinstance(error, errors.RepositoryNotFoundError) and doing == "fetched":
        return f"{address}: the hub at {hub} has no such {noun}, or does not show it to you; check the name, or {LOGIN} if it is private."
    if status in (401, 403, 404):
        return f"{address} cannot be {doing}: the hub at {hub} does not let you (HTTP {status}); {LOGIN} with the right to do so."
    if status == 429:
        return f"{address} cannot be {doing}: the hub at {hub} has had too many requests from here (HTTP 429); try again later."
    words = " ".join(str(getattr(error, "server_message", "") or "").split())[:200]
    return f"{address} cannot be {doing}: the hub at {hub} answered HTTP {status}{f' ({words})' if words else ''}; try again later."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came of, the first cause last."""
    passed: set[int] = set()
    while id(error) not in passed:
        passed.add(id(error))
        yield error
        error = error.__cause__ or error.__context__ or error
