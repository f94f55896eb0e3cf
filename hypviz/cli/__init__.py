"""The command line. Each command parses, calls one use case and prints; heavy modules load inside the commands."""

from __future__ import annotations

import logging
import os
import sys

import typer

from hypviz.cli import bench, data, demo, model, search
from hypviz.errors import HypvizError

app = typer.Typer(
    help="Walk, search, train and judge visual hierarchies in hyperbolic space.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data", help="Make or import data.")
app.command("train")(model.train)
app.command("embed")(model.embed)
app.command("evaluate")(model.evaluate)
app.command("search")(search.search)
app.command("demo")(demo.demo)
app.command("bench")(bench.bench)


def main() -> None:
    """Run a command; an error of a person's making is one line on standard error and exit status 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        app()
    except HypvizError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe (head, less) went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
