"""The command line. Each command parses, calls one use case and prints; heavy modules load inside the commands."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

from hypviz import __version__
from hypviz.cli import (
    bench,
    data,
    demo,
    doctor,
    experiment,
    export,
    export_onnx,
    export_sets,
    finetune,
    heads,
    health,
    index,
    model,
    objectness,
    photos,
    publish,
    push,
    search,
    serve,
    user,
    vectors,
)
from hypviz.errors import HypvizError, os_sentence

app = typer.Typer(
    help="Walk, search, train and judge visual hierarchies in hyperbolic space.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("app")(serve.serve_page)
data.app.command("vectors")(vectors.data_vectors)
export.app.command("vectors")(vectors.export_vectors)
export.app.command("cvat")(export_sets.cvat)
export.app.command("label-studio")(export_sets.label_studio)
export.app.command("fiftyone")(export_sets.fiftyone)
export.app.command("datasets")(export_sets.datasets)
export.app.command("onnx")(export_onnx.onnx)
app.add_typer(data.app, name="data", help="Make or import data.")
app.command("train")(model.train)
app.command("finetune")(finetune.finetune)
app.command("embed")(model.embed)
app.command("evaluate")(model.evaluate)
app.command("health")(health.health)
app.command("index")(index.index)
app.command("search")(search.search)
app.command("publish")(publish.publish)
app.command("push")(push.push)
app.command("experiment")(experiment.experiment)
app.command("demo")(demo.demo)
app.command("heads")(heads.heads)
app.command("photos")(photos.photos)
app.command("objectness")(objectness.objectness)
app.command("doctor")(doctor.doctor)
app.add_typer(user.app, name="user", help="Names and passwords for a server that others reach.")
app.add_typer(bench.app, name="bench")
app.add_typer(export.app, name="export", help="Take items away as files.")


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"hypviz {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version and end.")] = False,
) -> None:
    """Walk, search, train and judge visual hierarchies in hyperbolic space."""


def main() -> None:
    """Run a command; an error of a person's making is one line on standard error and exit status 1, or 2 for its usage."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        sys.exit(app(standalone_mode=False))
    except HypvizError as error:
        _fail(str(error), 1)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # not public; its text is the help
            typer.echo(error.format_message())
            sys.exit(error.exit_code)
        _fail(f"{error.format_message()} See {_command(error)} --help.", error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe (head, less) went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        sentence = os_sentence(error)
        if sentence is None:
            raise
        _fail(sentence, 1)


def _fail(text: str, status: int) -> NoReturn:
    print("error:", *text.split(), file=sys.stderr)
    sys.exit(status)


def _command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "hypviz"
