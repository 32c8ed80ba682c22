"""`python -m tests.contact_sheet video.mp4 sheet.png`: frames of a video, to look at."""

import argparse
from pathlib import Path

import av
import cv2
import numpy as np

from talkhead.types import Image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--side", type=int, default=256, help="pixels of one frame")
    parser.add_argument("--start", type=float, default=0.0, help="seconds")
    parser.add_argument("--step", type=int, default=0, help="frames; 0: spread over the video")
    given = parser.parse_args()
    frames = read_frames(given.video)[round(25 * given.start) :]
    count = given.columns * given.rows
    step = given.step or max(1, len(frames) // count)
    chosen = [cv2.resize(f, (given.side, given.side)) for f in frames[::step][:count]]
    sheet = tiled(chosen, given.columns)
    cv2.imwrite(str(given.sheet), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def read_frames(video: Path) -> list[Image]:
    with av.open(str(video)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def tiled(frames: list[Image], columns: int) -> Image:
    rows = [frames[start : start + columns] for start in range(0, len(frames), columns)]
    whole = [row for row in rows if len(row) == columns]
    return np.concatenate([np.concatenate(row, axis=1) for row in whole])


if __name__ == "__main__":
    main()
