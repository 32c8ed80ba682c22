"""`talkhead train`: make the shipped weights again, from nothing."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="Make the builtin engine's motion weights.")
console = Console()

Folder = Annotated[Path, typer.Option(help="Where data and checkpoints lie.")]
FOLDER = Path("training")


@app.command()
def packages() -> None:
    """Print the Debian packages that making data needs."""
    from talkhead.training.debian import NEEDED

    console.print(" ".join(NEEDED))


@app.command()
def data(
    folder: Folder = FOLDER,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    scale: Annotated[float, typer.Option(help="Hours, of those planned.")] = 1.0,
    seed: int = 1,
) -> None:
    """Synthesise speech and teach it: about 11 hours in 15 minutes on 2 cores."""
    from talkhead.training import debian, shards
    from talkhead.training.sources import SLT_SOURCES, SOURCES, TESTS

    debian.check()
    wanted = shards.parts(TESTS, seed) + shards.parts(SOURCES + SLT_SOURCES, seed, scale)
    for path in shards.make_all(wanted, folder / "data", workers):
        console.print(path)


@app.command()
def motion(
    recipe: Annotated[str, typer.Argument(help="gate or ship; ship starts from gate.")],
    folder: Folder = FOLDER,
    threads: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Train; a run that was stopped goes on where it was."""
    from talkhead.engines.builtin.motion import checkpoint
    from talkhead.training.calibration import calibrate
    from talkhead.training.evaluate import load_test
    from talkhead.training.recipe import RECIPES, trainer

    logging.basicConfig(level=logging.INFO, handlers=[RichHandler(console=console)])
    chosen = RECIPES[recipe]
    model = trainer(chosen, folder / "data", folder, threads).run(folder / f"{recipe}.pt")
    gain = calibrate(model, load_test(folder / "data" / "test-flite-00.npz"))
    console.print(f"head gain {gain}")
    checkpoint.save(model, folder / f"{recipe}.safetensors")


@app.command()
def evaluate(
    weights: Annotated[Path | None, typer.Option(help="Default: those that ship.")] = None,
    folder: Folder = FOLDER,
    test: Annotated[str, typer.Option(help="test-slt, test-flite or test-espeak.")] = "test-slt",
    seen: Annotated[bool, typer.Option(help="Hold it to the bar of a voice it knows.")] = True,
) -> None:
    """Measure a checkpoint as the service runs it; exit status 1 if it misses the bar."""
    from talkhead.engines.builtin.motion import checkpoint
    from talkhead.training import evaluate as evaluation

    clips = evaluation.load_test(folder / "data" / f"{test}-00.npz")
    model = checkpoint.load(weights or checkpoint.SHIPPED)
    scores = evaluation.evaluate(model, clips)
    table = Table("measure", "value", title=f"{len(clips)} clips of {test}")
    for name, value in asdict(scores).items():
        table.add_row(name.replace("_", " "), f"{value:.3f}")
    console.print(table)
    bar = evaluation.SEEN_VOICE if seen else evaluation.UNSEEN_VOICE
    complaints = bar.complaints(scores)
    for complaint in complaints:
        console.print(complaint, style="red")
    raise typer.Exit(code=1 if complaints else 0)


@app.command()
def demo_speech(path: Path = Path("speech.flac")) -> None:
    """Synthesise the example speech that ships with the project."""
    from talkhead.training import debian
    from talkhead.training.demo_speech import make

    debian.check()
    console.print(f"{path}: {make(path):.1f} s")


@app.command()
def excerpt(
    target: Path,
    folder: Folder = FOLDER,
    clips: Annotated[int, typer.Option(help="How many of test-slt.")] = 6,
) -> None:
    """Write the clips that the project's own quality test is run on."""
    from talkhead.training import excerpt as excerpts
    from talkhead.training.evaluate import load_test

    excerpts.save(load_test(folder / "data" / "test-slt-00.npz")[:clips], target)
