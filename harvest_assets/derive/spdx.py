"""``Licence``: what is known of a licence, and the table of those that repositories use beside Creative Commons.

Identifiers and names are those of the SPDX licence list, statements those of RightsStatements.org; "open" is meant as in the Open
Definition. https://spdx.org/licenses/ https://rightsstatements.org/page/1.0/ https://opendefinition.org/od/2.1/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence or statement of rights; what the statement does not say is ``None``."""

    spdx: str | None
    name: str
    url: str | None
    is_open: bool | None
    allows_derivatives: bool | None
    allows_commercial_use: bool | None


class _Table(NamedTuple):
    """Licences by squashed identifier, name or alias, by address, and by a phrase that means nothing else."""

    by_key: dict[str, Licence]
    by_address: dict[str, Licence]
    by_phrase: dict[str, Licence]


# identifier | name | addresses | other names; all of them are open
_OPEN = """
MIT | MIT License | opensource.org/license/mit; mit-license.org | expat license
MIT-0 | MIT No Attribution | opensource.org/license/mit-0 |
Apache-2.0 | Apache License 2.0 | apache.org/licenses/license-2.0; apache.org/licenses | apache 2; apache license version 2.0; apache 2.0 license
BSD-2-Clause | BSD 2-Clause "Simplified" License | opensource.org/license/bsd-2-clause | bsd 2; bsd 2-clause license; simplified bsd license
BSD-3-Clause | BSD 3-Clause "New" or "Revised" License | opensource.org/license/bsd-3-clause | bsd 3; bsd 3-clause license; new bsd license
0BSD | BSD Zero Clause License | opensource.org/license/0bsd | zero-clause bsd
ISC | ISC License | opensource.org/license/isc-license-txt | isc
GPL-2.0-only | GNU General Public License v2.0 only | gnu.org/licenses/old-licenses/gpl-2.0; gnu.org/licenses/gpl-2.0 | gpl-2.0; gpl 2; gplv2
GPL-2.0-or-later | GNU General Public License v2.0 or later | gnu.org/licenses/old-licenses/gpl-2.0-standalone | gpl-2.0+; gpl 2+; gplv2+
GPL-3.0-only | GNU General Public License v3.0 only | gnu.org/licenses/gpl-3.0; gnu.org/licenses/gpl; gnu.org/copyleft/gpl | gpl-3.0; gpl 3; gplv3; gnu general public license v3.0; gnu gpl v3
GPL-3.0-or-later | GNU General Public License v3.0 or later | gnu.org/licenses/gpl-3.0-standalone | gpl-3.0+; gpl 3+; gplv3+
LGPL-2.1-only | GNU Lesser General Public License v2.1 only | gnu.org/licenses/old-licenses/lgpl-2.1; gnu.org/licenses/lgpl-2.1 | lgpl-2.1; lgplv2.1
LGPL-2.1-or-later | GNU Lesser General Public License v2.1 or later | gnu.org/licenses/old-licenses/lgpl-2.1-standalone | lgpl-2.1+
LGPL-3.0-only | GNU Lesser General Public License v3.0 only | gnu.org/licenses/lgpl-3.0; gnu.org/licenses/lgpl | lgpl-3.0; lgpl 3; lgplv3
LGPL-3.0-or-later | GNU Lesser General Public License v3.0 or later | gnu.org/licenses/lgpl-3.0-standalone | lgpl-3.0+
AGPL-3.0-only | GNU Affero General Public License v3.0 only | gnu.org/licenses/agpl-3.0; gnu.org/licenses/agpl | agpl-3.0; agpl 3; agplv3; gnu affero general public license
AGPL-3.0-or-later | GNU Affero General Public License v3.0 or later | gnu.org/licenses/agpl-3.0-standalone | agpl-3.0+
GFDL-1.2-only | GNU Free Documentation License v1.2 only | gnu.org/licenses/old-licenses/fdl-1.2 | gfdl-1.2
GFDL-1.3-only | GNU Free Documentation License v1.3 only | gnu.org/licenses/fdl-1.3; gnu.org/licenses/fdl; gnu.org/copyleft/fdl | gfdl-1.3
GFDL-1.3-or-later | GNU Free Documentation License v1.3 or later | gnu.org/licenses/fdl-1.3-standalone | gfdl-1.3+
MPL-2.0 | Mozilla Public License 2.0 | mozilla.org/en-us/mpl/2.0; mozilla.org/mpl/2.0 | mpl 2
EPL-1.0 | Eclipse Public License 1.0 | eclipse.org/legal/epl-v10 |
EPL-2.0 | Eclipse Public License 2.0 | eclipse.org/legal/epl-2.0; eclipse.org/legal/epl-v20 |
EUPL-1.1 | European Union Public License 1.1 | joinup.ec.europa.eu/software/page/eupl/licence-eupl |
EUPL-1.2 | European Union Public License 1.2 | joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12; eupl.eu/1.2/en |
CECILL-2.1 | CeCILL Free Software License Agreement v2.1 | cecill.info/licences/licence_cecill_v2.1-en |
CECILL-B | CeCILL-B Free Software License Agreement | cecill.info/licences/licence_cecill-b_v1-en |
CECILL-C | CeCILL-C Free Software License Agreement | cecill.info/licences/licence_cecill-c_v1-en |
Artistic-2.0 | Artistic License 2.0 | opensource.org/license/artistic-2-0; perlfoundation.org/artistic-license-20 |
Unlicense | The Unlicense | unlicense.org |
Zlib | zlib License | opensource.org/license/zlib |
BSL-1.0 | Boost Software License 1.0 | boost.org/license_1_0 |
AFL-3.0 | Academic Free License v3.0 | opensource.org/license/afl-3-0-php |
OSL-3.0 | Open Software License 3.0 | opensource.org/license/osl-3-0-php |
MS-PL | Microsoft Public License | opensource.org/license/ms-pl-html |
CDDL-1.0 | Common Development and Distribution License 1.0 | opensource.org/license/cddl-1-0 |
Python-2.0 | Python License 2.0 | opensource.org/license/python-2-0 |
PostgreSQL | PostgreSQL License | opensource.org/license/postgresql; postgresql.org/about/licence |
LPPL-1.3c | LaTeX Project Public License v1.3c | latex-project.org/lppl/lppl-1-3c |
OFL-1.1 | SIL Open Font License 1.1 | openfontlicense.org/open-font-license-official-text; scripts.sil.org/ofl |
ODbL-1.0 | Open Data Commons Open Database License v1.0 | opendatacommons.org/licenses/odbl/1-0; opendatacommons.org/licenses/odbl; opendatacommons.org/licenses/odbl/1.0 | odbl; open database license
ODC-By-1.0 | Open Data Commons Attribution License v1.0 | opendatacommons.org/licenses/by/1-0; opendatacommons.org/licenses/by; opendatacommons.org/licenses/by/1.0 | odc-by; open data commons attribution license
PDDL-1.0 | Open Data Commons Public Domain Dedication & License 1.0 | opendatacommons.org/licenses/pddl/1-0; opendatacommons.org/licenses/pddl; opendatacommons.org/licenses/pddl/1.0 | pddl
OGL-UK-1.0 | Open Government Licence v1.0 | nationalarchives.gov.uk/doc/open-government-licence/version/1 |
OGL-UK-2.0 | Open Government Licence v2.0 | nationalarchives.gov.uk/doc/open-government-licence/version/2 |
OGL-UK-3.0 | Open Government Licence v3.0 | nationalarchives.gov.uk/doc/open-government-licence/version/3; nationalarchives.gov.uk/doc/open-government-licence | uk-ogl; ogl 3; open government licence 3.0
OGL-Canada-2.0 | Open Government Licence - Canada | open.canada.ca/en/open-government-licence-canada |
etalab-2.0 | Etalab Open License 2.0 | github.com/disic/politique-de-contribution-open-source/blob/master/license.pdf; etalab.gouv.fr/licence-ouverte-open-licence | licence ouverte 2.0; lov2
DL-DE-BY-2.0 | Data licence Germany - attribution - version 2.0 | govdata.de/dl-de/by-2-0 | dl-de/by-2-0
DL-DE-ZERO-2.0 | Data licence Germany - zero - version 2.0 | govdata.de/dl-de/zero-2-0 | dl-de/zero-2-0
NLOD-1.0 | Norwegian Licence for Open Government Data (NLOD) 1.0 | data.norge.no/nlod/en/1.0; data.norge.no/nlod/no/1.0 |
NLOD-2.0 | Norwegian Licence for Open Government Data (NLOD) 2.0 | data.norge.no/nlod/en/2.0; data.norge.no/nlod/no/2.0 |
LAL-1.3 | Licence Art Libre 1.3 | artlibre.org/licence/lal; artlibre.org | free art license 1.3
CDLA-Permissive-1.0 | Community Data License Agreement Permissive 1.0 | cdla.dev/permissive-1-0 |
CDLA-Permissive-2.0 | Community Data License Agreement Permissive 2.0 | cdla.dev/permissive-2-0 |
CDLA-Sharing-1.0 | Community Data License Agreement Sharing 1.0 | cdla.dev/sharing-1-0 |
"""  # noqa: E501 - one line is one licence

# code | name | is it open, may it be changed, may it be sold: y, n, or ? where the statement does not say
_STATEMENTS = """
InC | In Copyright | nnn
InC-OW-EU | In Copyright - EU Orphan Work | nnn
InC-EDU | In Copyright - Educational Use Permitted | nnn
InC-NC | In Copyright - Non-Commercial Use Permitted | n?n
InC-RUU | In Copyright - Rights-holder(s) Unlocatable or Unidentifiable | nnn
NoC-CR | No Copyright - Contractual Restrictions | n??
NoC-NC | No Copyright - Non-Commercial Use Only | n?n
NoC-OKLR | No Copyright - Other Known Legal Restrictions | n??
NoC-US | No Copyright - United States | ???
CNE | Copyright Not Evaluated | ???
UND | Copyright Undetermined | ???
NKC | No Known Copyright | ???
"""

ALL_RIGHTS_RESERVED = Licence(None, "All rights reserved", None, is_open=False, allows_derivatives=False, allows_commercial_use=False)
PUBLIC_DOMAIN = Licence(None, "Public domain", None, is_open=True, allows_derivatives=True, allows_commercial_use=True)
# What is said in so many words; "yes" is how lists of values say that there is copyright.
_SPOKEN = {
    "all rights reserved": ALL_RIGHTS_RESERVED,
    "alle rechten voorbehouden": ALL_RIGHTS_RESERVED,
    "alle rechte vorbehalten": ALL_RIGHTS_RESERVED,
    "tous droits réservés": ALL_RIGHTS_RESERVED,
}
_WHOLE = {"yes": ALL_RIGHTS_RESERVED, "public domain": PUBLIC_DOMAIN, "publiek domein": PUBLIC_DOMAIN}

_REGISTRIES = re.compile(r"(?:opensource\.org/licenses?|spdx\.org/licenses|choosealicense\.com/licenses)/([^/]+)")
_STATEMENT = re.compile(r"rightsstatements\.org/(?:vocab|page|data)/([a-z-]+)(?:/1\.0)?")
_ENDINGS = re.compile(r"(?:/|/?index)?(?:\.[a-z]{2})?(?:\.html?|\.txt|\.php|\.json|\.rdf)?/?$")
_NOT_WORDS = re.compile(r"[^\w.+]+")


def find_by_name(text: str) -> tuple[Licence, bool] | None:
    """The licence that a whole text names by identifier, code, name or alias, and whether by its very identifier."""
    licence = _load().by_key.get(_squash(text))
    if licence is None:
        licence = _WHOLE.get(_simplify(text)) or _SPOKEN.get(_simplify(text))
    return None if licence is None else (licence, (licence.spdx or "").casefold() == text.casefold())


def find_by_address(address: str) -> Licence | None:
    """The licence or the statement of rights that an address of the web stands for; Creative Commons apart."""
    place = simplify_address(address)
    statement = _STATEMENT.fullmatch(place)
    if statement is not None:
        return _load().by_key.get(_squash(statement[1]))
    registered = _REGISTRIES.fullmatch(place)
    return _load().by_address.get(place) or (_load().by_key.get(_squash(registered[1])) if registered else None)


def find_in_prose(text: str) -> Iterator[Licence]:
    """Licences whose names of two words or more stand in a text, longest name first; a name within a name does not count."""
    rest = f" {_simplify(text)} "
    for phrase, licence in _load().by_phrase.items():
        if f" {phrase} " in rest:
            rest = rest.replace(f" {phrase} ", "  ")
            yield licence


def simplify_address(address: str) -> str:
    """Host and path in lower case, without scheme, ``www.``, query, and the endings that servers give the same page."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
    except ValueError:
        return ""
    return _ENDINGS.sub("", f"{parts.netloc}{parts.path}".lower().removeprefix("www."))


@cache
def _load() -> _Table:
    table = _Table({}, {}, {})
    for line in _OPEN.strip().splitlines():
        spdx, name, addresses, aliases = (part.strip() for part in line.split("|"))
        url = f"https://spdx.org/licenses/{spdx}.html"
        licence = Licence(spdx, name, url, is_open=True, allows_derivatives=True, allows_commercial_use=True)
        table.by_address.update({each.strip(): licence for each in addresses.split(";")})
        _name(table, licence, (spdx, name, *aliases.split(";")))
    for line in _STATEMENTS.strip().splitlines():
        code, name, flags = (part.strip() for part in line.split("|"))
        said = [{"y": True, "n": False}.get(flag) for flag in flags]
        _name(table, Licence(None, name, f"https://rightsstatements.org/vocab/{code}/1.0/", *said), (code, name))
    table.by_phrase.update({_simplify(phrase): licence for phrase, licence in _SPOKEN.items()})
    longest_first = sorted(table.by_phrase.items(), key=lambda each: (-len(each[0]), each[0]))
    return _Table(table.by_key, table.by_address, dict(longest_first))


def _name(table: _Table, licence: Licence, names: tuple[str, ...]) -> None:
    """Enter a licence under its names; only those that no sentence has by chance are looked for in prose."""
    for name in (each.strip() for each in names):
        if name:
            table.by_key.setdefault(_squash(name), licence)
            if " " in name and re.search(r"licen[cs]e|statement", name, re.IGNORECASE):
                table.by_phrase.setdefault(_simplify(name), licence)


def _squash(text: str) -> str:
    """Letters, digits and ``+`` alone, so that Apache-2.0, apache 2.0 and APACHE_2_0 are one."""
    return re.sub(r"[\W_]+", "", _simplify(text).replace("+", "plus"))


def _simplify(text: str) -> str:
    """Words in lower case with single spaces, in one of the two spellings of "license"."""
    words = _NOT_WORDS.sub(" ", text.casefold().replace("licence", "license")).split()
    return " ".join(word.strip(".") for word in words if word.strip("."))
