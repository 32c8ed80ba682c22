"""What can go wrong, as one tree.

    TalkheadError
    ├── InputError               the caller's fault: HTTP 4xx
    │   ├── PortraitError        (param "portrait")
    │   │   ├── PortraitUnreadable   PortraitTooLarge   NoFaceFound      SeveralFaces
    │   │   └── FaceTooSmall         FaceCutOff         FaceTurnedAway
    │   ├── AudioError           (param "audio")
    │   │   └── AudioUnreadable  AudioTruncated  AudioTooShort  AudioTooLong
    │   ├── OptionError          (param "options")
    │   │   └── UnknownEngine  UnknownControl  ControlOutOfRange
    │   ├── NotFound             no such avatar, video, ...: 404
    │   ├── Canceled             by the caller, from elsewhere
    │   ├── UnsupportedMedia     415
    │   ├── RangeNotSatisfiable  416
    │   └── UploadTooLarge       413
    └── InternalError            ours: HTTP 5xx
        ├── WeightsMissing       ├── CheckpointMismatch
        ├── SoftwareMissing      ├── RenderingFailed
        └── ServiceFull          503, with Retry-After

Raise with one message that says what was wrong and what would be right, and optionally the name
of the parameter: `ControlOutOfRange("emotion_intensity is 3; 0 to 1 is possible",
"options.controls.emotion_intensity")`. There is no own `__init__`: the errors cross process
boundaries, and an exception with one does not survive the pickling.
"""

from typing import ClassVar


class TalkheadError(Exception):
    """The root: catch this to catch all of ours and nothing else."""

    code: ClassVar[str] = "internal_error"  # stable, for programs
    default_param: ClassVar[str | None] = None

    @property
    def message(self) -> str:
        """One sentence, for people."""
        return str(self.args[0]) if self.args else type(self).__name__

    @property
    def param(self) -> str | None:
        """The request parameter at fault."""
        return str(self.args[1]) if len(self.args) > 1 else self.default_param

    def __str__(self) -> str:
        return self.message


class InputError(TalkheadError):
    """The request cannot be served as it stands; sending it again will not help."""

    code = "invalid_request"


class PortraitError(InputError):
    code = "portrait_invalid"
    default_param = "portrait"


class PortraitUnreadable(PortraitError):
    """The bytes are not an image we can decode."""

    code = "portrait_unreadable"


class PortraitTooLarge(PortraitError):
    """More bytes or pixels than the limit."""

    code = "portrait_too_large"


class NoFaceFound(PortraitError):
    """The image decodes, but no face is in it."""

    code = "no_face_found"


class SeveralFaces(PortraitError):
    """Two or more faces of similar size: it is not clear which one should speak."""

    code = "several_faces"


class FaceTooSmall(PortraitError):
    code = "face_too_small"


class FaceCutOff(PortraitError):
    """A part of the face lies outside the image."""

    code = "face_cut_off"


class FaceTurnedAway(PortraitError):
    """The head is turned further than the renderer can follow."""

    code = "face_turned_away"


class AudioError(InputError):
    code = "audio_invalid"
    default_param = "audio"


class AudioUnreadable(AudioError):
    """No audio stream could be decoded from the bytes."""

    code = "audio_unreadable"


class AudioTruncated(AudioError):
    """The file ends before the length its header declares."""

    code = "audio_truncated"


class AudioTooShort(AudioError):
    """The audio covers less than one video frame."""

    code = "audio_too_short"


class AudioTooLong(AudioError):
    """More seconds or bytes than the limit."""

    code = "audio_too_long"


class OptionError(InputError):
    code = "option_invalid"
    default_param = "options"


class UnknownEngine(OptionError):
    code = "unknown_engine"
    default_param = "options.engine"


class UnknownControl(OptionError):
    code = "unknown_control"
    default_param = "options.controls"


class ControlOutOfRange(OptionError):
    code = "control_out_of_range"
    default_param = "options.controls"


class NotFound(InputError):
    """There is nothing under that id (any more)."""

    code = "not_found"


class Canceled(InputError):
    """Somebody asked for the end of this work."""

    code = "canceled"


class UnsupportedMedia(InputError):
    """The request's body is not of a kind that is read here."""

    code = "unsupported_media"
    default_param = "Content-Type"


class RangeNotSatisfiable(InputError):
    """The part of a file that was asked for lies beyond its end."""

    code = "range_not_satisfiable"


class UploadTooLarge(InputError):
    code = "upload_too_large"


class InternalError(TalkheadError):
    """Our fault: worth an alert, and worth another try."""


class WeightsMissing(InternalError):
    """The engine's weights are not on this machine."""

    code = "weights_missing"


class CheckpointMismatch(InternalError):
    """The weights do not fit the model that should hold them."""

    code = "checkpoint_mismatch"


class SoftwareMissing(InternalError):
    """A package that only some machines need, or the right build of it, is not installed."""

    code = "software_missing"


class RenderingFailed(InternalError):
    """A stage gave up after all its attempts."""

    code = "rendering_failed"


class ServiceFull(InternalError):
    """Every place is taken: try again a little later."""

    code = "capacity_exhausted"
