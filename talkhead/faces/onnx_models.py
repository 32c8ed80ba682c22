"""The face networks (MediaPipe's, Apache-2.0, as ONNX), each loaded when first used."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime as ort
from jaxtyping import Float32

ASSETS = Path(__file__).with_name("assets")
QUIET = 3  # onnxruntime's log level: errors only


class OnnxModel:
    """One network on the CPU: one picture in, named arrays out."""

    def __init__(self, name: str, outputs: Sequence[str], threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = QUIET
        path = str(ASSETS / f"{name}.onnx")
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._outputs = list(outputs)

    def __call__(self, picture: Float32[np.ndarray, "height width 3"]) -> list[np.ndarray]:
        batch = np.ascontiguousarray(picture, np.float32)[None]
        arrays: list[np.ndarray] = self._session.run(self._outputs, {self._input: batch})
        return arrays


class FaceModels:
    """All five networks. Results do not depend on `threads`' timing; keep 1 beside other work."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads

    @cached_property
    def short_range_detector(self) -> OnnxModel:
        """128 x 128, [-1, 1]: faces larger than about a sixth of the picture."""
        outputs = ("regressors", "classificators")
        return OnnxModel("face_detection_short_range", outputs, self._threads)

    @cached_property
    def full_range_detector(self) -> OnnxModel:
        """192 x 192, [-1, 1]: faces down to about a twentieth of the picture."""
        return OnnxModel("face_detection_full_range", ("Identity", "Identity_1"), self._threads)

    @cached_property
    def mesh(self) -> OnnxModel:
        """192 x 192, [0, 1]: 468 points and the logit of there being a face."""
        return OnnxModel("face_landmark", ("conv2d_21", "conv2d_31"), self._threads)

    @cached_property
    def iris(self) -> OnnxModel:
        """64 x 64, [0, 1], a right eye: the lids and the iris."""
        outputs = ("output_eyes_contours_and_brows", "output_iris")
        return OnnxModel("iris_landmark", outputs, self._threads)

    @cached_property
    def person(self) -> OnnxModel:
        """256 x 256, [0, 1]: the share of each pixel that is a person."""
        return OnnxModel("selfie_segmentation", ("activation_10",), self._threads)
