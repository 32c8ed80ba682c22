"""What the mouth aims at for each phone class, and how much the aim counts against neighbours."""

from typing import NamedTuple

import numpy as np

from talkhead.training.phones import PHONES


class Viseme(NamedTuple):
    """Targets in [0, 1] and dominances (Cohen and Massaro 1993) of the jaw and of the lips."""

    jaw: float
    pucker: float
    funnel: float
    wide: float
    lower_down: float
    upper_up: float
    tongue: float
    jaw_dominance: float
    lip_dominance: float


VISEMES = {
    "SIL": Viseme(0.01, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.55, 0.50),
    "PB": Viseme(0.07, 0.05, 0.00, 0.00, 0.00, 0.00, 0.00, 0.80, 0.45),
    "M": Viseme(0.08, 0.03, 0.00, 0.00, 0.00, 0.00, 0.00, 0.75, 0.45),
    "FF": Viseme(0.10, 0.02, 0.00, 0.08, 0.00, 0.22, 0.00, 0.85, 0.80),
    "TH": Viseme(0.15, 0.00, 0.00, 0.10, 0.16, 0.08, 0.45, 0.70, 0.45),
    "TD": Viseme(0.15, 0.00, 0.00, 0.10, 0.16, 0.04, 0.00, 0.60, 0.25),
    "N": Viseme(0.16, 0.00, 0.00, 0.08, 0.14, 0.03, 0.00, 0.50, 0.20),
    "LL": Viseme(0.24, 0.00, 0.00, 0.08, 0.15, 0.03, 0.10, 0.50, 0.25),
    "RR": Viseme(0.17, 0.28, 0.28, 0.00, 0.08, 0.04, 0.00, 0.50, 0.50),
    "SS": Viseme(0.05, 0.00, 0.00, 0.25, 0.26, 0.14, 0.00, 1.00, 0.70),
    "SH": Viseme(0.07, 0.28, 0.58, 0.00, 0.22, 0.22, 0.00, 1.00, 1.00),
    "KK": Viseme(0.23, 0.00, 0.00, 0.05, 0.10, 0.03, 0.00, 0.30, 0.12),
    "HH": Viseme(0.28, 0.00, 0.00, 0.00, 0.08, 0.03, 0.00, 0.15, 0.08),
    "WW": Viseme(0.10, 0.90, 0.25, 0.00, 0.00, 0.00, 0.00, 0.70, 1.30),
    "YY": Viseme(0.13, 0.00, 0.00, 0.38, 0.15, 0.05, 0.00, 0.50, 0.50),
    "AA": Viseme(0.78, 0.00, 0.00, 0.10, 0.28, 0.10, 0.00, 1.00, 0.60),
    "AE": Viseme(0.62, 0.00, 0.00, 0.36, 0.32, 0.16, 0.00, 1.00, 0.70),
    "AX": Viseme(0.38, 0.00, 0.00, 0.05, 0.13, 0.05, 0.00, 0.55, 0.30),
    "EH": Viseme(0.46, 0.00, 0.00, 0.30, 0.22, 0.10, 0.00, 0.85, 0.60),
    "IY": Viseme(0.18, 0.00, 0.00, 0.58, 0.22, 0.12, 0.00, 0.85, 0.80),
    "OH": Viseme(0.55, 0.42, 0.42, 0.00, 0.08, 0.03, 0.00, 0.95, 1.00),
    "UW": Viseme(0.18, 0.92, 0.25, 0.00, 0.00, 0.00, 0.00, 0.85, 1.30),
    "YU": Viseme(0.26, 0.78, 0.35, 0.00, 0.05, 0.03, 0.00, 0.85, 1.20),
    "ER": Viseme(0.28, 0.35, 0.36, 0.00, 0.10, 0.05, 0.00, 0.70, 0.70),
}
TARGETS = np.array([VISEMES[name][:7] for name in PHONES])  # phones, articulators
ARTICULATORS = {name: column for column, name in enumerate(Viseme._fields[:7])}
