"""From a folder of published files to the models of the three stages."""

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from talkhead.engines.ditto.files.config_pickle import DittoConfig, read_config
from talkhead.engines.ditto.files.config_values import ChannelInfo
from talkhead.engines.ditto.files.onnx_networks import open_session
from talkhead.engines.ditto.files.opening import open_network
from talkhead.engines.ditto.files.published_files import trusted_digest, trusted_file
from talkhead.engines.ditto.generation.diffusion import GuidedDiffusion
from talkhead.engines.ditto.generation.motion_generator import MotionModels
from talkhead.engines.ditto.motion.condition import FaceCondition
from talkhead.engines.ditto.motion.layout import KeyPoints, joined
from talkhead.engines.ditto.motion.source import SourceMotion
from talkhead.engines.ditto.motion.stitch import StitchNetwork
from talkhead.engines.ditto.networks.signatures import StitchNetworkLike
from talkhead.engines.ditto.reference import FaceReference
from talkhead.engines.ditto.registration.models import (
    InsightFace,
    PublishedMesh,
    RegistrationModels,
)
from talkhead.engines.ditto.rendering.appearance import VERSION
from talkhead.engines.ditto.rendering.drawing import Drawing, drawing_with
from talkhead.engines.ditto.speech.chunking import OFFLINE
from talkhead.engines.ditto.speech.hubert import Encode, onnx_encoder, silence_rows
from talkhead.errors import WeightsMissing
from talkhead.faces.onnx_models import FaceModels

REGISTERING = (  # groups of files that are of use only together
    ("motion_extractor",),
    ("appearance_extractor",),
    ("landmark203",),
    ("blaze_face", "face_mesh"),
    ("insightface_det", "landmark106"),
)


def speech_encoder(folder: Path, device: str) -> Encode:
    """HuBERT, through onnxruntime wherever it runs."""
    session = _session("hubert", folder, device)
    if session is None:
        raise WeightsMissing(f"{folder} has no HuBERT; `talkhead weights pull ditto` fetches it")
    return onnx_encoder(session)


def motion_models(folder: Path, device: str) -> MotionModels:
    """The diffusion network on the device; the small stitch network stays on the CPU."""
    config = live_config(folder)
    return MotionModels(
        diffusion=GuidedDiffusion(
            open_network("lmdm", folder, device=device), torch.device(device)
        ),
        stitch=_stitcher(open_network("stitch_network", folder)),
        silence=silence_rows(OFFLINE.present, speech_encoder(folder, "cpu")),
        limits=config.v_min_max_for_clip,
        blink=config.delta_eye_arr,
        character=_character(config.ch_info) if config.ch_info else None,
    )


def drawing(folder: Path, device: str) -> Drawing:
    warp, decoder = (
        open_network(name, folder, device=device) for name in ("warp_network", "decoder")
    )
    return drawing_with(warp, decoder, torch.device(device))


def registration_models(folder: Path, device: str) -> RegistrationModels:
    """With the published face models that are there; our own do the work of the others."""
    detector, landmarks106 = (_session(name, folder) for name in ("insightface_det", "landmark106"))
    blaze_face, face_mesh = (_session(name, folder) for name in ("blaze_face", "face_mesh"))
    both = detector and landmarks106
    return RegistrationModels(
        motion=open_network("motion_extractor", folder, device=device),
        appearance=open_network("appearance_extractor", folder, device=device),
        own=FaceModels(),
        landmarks203=_session("landmark203", folder),
        mesh=PublishedMesh(blaze_face, face_mesh) if blaze_face and face_mesh else None,
        insight_face=InsightFace(detector, landmarks106) if both else None,
        device=device,
        identity=registration_identity(folder),
    )


def registration_identity(folder: Path) -> str:
    """16 hex digits that change with whatever decides what a portrait is stored as.

    That is the stored form and the content of the files `registration_models` works with, as it
    was recorded; files without a record are read in full. Where they lie does not matter.

    Raises:
        CheckpointMismatch: a file has changed since it was downloaded.
    """
    lines = [f"version {VERSION}"]
    for parts in REGISTERING:
        digests = [trusted_digest(folder, part) for part in parts]
        if all(digests):
            lines += map(" ".join, zip(parts, digests, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def live_config(folder: Path) -> DittoConfig:
    """The published settings for live speech; without the file those of the published code."""
    path = trusted_file(folder, "online_config")
    return read_config(path) if path else DittoConfig()


def _character(info: ChannelInfo) -> FaceReference:
    rows = np.concatenate([joined(dict(frame)) for frame in info.source])
    canonical = np.concatenate([frame["kp"] for frame in info.source])
    return FaceReference(
        SourceMotion(rows, canonical), FaceCondition(info.eye_open, info.eye_ball, info.canonical)
    )


def _session(part: str, folder: Path, device: str = "cpu") -> ort.InferenceSession | None:
    path = trusted_file(folder, part)
    return open_session(part, path, device) if path else None


def _stitcher(network: StitchNetworkLike) -> StitchNetwork:
    @torch.inference_mode()
    def stitch(source: KeyPoints, driving: KeyPoints) -> KeyPoints:
        points: KeyPoints = network(torch.tensor(source), torch.tensor(driving)).numpy()
        return points

    return stitch
