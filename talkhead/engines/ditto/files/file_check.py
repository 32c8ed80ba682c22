"""Is a published file readable as what its name says? By its ending, each in its own way."""

from pathlib import Path

from talkhead.engines.ditto.files.config_pickle import read_config
from talkhead.errors import CheckpointMismatch
from talkhead.weights.files import WeightsFile

DETECTED = tuple(f"{kind}{i}" for kind in ("scores", "boxes", "kps") for i in (1, 2, 3))

# Inputs and outputs (ditto.md §1.3), in that order. The original InsightFace files and the
# second landmark203 name theirs otherwise: of them only the number is known.
SIGNATURES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "appearance_extractor": (("image",), ("pred",)),
    "motion_extractor": (("image",), ("pitch", "yaw", "roll", "t", "exp", "scale", "kp")),
    "warp_network_ori": (("feature_3d", "kp_source", "kp_driving"), ("out",)),
    "decoder": (("feature",), ("output",)),
    "stitch_network": (("kp_source", "kp_driving"), ("out",)),
    "lmdm_v0.4_hubert": (("x", "cond_frame", "cond", "time_cond"), ("pred_noise", "x_start")),
    "hubert": (("input_values",), ("encoding_out",)),
    "hubert_streaming_fix_kv": (("input_values",), ("encoding_out",)),
    "insightface_det": (("image",), DETECTED),
    "landmark106": (("data",), ("fc1",)),
    "blaze_face": (("input",), ("regressors", "classificators")),
    "face_mesh": (("input",), ("Identity", "Identity_1", "Identity_2")),
}
OUTPUTS = {"det_10g": len(DETECTED), "2d106det": 1, "landmark203": 3}  # at least
SUFFICES = "landmarks"  # an output of this name, in the other of the two landmark203


def check_file(file: WeightsFile, path: Path) -> None:
    """Reads the whole file; seconds and its size in memory for the large ones.

    Raises:
        CheckpointMismatch: it is something else; the message names the file.
    """
    if path.suffix == ".pth":
        from talkhead.engines.ditto.files.checkpoints import load_network  # imports torch

        load_network(file.part, path, "cpu")
    elif path.suffix == ".onnx":
        _check_onnx(path)
    else:
        read_config(path)


def _check_onnx(path: Path) -> None:
    inputs, outputs = _signature(path)
    if expected := SIGNATURES.get(path.stem):
        if (set(inputs), set(outputs)) != (set(expected[0]), set(expected[1])):
            found = f"{', '.join(inputs)} to {', '.join(outputs)}"
            right = f"{', '.join(expected[0])} to {', '.join(expected[1])}"
            raise CheckpointMismatch(f"{path} makes {found}; it should make {right}")
    elif len(inputs) != 1 or (SUFFICES not in outputs and len(outputs) < OUTPUTS[path.stem]):
        message = f"{path} has {len(inputs)} inputs and {len(outputs)} outputs"
        raise CheckpointMismatch(f"{message}; 1 and {OUTPUTS[path.stem]} would be right")


def _signature(path: Path) -> tuple[list[str], list[str]]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4  # what goes wrong is in the exception
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class of their own
        reason = str(error).partition("\n")[0]
        raise CheckpointMismatch(f"{path} is no readable ONNX file: {reason}") from error
    return [i.name for i in session.get_inputs()], [o.name for o in session.get_outputs()]
