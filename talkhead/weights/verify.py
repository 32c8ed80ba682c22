"""Are these the weights that were downloaded, and can each be read as what it claims to be?"""

from dataclasses import dataclass
from pathlib import Path

from talkhead.errors import TalkheadError, WeightsMissing
from talkhead.weights.files import EngineWeights, WeightsFile
from talkhead.weights.record import Record, confirm, read_record


@dataclass(frozen=True)
class Finding:
    """What is to say of one file."""

    file: WeightsFile
    path: Path | None = None  # None: it is not there
    recorded: bool = False  # its hash was known and agrees
    problem: str = ""

    @property
    def state(self) -> str:
        if self.problem:
            return self.problem
        if not self.path:
            return "not here; optional"
        return "ok" if self.recorded else "ok; no hash was recorded"


def verify(weights: EngineWeights, folder: Path) -> list[Finding]:
    """Every file that is there, hashed and read in full, and every part that has none.

    Raises:
        WeightsMissing: there is no such folder.
        CheckpointMismatch: the folder's record cannot be read.
    """
    if not folder.is_dir():
        raise WeightsMissing(f"{folder} is not a folder; `talkhead weights pull` makes one")
    record = read_record(folder)
    return [
        finding
        for part in weights.parts
        for finding in _part_findings(weights, part, folder, record)
    ]


def _part_findings(
    weights: EngineWeights, part: str, folder: Path, record: Record
) -> list[Finding]:
    files = weights.alternatives(part)
    there = {path: file for file in reversed(files) if (path := weights.locate(file, folder))}
    if there:
        return [_examined(weights, file, path, record) for path, file in reversed(there.items())]
    known = next((file for file in files if file.name in record.entries), None)
    return [_absent(known or files[0], bool(known), len(files) > 1)]


def _absent(file: WeightsFile, was_downloaded: bool, has_alternative: bool) -> Finding:
    if was_downloaded:
        return Finding(file, problem="was downloaded, and is gone")
    other = ", or an alternative of it," if has_alternative else ""
    return Finding(file, problem=f"is missing{other} and needed" if file.needed else "")


def _examined(weights: EngineWeights, file: WeightsFile, path: Path, record: Record) -> Finding:
    entry = record.entry(file.name)
    try:
        confirm(path, entry, thorough=True)
        if weights.check:
            weights.check(file, path)
    except TalkheadError as error:
        return Finding(file, path, problem=error.message)
    return Finding(file, path, recorded=entry is not None)
