"""The weights that come with the package: those of the `builtin` engine."""

from pathlib import Path

from talkhead.weights.files import EngineWeights, WeightsFile

_MEDIAPIPE = ("Apache-2.0", "MediaPipe (Google)")
_FACES = {
    "face_landmark": "468 points of a face",
    "face_detection_short_range": "finds large faces",
    "face_detection_full_range": "finds small faces",
    "iris_landmark": "lids and irises",
    "selfie_segmentation": "tells the person from what is behind",
}

SHIPPED = EngineWeights(
    files=(
        WeightsFile(
            name="engines/builtin/motion/weights.safetensors",
            part="motion",
            licence="Apache-2.0",
            source="Talkhead",
            needed=True,
            note="speech to motion",
        ),
        *(
            WeightsFile(f"faces/assets/{name}.onnx", name, *_MEDIAPIPE, needed=True, note=note)
            for name, note in _FACES.items()
        ),
    ),
    folder=Path(__file__).parents[1],
)
