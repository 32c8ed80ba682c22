"""What an operator edits fits the code, and a profile places what it should."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError
from ray.serve.schema import ServeDeploySchema

from deployments.resources import resources
from deployments.settings import AppSettings
from talkhead.engines.registry import engine_names

ROOT = Path(__file__).parents[2]
CONFIGS = [ROOT / "serve_config.yaml", *sorted((ROOT / "cluster").glob("serve_config*.yaml"))]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_config_fits_the_code(path: Path) -> None:
    (app,) = ServeDeploySchema.model_validate(yaml.safe_load(path.read_text())).applications
    assert app.import_path == "deployments.app:build"
    settings = AppSettings.model_validate(app.args)
    assert set(settings.engines) <= set(engine_names())


@pytest.mark.parametrize(
    "args",
    [
        {"profil": "cpu"},
        {"profile": "tpu"},
        {"engines": []},
        {"limits": {"streams": 0}},
        {"limits": {"hats": 1}},
    ],
)
def test_a_mistake_in_the_config_is_refused(args: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AppSettings.model_validate(args)


def test_auto_finds_the_gpu_and_the_stages_share_it() -> None:
    assert resources(AppSettings(), cluster_gpus=0).on_gpu is False
    gpu = resources(AppSettings(), cluster_gpus=1)
    assert gpu.on_gpu
    stages = (gpu.audio_encoder, gpu.motion_diffusion, gpu.renderer)
    assert sum(stage["ray_actor_options"]["num_gpus"] for stage in stages) <= 1
    assert resources(AppSettings(fuse=True), cluster_gpus=0).fuse


def test_every_deployment_is_watched_and_holds_more_than_five_calls() -> None:
    for profile in ("cpu", "gpu", "cluster-gpu"):
        found = resources(AppSettings.model_validate({"profile": profile}), cluster_gpus=1)
        for options in (found.ingress, found.audio_encoder, found.motion_diffusion, found.renderer):
            assert options["max_ongoing_requests"] > 5
            assert options["health_check_period_s"] <= 2
