"""The `args:` of serve_config.yaml. Unknown keys are refused; the environment is not read."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from talkhead.limits import MB, Limits

Profile = Literal["auto", "cpu", "gpu", "cluster-gpu"]


class LimitSettings(BaseModel):
    """What an operator may change of `talkhead.limits`; the rest follows the machine's memory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    audio_seconds: float = Field(default=7200, gt=0, description="Longest speech, seconds.")
    portrait_megapixels: float = Field(default=50, gt=0, description="Largest picture.")
    upload_mb: float = Field(default=64, gt=0, description="A whole multipart request.")
    streams: int = Field(default=8, ge=1, description="At once, in one replica of the ingress.")
    running_jobs: int = Field(
        default=1, ge=1, description="At once, in one replica of the ingress."
    )
    queued_jobs: int = Field(default=1000, ge=1)
    lead_seconds: float = Field(
        default=10, ge=1, le=60, description="A stream's lead over playback."
    )
    keep_days: float = Field(default=7, gt=0, description="Then a finished video is deleted.")

    def limits(self) -> Limits:
        return replace(
            Limits(),
            audio_seconds=self.audio_seconds,
            portrait_pixels=int(self.portrait_megapixels * 1e6),
            upload_bytes=int(self.upload_mb * MB),
            streams=self.streams,
            running_jobs=self.running_jobs,
            queued_jobs=self.queued_jobs,
            lead_seconds=self.lead_seconds,
            keep_days=self.keep_days,
        )


class AppSettings(BaseModel):
    """Everything an operator may set; replicas and GPUs follow from the profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: Profile = Field(default="auto", description="auto: gpu where Ray has one, else cpu.")
    fuse: bool = Field(
        default=False, description="All stages in one process: less memory, less speed."
    )
    engines: tuple[str, ...] = Field(default=("builtin",), min_length=1)
    data_dir: Path = Field(
        default=Path("~/.local/share/talkhead"), description="Avatars, uploads and finished videos."
    )
    weights_dir: Path = Field(
        default=Path("~/.cache/talkhead/weights"),
        description="Has a folder for each engine: where `talkhead weights pull` puts them.",
    )
    deterministic: bool = Field(
        default=False,
        description="Items one by one: on a CPU the same bytes whatever else runs; slower.",
    )
    limits: LimitSettings = LimitSettings()

    @property
    def data_root(self) -> Path:
        return self.data_dir.expanduser().absolute()

    @property
    def weights_root(self) -> Path:
        return self.weights_dir.expanduser().absolute()
