"""Where speech is cut into the short overlapping chunks that HuBERT hears.

A chunk depends on its own samples alone, so a stream is cut as it arrives and chunks of several
sessions can share a call.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from talkhead.timing import SAMPLES_PER_FRAME

MARGIN = 80  # samples a chunk has beyond its frames: what the network's first layers eat


@dataclass(frozen=True)
class Chunking:
    """How many frames a chunk hears before, yields, and hears after (ditto.md §7.2).

    Live, a chunk starts 80 samples later in the recording than offline: features of the two
    forms differ by 5 ms, as published.
    """

    past: int = 3
    present: int = 5
    future: int = 2
    live: bool = False

    @property
    def samples(self) -> int:
        """Length of a chunk."""
        return (self.past + self.present + self.future) * SAMPLES_PER_FRAME + MARGIN

    @property
    def hop(self) -> int:
        """Samples from the start of one chunk to the start of the next."""
        return self.present * SAMPLES_PER_FRAME

    @property
    def before(self) -> int:
        """Zeros that are heard before the first sample."""
        return self.past * SAMPLES_PER_FRAME + (0 if self.live else MARGIN)

    def present_rows(
        self, features: Float32[np.ndarray, "chunks features 1024"]
    ) -> Float32[np.ndarray, "chunks present 1024"]:
        """The middle of what the network says of each chunk: 50 features a second to 25 rows."""
        middle = features[:, 2 * self.past : 2 * (self.past + self.present)]
        return middle.reshape(len(features), self.present, 2, -1).mean(2)


OFFLINE = Chunking()
LIVE = Chunking(live=True)
