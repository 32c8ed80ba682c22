"""Thumbnails: the whole picture, small and upright, without what its file said besides."""

import cv2
import numpy as np
import pytest

from talkhead.errors import PortraitUnreadable
from talkhead.media.image import read_image
from talkhead.media.thumbnail import LONGEST, thumbnail_of
from tests.fakes import grey_portrait, png_bytes

# EXIF data of one entry, in TIFF: the picture is to be turned by 90 degrees (orientation 6).
_TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((1000, 500), (320, 160)),
        ((300, 3000), (32, 320)),
        ((64, 40), (64, 40)),
        ((2, 900), (1, 320)),
    ],
)
def test_it_is_small_and_keeps_its_shape(given: tuple[int, int], expected: tuple[int, int]) -> None:
    picture = np.full((*given, 3), (200, 90, 30), np.uint8)
    small = read_image(thumbnail_of(png_bytes(picture)))
    assert small.shape[:2] == expected
    assert max(small.shape) <= LONGEST
    assert np.abs(small.astype(int) - (200, 90, 30)).max() <= 4  # JPEG, and red is not blue


def test_it_is_upright_and_tells_nothing_of_the_camera() -> None:
    picture = grey_portrait(400)
    picture[:, :200] = 250  # white on the left: after the turn, on top
    _, plain = cv2.imencode(".jpg", picture)
    segment = b"Exif\0\0" + _TURNED
    marked = (
        b"\xff\xd8\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + plain[2:].tobytes()
    )
    small = thumbnail_of(marked)
    assert b"Exif" not in small
    pixels = read_image(small)
    assert pixels[:120].min() > 200 > 100 > pixels[200:].max()


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(PortraitUnreadable):
        thumbnail_of(b"no picture")
