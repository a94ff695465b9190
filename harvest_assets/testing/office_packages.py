"""Office Open XML packages made from nothing but strings: a Word document, a workbook, a presentation; and the ``Work`` that they say.

As small as Word, Excel and PowerPoint open them. https://www.iso.org/standard/71691.html
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from string import ascii_uppercase
from xml.sax.saxutils import escape

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CORE = "application/vnd.openxmlformats-package.core-properties+xml"
_CORE_RELATION = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
_COLOURS = ("dk1", "lt1", "dk2", "lt2", *(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink")
_FONTS = ("majorFont", "minorFont")
_COLOUR_MAP = (
    '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3" accent4="accent4" '
    'accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/>'
)
_LAYOUTS = '<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst>'


@dataclass(frozen=True, slots=True)
class Work:
    """What a file says."""

    title: str = "Café en Brücke"
    author: str = "Author One"
    language: str = "nl"
    paragraphs: Sequence[str] = ("Een reëel voorbeeld kost € 5.", "Tweede alinea: naïef, Größe, ça va.")


def pack(parts: Mapping[str, str | bytes], *, media_type: str | None = None) -> bytes:
    """A zip container; a media type becomes the uncompressed first entry ``mimetype``, as OpenDocument and EPUB want it."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        if media_type is not None:
            archive.writestr(zipfile.ZipInfo("mimetype"), media_type, zipfile.ZIP_STORED)
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def make_docx(work: Work, **parts: str | bytes) -> bytes:
    """A Word document; further parts replace or join the usual ones."""
    body = "".join(f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>' for text in work.paragraphs)
    document = f'{XML}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return pack(_package(work, {"word/document.xml": (document, main)}, {}) | parts)


def make_xlsx(work: Work, *, last_cell: str = "B1") -> bytes:
    """A workbook of one sheet with a paragraph a row, and a number in one more cell."""
    cell = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c></row>'
    rows = "".join(cell.format(number, escape(text)) for number, text in enumerate(work.paragraphs, start=2))
    number = f'<c r="{last_cell}"><v>1</v></c>'
    row = last_cell.lstrip(ascii_uppercase)
    rows = f'<row r="1">{number}</row>{rows}' if row == "1" else f'{rows}<row r="{row}">{number}</row>'
    sheet = f'{XML}<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>'
    book = f'{XML}<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    parts = {"xl/workbook.xml": (book, f"{kind}sheet.main+xml"), "xl/worksheets/sheet1.xml": (sheet, f"{kind}worksheet+xml")}
    return pack(_package(work, parts, {"xl/_rels/workbook.xml.rels": [("worksheet", "worksheets/sheet1.xml")]}))


def make_pptx(work: Work) -> bytes:
    """A presentation with a paragraph a slide, on one empty layout."""
    numbers = range(1, len(work.paragraphs) + 1)
    listed = "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number in numbers)
    deck = (
        f'<p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId{len(numbers) + 1}"/></p:sldMasterIdLst>'
        f'<p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/>'
    )
    slides = {f"slides/slide{number}.xml": ("slide", _draw(text)) for number, text in enumerate(work.paragraphs, start=1)}
    parts = {
        "presentation.xml": ("presentation.main", deck),
        **slides,
        "slideLayouts/slideLayout1.xml": ("slideLayout", _draw()),
        "slideMasters/slideMaster1.xml": ("slideMaster", _draw() + _COLOUR_MAP + _LAYOUTS),
    }
    kind = "application/vnd.openxmlformats-officedocument.presentationml."
    written = {f"ppt/{name}": (_write_slide_part(root, text), f"{kind}{root}+xml") for name, (root, text) in parts.items()}
    written["ppt/theme/theme1.xml"] = (_write_theme(), "application/vnd.openxmlformats-officedocument.theme+xml")
    layout, master = ("slideLayout", "../slideLayouts/slideLayout1.xml"), ("slideMaster", "../slideMasters/slideMaster1.xml")
    relations = {
        "presentation.xml": [*(("slide", name) for name in slides), ("slideMaster", "slideMasters/slideMaster1.xml")],
        **{name: [layout] for name in slides},
        "slideLayouts/slideLayout1.xml": [master],
        "slideMasters/slideMaster1.xml": [layout, ("theme", "../theme/theme1.xml")],
    }
    return pack(_package(work, written, {_name_relations(f"ppt/{name}"): each for name, each in relations.items()}))


def _package(
    work: Work, parts: Mapping[str, tuple[str, str]], relations: Mapping[str, Sequence[tuple[str, str]]]
) -> dict[str, str | bytes]:
    """An Office Open XML package: the first part is the main one; ``relations`` are (kind, target) of each."""
    core = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
    about = (
        f'{XML}<cp:coreProperties xmlns:cp="{core}" {DC}><dc:title>{escape(work.title)}</dc:title>'
        f"<dc:creator>{escape(work.author)}</dc:creator><dc:language>{work.language}</dc:language></cp:coreProperties>"
    )
    kinds = {name: kind for name, (_, kind) in parts.items()} | {"docProps/core.xml": _CORE}
    overrides = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in kinds.items())
    default = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="bin" ContentType="application/octet-stream"/>'
    )
    top = [(f"{_OFFICE}/officeDocument", next(iter(parts))), (_CORE_RELATION, "docProps/core.xml")]
    return {
        "[Content_Types].xml": f'{XML}<Types xmlns="{_TYPES}">{default}{overrides}</Types>',
        "_rels/.rels": _relate(top),
        "docProps/core.xml": about,
        **{name: content for name, (content, _) in parts.items()},
        **{name: _relate([(f"{_OFFICE}/{kind}", target) for kind, target in each]) for name, each in relations.items()},
    }


def _write_slide_part(root: str, text: str) -> str:
    name = {"presentation.main": "presentation", "slide": "sld", "slideLayout": "sldLayout", "slideMaster": "sldMaster"}[root]
    return f'{XML}<p:{name} xmlns:p="{_SLIDE}" xmlns:a="{_DRAWING}" xmlns:r="{_OFFICE}">{text}</p:{name}>'


def _draw(text: str | None = None) -> str:
    """The shapes of a slide: a box with a text, or nothing."""
    box = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Text"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{escape(text or '')}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    group = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    return f"<p:cSld><p:spTree>{group}{box if text else ''}</p:spTree></p:cSld>"


def _write_theme() -> str:
    colours = "".join(f'<a:{name}><a:srgbClr val="000000"/></a:{name}>' for name in _COLOURS)
    fonts = "".join(f'<a:{name}><a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/></a:{name}>' for name in _FONTS)
    fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>' * 3
    line = '<a:ln w="6350"><a:solidFill><a:schemeClr val="phClr"/></a:solidFill></a:ln>' * 3
    effect = "<a:effectStyle><a:effectLst/></a:effectStyle>" * 3
    styles = (
        f"<a:fillStyleLst>{fill}</a:fillStyleLst><a:lnStyleLst>{line}</a:lnStyleLst>"
        f"<a:effectStyleLst>{effect}</a:effectStyleLst><a:bgFillStyleLst>{fill}</a:bgFillStyleLst>"
    )
    return (
        f'{XML}<a:theme xmlns:a="{_DRAWING}" name="Plain"><a:themeElements><a:clrScheme name="Plain">{colours}</a:clrScheme>'
        f'<a:fontScheme name="Plain">{fonts}</a:fontScheme><a:fmtScheme name="Plain">{styles}</a:fmtScheme></a:themeElements></a:theme>'
    )


def _name_relations(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels"


def _relate(relations: Sequence[tuple[str, str]]) -> str:
    written = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>' for number, (kind, target) in enumerate(relations, start=1)
    )
    return f'{XML}<Relationships xmlns="{_RELATIONS}">{written}</Relationships>'
