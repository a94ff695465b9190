"""Subject areas of the All Science Journal Classification → the research themes of Dutch universities of applied sciences.

A code is an area, or an area and a subject as in ``1200/1211``; a subject has the theme of its area unless it has its own.
https://service.elsevier.com/app/answers/detail/a_id/15181/supporthub/scopus/
"""

_AREAS = {
    "algemenewerken": ("1000",),
    "economie_management": ("1400", "2000"),
    "gezondheid": ("1300", "2400", "2700", "2800", "2900", "3000", "3200", "3500", "3600"),
    "ict_media": ("1700",),
    "mens_maatschappij": ("3300",),
    "natuur_landbouw": ("1100", "1900", "2300", "3400"),
    "taal_cultuur_kunsten": ("1200",),
    "techniek": ("1500", "1600", "1800", "2100", "2200", "2500", "2600", "3100"),
}
_SUBJECTS = {
    "bouw_logistiek": ("2215", "3313"),
    "filosofie_religie": ("1211", "1212"),
    "ict_media": ("3309",),
    "mens_maatschappij": ("1202",),
    "opvoeding_onderwijs": ("3304",),
    "recht": ("3308",),
    "ruimtelijkeordening_planning": ("2216", "2309", "3305", "3322"),
    "taal_cultuur_kunsten": ("3310", "3315", "3316"),
}
_BY_AREA = {code: theme for theme, codes in _AREAS.items() for code in codes}
_BY_SUBJECT = {code: theme for theme, codes in _SUBJECTS.items() for code in codes}


def find_research_theme(code: str) -> str | None:
    """The theme of ``AREA`` or ``AREA/SUBJECT``; None for a code that the classification does not have."""
    area, _, subject = code.partition("/")
    if area not in _BY_AREA or (subject and subject[:2] != area[:2]):
        return None
    return _BY_SUBJECT.get(subject, _BY_AREA[area])
