"""Addresses of videos in the shapes in which people copy them."""

import pytest

from harvest_assets.derive.video_addresses import drop_list, is_host_of, read_vimeo_id, read_youtube_id

ID = "a-B_3456789"


@pytest.mark.parametrize(
    "url",
    [
        f"https://youtu.be/{ID}",
        f"http://youtu.be/{ID}?t=30#later",
        f"https://youtu.be/{ID}/",
        f"https://www.youtube.com/watch?v={ID}",
        f"https://www.youtube.com/watch?feature=shared&v={ID}&list=PLx&index=2#t=1",
        f"https://youtube.com/watch/?v={ID}",
        f"https://m.youtube.com/watch?v={ID}",
        f"https://music.youtube.com/watch?v={ID}&si=x",
        f"https://www.youtube.com/?v={ID}",
        f"https://www.youtube.com/embed/{ID}?rel=0",
        f"https://www.youtube.com/v/{ID}&hl=en",
        f"https://www.youtube.com/e/{ID}",
        f"https://www.youtube.com/u/1/{ID}",
        f"https://www.youtube.com/shorts/{ID}",
        f"https://www.youtube.com/live/{ID}?feature=share",
        f"https://www.youtube-nocookie.com/embed/{ID}",
        f"HTTPS://WWW.YOUTUBE.COM/watch?v={ID}",
    ],
)
def test_the_id_of_a_video_is_found_in_every_shape(url: str) -> None:
    assert read_youtube_id(url) == ID


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://www.youtube.com/",
        "https://www.youtube.com/c/example",
        "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv",
        "https://www.youtube.com/@example-name",
        "https://www.youtube.com/user/elevenchars",
        "https://www.youtube.com/playlist?list=PLabcdefghijk",
        "https://www.youtube.com/embed/videoseries?list=PLx",
        f"https://www.youtube.com/results?v={ID}",
        f"https://www.youtube.com/watch?v={ID}x",
        f"https://youtu.be/{ID}x",
        "https://www.youtube.com/watch?v=short",
        f"https://notyoutube.com/watch?v={ID}",
        f"https://youtube.com.example.org/watch?v={ID}",
        f"https://example.org/youtu.be/{ID}",
        f"ftp://youtu.be/{ID}",
        f"https://[youtu.be/{ID}",
    ],
)
def test_what_is_no_video_of_youtube_has_no_id(url: str | None) -> None:
    assert read_youtube_id(url) is None


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("https://vimeo.com/123456789", "123456789"),
        ("https://www.vimeo.com/123456789/", "123456789"),
        ("https://player.vimeo.com/video/123456789?h=abc", "123456789"),
        ("https://vimeo.com/123456789/0abcdef123", "123456789"),
        ("https://vimeo.com/channels/staffpicks/123456789", "123456789"),
        ("https://vimeo.com/groups/example/videos/123456789", "123456789"),
        ("https://vimeo.com/", None),
        ("https://vimeo.com/example", None),
        ("https://notvimeo.com/123456789", None),
        (None, None),
    ],
)
def test_the_number_of_a_video_of_vimeo(url: str | None, number: str | None) -> None:
    assert read_vimeo_id(url) == number


@pytest.mark.parametrize(
    ("url", "alone"),
    [
        (f"https://www.youtube.com/watch?v={ID}&list=PLx&index=3", f"https://www.youtube.com/watch?v={ID}"),
        (f"https://youtu.be/{ID}?list=PLx", f"https://youtu.be/{ID}"),
        (f"https://youtu.be/{ID}?t=3", f"https://youtu.be/{ID}?t=3"),
        ("https://vimeo.com/1?list=a", "https://vimeo.com/1?list=a"),
    ],
)
def test_the_list_of_a_video_of_youtube_is_dropped(url: str, alone: str) -> None:
    assert drop_list(url) == alone


def test_a_host_lies_in_a_domain_by_whole_labels() -> None:
    assert is_host_of("a.b.example.org", ("example.com", "example.org"))
    assert not is_host_of("badexample.org", ("example.org",))
    assert not is_host_of(None, ("example.org",))
