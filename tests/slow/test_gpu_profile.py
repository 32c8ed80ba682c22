"""With logical GPUs the `gpu` profile places its fractions; the models then run where they can."""

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.serving import ROOT, environment

SCRIPT = """
import json, sys
import ray
from ray import serve
from deployments.app import build
from deployments.settings import AppSettings
ray.init(address="local", num_cpus=8, num_gpus=1, include_dashboard=False)
serve.start(proxy_location="Disabled")
serve.run(build(AppSettings.model_validate({"profile": "auto", "data_dir": sys.argv[1]})))
status = serve.status().applications["default"]
said = json.dumps({
    "deployments": {name: d.status.value for name, d in status.deployments.items()},
    "free_gpu": ray.available_resources().get("GPU", 0.0),
})
open(sys.argv[1] + "/said.json", "w").write(said)
serve.shutdown()
"""


def test_the_stages_share_one_gpu(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads((tmp_path / "said.json").read_text())
    assert said["deployments"] == dict.fromkeys(
        ("Ingress", "AudioEncoder", "MotionDiffusion", "Renderer"), "HEALTHY"
    )
    assert 0.05 < said["free_gpu"] < 0.15  # 0.1 + 0.3 + 0.5 are taken
