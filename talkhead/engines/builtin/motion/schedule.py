"""How the time line is cut for this engine."""

from talkhead.engines.engine import Schedule
from talkhead.types import Controls

# 4 + 4 frames first: 320 ms of sound before anything moves. Then 10 + 4: shorter steps make the
# head jitter, less look-ahead costs rounded lips. Two seconds of context tell the voice's spectrum.
SCHEDULE = Schedule(first=4, step=10, look_ahead=4, context=36)
PREVIOUS = 10  # rows of earlier motion that a window continues


def schedule_for(controls: Controls) -> Schedule:
    """The same for all."""
    return SCHEDULE
