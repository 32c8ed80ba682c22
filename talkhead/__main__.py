"""The command line: `talkhead --help`."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

import talkhead
from talkhead.engines.control import Control
from talkhead.engines.engine import Engine
from talkhead.engines.registry import engine_names, find_engine
from talkhead.errors import OptionError, TalkheadError
from talkhead.training.cli import app as training
from talkhead.types import ControlValue
from talkhead.weights.files import EngineWeights, WeightsFile

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="A portrait and speech in, a talking-head video out.\n\n"
    "  talkhead render portrait.png speech.wav -o out.mp4\n\n"
    "Everything runs on this machine. To serve others over HTTP, with streaming and jobs: "
    "[bold]serve run serve_config.yaml[/bold] in the project's folder.",
)
weights = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Fetch the published weights of an engine, and check them.",
)
app.add_typer(training, name="train")
app.add_typer(weights, name="weights")

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
    character: Annotated[
        Path | None,
        typer.Option(help="An image of another face, to speak the way it would: engine ditto."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    weights_dir: Annotated[
        Path | None,
        typer.Option(help="Has a folder of weights for each engine; else where pull puts them."),
    ] = None,
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
            character=character,
            device=device,
            weights_dir=weights_dir,
            on_progress=lambda share: bar.update(task, completed=share),
        )
    speed = f"{_rounded(1 / done.real_time_factor)}x real time"
    console.print(f"{escape(str(done.path))}: {done.seconds:.2f} s, {done.frames} frames, {speed}")


@app.command()
def engines(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Every control and every file of weights, explained.")
    ] = False,
    weights_dir: Annotated[
        Path | None,
        typer.Option(help="Has a folder of weights for each engine; else where pull puts them."),
    ] = None,
) -> None:
    """List the engines: licence, controls, and whether their weights are here."""
    for name in engine_names():
        _show_engine(find_engine(name, weights_dir), verbose)


class Edition(StrEnum):
    onnx = "onnx"
    pytorch = "pytorch"


@weights.command("pull")
def pull_weights(
    engine: Annotated[str, typer.Argument(help="The engine, like ditto.")],
    repository: Annotated[
        str, typer.Option(help="On the Hugging Face hub, like owner/name; else the authors'.")
    ] = "",
    revision: Annotated[
        str, typer.Option(help="A branch, tag or commit; else what the folder has, else main.")
    ] = "",
    to: Annotated[
        Path | None, typer.Option(help="The folder; else one under ~/.cache/talkhead.")
    ] = None,
    only: Annotated[
        Edition | None, typer.Option(help="Only what was published in that form.")
    ] = None,
    include_non_commercial: Annotated[
        bool, typer.Option("--include-non-commercial", help="Also files with such a licence.")
    ] = False,
) -> None:
    """Download published weights, check them, and write their hashes down beside them."""
    from talkhead.weights.pull import pull  # imports the hub's client

    published = _published(engine)
    if include_non_commercial:
        restricted = {(f.source, f.licence) for f in published.files if not f.commercial_use}
        for source, licence in sorted(restricted):
            errors.print(f"[yellow]Warning:[/yellow] files of {source} are for {licence}")
    with _interruptible():
        done = pull(
            published,
            to or published.folder,
            repository=repository,
            revision=revision,
            edition=only.value if only else "",
            non_commercial=include_non_commercial,
            on_file=_announce,
        )
    console.print(f"{escape(done.repository)} at {done.commit}: {done.fetched} files fetched")
    console.print(f"{len(done.files)} files in {escape(str(done.folder))}, each checked")


@weights.command("verify")
def verify_weights(
    engine: Annotated[str, typer.Argument(help="The engine, like ditto.")],
    folder: Annotated[
        Path | None, typer.Argument(help="The folder; else the one that `pull` takes.")
    ] = None,
) -> None:
    """Check hashes and contents of downloaded weights; exit status 1 if one is not right."""
    from talkhead.weights.verify import verify

    published = _published(engine)
    findings = verify(published, folder or published.folder)
    listed = Table.grid(padding=(0, 2))
    for finding in findings:
        state = "wrong, see below" if finding.problem else finding.state
        listed.add_row(state, _file_facts([finding.file]))
    console.print(listed)
    problems = [finding for finding in findings if finding.problem]
    for finding in problems:
        errors.print(f"[red]Error:[/red] {escape(finding.file.name)}: {escape(finding.problem)}")
    if problems:
        raise typer.Exit(1)


@app.command()
def version() -> None:
    """Print the version."""
    console.print(talkhead.__version__)


def parse_control(text: str) -> tuple[str, ControlValue]:
    """`key=value`; a value that reads as JSON is that: a number, a list, an object.

    Raises:
        OptionError: there is no `=`.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"{text!r} is not KEY=VALUE, like head_scale=0.5", "--controls")
    try:
        return name, json.loads(value)
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


def _announce(file: WeightsFile, size: int | None) -> None:
    bytes_ = f", {size / 1e6:.1f} MB" if size else ""
    console.print(f"{escape(file.name)} ({file.licence}{bytes_})")


def _published(engine: str) -> EngineWeights:
    every = {name: find_engine(name).weights for name in engine_names()}
    known = {name: found for name, found in every.items() if found.repository}
    if engine not in known:
        what = "ships with its weights" if engine in every else "is no engine"
        raise OptionError(f"{engine!r} {what}; those of {', '.join(known)} are published", "engine")
    return known[engine]


def _show_engine(engine: Engine, verbose: bool) -> None:
    info, missing = engine.info, engine.weights.missing()
    pull = f"`talkhead weights pull {info.name}` fetches them"
    here = "here" if not missing else f"{len(missing)} files are missing: {pull}"
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
        console.print(_weights_table(engine.weights))


def _weights_table(found: EngineWeights) -> Table:
    """A row for each part: the file that is there, or all that would do."""
    table = Table.grid(padding=(0, 2))
    for part in found.parts:
        files = found.alternatives(part)
        there = [file for file in files if found.locate(file)]
        state = "here" if there else "missing" if files[0].needed else "optional"
        table.add_row(f"  {state}", _file_facts(there[:1] or files))
    return table


def _file_facts(alternatives: Sequence[WeightsFile]) -> str:
    """Names first: in columns of their own they would be cut on narrow screens."""
    names, file = [file.name for file in alternatives], alternatives[0]
    licence = f"{file.licence}, {file.source}"
    marked = licence if file.commercial_use else f"[yellow]{licence}[/yellow]"
    return "\nor ".join(names) + f"\n{file.note}; {marked}"


def _control_table(controls: tuple[Control, ...]) -> Table:
    table = Table("control", "values", "default", "effect")
    for control in controls:
        usual = control.default
        default = f"{usual:g}" if isinstance(usual, float) else str(usual)
        table.add_row(control.name, control.values, default, control.effect)
    return table


def _rounded(speed: float) -> str:
    """With a figure that is not 0, however slow it was."""
    return f"{speed:.1f}" if speed >= 1 else f"{speed:.2g}"


if __name__ == "__main__":
    main()
