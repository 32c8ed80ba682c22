"""What an engine's weights consist of: which files, whose work they are, what they may be used for.

A weights folder holds files under their published names ("ditto_onnx/decoder.onnx"), or the same
files side by side without those sub-folders.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WeightsFile:
    """One file. Files of the same `part` are alternatives, the first of them preferred."""

    name: str  # its path as published
    part: str  # what it holds: "decoder"
    licence: str
    source: str  # whose work it is
    needed: bool  # the engine does not run without this part
    note: str  # what it is for, and what happens without it
    commercial_use: bool = True
    edition: str = ""  # files published in several forms: "onnx", "pytorch"; "" fits each

    def is_of(self, edition: str) -> bool:
        """Whether it belongs to that edition; each file belongs to ""."""
        return edition in ("", self.edition or edition)


@dataclass(frozen=True)
class EngineWeights:
    """All files an engine may use, and where they are unless somebody says otherwise."""

    files: tuple[WeightsFile, ...]
    folder: Path
    repository: str = ""  # on the Hugging Face hub; "" for files that ship with the package
    check: Callable[[WeightsFile, Path], None] | None = None  # raises CheckpointMismatch

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(file.part for file in self.files))

    def alternatives(self, part: str) -> tuple[WeightsFile, ...]:
        """The files that hold this part, the preferred one first."""
        return tuple(file for file in self.files if file.part == part)

    def find(self, part: str, folder: Path | None = None) -> Path | None:
        """The preferred file of those that are there, or None."""
        found = (self.locate(file, folder) for file in self.alternatives(part))
        return next((path for path in found if path), None)

    def locate(self, file: WeightsFile, folder: Path | None = None) -> Path | None:
        """Where this file is: under its published name, or directly in the folder."""
        base = folder or self.folder
        places = (base / file.name, base / Path(file.name).name)
        return next((path for path in places if path.is_file()), None)

    def missing(self, folder: Path | None = None) -> list[Path]:
        """For each needed part that no file holds, the preferred file."""
        base = folder or self.folder
        lacking = [part for part in self.parts if not self.find(part, base)]
        firsts = [self.alternatives(part)[0] for part in lacking]
        return [base / file.name for file in firsts if file.needed]

    def choose(
        self, published: Iterable[str], edition: str = "", non_commercial: bool = False
    ) -> tuple[WeightsFile, ...]:
        """One file a part: the preferred of those `published`, of one edition if so wished."""
        names = set(published)
        wished = [
            file
            for file in self.files
            if file.name in names
            and (non_commercial or file.commercial_use)
            and file.is_of(edition)
        ]
        return tuple({file.part: file for file in reversed(wished)}.values())[::-1]


def usual_folder(engine: str) -> Path:
    """Where the weights of that engine are kept if nobody says otherwise."""
    return Path.home() / ".cache" / "talkhead" / "weights" / engine
