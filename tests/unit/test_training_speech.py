"""Phones and the parsing of what synthesisers say about their timing."""
# ruff: noqa: RUF001  (the International Phonetic Alphabet is made of look-alikes)

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from talkhead.timing import SAMPLE_RATE
from talkhead.training import debian
from talkhead.training.phones import (
    PHONE,
    Segment,
    from_catalan,
    from_cmu,
    from_ipa,
    from_russian,
    segments,
)
from talkhead.training.speech import festival, flite, hts
from talkhead.training.speech.utterance import Utterance, silence

DATA = MappingProxyType(debian.NEEDED)


def have(*packages: str) -> bool:
    return all(Path(DATA[package]).exists() for package in packages)


def tone(seconds: float) -> Utterance:
    waveform = np.sin(np.arange(round(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32)
    phones = (Segment(0, seconds / 2, PHONE["PB"]), Segment(seconds / 2, seconds, PHONE["AA"]))
    return Utterance(waveform, phones, "tone")


def test_every_alphabet_agrees_on_what_closes_the_lips() -> None:
    for symbol in "pb":
        found = (from_ipa(symbol), from_cmu(symbol), from_catalan(symbol), from_russian(symbol))
        assert set(found) == {("PB",)}
    for read in (from_ipa, from_cmu, from_catalan, from_russian):
        assert read("m") == ("M",)
        assert read("f") == ("FF",)


@pytest.mark.parametrize(
    ("symbol", "classes"),
    [("aɪ", ("AA", "IY")), ("tʃ", ("SH",)), ("ts", ("SS",)), ("iː", ("IY",)), ("ʌ", ("AX",))],
)
def test_ipa_diphthongs_affricates_and_marks(symbol: str, classes: tuple[str, ...]) -> None:
    assert from_ipa(symbol) == classes


def test_an_unknown_phone_is_refused_rather_than_guessed() -> None:
    for read in (from_cmu, from_catalan, from_russian):
        with pytest.raises(KeyError):
            read("xyzzy")


def test_a_diphthong_fills_its_time_without_a_gap() -> None:
    first, second = segments(("AA", "IY"), 1.0, 1.2)
    assert first.start == 1.0
    assert first.end == second.start
    assert second.end == 1.2


def test_a_faster_utterance_keeps_its_phones_in_proportion() -> None:
    usual, fast = tone(1.0), tone(1.0).speeded(1.25)
    assert fast.seconds == pytest.approx(usual.seconds / 1.25, abs=0.01)
    shares = [segment.end / fast.seconds for segment in fast.segments]
    np.testing.assert_allclose(shares, [0.5, 1.0], atol=0.01)


def test_scaling_sets_the_peak() -> None:
    assert np.abs(tone(0.1).scaled(0.5).waveform).max() == pytest.approx(0.5, rel=1e-3)


def test_a_pause_is_quiet_and_says_so() -> None:
    pause = silence(1600, np.random.default_rng(0))
    assert 0 < np.abs(pause.waveform).max() < 1e-3
    assert pause.segments == (Segment(0.0, 0.1, PHONE["SIL"]),)


def test_missing_packages_are_named_with_the_command_that_brings_them() -> None:
    needed = {"present": "/", "absent": "/no/such/file"}
    with pytest.raises(debian.PackagesMissing, match=r"apt-get install .* absent$"):
        debian.check(needed)
    debian.check({"present": "/"})


@pytest.mark.skipif(not have("flite"), reason="flite is not installed")
def test_flite_says_when_each_phone_ends() -> None:
    said = flite.speak("Bob bought a map.", "slt")
    assert said is not None
    assert [s.start for s in said.segments[1:]] == [s.end for s in said.segments[:-1]]
    assert said.segments[-1].end == pytest.approx(said.seconds, abs=0.1)
    phones = [segment.phone for segment in said.segments]
    assert phones.count(PHONE["PB"]) == 4
    assert phones.count(PHONE["M"]) == 1


@pytest.mark.skipif(not have("festival", "festvox-kallpc16k"), reason="no festival")
def test_festival_survives_a_sentence_it_cannot_read() -> None:
    said = festival.speak(["A map.", "", "A bee."], "kal")
    assert len(said) >= 2
    assert {PHONE["M"], PHONE["PB"]} <= {segment.phone for segment in said[0].segments}


@pytest.mark.skipif(not have("festival", "htsengine", "festvox-ca-ona-hts"), reason="no hts_engine")
def test_a_pseudo_speaker_says_the_same_with_another_voice() -> None:
    plain = hts.Speaker(0.0, 0.0, 1.0, 1.0, 1.0)
    other = hts.Speaker(0.06, 3.0, 1.0, 1.0, 1.0)
    (usual,), (bent,) = (hts.speak(["Bon dia."], "ona", speaker) for speaker in (plain, other))
    assert usual.segments == bent.segments
    assert np.abs(usual.waveform - bent.waveform).max() > 0.01
