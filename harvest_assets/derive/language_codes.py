"""Languages as records name them, as the primary subtag of BCP 47: codes, locales, and names in Dutch, English or the language itself.

Put here: the languages that publications of Europe are in, and those that our detector knows. A code of three letters that has no shorter
one stays as it is. https://www.rfc-editor.org/rfc/rfc5646#section-2.2.1, https://www.loc.gov/standards/iso639-2/php/code_list.php
"""

import re
from collections.abc import Mapping

# Two letters: codes of three letters (bibliographic ones too), then names, all in lower case.
_LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "af": ("afr", "afrikaans"),
    "ar": ("ara", "arabisch", "arabic"),
    "bg": ("bul", "bulgaars", "bulgarian"),
    "ca": ("cat", "catalaans", "catalan", "català"),
    "cs": ("ces", "cze", "tsjechisch", "czech", "čeština"),
    "cy": ("cym", "wel", "welsh", "cymraeg"),
    "da": ("dan", "deens", "danish", "dansk"),
    "de": ("deu", "ger", "duits", "german", "deutsch"),
    "el": ("ell", "gre", "grieks", "greek"),
    "en": ("eng", "engels", "english"),
    "es": ("spa", "spaans", "spanish", "español", "castellano"),
    "et": ("est", "ests", "estonian", "eesti"),
    "eu": ("eus", "baq", "baskisch", "basque", "euskara"),
    "fa": ("fas", "per", "perzisch", "persian"),
    "fi": ("fin", "fins", "finnish", "suomi"),
    "fr": ("fra", "fre", "frans", "french", "français"),
    "fy": ("fry", "fries", "frisian", "frysk"),
    "ga": ("gle", "iers", "irish", "gaeilge"),
    "gl": ("glg", "galicisch", "galician", "galego"),
    "he": ("heb", "hebreeuws", "hebrew"),
    "hi": ("hin", "hindi"),
    "hr": ("hrv", "kroatisch", "croatian", "hrvatski"),
    "hu": ("hun", "hongaars", "hungarian", "magyar"),
    "id": ("ind", "indonesisch", "indonesian"),
    "is": ("isl", "ice", "ijslands", "icelandic", "íslenska"),
    "it": ("ita", "italiaans", "italian", "italiano"),
    "ja": ("jpn", "japans", "japanese"),
    "ko": ("kor", "koreaans", "korean"),
    "la": ("lat", "latijn", "latin"),
    "lb": ("ltz", "luxemburgs", "luxembourgish"),
    "lt": ("lit", "litouws", "lithuanian"),
    "lv": ("lav", "lets", "latvian"),
    "mt": ("mlt", "maltees", "maltese"),
    "nb": ("nob", "bokmål", "norwegian bokmål"),
    "nl": ("nld", "dut", "nederlands", "dutch", "vlaams", "flemish"),
    "nn": ("nno", "nynorsk", "norwegian nynorsk"),
    "no": ("nor", "noors", "norwegian", "norsk"),
    "pap": ("papiaments", "papiamento", "papiamentu"),
    "pl": ("pol", "pools", "polish", "polski"),
    "pt": ("por", "portugees", "portuguese", "português"),
    "ro": ("ron", "rum", "roemeens", "romanian", "română"),
    "ru": ("rus", "russisch", "russian", "русский"),
    "sk": ("slk", "slo", "slowaaks", "slovak", "slovenčina"),
    "sl": ("slv", "sloveens", "slovenian", "slovenščina"),
    "sq": ("sqi", "alb", "albanees", "albanian"),
    "sr": ("srp", "servisch", "serbian"),
    "sv": ("swe", "zweeds", "swedish", "svenska"),
    "tr": ("tur", "turks", "turkish", "türkçe"),
    "uk": ("ukr", "oekraïens", "ukrainian"),
    "vi": ("vie", "vietnamees", "vietnamese"),
    "zh": ("zho", "chi", "chinees", "chinese"),
}
_NAMES = {name: code for code, names in _LANGUAGES.items() for name in (code, *names)}
_NOTHING = frozenset({"mis", "mul", "und", "unk", "zxx"})  # none, several, or not known
_TAG = re.compile(r"([a-z]{2,3})(?:[-_](?:[a-z0-9]{1,8}))*")
_WRITTEN = {"nb": "no", "nn": "no"}  # Norwegian in either of its written forms


def read_language(text: str) -> str | None:
    """The primary subtag of a code, a locale or a name; None for what is no language, or says that none is known."""
    name = text.strip().lower().replace("_", "-")
    tag = _TAG.fullmatch(name)
    code = _NAMES.get(name) or (_NAMES.get(tag[1], tag[1]) if tag else None)
    return None if code in _NOTHING else code


def is_same_language(one: str, other: str) -> bool:
    """Whether two subtags name one language; Norwegian is one, however it is written."""
    return _WRITTEN.get(one, one) == _WRITTEN.get(other, other)
