"""The profile of a source as one HTML page: no script, nothing from elsewhere, readable in light and dark and without a network.

Everything that is shown passes through `escape`; the page's policy forbids whatever would come in past it.
https://www.w3.org/TR/CSP3/
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from harvest_assets.stages.doctor.day_chart import draw_days
from harvest_assets.stages.doctor.diagnosis import Diagnosis
from harvest_assets.stages.doctor.findings import Finding, tidy
from harvest_assets.stages.doctor.profile import Profile
from harvest_assets.stages.doctor.source_file import write_source_text

_MARKS = {"good": "good", "note": "note", "warning": "see to it", "unknown": "unknown"}
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--quiet:#5b6675;--paper:#fff;--line:#d9dee5;--band:#f4f6f9;--bar:#3069b0;
--good:#1e7d45;--note:#3069b0;--warning:#a8480b;--unknown:#5b6675}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9f0;--quiet:#9aa6b5;--paper:#14181f;--line:#303844;--band:#1c222b;--bar:#6ea6ea;
--good:#66c98e;--note:#7db2f2;--warning:#f0a060;--unknown:#9aa6b5}}
*{box-sizing:border-box}body{margin:0 auto;max-width:64rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2.25rem 0 .5rem}h3{font-size:1rem;margin:1.25rem 0 .25rem}
.quiet{color:var(--quiet);margin:.25rem 0}dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.75rem;
margin:1.5rem 0}
dl div{background:var(--band);border-radius:.5rem;padding:.6rem .8rem}dt{color:var(--quiet);font-size:.85rem}
dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
table{width:100%;border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;
border-bottom:1px solid var(--line)}
th{font-weight:600;width:13rem}td.mark{width:6.5rem;white-space:nowrap;font-size:.85rem}td.share{width:40%}.number{font-variant-numeric:tabular-nums}
.good{color:var(--good)}.note{color:var(--note)}.warning{color:var(--warning);font-weight:600}.unknown{color:var(--unknown)}
meter{width:100%;height:.8rem}pre{background:var(--band);border-radius:.5rem;padding:1rem;overflow:auto;white-space:pre-wrap;font-size:.85rem}
.chart{width:100%;height:auto;display:block}.chart .bar{fill:var(--bar)}.chart .axis{stroke:var(--line)}
.chart text{fill:var(--quiet);font-size:13px}
"""


def render_profile(diagnosis: Diagnosis) -> str:
    """The whole page."""
    title = escape(tidy(diagnosis.content["title"], 200))
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    sections = (
        _show_numbers(diagnosis.profile),
        f"<h2>Records by datestamp</h2>{draw_days(diagnosis.profile.days)}",
        _show_findings(diagnosis.findings),
        _show_coverage(diagnosis.profile),
        _show_identifiers(diagnosis.profile),
        _show_asides(diagnosis.profile),
        f"<h2>Source file</h2><pre>{escape(write_source_text(diagnosis))}</pre>",
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="referrer" content="no-referrer">'
        f"<title>{title}: profile</title><style>{_STYLE}</style></head><body>"
        f"<h1>{title}</h1>{_show_origin(diagnosis)}{''.join(sections)}</body></html>\n"
    )


def _show_origin(diagnosis: Diagnosis) -> str:
    examined = f"Examined {diagnosis.examined_at:%Y-%m-%d %H:%M} UTC in {diagnosis.seconds:.0f} s, with {diagnosis.requests} requests."
    return f'<p class="quiet">{escape(diagnosis.protocol)} at {escape(tidy(diagnosis.url, 500))}<br>{escape(examined)}</p>'


def _show_numbers(profile: Profile) -> str:
    share = f"{profile.deleted / profile.records:.1%}" if profile.records else "0%"
    numbers: Sequence[tuple[str, str]] = (
        ("Records in the sample", f"{profile.records:,}"),
        ("Different identifiers", f"{profile.distinct:,}"),
        ("Deleted", f"{profile.deleted:,} ({share})"),
        ("Documents", f"{profile.documents:,}"),
        ("Files named", f"{profile.files:,}"),
        ("Set aside", f"{profile.set_aside:,}"),
    )
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in numbers) + "</dl>"


def _show_findings(findings: Iterable[Finding]) -> str:
    shown = ["<h2>Findings</h2>"]
    for topic, group in groupby(findings, key=lambda finding: finding.topic):
        rows = "".join(map(_show_finding, group))
        shown.append(f"<h3>{escape(topic.capitalize())}</h3><table>{rows}</table>")
    return "".join(shown)


def _show_finding(finding: Finding) -> str:
    mark = f'<td class="mark {finding.standing}">{_MARKS[finding.standing]}</td>'
    return f"<tr><th>{escape(finding.name)}</th><td>{escape(finding.answer)}</td>{mark}</tr>"


def _show_coverage(profile: Profile) -> str:
    if not profile.coverage:
        return "<h2>Field coverage</h2><p>No document was read.</p>"
    rows = "".join(
        f'<tr><th>{escape(each.field)}</th><td class="share"><meter max="{profile.documents}" value="{each.documents}"></meter></td>'
        f'<td class="number">{each.documents / profile.documents:.1%} ({each.documents:,})</td></tr>'
        for each in profile.coverage
    )
    return f"<h2>Field coverage</h2><p class='quiet'>Share of the documents that have a field.</p><table>{rows}</table>"


def _show_identifiers(profile: Profile) -> str:
    repeats = profile.records - profile.distinct
    sizes = profile.sizes
    rows: list[tuple[str, str]] = [
        ("Repeated identifiers", f"{repeats:,}" + "".join(f"; {name}: {times} times" for name, times in profile.repeated)),
        ("Same content, other identifier", f"{profile.same_content:,} documents"),
        ("Without a datestamp that is a day", f"{profile.undated:,} records"),
    ]
    if sizes is not None:
        words = f"median {sizes.median:,} bytes, 95 % up to {sizes.most:,}, from {sizes.smallest:,} to {sizes.largest:,}"
        rows.append(("Size of a record", words))
    shown = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<h2>Identifiers and sizes</h2><table>{shown}</table>"


def _show_asides(profile: Profile) -> str:
    if not profile.asides:
        return "<h2>Records set aside</h2><p>None: every record of the sample could be read.</p>"
    shown = "".join(
        f"<h3>{escape(each.rule)}: {each.records:,}</h3><p>{escape(each.reason)}</p>"
        f"<p class='quiet'>First: {escape(each.identifier or 'without an identifier')}</p><pre>{escape(each.sample)}</pre>"
        for each in profile.asides
    )
    return f"<h2>Records set aside</h2>{shown}"
