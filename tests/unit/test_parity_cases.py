"""Cases that ship are those they were made of, and a result that is off is refused."""

import numpy as np
import pytest

from tests.parity_cases import assert_close, parity
from tests.parity_subset import Drawn, Thinned, packed, unpacked


def test_what_is_packed_comes_back() -> None:
    folder = parity("ditto")
    fill, seed = folder.fill(), folder.seed
    noise = Drawn("normal", "a.{}", (2, 3), several=4)
    speech = Drawn("audio", "b", (500,))
    case = {
        "noise": np.stack([fill.normal(f"a.{i}", (2, 3), seed) for i in range(4)]),
        "speech": fill.audio("b", 500, seed),
        "kept": np.arange(5),
        "large": np.random.default_rng(0).random((7, 11), np.float32),
    }
    stored = packed(case, {"noise": noise, "speech": speech, "large": 3})
    assert {"noise", "speech"}.isdisjoint(stored)
    back = unpacked(stored, fill, seed)
    for name in ("noise", "speech", "kept"):
        np.testing.assert_array_equal(back[name], case[name])
    assert isinstance(back["large"], Thinned)
    assert_close(case["large"], back["large"])


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_what_is_off_is_refused(dtype: type, thin: bool) -> None:
    golden: np.ndarray = np.arange(60).reshape(4, 15).astype(dtype)
    wanted = Thinned.of(golden, 7) if thin else golden
    assert_close(golden, wanted)
    off = golden.copy()
    off[3, 4] += 2  # value 49, one of each seventh
    with pytest.raises(AssertionError, match="off by 2"):
        assert_close(off, wanted)
    with pytest.raises(AssertionError, match="shape"):
        assert_close(golden.T, wanted)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(AssertionError, match="off by"):
        assert_close(np.array([1, value]), np.ones(2))
