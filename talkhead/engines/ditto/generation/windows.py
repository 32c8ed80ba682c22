"""How the time line is cut: the two published forms, as schedules of frames (ditto.md §4).

Online, window w is sampled for the frames [wV - O, wV - O + 80) and the frames it makes final are
[(w-1)V, wV): window 0 shows nothing, it only hears silence and the first V frames. Offline, window
w is sampled for [wV, wV + 80); the pose of finished frames is smoothed once more, so the last ones
wait for a neighbour.
"""

from dataclasses import dataclass

from talkhead.engines.ditto.motion.fusion import WINDOW, Fusion
from talkhead.engines.ditto.speech.chunking import LIVE, OFFLINE, Chunking
from talkhead.engines.engine import Hearing, MotionWindow, Schedule


def schedule_of(fusion: Fusion) -> Schedule:
    """Of windows that are fused this way."""
    if fusion.online:
        return Schedule(
            first=0,
            step=fusion.valid,
            look_ahead=fusion.valid,
            context=fusion.overlap - fusion.valid,
            hearing=_hearing(LIVE),
        )
    wait = fusion.smoothing // 2
    return Schedule(
        first=fusion.valid - wait,
        step=fusion.valid,
        look_ahead=fusion.overlap + wait,
        context=0,
        hearing=_hearing(OFFLINE),
    )


def _hearing(chunking: Chunking) -> Hearing:
    after = chunking.samples - chunking.before - chunking.hop
    return Hearing(chunking.present, chunking.before, after, beyond_end=chunking.live)


@dataclass(frozen=True)
class Span:
    """Which frames a window is sampled for, and whether it is at all."""

    first: int  # frame of the 80; negative where silence is heard before the video
    heard: int  # frame of the first row of features that it uses
    runs: bool  # not if the input ended so early that the window before has made all frames
    end: int  # frame after the last that is sampled when the window is done


def span_of(fusion: Fusion, window: MotionWindow) -> Span:
    schedule = schedule_of(fusion)
    step = schedule.step if window.index else schedule.first
    known = max(0, window.start - schedule.context)
    rows = known + len(window.features)  # of all features, so far
    ended = rows < window.start + step + schedule.look_ahead
    offset = -fusion.overlap if fusion.online else 0
    # The published loops: online floor(rows / V) + 1 windows, offline all that start before the end
    last = rows // fusion.valid if fusion.online else -(-rows // fusion.valid) - 1
    done = min(window.index, last) if ended else window.index
    first = offset + window.index * fusion.valid
    return Span(
        first=first,
        heard=known,
        runs=done == window.index,
        end=offset + done * fusion.valid + WINDOW,
    )
