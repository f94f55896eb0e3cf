"""hypviz: open the page. `python app.py --data demo --port 7860`."""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing leaves the machine; must be set before gradio loads
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# OpenBLAS's threads sleep after a product instead of spinning for 25 ms, which a browser on the same cores needs to draw the answer.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")  # 2^10 cycles; must be set before numpy loads

import logging
import sys
from typing import Annotated

import typer

from hypviz.errors import HypvizError, os_sentence, without_options


def main(
    data: Annotated[str, typer.Option(help="A workspace, a folder of pictures, or a data set (COCO, VOC).")] = "demo",
    checkpoint: Annotated[
        str,
        typer.Option(help="A name, a .safetensors file with its card, or a MERU, HyCoCLIP or OpenCLIP file; the shipped one that suits."),
    ] = "",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 7860,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open the hypviz page in the browser."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        serve(data, checkpoint, host=host, port=port, device=device, browser=browser)
    except HypvizError as error:
        sys.exit(f"error: {_advised(str(error))}")
    except OSError as error:
        sentence = os_sentence(error)
        if sentence is None:
            raise
        sys.exit(f"error: {sentence}")


OPTIONS = ("--data", "--checkpoint", "--host", "--port", "--device", "--browser", "--no-browser")
"""What this command understands."""


def _advised(text: str) -> str:
    """A message whose advice works here: options of other commands become a word on where they are."""
    plain = without_options(text, OPTIONS)
    return plain if plain == text else f"{plain} `python -m hypviz data import` has options for such data; open its workspace then."


def serve(data: str, checkpoint: str, *, host: str, port: int, device: str, browser: bool) -> None:
    """Open the view (importing and embedding when needed), build the page and serve it until Ctrl-C."""
    from hypviz.ui.server import check_port, run

    check_port(host, port)
    from hypviz.claim import claimed_home
    from hypviz.import_report import report_lines, report_of
    from hypviz.library import Library
    from hypviz.progress import progress_bar

    with claimed_home(f"http://{host}:{port}"):
        library = Library(device=device)
        name = library.add_data(data)
        with progress_bar(f"Opening {name}") as report:
            chosen = library.add_checkpoint(checkpoint or library.suited(name, on_progress=report))
            view = library.open(name, chosen, on_progress=report)
        for line in report_lines(report_of(view.workspace)):
            logging.info("%s", line)
        if view.card.restricted:
            logging.info("%s: licence %s", view.card.name, view.card.licence)
        run(library, name, chosen, host=host, port=port, browser=browser, then=view.warm_up)


if __name__ == "__main__":
    typer.run(main)
