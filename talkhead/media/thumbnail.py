"""A small JPEG of a portrait, for lists of faces."""

import cv2

from talkhead.media.image import ImageLimits, read_image

LONGEST = 320  # pixels of its longer side: sharp on a phone in a tile of 100
_QUALITY = 85  # of JPEG, 0 to 100: about 20 kB


def thumbnail_of(data: bytes, limits: ImageLimits = ImageLimits()) -> bytes:
    """The whole picture, upright, no larger than it was; nothing of its metadata comes along.

    Raises:
        PortraitUnreadable, PortraitTooLarge: as `read_image`.
    """
    image = read_image(data, limits)
    height, width = image.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
