"""Pictures of every kind, upright and damaged, made smaller."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops

from harvest_assets.derive.pictures import BOXES, FORMATS, Preview, fit, make_previews
from harvest_assets.errors import RecordError

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 220, 20), (20, 20, 220), (250, 250, 250)


def quarters(width: int = 800, height: int = 400) -> Image.Image:
    """Red, green / blue, white: shows how a picture was turned."""
    image = Image.new("RGB", (2, 2))
    for place, colour in zip(((0, 0), (1, 0), (0, 1), (1, 1)), (RED, GREEN, BLUE, WHITE), strict=True):
        image.putpixel(place, colour)
    return image.resize((width, height), Image.Resampling.NEAREST)


def write(image: Image.Image, picture_format: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, picture_format, **options)
    return content.getvalue()


def read(preview: Preview) -> Image.Image:
    with Image.open(io.BytesIO(preview.content)) as image:
        image.load()
        return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """Colours in the middle of the four quarters: top left, top right, bottom left, bottom right."""
    width, height = image.size
    found = [image.convert("RGB").getpixel((x, y)) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [colour for colour in found if isinstance(colour, tuple)]


def is_close(one: tuple[int, ...], other: tuple[int, ...], tolerance: int = 24) -> bool:
    return all(abs(left - right) <= tolerance for left, right in zip(one, other, strict=True))


def assert_colours(image: Image.Image, expected: list[tuple[int, ...]], tolerance: int = 24) -> None:
    found = corners(image)
    assert all(is_close(one, other, tolerance) for one, other in zip(found, expected, strict=True)), found


def chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def build_png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and has next to no data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "large", "small"),
    [
        ((1653, 2339), (212, 300), (106, 150)),
        ((1000, 500), (400, 200), (200, 100)),
        ((300, 800), (112, 300), (56, 150)),
        ((100, 50), (100, 50), (100, 50)),
        ((400, 300), (400, 300), (200, 150)),
        ((401, 300), (400, 299), (200, 150)),
        ((1, 1), (1, 1), (1, 1)),
        ((20_000, 1), (400, 1), (200, 1)),
        ((1, 20_000), (1, 300), (1, 150)),
    ],
)
@pytest.mark.parametrize("picture_format", ["JPEG", "PNG"])
def test_previews_fit_their_boxes_and_are_never_enlarged(
    picture_format: str, size: tuple[int, int], large: tuple[int, int], small: tuple[int, int]
) -> None:
    picture = make_previews(write(Image.new("RGB", size, RED), picture_format))
    assert (picture.width, picture.height, picture.format) == (*size, picture_format)
    assert [(preview.width, preview.height) for preview in picture.previews] == [large, small]
    assert [read(preview).size for preview in picture.previews] == [large, small]


@given(width=st.integers(1, 5000), height=st.integers(1, 5000), box=st.sampled_from(BOXES))
def test_sizes_are_those_that_pillow_would_choose(width: int, height: int, box: tuple[int, int]) -> None:
    image = Image.new("1", (width, height))
    image.thumbnail(box, Image.Resampling.NEAREST, reducing_gap=None)
    fitted, shape = fit((width, height), box), Fraction(width, height)
    # of two sizes that are equally near, rounding errors choose in Pillow; both are right (714 x 91 in 200 x 150)
    assert fitted == image.size or abs(shape - Fraction(*fitted)) == abs(shape - Fraction(*image.size))


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
        (9, [RED, GREEN, BLUE, WHITE]),
    ],
)
@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_orientation_stands_upright(picture_format: str, orientation: int, expected: list[tuple[int, ...]]) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if picture_format == "AVIF" and orientation == 9:
        exif = Image.Exif()  # the writer refuses it
    picture = make_previews(write(quarters(), picture_format, exif=exif))
    is_sideways = orientation in {5, 6, 7, 8}
    assert (picture.width, picture.height) == ((400, 800) if is_sideways else (800, 400))
    assert [(preview.width, preview.height) for preview in picture.previews] == (
        [(150, 300), (75, 150)] if is_sideways else [(400, 200), (200, 100)]
    )
    for preview in picture.previews:
        assert_colours(read(preview), expected)


@pytest.mark.parametrize(
    ("convert", "picture_format", "options"),
    [
        (lambda image: image, "JPEG", {"quality": 95}),
        (lambda image: image, "JPEG", {"quality": 95, "progressive": True}),
        (lambda image: image.convert("CMYK"), "JPEG", {"quality": 95}),
        (lambda image: image.convert("CMYK"), "TIFF", {}),
        (lambda image: image.convert("YCbCr"), "TIFF", {}),
        (lambda image: image.convert("P", palette=Image.Palette.ADAPTIVE), "PNG", {}),
        (lambda image: image.convert("P", palette=Image.Palette.ADAPTIVE), "GIF", {}),
        (lambda image: image.convert("P", palette=Image.Palette.ADAPTIVE), "BMP", {}),
        (lambda image: image.convert("RGBA"), "PNG", {}),
        (lambda image: image, "WEBP", {"lossless": True}),
        (lambda image: image, "AVIF", {}),
        (lambda image: image, "JPEG2000", {}),
        (lambda image: image, "TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_every_way_to_store_colours_becomes_the_same_opaque_jpeg(
    convert: Callable[[Image.Image], Image.Image], picture_format: str, options: dict[str, Any]
) -> None:
    picture = make_previews(write(convert(quarters()), picture_format, **options))
    assert picture.format == picture_format
    for preview in picture.previews:
        image = read(preview)
        assert (preview.suffix, image.format, image.mode) == (".jpg", "JPEG", "RGB")
        assert_colours(image, [RED, GREEN, BLUE, WHITE])


def test_inks_are_stored_either_way_round() -> None:
    """Adobe's programs store 0 for full ink and say who they are; others store 0 for none. Pillow writes as Adobe's do."""
    inks = quarters().convert("CMYK")
    adobe = write(inks, "JPEG", quality=95)
    plain = write(ImageChops.invert(inks), "JPEG", quality=95)
    begin = plain.index(b"\xff\xee")
    plain = plain[:begin] + plain[begin + 2 + int.from_bytes(plain[begin + 2 : begin + 4]) :]
    assert (b"Adobe" in adobe, b"Adobe" in plain) == (True, False)
    for content in (adobe, plain):
        assert_colours(read(make_previews(content).previews[0]), [RED, GREEN, BLUE, WHITE])


def test_colours_of_sixteen_bits_keep_their_brightness() -> None:
    """RGB of 16 bits; only its upper bytes are shown."""
    row = b"\0" + struct.pack(">HHH", 0xDC00, 0x1400, 0x14FF) * 500
    header = struct.pack(">IIBBBBB", 500, 500, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 500)) + chunk(b"IEND", b"")
    assert_colours(read(make_previews(content).previews[0]), [RED] * 4)


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_greys_become_colours_without_colour(mode: str) -> None:
    content = write(Image.new("L", (500, 500), 255).convert(mode), "PNG")
    image = read(make_previews(content).previews[0])
    assert (image.mode, image.getpixel((5, 5))) == ("RGB", (255, 255, 255))


def test_every_format_that_is_tried_can_be_written_and_read() -> None:
    assert {make_previews(write(quarters(), picture_format)).format for picture_format in FORMATS} == set(FORMATS)


def show_through() -> Image.Image:
    """The quarters, with the left half see-through."""
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 400, 400))
    return image


@pytest.mark.parametrize(
    ("convert", "picture_format"),
    [
        (lambda image: image, "PNG"),
        (lambda image: image, "WEBP"),
        (lambda image: image, "TIFF"),
        (lambda image: image.quantize(16), "PNG"),
        (lambda image: image, "GIF"),
        (lambda image: image.convert("LA"), "PNG"),
    ],
)
def test_where_something_shows_through_the_preview_is_a_png(convert: Callable[[Image.Image], Image.Image], picture_format: str) -> None:
    for preview in make_previews(write(convert(show_through()), picture_format)).previews:
        image = read(preview)
        assert (preview.suffix, image.format, image.mode) == (".png", "PNG", "RGBA")
        alpha = image.getchannel("A")
        assert (alpha.getpixel((5, 5)), alpha.getpixel((image.width - 5, 5))) == (0, 255)


def test_a_colour_that_stands_for_nothing_shows_through() -> None:
    content = write(quarters(), "PNG", transparency=RED)
    image = read(make_previews(content).previews[0])
    alpha = image.getchannel("A")
    assert (alpha.getpixel((5, 5)), alpha.getpixel((image.width - 5, 5))) == (0, 255)


def test_see_through_pixels_do_not_stain_their_neighbours() -> None:
    """The hidden colour is green; a picture that is reduced without its alpha gets a green rim."""
    image = Image.new("RGBA", (801, 801), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 400, 801))
    preview = read(make_previews(write(image, "PNG")).previews[0])
    visible = [pixel for _, pixel in preview.getcolors(100_000) or [] if isinstance(pixel, tuple) and pixel[3] > 0]
    assert len(visible) > 0
    assert max(pixel[1] for pixel in visible) < 30


@pytest.mark.parametrize(("mode", "picture_format"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF")])
def test_greys_of_sixteen_bits_keep_their_brightness(mode: str, picture_format: str) -> None:
    content = write(Image.new(mode, (500, 500), 0x8000), picture_format)
    grey = read(make_previews(content).previews[0]).getpixel((50, 50))
    assert isinstance(grey, tuple)
    assert is_close(grey, (128, 128, 128), 2)


@pytest.mark.parametrize(("mode", "dark", "light"), [("I", -70_000, 900_000), ("F", -1.5, 2.5)])
def test_greys_without_a_known_range_are_stretched(mode: str, dark: float, light: float) -> None:
    image = Image.new(mode, (800, 400), dark)
    image.paste(light, (400, 0, 800, 400))
    assert_colours(read(make_previews(write(image, "TIFF")).previews[0]), [(0, 0, 0), (255, 255, 255)] * 2, 3)


def test_a_plain_area_of_a_wide_range_is_no_division_by_zero() -> None:
    assert read(make_previews(write(Image.new("F", (10, 10), 7.5), "TIFF")).previews[0]).size == (10, 10)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_without_an_end_are_refused(value: float) -> None:
    with pytest.raises(RecordError, match=r"picture: its \d+ bytes cannot be decoded: ValueError: its values have no end") as caught:
        make_previews(write(Image.new("F", (10, 10), value), "TIFF"))
    assert caught.value.rule == "broken"


@pytest.mark.parametrize("picture_format", ["GIF", "WEBP", "PNG", "AVIF", "TIFF", "MPO"])
def test_of_an_animation_the_first_frame_counts(picture_format: str) -> None:
    frames = [Image.new("RGB", (500, 500), colour) for colour in (GREEN, BLUE)]
    picture = make_previews(write(quarters(500, 500), picture_format, save_all=True, append_images=frames, lossless=True))
    assert (picture.frames, picture.format) == (3, {"MPO": "JPEG"}.get(picture_format, picture_format))
    assert_colours(read(picture.previews[0]), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("size", [(10_001, 10_000), (100_000_001, 1), (20_000, 20_000), (2_000_000_000, 2_000_000_000)])
def test_a_picture_that_declares_too_much_is_not_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(RecordError, match=r"picture: it declares .*more than 100000000.* so it is not decoded") as caught:
        make_previews(build_png_header(*size))
    assert caught.value.rule == "too_large"


def test_up_to_the_limit_a_picture_is_decoded() -> None:
    """Its data end early, which is found out only by decoding."""
    with pytest.raises(RecordError, match=r"cannot be decoded: OSError: .*truncated"):
        make_previews(build_png_header(10_000, 10_000))


def test_a_large_picture_that_is_true_gets_previews() -> None:
    """Above Pillow's own limit for a warning, which is an error in these tests."""
    picture = make_previews(write(Image.new("1", (10_000, 9_500), 1), "PNG"))
    assert (picture.previews[0].width, picture.previews[0].height) == (316, 300)


@pytest.mark.parametrize(
    "content",
    [b"\0", b"<html>no picture</html>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"],
)
def test_bytes_that_are_no_picture_are_refused_with_their_beginning(content: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        make_previews(content)
    assert str(caught.value).startswith(f"picture: {content[:16]!r}… is no picture in one of the formats JPEG, PNG, GIF")
    assert caught.value.rule == "not_a_picture"


def test_no_bytes_are_no_picture() -> None:
    with pytest.raises(RecordError, match=r"^picture: it has no bytes$") as caught:
        make_previews(b"")
    assert caught.value.rule == "empty"


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_that_was_cut_off_is_refused(picture_format: str) -> None:
    content = write(quarters(), picture_format)
    with pytest.raises(RecordError, match=r"^picture: its \d+ bytes cannot be decoded: ") as caught:
        make_previews(content[: len(content) // 2])
    assert caught.value.rule == "broken"


@pytest.mark.parametrize("picture_format", [name for name in FORMATS if name != "TIFF"])  # libtiff would write to the terminal
def test_damaged_pictures_are_refused_or_shown_but_nothing_else(picture_format: str) -> None:
    random = Random(picture_format)  # noqa: S311 - damage that can be done again, no secret
    content = write(quarters(60, 40), picture_format)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(random.choice((1, 4, 20))):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        outcome = describe(bytes(damaged[: random.choice((len(damaged), random.randrange(len(damaged))))]))
        assert outcome == "previews" or (outcome.startswith("picture: ") and "object at 0x" not in outcome), outcome


def describe(content: bytes) -> str:
    """What becomes of a picture: previews that can be read, or the reason why not."""
    try:
        previews = make_previews(content).previews
    except RecordError as error:
        return str(error)
    return "previews" if [read(preview).size for preview in previews] else "none"


def test_exif_that_cannot_be_read_turns_nothing() -> None:
    picture = make_previews(write(quarters(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff rubbish"))
    assert_colours(read(picture.previews[0]), [RED, GREEN, BLUE, WHITE])


def test_nothing_of_the_metadata_is_passed_on() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "a place"
    for preview in make_previews(write(quarters(), "JPEG", exif=exif, comment=b"a comment", icc_profile=b"a profile")).previews:
        assert b"a place" not in preview.content
        assert b"a comment" not in preview.content
        assert b"a profile" not in preview.content
    for preview in make_previews(write(show_through(), "PNG", exif=exif, icc_profile=b"a profile")).previews:
        assert set(read(preview).info) == set()


def test_equal_bytes_give_equal_previews() -> None:
    for content in (write(quarters(), "JPEG"), write(show_through(), "PNG")):
        assert make_previews(content) == make_previews(bytes(bytearray(content)))


def test_the_filter_of_warnings_is_as_before() -> None:
    before = list(warnings.filters)
    make_previews(write(quarters(), "PNG"))
    with pytest.raises(RecordError, match="is no picture"):
        make_previews(b"no picture")
    assert list(warnings.filters) == before
