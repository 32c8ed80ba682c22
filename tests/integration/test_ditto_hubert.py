"""Chunks of speech give the published rows, alone as together, and follow time shifts."""

import numpy as np
import onnxruntime as ort
import pytest

from talkhead.engines.ditto.speech.chunking import LIVE, OFFLINE, Chunking
from talkhead.engines.ditto.speech.hubert import Encode, onnx_encoder, silence_rows
from tests.ditto_speech import speech_rows
from tests.parity_cases import assert_close, parity

LENGTHS = (640, 3200, 16000, 23456, 52345)
FORMS = {
    "offline": OFFLINE,
    "online_3_5_2": LIVE,
    "online_3_3_4": Chunking(3, 3, 4, live=True),
}


@pytest.fixture(scope="module")
def encode() -> Encode:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    path = str(parity("ditto").toy("hubert"))
    return onnx_encoder(ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]))


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).standard_normal(samples).astype(np.float32)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("samples", LENGTHS)
def test_rows_are_the_published_ones(encode: Encode, form: str, samples: int) -> None:
    case = parity("ditto").case("fn_hubert_chunks")
    rows = speech_rows(case[f"n{samples}/audio"], encode, FORMS[form])
    assert_close(rows, case[f"n{samples}/{form}"], f"n{samples}/{form}")


def test_silence_is_the_published_one(encode: Encode) -> None:
    case = parity("ditto").case("fn_hubert_chunks")
    assert_close(silence_rows(70, encode), case["silence70"], "silence70")


@pytest.mark.parametrize("samples", [0, 1, 639, 640, 641, 3200, 9999])
def test_a_row_for_each_begun_frame_offline_and_whole_chunks_live(
    encode: Encode, samples: int
) -> None:
    assert len(speech_rows(noise(samples), encode)) == -(-samples // 640)
    live = len(speech_rows(noise(samples), encode, LIVE))
    assert live % 5 == 0
    assert live >= -(-samples // 640)


@pytest.mark.parametrize("form", [OFFLINE, LIVE])
def test_audio_that_starts_a_chunk_later_gives_the_same_rows_later(
    encode: Encode, form: Chunking
) -> None:
    audio = noise(20_000)
    rows = speech_rows(audio, encode, form)
    later = speech_rows(np.pad(audio, (form.hop, 0)), encode, form)
    np.testing.assert_allclose(later[5:], rows, atol=1e-6)


def test_live_features_sit_80_samples_later_than_offline(encode: Encode) -> None:
    audio = noise(16_000)
    offline = speech_rows(audio, encode, OFFLINE)
    live = speech_rows(np.pad(audio, (80, 0)), encode, LIVE)
    np.testing.assert_allclose(live[: len(offline)], offline, atol=1e-6)
