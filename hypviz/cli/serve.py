"""`hypviz app`, and `python app.py` in a checkout: open the page.

`hypviz.environment` must have been asked before anything of NumPy or Gradio loads; both commands do that first.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from hypviz import __version__
from hypviz.access.logs import FORMATS, LEVELS, set_up
from hypviz.cli.output import fetched, fetched_data
from hypviz.errors import HypvizError, SettingsError, os_sentence, without_options
from hypviz.hub.client import go_offline

if TYPE_CHECKING:
    from hypviz.server.edge.settings import EdgeSettings


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"hypviz {__version__}")
        raise typer.Exit


def serve_page(
    data: Annotated[
        str, typer.Option(help="A workspace, a folder of pictures, a data set (COCO, VOC), or hf://datasets/OWNER/NAME[@REVISION].")
    ] = "demo",
    checkpoint: Annotated[
        str,
        typer.Option(
            help="A name, a .safetensors file with its card, a published model's file (docs/models.md), or hf://OWNER/MODEL[@REVISION]; "
            "the shipped one that suits."
        ),
    ] = "",
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in, which needs --auth or --no-auth.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    allow_root: Annotated[
        Optional[list[Path]],
        typer.Option(help="A folder whose data, checkpoints and weights the page may open by path; may be given several times."),
    ] = None,
    hub: Annotated[bool, typer.Option(help="Let the page fetch checkpoints, data and published weights from their hubs.")] = False,
    auth: Annotated[
        Optional[Path], typer.Option(help="A file of users with passwords, made by `python -m hypviz user add`: only they are let in.")
    ] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Let everybody in who reaches the server.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Change nothing on the disk for anybody: for public servers.")] = False,
    allow_host: Annotated[
        Optional[list[str]], typer.Option(help="A further name the server answers to, such as that of a proxy; may be given several times.")
    ] = None,
    root_path: Annotated[str, typer.Option(help="The path that a proxy serves the page below, such as /proxy/7860.")] = "",
    frame_ancestors: Annotated[
        Optional[list[str]],
        typer.Option(help="A site whose pages may show this one in a frame, such as https://lab.example; may be given several times."),
    ] = None,
    log_level: Annotated[str, typer.Option(help=f"{', '.join(LEVELS)}.")] = "info",
    log_format: Annotated[str, typer.Option(help="plain, or json with a line for every request.")] = "plain",
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version and end.")] = False,
) -> None:
    """Open the hypviz page in the browser."""
    try:
        _set_up_log(log_level, log_format)
        data, checkpoint = fetched_data(data), fetched(checkpoint)  # named by the owner, so they are fetched whatever the page may
        if not hub:
            go_offline()  # the libraries that know hubs ask none from here on, in trainings neither
        from hypviz.server.edge.settings import EdgeSettings

        settings = EdgeSettings(
            host, port, tuple(allow_host or ()), auth, no_auth, read_only, log_format == "json", root_path, tuple(frame_ancestors or ())
        ).checked()
        serve(data, checkpoint, settings=settings, device=device, browser=browser, allow_root=allow_root or [], hub=hub)
    except HypvizError as error:
        sys.exit(f"error: {_advised(str(error))}")
    except OSError as error:
        sentence = os_sentence(error)
        if sentence is None:
            raise
        sys.exit(f"error: {sentence}")


def _set_up_log(level: str, form: str) -> None:
    for name, value, known in (("--log-level", level, LEVELS), ("--log-format", form, FORMATS)):
        if value not in known:
            raise SettingsError(f"{name} must be one of {', '.join(known)}, got {value!r}.")
    set_up(level, form)


OPTIONS = (
    "--data", "--checkpoint", "--host", "--port", "--device", "--browser", "--no-browser", "--allow-root", "--hub", "--auth", "--no-auth",
    "--read-only", "--allow-host", "--root-path", "--frame-ancestors", "--log-level", "--log-format", "--version",
)  # fmt: skip
"""What this command understands."""


def _advised(text: str) -> str:
    """A message whose advice works here: options of other commands become a word on where they are."""
    plain = without_options(text, OPTIONS)
    return plain if plain == text else f"{plain} `python -m hypviz data import` has options for such data; open its workspace then."


def serve(
    data: str, checkpoint: str, *, settings: EdgeSettings, device: str, browser: bool, allow_root: Sequence[Path] = (), hub: bool = False
) -> None:
    """Open the view (importing and embedding when needed), build the page and serve it until Ctrl-C or SIGTERM."""
    from hypviz.server.server import check_port, run

    check_port(settings.host, settings.port)
    from hypviz.access.trust import Trust
    from hypviz.explore.library import Library
    from hypviz.progress import progress_bar
    from hypviz.server.claim import claimed_home
    from hypviz.workspace.import_report import report_lines, report_of

    with claimed_home(f"http://{settings.host}:{settings.port}"):
        library = Library(device=device, trust=Trust.of_server(allow_root, hub=hub))
        name = library.add_data(data)
        with progress_bar(f"Opening {name}") as report:
            chosen = library.add_checkpoint(checkpoint or library.suited(name, on_progress=report))
            view = library.open(name, chosen, on_progress=report)
        for line in report_lines(report_of(view.workspace)):
            logging.info("%s", line)
        if view.card.licence_to_note:
            logging.info("%s: licence %s", view.card.name, view.card.licence)
        run(library, name, chosen, settings=settings, browser=browser, then=view.warm_up)
