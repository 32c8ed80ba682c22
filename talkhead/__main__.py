"""The command line: `talkhead --help`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

import talkhead
from talkhead.engines.engine import Control, Engine
from talkhead.engines.registry import engine_names, find_engine
from talkhead.errors import OptionError, TalkheadError
from talkhead.training.cli import app as training

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="A portrait and speech in, a talking-head video out.\n\n"
    "  talkhead render portrait.png speech.wav -o out.mp4\n\n"
    "Everything runs on this machine. To serve others over HTTP, with streaming and jobs: "
    "[bold]serve run serve_config.yaml[/bold] in the project's folder.",
)
app.add_typer(training, name="train")

console = Console()
errors = Console(stderr=True)


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit status 1."""
    try:
        app()
    except TalkheadError as error:
        where = f" [dim]({error.param})[/dim]" if error.param else ""
        errors.print(f"[red]Error:[/red] {error.message}{where}", highlight=False)
        raise SystemExit(1) from None


@app.command()
def render(
    portrait: Annotated[Path, typer.Argument(help="An image with one face, in any format.")],
    speech: Annotated[Path, typer.Argument(help="Audio in any format, or a video with sound.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The MP4 to write.")],
    engine: Annotated[str, typer.Option(help="One of `talkhead engines`.")] = "builtin",
    seed: Annotated[int, typer.Option(help="The same seed gives the same video.")] = 0,
    size: Annotated[
        int | None, typer.Option(help="Frame height and width in pixels, an even number.")
    ] = None,
    controls: Annotated[
        list[str] | None,
        typer.Option(
            "--controls", metavar="KEY=VALUE", help="Repeatable; `talkhead engines` names them."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Make a talking-head video from a portrait and speech."""
    from talkhead.library import render as render_file  # imports codecs and models

    given = dict(parse_control(text) for text in controls or [])
    with _progress_bar() as bar:
        task = bar.add_task(f"{output.name}", total=1.0)
        done = render_file(
            portrait,
            speech,
            output,
            engine=engine,
            seed=seed,
            size=size,
            controls=given,
            device=device,
            on_progress=lambda share: bar.update(task, completed=share),
        )
    speed = f"{1 / done.real_time_factor:.1f}x real time"
    console.print(f"{done.path}: {done.seconds:.2f} s, {done.frames} frames, {speed}")


@app.command()
def engines(
    verbose: Annotated[bool, typer.Option("--verbose", help="Every control, explained.")] = False,
) -> None:
    """List the engines: licence, controls, and whether their weights are here."""
    for name in engine_names():
        _show_engine(find_engine(name), verbose)


@app.command()
def version() -> None:
    """Print the version."""
    console.print(talkhead.__version__)


def parse_control(text: str) -> tuple[str, float | str]:
    """`key=value`; a value that reads as a number is one.

    Raises:
        OptionError: there is no `=`.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"{text!r} is not KEY=VALUE; try {text}=1", "--controls")
    try:
        return name, float(value)
    except ValueError:
        return name, value


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)


def _show_engine(engine: Engine, verbose: bool) -> None:
    info, missing = engine.info, engine.missing_weights()
    here = "here" if not missing else "missing: " + ", ".join(str(path) for path in missing)
    console.print(f"[bold]{info.name}[/bold]  {info.title}")
    console.print(f"  code      {info.code_licence}")
    console.print(f"  weights   {info.weights_licence}; {here}")
    sizes = f"{info.minimum_size} to {info.maximum_size}, best {info.default_size}"
    console.print(f"  size      {sizes} pixels, even")
    if verbose:
        console.print(_control_table(info.controls))
    else:
        names = ", ".join(control.name for control in info.controls)
        console.print(Padding(f"controls  {names}", (0, 0, 0, 2)))


def _control_table(controls: tuple[Control, ...]) -> Table:
    table = Table("control", "values", "default", "effect")
    for control in controls:
        span = ", ".join(control.choices) or f"{control.minimum:g} to {control.maximum:g}"
        table.add_row(control.name, span, str(control.default), control.effect)
    return table


if __name__ == "__main__":
    main()
