"""How much of everything a request may bring. Operators set these; `/v1/limits` shows them."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    portrait_bytes: int = 20 * MB
    portrait_pixels: int = 50_000_000
    audio_seconds: float = 2 * 3600.0
    upload_bytes: int = 64 * MB  # a whole multipart request
    streams: int = 8  # at once, in one replica of the ingress
    queued_jobs: int = 1000
    running_jobs: int = 1  # at once, in one replica of the ingress
    lead_seconds: float = 10.0  # a stream's lead over its playback
    keep_days: float = 7.0  # then a finished video is deleted
    appearance_bytes: int = 2_000 * MB  # the cache of registered portraits
