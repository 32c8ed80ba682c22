"""Speech from espeak-ng's C library: formant voices in many variants and languages."""

import ctypes
from functools import cache
from typing import Any

import numpy as np

from talkhead.errors import InternalError
from talkhead.training.phones import PHONE, Segment, from_ipa, segments
from talkhead.training.speech.utterance import Utterance, at_engine_rate

LIBRARY = "libespeak-ng.so.1"
_SYNCHRONOUS = 1  # AUDIO_OUTPUT_RETRIEVAL
_PHONEME_EVENTS_IN_IPA = 1 | 2
_PHONEME = 7  # event type
_RATE, _PITCH, _RANGE = 1, 3, 4  # parameters
_UTF8 = 1

CLOSURE = 0.055  # seconds that a voiceless stop is shut before its event
BURST = 0.015  # seconds after it

ENGLISH = {  # voice: weight
    **{"en-us": 8, "en-gb-x-gbclan": 5, "en-gb-x-rp": 4},
    **{"en-gb-scotland": 2, "en-029": 1, "en-us-nyc": 1},
}
OTHER_LANGUAGES = ("de", "es", "it", "cs", "pl", "ru", "pt-br", "fr", "nl", "ca")
VARIANTS = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "f1", "f2", "f3", "f4", "klatt", "klatt2", "klatt4"),
    *("Alex", "Alicia", "Andy", "Annie", "Denis", "Diogo", "Gene", "Gene2", "Jacky", "Lee"),
    *("Marco", "Mario", "Michael", "Mike", "anika", "antonio", "belinda", "benjamin", "caleb"),
    *("ed", "edward", "grandma", "grandpa", "gustave", "iven", "iven2", "john", "michel"),
    *("miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert", "sandro"),
    *("shelby", "steph2", "travis", "victor", "", "", "", "", "", ""),
)
HELD_OUT_VARIANTS = ("Andrea", "david", "linda", "max", "f5", "m7", "klatt3", "steph")


class SpeechLibraryFailed(InternalError):
    """espeak-ng refused a voice or a text."""

    code = "speech_library_failed"


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@cache
def library() -> "Espeak":
    """The one instance of this process: initialised twice, the library hangs."""
    return Espeak()


class Espeak:
    """The library, initialised; not for several threads."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._rate = self._library.espeak_Initialize(
            _SYNCHRONOUS, 500, None, _PHONEME_EVENTS_IN_IPA
        )
        self._callback = _Callback(self._received)  # kept: the library holds a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)
        self._pieces: list[np.ndarray[Any, Any]] = []
        self._events: list[tuple[int, str]] = []

    def speak(
        self, text: str, voice: str, variant: str, speed: int, pitch: int, pitch_range: int
    ) -> Utterance | None:
        """One sentence at `speed` words a minute; pitch and its range are 0 to 99.

        None where there is nothing to say.

        Raises:
            SpeechLibraryFailed: there is no such voice or variant.
        """
        name = f"{voice}+{variant}" if variant else voice
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise SpeechLibraryFailed(f"espeak-ng has no voice {name!r}")
        for parameter, value in ((_RATE, speed), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pieces, self._events = [], []
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        if not self._pieces:
            return None
        waveform = np.concatenate(self._pieces).astype(np.float32) / 32768
        found = tuple(self._segments(len(waveform)))
        return Utterance(at_engine_rate(waveform, self._rate), found, f"espeak {name}")

    def _received(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        number = 0
        while events[number].type != 0:
            if events[number].type == _PHONEME:
                symbol = events[number].id.string.decode("utf8", "replace").strip("\x00")
                self._events.append((events[number].sample, symbol))
            number += 1
        return 0  # go on

    def _segments(self, samples: int) -> list[Segment]:
        events = sorted(self._events, key=lambda event: event[0])
        ends = [sample for sample, _ in events[1:]] + [samples]
        found: list[Segment] = []
        if events and events[0][0] > 0:
            found.append(Segment(0.0, events[0][0] / self._rate, PHONE["SIL"]))
        for (first, symbol), last in zip(events, ends, strict=True):
            if last > first:
                _append(found, symbol, first / self._rate, last / self._rate)
        return found


def _append(found: list[Segment], symbol: str, start: float, end: float) -> None:
    names = ("SIL",) if not symbol.strip() or symbol[0] == "_" else from_ipa(symbol)
    if not names:  # a lone mark: it lengthens what came before
        if found:
            found[-1] = found[-1]._replace(end=end)
    elif symbol.startswith(tuple("ptkqcʈ")) and names[0] in ("PB", "TD", "KK", "SH", "SS"):
        _append_stop(found, names[0], start, end)
    else:
        found += segments(names, start, end)


def _append_stop(found: list[Segment], name: str, burst: float, end: float) -> None:
    """A voiceless stop: espeak-ng reports it at its burst, the closure lies before."""
    start = burst - CLOSURE
    if found and found[-1].end > start:
        before = found[-1]
        start = max(start, before.start + 0.4 * (before.end - before.start))
        found[-1] = before._replace(end=start)
    release = min(burst + BURST, end)
    affricate = name in ("SH", "SS")
    found.append(Segment(start, release, PHONE["TD" if affricate else name]))
    if end - release > BURST:
        found.append(Segment(release, end, PHONE[name if affricate else "HH"]))
