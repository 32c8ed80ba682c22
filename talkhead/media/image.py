"""A portrait from a file or bytes: upright, opaque, 8-bit RGB, and never half of one."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8

from talkhead.errors import PortraitTooLarge, PortraitUnreadable
from talkhead.media.image_header import ImageHeader, read_image_header, tiff_field
from talkhead.media.wholeness import ends_early
from talkhead.types import Image

_BACKGROUND = 128  # what shows through transparency: mid grey
_EXIF_ORIENTATION = 274  # a TIFF tag
_MIRRORED_ACROSS, _MIRRORED_DOWN, _TRANSPOSED = {2, 3, 6, 7}, {3, 4, 7, 8}, {5, 6, 7, 8}


@dataclass(frozen=True)
class ImageLimits:
    maximum_bytes: int = 20_000_000
    maximum_pixels: int = 50_000_000


def read_image(source: Path | bytes, limits: ImageLimits = ImageLimits()) -> Image:
    """Decode an image: the first frame of an animation, rotated as its EXIF data says.

    The size is checked by the header, before anything is decoded. Grey, palette, CMYK and 16-bit
    images become RGB; transparency shows mid grey.

    Raises:
        PortraitUnreadable: not an image of a known format, damaged, or cut off.
        PortraitTooLarge: more bytes or pixels than `limits`.
        OSError: the file cannot be opened.
    """
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > limits.maximum_bytes:
        message = f"the image has {size} bytes; {limits.maximum_bytes} are possible"
        raise PortraitTooLarge(message)
    data = source if isinstance(source, bytes) else source.read_bytes()
    header = read_image_header(data)
    pixels = header.width * header.height
    if pixels > limits.maximum_pixels:
        limit = f"{limits.maximum_pixels / 1e6:g} megapixels are possible"
        raise PortraitTooLarge(f"the image has {pixels / 1e6:.1f} megapixels; {limit}")
    if ends_early(io.BytesIO(data)):
        raise PortraitUnreadable(f"the {header.format} image is cut off")
    return _decode(data, header)


def _decode(data: bytes, header: ImageHeader) -> Image:
    try:
        image = _decode_transparent(data) if header.alpha else None
        if image is None:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PortraitUnreadable(f"the {header.format} image is damaged") from error
    if image is None:
        raise PortraitUnreadable(f"the {header.format} image is damaged or cut off")
    return np.ascontiguousarray(image[:, :, ::-1])  # OpenCV's order is BGR


def _decode_transparent(data: bytes) -> UInt8[np.ndarray, "height width 3"] | None:
    """BGR over the background; None if the image has no alpha channel, or cannot be decoded."""
    pixels, kinds, metadata = cv2.imdecodeWithMetadata(
        np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED
    )
    if pixels is None or pixels.ndim < 3 or pixels.shape[2] < 4:
        return None
    if pixels.dtype not in (np.uint8, np.uint16):
        return None
    exif = dict(zip(kinds, metadata, strict=True)).get(cv2.IMAGE_METADATA_EXIF)
    return _upright(_flatten(pixels), 1 if exif is None else _orientation(exif.tobytes()))


def _flatten(
    pixels: Shaped[np.ndarray, "height width 4"],
) -> UInt8[np.ndarray, "height width 3"]:
    """From 8 or 16 bits."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    colour, alpha = pixels[:, :, :3].astype(np.uint16), pixels[:, :, 3:].astype(np.uint16)
    return ((colour * alpha + _BACKGROUND * (255 - alpha) + 127) // 255).astype(np.uint8)


def _orientation(exif: bytes) -> int:
    try:
        return tiff_field(exif.removeprefix(b"Exif\0\0"), _EXIF_ORIENTATION) or 1
    except struct.error:  # broken EXIF data does not make a broken image
        return 1


def _upright(
    pixels: UInt8[np.ndarray, "height width 3"], orientation: int
) -> UInt8[np.ndarray, "height width 3"]:
    """The eight orientations of EXIF 2.3, tag 274."""
    if orientation in _TRANSPOSED:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in _MIRRORED_ACROSS:
        pixels = pixels[:, ::-1]
    if orientation in _MIRRORED_DOWN:
        pixels = pixels[::-1]
    return pixels
