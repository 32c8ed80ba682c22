"""Portraits that must be refused, and how: built from the example, none stored."""

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

import talkhead
from talkhead.errors import (
    FaceCutOff,
    FaceTooSmall,
    FaceTurnedAway,
    NoFaceFound,
    PortraitTooLarge,
    PortraitUnreadable,
    SeveralFaces,
    TalkheadError,
)
from talkhead.media.image import read_image
from talkhead.types import Image
from tests.media_fakes import clicking, flashing, joined, mux, png, wav

Errors = tuple[type[TalkheadError], ...]

_FACE_MIDDLE = (225, 123)  # x and y of the example's nose bridge, pixels of 512
_CUT_FORMATS = (".png", ".jpg", ".webp", ".bmp", ".tiff", ".avif", ".gif")


@functools.cache
def example() -> Image:
    image = read_image(Path(talkhead.__file__).with_name("examples") / "collins.png")
    image.flags.writeable = False
    return image


def encoded(extension: str, image: Image) -> bytes:
    ok, data = cv2.imencode(extension, np.ascontiguousarray(image[:, :, ::-1]))
    assert ok
    return data.tobytes()


def bad_portraits() -> dict[str, tuple[bytes, Errors]]:
    """File content and the errors it may end in, by name."""
    no_face = {
        name: (encoded(".png", image), (NoFaceFound,)) for name, image in _faceless().items()
    }
    faces = {
        name: (encoded(".jpg", make()), errors) for name, (make, errors) in _POOR_FACES.items()
    }
    foreign = {name: (data, (PortraitUnreadable,)) for name, data in _not_images().items()}
    return {**no_face, **faces, **foreign, **_cut_off(), **_broken_headers(), **_too_large()}


def _faceless() -> dict[str, Image]:
    chance = np.random.default_rng(0)
    return {
        "flat grey": np.full((400, 300, 3), 128, np.uint8),
        "black": np.zeros((256, 256, 3), np.uint8),
        "white": np.full((256, 256, 3), 255, np.uint8),
        "noise": chance.integers(0, 256, (300, 300, 3), np.uint8),
        "stripes": np.tile(np.array([[[0]], [[255]]], np.uint8), (150, 300, 3)),
        "landscape": _landscape(),
        "page of text": _text(),
        "drawn cat": _cat(),
        "face covered": _covered(),
        "too dark": (example() * 0.03).astype(np.uint8),
        "one pixel": np.full((1, 1, 3), 90, np.uint8),
        "16 x 4000 pixels": chance.integers(0, 256, (4000, 16, 3), np.uint8),
        "4000 x 16 pixels": chance.integers(0, 256, (16, 4000, 3), np.uint8),
    }


def _landscape() -> Image:
    y, x = np.mgrid[0:400, 0:600]
    hills = 220 + 40 * np.sin(x / 70) + 20 * np.sin(x / 23)
    sky, grass = np.array([120, 170, 230]), np.array([60, 120, 40])
    return np.where((y < hills)[..., None], sky, grass).astype(np.uint8)


def _text() -> Image:
    page = np.full((400, 500, 3), 250, np.uint8)
    for line in range(12):
        words = "the quick brown fox jumps over a lazy dog"
        cv2.putText(page, words, (10, 30 + 30 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20,) * 3, 1)
    return page


def _cat() -> Image:
    """Ears, whiskers and slit eyes of flat colour: no human face."""
    image = np.full((300, 300, 3), 240, np.uint8)
    for side in (-1, 1):
        ear = np.array([[150 + side * 30, 90], [150 + side * 95, 20], [150 + side * 85, 130]])
        cv2.fillPoly(image, [ear], (90, 90, 90))
        for slope in (-15, 0, 15):
            cv2.line(image, (150 + side * 20, 190), (150 + side * 140, 185 + slope), (0,) * 3, 1)
    cv2.ellipse(image, (150, 160), (100, 85), 0, 0, 360, (90, 90, 90), -1)
    for side in (-1, 1):
        cv2.ellipse(image, (150 + side * 42, 140), (20, 12), 0, 0, 360, (60, 220, 120), -1)
        cv2.ellipse(image, (150 + side * 42, 140), (3, 12), 0, 0, 360, (0,) * 3, -1)
    return image


def _covered() -> Image:
    image = example().copy()
    image[60:190, 165:285] = 128
    return image


def _scaled(side: int) -> Image:
    return np.asarray(cv2.resize(example(), (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _turned() -> Image:
    """One half of the face squeezed and the other drawn out, as in a head turned far."""
    x, half = _FACE_MIDDLE[0], 48
    side = example().shape[1]
    seen = [0, x - half * 0.1, x, x + half * 2.4, side - 1]
    columns = np.interp(np.arange(side), seen, [0, x - half, x, x + half, side - 1])
    rows = np.repeat(np.arange(side, dtype=np.float32)[:, None], side, axis=1)
    across = np.repeat(columns.astype(np.float32)[None], side, axis=0)
    return np.asarray(cv2.remap(example(), across, rows, cv2.INTER_LINEAR), np.uint8)


_POOR_FACES: dict[str, tuple[Callable[[], Image], Errors]] = {
    "two faces side by side": (lambda: np.hstack([example(), example()]), (SeveralFaces,)),
    "two faces one above the other": (lambda: np.vstack([example()] * 2), (SeveralFaces,)),
    "four faces": (lambda: np.tile(example(), (2, 2, 1)), (SeveralFaces,)),
    "left half of a face": (lambda: example()[:, : _FACE_MIDDLE[0]], (FaceCutOff,)),
    "right half of a face": (lambda: example()[:, _FACE_MIDDLE[0] :], (FaceCutOff,)),
    "upper half of a face": (lambda: example()[: _FACE_MIDDLE[1]], (FaceCutOff,)),
    "lower half of a face": (lambda: example()[_FACE_MIDDLE[1] :], (FaceCutOff,)),
    "quarter of a face": (
        lambda: example()[: _FACE_MIDDLE[1], : _FACE_MIDDLE[0]],
        (FaceCutOff, NoFaceFound),
    ),
    "face of 41 pixels": (lambda: _scaled(200), (FaceTooSmall,)),
    "face of 20 pixels": (lambda: _scaled(100), (FaceTooSmall, NoFaceFound)),
    "head turned away": (_turned, (FaceTurnedAway, NoFaceFound)),
}


def _not_images() -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("portrait.png", b"inside an archive")
    return {
        "empty": b"",
        "one byte": b"\x89",
        "text": b"This is not a picture.\n" * 20,
        "html": b"<!doctype html><title>404</title><p>Not found",
        "json": b'{"portrait": "collins.png"}',
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>',
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
        "zip": archive.getvalue(),
        "sound": wav(clicking(5), 48_000),
        "video": joined(mux(flashing(5), clicking(5), (5,))),
        "random bytes": np.random.default_rng(1).bytes(5000),
        "HEIC header": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
        "base64 text": b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    }


def _cut_off() -> dict[str, tuple[bytes, Errors]]:
    whole = {extension: encoded(extension, _scaled(128)) for extension in _CUT_FORMATS}
    return {
        f"{extension[1:]} cut at {part:.0%}": (data[: int(len(data) * part)], (PortraitUnreadable,))
        for extension, data in whole.items()
        for part in (0.05, 0.5, 0.95)
    }


def _broken_headers() -> dict[str, tuple[bytes, Errors]]:
    intact, dot = encoded(".png", _scaled(64)), np.zeros((1, 1, 3), np.uint8)
    broken = {
        "png with a wrong first byte": b"\x88" + intact[1:],
        "png signature only": intact[:8],
        "png without pixels": png(dot, 2, 8, claim=(0, 0)),
        "png of an unknown kind": png(dot, 5, 8),
        "png with rubbish for pixels": png(dot, 2, 8, body=b"rubbish"),
        "png with a chunk of 4 GB": intact[:33] + b"\xff\xff\xff\xf0" + intact[37:],
        "jpeg without a frame": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9) + b"\xff\xd9",
        "webp of an unknown kind": b"RIFF\x0c\0\0\0WEBPVP9 \0\0\0\0",
        "bmp header only": b"BM" + bytes(60),
        "tiff with its directory outside": b"II*\0\xff\xff\xff\x7f",
        "gif header only": b"GIF89a\x10\0\x10\0\0\0\0",
    }
    return {name: (data, (PortraitUnreadable,)) for name, data in broken.items()}


def _too_large() -> dict[str, tuple[bytes, Errors]]:
    """Each claims far more pixels than it has bytes for: nobody may believe it and allocate."""
    dot = np.zeros((1, 1, 3), np.uint8)
    rows = zlib.compress(bytes(100_000), 9)
    jpeg = bytearray(encoded(".jpg", _scaled(64)))
    start = jpeg.index(b"\xff\xc0") + 5
    jpeg[start : start + 4] = struct.pack(">HH", 65_500, 65_500)
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, 100_000) for tag in (256, 257))
    claims = {
        "png of 100 megapixels": png(dot, 2, 8, claim=(10_000, 10_000), body=rows),
        "png of 4 exapixels": png(dot, 2, 8, claim=(2**31 - 1, 2**31 - 1)),
        "jpeg of 4 gigapixels": bytes(jpeg),
        "bmp of 10 gigapixels": b"BM" + bytes(12) + struct.pack("<Iii", 40, 100_000, -100_000),
        "gif of 4 gigapixels": b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(3),
        "tiff of 10 gigapixels": b"II*\0\x08\0\0\0\x02\0" + fields + bytes(4),
        "webp of 268 megapixels": b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0"
        + bytes(4)
        + b"\xff\x3f\0\xff\x3f\0",
    }
    return {name: (data, (PortraitTooLarge,)) for name, data in claims.items()}
