"""The corpus against the readers: each input ends in an error that it names, and soon."""

import time

import pytest

from talkhead.faces.onnx_models import FaceModels
from talkhead.faces.portrait_check import check_portrait
from talkhead.media.audio import probe_audio, read_audio
from talkhead.media.image import read_image
from tests.bad_inputs import BadInput, cases, of
from tests.bad_portraits import example
from tests.media_fakes import speech_like, wav


@pytest.fixture(scope="module")
def models() -> FaceModels:
    return FaceModels()


@pytest.mark.parametrize("case", of("portrait"), ids=str)
def test_a_bad_portrait_is_refused_for_what_it_is(case: BadInput, models: FaceModels) -> None:
    with pytest.raises(case.errors):
        check_portrait(read_image(case.content), models)


@pytest.mark.parametrize("case", of("audio"), ids=str)
def test_bad_audio_is_refused_for_what_it_is(case: BadInput) -> None:
    started = time.process_time()
    with pytest.raises(case.errors):
        _hear(case.content)
    assert time.process_time() - started < 2.0  # seconds of CPU: also 10 hours of silence


def _hear(data: bytes) -> None:
    probe_audio(data)
    for _ in read_audio(data):
        pass


def test_what_the_bad_inputs_spoil_was_good(models: FaceModels) -> None:
    assert check_portrait(example(), models).faces == 1
    _hear(wav(speech_like(1.0), 48_000))


def test_the_corpus_is_large_named_and_small() -> None:
    names = [str(case) for case in cases()]
    assert len(names) == len(set(names)) >= 170
    assert sum(len(case.content) for case in cases()) < 5_000_000  # bytes
    assert all(case.errors and case.codes for case in cases())
