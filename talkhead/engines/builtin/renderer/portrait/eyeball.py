"""What lies behind the lids: the eyeball with its iris completed, and the closed lid's skin."""

import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy.ndimage import gaussian_filter1d

from talkhead.engines.builtin.renderer.portrait.lids import EyeOpening
from talkhead.engines.builtin.renderer.portrait.pictures import LUMA, blurred, look_up, luma
from talkhead.engines.builtin.renderer.ramps import smoothstep

Colours = Float32[np.ndarray, "height width 3"]
Plane = Float[np.ndarray, "height width"]

RINGS = 40  # of the iris' radial profile
RINGS_A_RADIUS = 20
SCLERA = np.array([0.70, 0.68, 0.66], np.float32)  # if none can be seen
REDDER, RED = 0.35, 0.60  # saturation from which a white is doubted, and at which it is lid
WHITE_LIGHT = 0.9  # brightness of the white that replaces it, over that of the skin around


class EyePicture:
    """A window of the canvas about one eye, with coordinates in the eye's own frame."""

    def __init__(
        self, rgb: Colours, opening: EyeOpening, points: Float32[np.ndarray, "rows columns 2"]
    ) -> None:
        self.rgb, self.slit, self.eye = rgb, opening.slit, opening.eye
        self.points = points
        self.u, self.v = self.slit.local(points)
        self.below_upper = self.v - self.slit.upper_at(self.u)  # pixels
        self.above_lower = self.slit.lower_at(self.u) - self.v
        self.off_middle = np.abs(self.u) / self.slit.half_width
        self.source = look_up(rgb, points)
        inside = np.abs(self.u) < self.slit.half_width + 1
        self.visible = (self.below_upper > -0.6) & (self.above_lower > -0.6) & inside

    def at_row(self, v: Plane) -> Colours:
        """The canvas at the same u and another v."""
        return look_up(self.rgb, self.slit.at(self.u, v))


def eyeball_textures(picture: EyePicture) -> tuple[Colours, Colours]:
    """The window without lids: as photographed where visible, and with its rims cleaned.

    The first shows at rest; the second as soon as the gaze moves or the eye widens.
    """
    eyeball = _synthesised(picture)
    visible = picture.visible[..., None]
    mixed = np.where(visible, picture.source, eyeball).astype(np.float32)
    first = np.where(visible, picture.source, blurred(mixed, 1.0) * 0.7 + mixed * 0.3)
    keep = smoothstep(0.6, 2.6, picture.below_upper) * smoothstep(0.4, 2.0, picture.above_lower)
    keep = keep * smoothstep(0, 2.5, picture.slit.half_width - np.abs(picture.u))
    keep = keep[..., None]
    clean = picture.source * keep + blurred(eyeball, 0.6) * (1 - keep)
    return first.astype(np.float32), clean.astype(np.float32)


def _synthesised(picture: EyePicture) -> Colours:
    away = np.linalg.norm(picture.points - picture.eye.centre, axis=-1) / picture.eye.radius
    middle = picture.visible & (picture.below_upper > 1.5) & (picture.above_lower > 1.0)
    sclera = _sclera(picture, away, middle)
    profile = _iris_profile(picture, away, middle)
    place = np.arange(RINGS) + 0.5
    iris = np.stack([np.interp(away * RINGS_A_RADIUS, place, profile[:, c]) for c in range(3)], -1)
    share = 1 - smoothstep(0.92, 1.12, away)[..., None]
    return (sclera * (1 - share) + iris * share).astype(np.float32)


def _sclera(picture: EyePicture, away: Plane, middle: Bool[np.ndarray, "height width"]) -> Colours:
    white = picture.visible & (away > 1.25)
    across = (picture.points - picture.eye.centre) @ picture.slit.along
    left, right = (
        _credible(picture, _bright(picture, white & middle & (np.sign(across) == sign), white))
        for sign in (-1, 1)
    )
    blend = smoothstep(-picture.eye.radius, picture.eye.radius, across)[..., None]
    colour = left * (1 - blend) + right * blend
    light = luma(colour)[..., None]
    skin = blurred(picture.at_row(picture.slit.lower_at(picture.u) + 3.0), 2.0)
    skin_light = luma(skin)[..., None].clip(0.05)
    warm = skin / skin_light  # the light's colour: flesh shines into the white
    colour = 0.7 * colour + 0.3 * light * (1 + 0.45 * (warm - 1))
    rim = np.minimum(picture.below_upper, picture.above_lower)
    rim = 0.35 * (1 - smoothstep(0.0, 3.0, rim))[..., None]  # the waterline
    colour = colour * (1 - rim) + rim * warm * np.minimum(light, skin_light) * 0.92
    shade = 0.66 + 0.34 * smoothstep(-1.0, 5.0, picture.below_upper)
    shade = shade * (0.92 + 0.08 * smoothstep(-1.0, 2.5, picture.above_lower))
    shade = shade * (1 - 0.22 * smoothstep(0.55, 1.15, picture.off_middle))
    return np.asarray(colour * shade[..., None], np.float32)


def _bright(
    picture: EyePicture,
    wanted: Bool[np.ndarray, "height width"],
    otherwise: Bool[np.ndarray, "height width"],
) -> Float32[np.ndarray, " 3"]:
    """Mean colour of the brighter half of some pixels."""
    if wanted.sum() < 4:
        wanted = otherwise if otherwise.any() else picture.visible
    pixels = picture.source[wanted]
    if not len(pixels):
        return SCLERA
    light = pixels @ LUMA
    return np.asarray(pixels[light >= np.median(light)].mean(0), np.float32)


def _credible(picture: EyePicture, white: Float32[np.ndarray, " 3"]) -> Float32[np.ndarray, " 3"]:
    """The white as seen; what is too red for one is lid, and a white in the skin's light instead.

    Deep-set eyes and those behind glasses often show none at rest.
    """
    saturation = 1 - white.min() / white.max().clip(1e-3)
    doubt = smoothstep(REDDER, RED, float(saturation))
    skin = luma(picture.source[~picture.visible])
    assumed = SCLERA * (WHITE_LIGHT * np.median(skin) / luma(SCLERA))
    return np.asarray(white * (1 - doubt) + assumed * doubt, np.float32)


def _iris_profile(
    picture: EyePicture, away: Plane, middle: Bool[np.ndarray, "height width"]
) -> Float32[np.ndarray, "rings 3"]:
    """Median colour by distance from the pupil's centre; what lids hide comes from further out."""
    ring = np.clip(away * RINGS_A_RADIUS, 0, RINGS - 1).astype(int)
    seen: dict[int, Float32[np.ndarray, " 3"]] = {}
    for k in range(24):
        pixels = picture.source[middle & (ring == k)]
        if len(pixels) >= 2:
            seen[k] = np.median(pixels, 0)
    if not seen:
        return np.full((RINGS, 3), 0.15, np.float32)
    known = np.array(sorted(seen))
    next_known = known[np.searchsorted(known, np.arange(RINGS)).clip(max=len(known) - 1)]
    profile = np.array([seen[int(k)] for k in next_known], np.float32)
    return np.asarray(gaussian_filter1d(profile, 1.2, axis=0), np.float32)


def closed_lid_texture(picture: EyePicture, lid_height: float, mm: float) -> Colours:
    """The window with the fold between lashes and crease evened out: what unfolds in a blink.

    Args:
        picture: the window.
        lid_height: pixels of skin above the margin.
        mm: millimetres per pixel.
    """
    slit = picture.slit
    above = -picture.below_upper * mm
    low = blurred(picture.at_row(slit.lower_at(picture.u) + 6.5 / mm), 4.0)
    high = blurred(picture.at_row(slit.upper_at(picture.u) - 0.72 * lid_height), 3.5)
    # a dark reading under the brow (frames, make-up) is not the lid's skin
    trust = smoothstep(0.55, 0.85, luma(high) / luma(low).clip(0.05))[..., None] * 0.6
    skin = high * trust + low * (1 - trust)
    skin = skin * (1 + 0.12 * (skin / luma(skin)[..., None].clip(0.05) - 1))
    tall = lid_height * mm
    convex = 0.93 + 0.07 * np.sin(np.clip(above / (0.6 * tall), 0, 1) * np.pi)
    detail = picture.source - blurred(picture.source, 2.0)
    lid = skin * convex[..., None] * 0.96 + 0.5 * detail
    share = smoothstep(1.0, 2.3, above) * (1 - smoothstep(0.45 * tall, 0.85 * tall, above))
    share = 0.85 * (share * (1 - smoothstep(0.75, 1.1, picture.off_middle)))[..., None]
    return np.asarray(picture.source * (1 - share) + lid * share, np.float32)
