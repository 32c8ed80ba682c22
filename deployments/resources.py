"""Profile to resources: how many replicas, CPUs and GPUs each deployment gets. Nowhere else."""

from dataclasses import dataclass, field
from typing import Any

from deployments.settings import AppSettings, Profile

Options = dict[str, Any]

# Every deployment: a dead or hung process is noticed in seconds, not in half a minute.
_HEALTH: Options = {"health_check_period_s": 2, "health_check_timeout_s": 5}
# The stages see only calls of a few seconds; the ingress holds whole streams.
# More than a batcher lets wait: it refuses what is too much, and it alone knows what is urgent.
_STAGE: Options = _HEALTH | {"max_ongoing_requests": 512, "graceful_shutdown_timeout_s": 15}
_INGRESS: Options = _HEALTH | {"max_ongoing_requests": 200, "graceful_shutdown_timeout_s": 900}


@dataclass(frozen=True)
class Resources:
    """Options of each deployment, and whether its models look for a GPU."""

    on_gpu: bool
    fuse: bool
    ingress: Options
    audio_encoder: Options = field(default_factory=dict)
    motion_diffusion: Options = field(default_factory=dict)
    renderer: Options = field(default_factory=dict)
    fused: Options = field(default_factory=dict)


def resources(settings: AppSettings, cluster_gpus: float) -> Resources:
    """The resources for these settings; `cluster_gpus` decides what `auto` means."""
    profile = settings.profile
    if profile == "auto":
        profile = "gpu" if cluster_gpus >= 1 else "cpu"
    return _on_cpu(settings.fuse) if profile == "cpu" else _on_gpu(profile, settings.fuse)


def _on_cpu(fuse: bool) -> Resources:
    # Fractions: Ray counts CPUs, it does not divide them, and two cores must hold everything.
    small = {"ray_actor_options": {"num_cpus": 0.1}}
    return Resources(
        False,
        fuse,
        ingress=_INGRESS | small | {"graceful_shutdown_timeout_s": 20},
        audio_encoder=_STAGE | small,
        motion_diffusion=_STAGE | small,
        renderer=_STAGE | small,
        fused=_STAGE | small,
    )


def _on_gpu(profile: Profile, fuse: bool) -> Resources:
    replicas = _scaling(1, 1) if profile == "gpu" else _scaling(2, 8)

    def gpu(fraction: float) -> Options:
        return _STAGE | replicas | {"ray_actor_options": {"num_cpus": 1, "num_gpus": fraction}}

    ingress = _INGRESS | (_scaling(1, 1) if profile == "gpu" else _scaling(2, 16))
    return Resources(
        True,
        fuse,
        ingress=ingress | {"ray_actor_options": {"num_cpus": 0.5}},
        audio_encoder=gpu(0.1),
        motion_diffusion=gpu(0.3),
        renderer=gpu(0.5),
        fused=gpu(0.9),
    )


def _scaling(minimum: int, maximum: int) -> Options:
    if minimum == maximum:
        return {"num_replicas": minimum}
    bounds = {"min_replicas": minimum, "max_replicas": maximum, "target_ongoing_requests": 16}
    return {"autoscaling_config": bounds}
