"""The articulatory phone classes that every synthesiser's phone set is mapped to."""
# ruff: noqa: RUF001  (the International Phonetic Alphabet is made of look-alikes)

from typing import NamedTuple

PHONES = (
    *("SIL", "PB", "M", "FF", "TH", "TD", "N", "LL", "RR", "SS", "SH", "KK", "HH", "WW", "YY"),
    *("AA", "AE", "AX", "EH", "IY", "OH", "UW", "YU", "ER"),
)
PHONE = {name: number for number, name in enumerate(PHONES)}
BILABIALS = frozenset((PHONE["PB"], PHONE["M"]))
SIBILANTS = frozenset((PHONE["SS"], PHONE["SH"]))
ROUNDED = frozenset(PHONE[name] for name in ("WW", "UW", "YU", "OH", "SH"))  # the lips lead

FIRST_PART = 0.58  # of a diphthong's time belongs to its first vowel


class Segment(NamedTuple):
    """One phone in time."""

    start: float  # seconds
    end: float  # seconds
    phone: int  # index into PHONES


def segments(names: tuple[str, ...], start: float, end: float) -> list[Segment]:
    """One phone, or the two parts of a diphthong, over [start, end) seconds."""
    if len(names) == 1:
        return [Segment(start, end, PHONE[names[0]])]
    middle = start + FIRST_PART * (end - start)
    return [Segment(start, middle, PHONE[names[0]]), Segment(middle, end, PHONE[names[1]])]


def _inverted(table: dict[str, str]) -> dict[str, str]:
    return {symbol: name for name, symbols in table.items() for symbol in symbols.split()}


_IPA = _inverted(
    {
        "PB": "p b ɓ ʙ ɸ β",
        "M": "m",
        "FF": "f v ʋ ɱ ⱱ",
        "TH": "θ ð",
        "TD": "t d ʈ ɖ ɗ",
        "N": "n ɳ",
        "LL": "l ɫ ɭ ɬ ʟ ɮ ɺ",
        "RR": "ɹ r ɾ ɻ ɽ ʀ",
        "SS": "s z",
        "SH": "ʃ ʒ ʂ ʐ ɕ ʑ",
        "KK": "k g ɡ ŋ x ɣ q χ ʁ c ɟ ɴ ɢ ç ɠ ʝ",
        "HH": "h ʔ ħ ɦ ʕ ɧ",
        "WW": "w ʍ ɥ",
        "YY": "j ʎ ɲ",
        "AA": "a ɑ ɐ ʌ ɶ",
        "AE": "æ",
        "AX": "ə ɤ ɘ ɵ",
        "EH": "e ɛ",
        "IY": "i ɪ ɨ",
        "OH": "ɔ o ɒ",
        "UW": "u ʊ ɯ ʉ ᵿ",
        "YU": "y ʏ ø œ",
        "ER": "ɚ ɝ ɜ ɞ",
    }
)


def from_ipa(symbol: str) -> tuple[str, ...]:
    """The classes of one espeak-ng phoneme; none if it has only marks (length, tone)."""
    if symbol == "ʌ":
        return ("AX",)  # alone it is the vowel of "cup"; in diphthongs it opens wider
    found = tuple(_IPA[letter] for letter in symbol if letter in _IPA)
    if found[:2] in (("TD", "SH"), ("TD", "SS")):  # affricates look like their release
        return found[1:2]
    if len(found) > 1 and found[0] == found[1]:
        found = found[1:]
    return found[:2]


_CMU = _inverted(
    {
        "SIL": "pau brth # h#",
        "PB": "p b",
        "M": "m em",
        "FF": "f v",
        "TH": "th dh",
        "TD": "t d dx",
        "N": "n en nx",
        "LL": "l el",
        "RR": "r",
        "SS": "s z",
        "SH": "ch jh sh zh",
        "KK": "k g ng",
        "HH": "hh hv h",
        "WW": "w",
        "YY": "y",
        "AA": "aa",
        "AE": "ae",
        "AX": "ah ax",
        "EH": "eh",
        "IY": "ih iy",
        "OH": "ao",
        "UW": "uh uw",
        "ER": "er axr",
    }
)
_CMU_DIPHTHONGS = {
    "aw": ("AA", "UW"),
    "ay": ("AA", "IY"),
    "ey": ("EH", "IY"),
    "ow": ("OH", "UW"),
    "oy": ("OH", "IY"),
}


def from_cmu(symbol: str) -> tuple[str, ...]:
    """The classes of a phone of flite's and festival's English voices.

    Raises:
        KeyError: the set has no such phone.
    """
    return _CMU_DIPHTHONGS.get(symbol) or (_CMU[symbol],)


_CATALAN = _inverted(
    {
        "SIL": "pau _ #",
        "PB": "p b",
        "M": "m",
        "FF": "f v",
        "TD": "t d",
        "N": "n",
        "YY": "J L j y",
        "LL": "l",
        "RR": "r rr",
        "SS": "s z ts dz",
        "SH": "S Z tS dZ",
        "KK": "k g N x",
        "WW": "w",
        "AA": "a",
        "AX": "ax",
        "EH": "e E",
        "IY": "i",
        "OH": "o O",
        "UW": "u uw",
    }
)


def from_catalan(symbol: str) -> tuple[str, ...]:
    """The class of a phone of festival's `upc_catalan` sets; a 1 marks stress.

    Raises:
        KeyError: the set has no such phone.
    """
    return (_CATALAN[symbol.rstrip("01")],)


_RUSSIAN = _inverted(
    {
        "SIL": "pau",
        "PB": "p pp b bb",
        "M": "m mm",
        "FF": "f ff v vv",
        "TD": "t tt d dd",
        "N": "n nn",
        "LL": "l ll",
        "RR": "r rr",
        "SS": "s ss z zz c",
        "SH": "sh zh ch sch",
        "KK": "k kk g gg h hh",
        "YY": "j",
        "AA": "aa",
        "AX": "a ae",
        "EH": "e ee",
        "IY": "i ii y yy ay",
        "OH": "oo",
        "UW": "u uu ur",
    }
)


def from_russian(symbol: str) -> tuple[str, ...]:
    """The class of a phone of festival's `msu_ru_nsh` set; doubled consonants are soft ones.

    Raises:
        KeyError: the set has no such phone.
    """
    return (_RUSSIAN[symbol],)
