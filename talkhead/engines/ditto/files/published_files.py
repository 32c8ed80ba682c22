"""The published files of Ditto: which the engine uses, and under what licence (ditto.md §1.1, §13).

TensorRT engines, their plug-in and `warp_network.onnx` (which needs it) are not among them.
"""

from pathlib import Path

from talkhead.engines.ditto.files.file_check import check_file
from talkhead.weights.files import EngineWeights, WeightsFile, usual_folder
from talkhead.weights.record import Entry, confirm, digest, read_record

DITTO = ("Apache-2.0", "Ditto (Ant Group)")
LIVE_PORTRAIT = ("MIT", "LivePortrait (Kuaishou)")
HUBERT = ("Apache-2.0", "HuBERT-large-ls960-ft (Meta), changed by Ditto's authors")
MEDIAPIPE = ("Apache-2.0", "MediaPipe (Google)")
INSIGHT_FACE = ("non-commercial research only", "InsightFace")

_Work = tuple[str, str]


def _network(part: str, work: _Work, note: str, pth: str, onnx: str = "") -> list[WeightsFile]:
    """A network of our own making from its `.pth`, or onnxruntime's from the other file."""
    names = {"pytorch": f"ditto_pytorch/models/{pth}.pth", "onnx": f"ditto_onnx/{onnx or pth}.onnx"}
    return [
        WeightsFile(name, part, *work, needed=True, note=note, edition=edition)
        for edition, name in names.items()
    ]


def _onnx(
    part: str, work: _Work, note: str, pytorch: str, onnx: str, needed: bool = False
) -> list[WeightsFile]:
    """A model that is published as ONNX only, in one folder or in both."""
    names = {
        "pytorch": f"ditto_pytorch/aux_models/{pytorch}.onnx",
        "onnx": f"ditto_onnx/{onnx}.onnx",
    }
    return [
        WeightsFile(
            name, part, *work, needed, note, commercial_use=work != INSIGHT_FACE, edition=edition
        )
        for edition, name in names.items()
        if not name.endswith("/.onnx")
    ]


FILES: tuple[WeightsFile, ...] = (
    *_network("lmdm", DITTO, "speech to motion", "lmdm_v0.4_hubert"),
    *_network("appearance_extractor", LIVE_PORTRAIT, "the portrait's look", "appearance_extractor"),
    *_network("motion_extractor", LIVE_PORTRAIT, "the portrait's pose", "motion_extractor"),
    *_network("stitch_network", LIVE_PORTRAIT, "joins head and shoulders", "stitch_network"),
    *_network("warp_network", LIVE_PORTRAIT, "moves the look", "warp_network", "warp_network_ori"),
    *_network("decoder", LIVE_PORTRAIT, "draws the picture", "decoder"),
    *_onnx("hubert", HUBERT, "hears the speech", "hubert_streaming_fix_kv", "hubert", needed=True),
    *_onnx(
        "landmark203",
        LIVE_PORTRAIT,
        "places the crop as published; else our own mesh does, less exactly",
        "landmark203",
        "landmark203",
    ),
    *_onnx("blaze_face", MEDIAPIPE, "eyes as published, with face_mesh", "", "blaze_face"),
    *_onnx("face_mesh", MEDIAPIPE, "eyes as published; else our own mesh", "", "face_mesh"),
    WeightsFile(
        "ditto_cfg/v0.4_hubert_cfg_trt_online.pkl",
        "online_config",
        *DITTO,
        needed=False,
        note="blinks, limits and a face to play; without it there are none",
    ),
    *_onnx(
        "insightface_det",
        INSIGHT_FACE,
        "finds the face as published; else our own detector does",
        "det_10g",
        "insightface_det",
    ),
    *_onnx(
        "landmark106",
        INSIGHT_FACE,
        "starts the crop as published; else our own mesh does",
        "2d106det",
        "landmark106",
    ),
)

PUBLISHED = EngineWeights(
    FILES, usual_folder("ditto"), "digital-avatar/ditto-talkinghead", check_file
)


def trusted_file(folder: Path, part: str) -> Path | None:
    """The preferred file of that part in the folder, published sub-folders or none; or None.

    It is known to be what was downloaded; see `record.confirm` for how.

    Raises:
        CheckpointMismatch: it has changed since.
    """
    path, _ = _confirmed(folder, part)
    return path


def trusted_digest(folder: Path, part: str) -> str:
    """SHA-256 of that file, in hex: the recorded one if there is; "" if there is no such file.

    Raises:
        CheckpointMismatch: it has changed since it was downloaded.
    """
    path, entry = _confirmed(folder, part)
    if path is None:
        return ""
    return entry.sha256 if entry else digest(path)


def _confirmed(folder: Path, part: str) -> tuple[Path | None, Entry | None]:
    record = read_record(folder)
    for file in PUBLISHED.alternatives(part):
        if path := PUBLISHED.locate(file, folder):
            entry = record.entry(file.name)
            confirm(path, entry)
            return path, entry
    return None, None
