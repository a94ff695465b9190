"""Pictures made smaller: bytes of a picture in, bytes of its previews out. Pure; equal bytes give equal previews.

What comes in is hostile: its real format is what decides, only formats that Pillow decodes itself are tried (EPS would start a program),
and the size that a picture declares is checked before a pixel is decoded. Nothing of its metadata (places, comments) is passed on.
"""

import io
import math
import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from PIL import ExifTags, Image, ImageChops, UnidentifiedImageError

from harvest_assets.errors import RecordError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "JPEG2000")
# How else Pillow calls a JPEG: one that holds further pictures, as many cameras write.
NAMES = {"MPO": "JPEG"}
MAXIMUM_PIXELS = 100_000_000
BOXES = ((400, 300), (200, 150))

# A JPEG is decoded at an eighth, a quarter or a half as long as this many times the preview's size is left, and a picture is brought near
# this many times the size in a fast step. November 2026, against exact reductions: 52 and 54 dB on photographs, 30 to 41 and 42 to 52 dB
# on pages of text; the preview as a JPEG has 34 to 37 dB there.
DRAFT_GAP = 1.25
REDUCING_GAP = 2.0
JPEG_QUALITY = 85
OPAQUE = (255, 255)

# The values of EXIF tag 274, Orientation (CIPA DC-008), that are not upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90)

# What a broken file raises: the first four came out of 33,000 damaged ones (November 2026),
# the others Pillow itself expects of its decoders. A MemoryError is none of them: it may be the machine's.
BROKEN = (
    OSError,
    RuntimeError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    TypeError,
    struct.error,
)

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Preview:
    """One small picture, as the bytes of a JPEG (``.jpg``) or, where something shows through, a PNG (``.png``)."""

    width: int
    height: int
    content: bytes
    suffix: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is, upright, and its previews in the order of the boxes."""

    width: int
    height: int
    format: str
    frames: int
    previews: tuple[Preview, ...]


def make_previews(content: bytes, boxes: Sequence[Size] = BOXES) -> Picture:
    """Decode a picture once and fit it into every box, largest box first; nothing is enlarged, of an animation the first frame counts.

    Call it from one thread at a time: while it runs, warnings are off for the whole process.

    Raises:
        RecordError: The bytes are no picture, a broken one, or one that declares more than 100 megapixels (rules empty, not_a_picture,
            broken, too_large).
    """
    if not content:
        raise RecordError("picture: it has no bytes", rule="empty")
    decoded = _decode(content, boxes[0])
    smaller = [resize(decoded.largest, fit(decoded.size, box)) for box in boxes[1:]]
    previews = tuple(encode(preview) for preview in (decoded.largest, *smaller))
    return Picture(*decoded.size, decoded.format, decoded.frames, previews)


def fit(size: Size, box: Size) -> Size:
    """The largest size of the same shape inside the box, at least 1 x 1, never larger than the picture.

    Of the two whole numbers around an exact length the one that keeps the shape better wins, on a tie the smaller one.
    """
    width, height = size
    if width <= box[0] and height <= box[1]:
        return size
    shape = Fraction(width, height)
    if shape > Fraction(*box):
        return box[0], _closest(box[0] / shape, lambda candidate: shape - Fraction(box[0], candidate))
    return _closest(box[1] * shape, lambda candidate: shape - Fraction(candidate, box[1])), box[1]


def _closest(exact: Fraction, deviation: Callable[[int], Fraction]) -> int:
    candidates = (max(1, math.floor(exact)), max(1, math.ceil(exact)))
    return min(candidates, key=lambda candidate: abs(deviation(candidate)))


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Format, size upright and number of frames of a picture, and the picture itself, upright, in the largest box."""

    format: str
    size: Size
    frames: int
    largest: Image.Image


def _decode(content: bytes, box: Size) -> _Decoded:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities of strangers' files; whatever matters is raised
        try:
            return _open_and_shrink(content, box)
        except UnidentifiedImageError as error:
            message = f"picture: {content[:16]!r}… is no picture in one of the formats {', '.join(FORMATS)}"
            raise RecordError(message, rule="not_a_picture") from error
        except Image.DecompressionBombError as error:
            message = f"picture: it declares more than {MAXIMUM_PIXELS} pixels, so it is not decoded: {error}"
            raise RecordError(message, rule="too_large") from error
        except BROKEN as error:
            message = f"picture: its {len(content)} bytes cannot be decoded: {type(error).__name__}: {error}"
            raise RecordError(message, rule="broken") from error


def _open_and_shrink(content: bytes, box: Size) -> _Decoded:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        _refuse_bomb(image.size)
        turn = _read_turn(image)
        size = _swap(image.size) if turn in SIDEWAYS else image.size
        name = str(image.format)
        frames = int(getattr(image, "n_frames", 1))
        return _Decoded(NAMES.get(name, name), size, frames, _shrink(image, fit(size, box), turn))


def _refuse_bomb(size: Size) -> None:
    if size[0] * size[1] > MAXIMUM_PIXELS:
        message = f"picture: it declares {size[0]} x {size[1]} pixels, more than {MAXIMUM_PIXELS}, so it is not decoded"
        raise RecordError(message, rule="too_large")


def _read_turn(image: Image.Image) -> Image.Transpose | None:
    """How the stored picture must be turned to stand upright; Pillow turns TIFF by itself. Unreadable EXIF turns nothing."""
    if image.format == "TIFF":
        return None
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except BROKEN:
        return None


def _shrink(image: Image.Image, size: Size, turn: Image.Transpose | None) -> Image.Image:
    """The upright picture in the given size; a JPEG is decoded no larger than that needs."""
    stored = _swap(size) if turn in SIDEWAYS else size
    drafted = image.draft(None, (int(stored[0] * DRAFT_GAP), int(stored[1] * DRAFT_GAP)))
    image.load()
    small = resize(_to_colours(image), stored, area=drafted[1] if drafted else None)
    small = small if turn is None else small.transpose(turn)
    if small.mode == "L" or (small.mode == "RGBA" and small.getchannel("A").getextrema() == OPAQUE):
        small = small.convert("RGB")
    small.info.clear()
    return small


def _swap(size: Size) -> Size:
    return size[1], size[0]


def resize(image: Image.Image, size: Size, *, area: tuple[float, float, float, float] | None = None) -> Image.Image:
    """The picture, or an area of it, in the given size."""
    return image.resize(size, Image.Resampling.BICUBIC, box=area, reducing_gap=REDUCING_GAP)


def _to_colours(image: Image.Image) -> Image.Image:
    """Greys, RGB, or RGBA where something may show through; deeper greys are brought to 8 bits first."""
    if image.mode.startswith(("I", "F")):
        return _to_eight_bits(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "CMYK" and image.format in {"JPEG", "MPO"} and "adobe" not in image.info:
        image = ImageChops.invert(image)  # only Adobe's programs store inks the other way round, and Pillow takes all for theirs
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 bits by their upper byte; wider ones, whose range nobody knows, from their darkest to their lightest."""
    if image.mode.startswith("I;16"):
        deep = image if image.mode == "I;16" else image.convert("I")
        return deep.point(lambda value: value * (1 / 256)).convert("L")
    dark, light = cast("tuple[float, float]", image.getextrema())
    if not (math.isfinite(dark) and math.isfinite(light)):
        raise ValueError("its values have no end")
    scale = 255 / max(light - dark, 1e-9)
    return image.convert("F").point(lambda value: value * scale - dark * scale).convert("L")


def encode(image: Image.Image, *, optimize: bool = True) -> Preview:
    """A JPEG, or a PNG where something shows through. ``optimize`` saves some 7 % of the bytes for twice the time."""
    content = io.BytesIO()
    if image.mode == "RGBA":
        image.save(content, "PNG")
        return Preview(*image.size, content.getvalue(), ".png")
    image.save(content, "JPEG", quality=JPEG_QUALITY, optimize=optimize)
    return Preview(*image.size, content.getvalue(), ".jpg")
