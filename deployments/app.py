"""The graph: serve_config.yaml names `deployments.app:build`. Read this file first."""

import ray
from ray import serve
from ray.serve import Application

from deployments.audio_encoder import AudioEncoder
from deployments.fused import Fused
from deployments.ingress import Ingress
from deployments.motion_diffusion import MotionDiffusion
from deployments.renderer import Renderer
from deployments.resources import Options, resources
from deployments.settings import AppSettings
from deployments.stage import StageSettings


def build(args: AppSettings) -> Application:
    """Bind every deployment to what the profile gives it."""
    chosen = resources(args, _gpus())
    stage = StageSettings(
        engines=args.engines,
        on_gpu=chosen.on_gpu,
        data_root=args.data_root,
        weights_root=args.weights_root,
        deterministic=args.deterministic,
        limits=args.limits.limits(),
    )
    if chosen.fuse:
        fused = _bind(Fused, chosen.fused, stage)
        handles = (fused, fused, fused)
    else:
        handles = (
            _bind(AudioEncoder, chosen.audio_encoder, stage),
            _bind(MotionDiffusion, chosen.motion_diffusion, stage),
            _bind(Renderer, chosen.renderer, stage),
        )
    return _bind(Ingress, chosen.ingress, args, chosen.on_gpu, *handles)


def _bind(cls: type, options: Options, *args: object) -> Application:
    return serve.deployment(**options)(cls).bind(*args)


def _gpus() -> float:
    found: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's
    return found.get("GPU", 0.0)
