"""Its commands, and how their errors are told."""

import sys
from typing import Annotated

import typer
from rich.console import Console

import d2l_style
from d2l_style.cli import fetch, transfer
from d2l_style.engine.base import Diverged
from d2l_style.language import _, shown
from d2l_style.machine.console import steady_streams
from d2l_style.machine.signals import like_control_c

# Errors that carry a sentence for the reader, not a bug of ours.
_EXPECTED = (ValueError, OSError, ImportError, Diverged)
_LENGTH = 2000  # letters of an error, at most

app = typer.Typer(
    help=_("Paint one picture in the style of another."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(help="\n\n".join(transfer.HELP))(transfer.transfer)
app.command(help="\n\n".join(fetch.HELP))(fetch.fetch)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[
        bool, typer.Option("--version", help=_("Say the version and stop."))
    ] = False,
):
    if version:
        print(f"d2l-style {d2l_style.__version__}")
        raise typer.Exit


def run():
    """Run the command line; expected errors become one sentence."""
    steady_streams()
    try:
        with like_control_c():
            app()
    except _EXPECTED as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(_("Error:"), style="bold red", end=" ")
        console.print(shown(str(error), _LENGTH), markup=False)
        sys.exit(1)
