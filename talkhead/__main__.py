"""The command line: `talkhead --help`."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
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

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

_INTERRUPTED = 130  # exit status, as shells have it for Ctrl-C


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit status 1."""
    try:
        app()
    except TalkheadError as error:
        where = f" [dim]({escape(argument_of(error.param))})[/dim]" if error.param else ""
        errors.print(f"[red]Error:[/red] {escape(error.message)}{where}")
        raise SystemExit(1) from None


def argument_of(param: str) -> str:
    """What the command line calls a parameter: "--controls emotion", "--size", "speech"."""
    if param.startswith("options."):
        return "--" + param.removeprefix("options.").replace(".", " ", 1)
    return {"audio": "speech", "output": "--output", "device": "--device"}.get(param, param)


@app.command()
def render(
    portrait: Annotated[Path, typer.Argument(help="An image with one face, in any format.")],
    speech: Annotated[Path, typer.Argument(help="Audio in any format, or a video with sound.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The MP4 to write, like out.mp4.")],
    engine: Annotated[str, typer.Option(help="One of `talkhead engines`.")] = "builtin",
    seed: Annotated[int, typer.Option(help="The same seed gives the same video.")] = 0,
    size: Annotated[
        int | None, typer.Option(help="Frame height and width in pixels, an even number.")
    ] = None,
    controls: Annotated[
        list[str] | None,
        typer.Option(
            "--controls",
            metavar="KEY=VALUE",
            help="Like emotion=happy; repeatable. `talkhead engines --verbose` explains them.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Make a talking-head video from a portrait and speech."""
    from talkhead.library import render as render_file  # imports codecs and models

    given = dict(parse_control(text) for text in controls or [])
    with _interruptible(), _progress_bar() as bar:
        task = bar.add_task(escape(output.name), total=1.0)
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
    console.print(f"{escape(str(done.path))}: {done.seconds:.2f} s, {done.frames} frames, {speed}")


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


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C in one line; being asked to end, by `timeout` or a container, is the same."""
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    except KeyboardInterrupt:
        errors.print("Interrupted.")
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)


def _show_engine(engine: Engine, verbose: bool) -> None:
    info, missing = engine.info, engine.missing_weights()
    here = "here" if not missing else "missing: " + ", ".join(str(path) for path in missing)
    console.print(f"[bold]{info.name}[/bold]  {info.title}")
    facts = Table.grid("fact", "value", padding=(0, 2))
    facts.add_row("  code", info.code_licence)
    facts.add_row("  weights", f"{info.weights_licence}; {here}")
    sizes = f"{info.minimum_size} to {info.maximum_size}, best {info.default_size}"
    facts.add_row("  size", f"{sizes} pixels, even")
    if not verbose:
        facts.add_row("  controls", ", ".join(control.name for control in info.controls))
    console.print(facts)
    if verbose:
        console.print(_control_table(info.controls))


def _control_table(controls: tuple[Control, ...]) -> Table:
    table = Table("control", "values", "default", "effect")
    for control in controls:
        span = ", ".join(control.choices) or f"{control.minimum:g} to {control.maximum:g}"
        table.add_row(control.name, span, str(control.default), control.effect)
    return table


if __name__ == "__main__":
    main()
