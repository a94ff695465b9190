"""What rights statements let us do with the content of a file: read it, or only point to it.

A file that is open may be read; one with restricted access only when its licence lets others make something of it, so not under
NoDerivatives; everything else not. Terms: https://vocabularies.coar-repositories.org/access_rights/ and ``info:eu-repo/semantics``,
licences as https://creativecommons.org/about/cclicenses/ names them.
"""

import re
from collections.abc import Iterable, Sequence

from harvest_assets.model.derivative import APPLIES, Applicability, does_not_apply

OPEN, RESTRICTED, CLOSED = "OpenAccess", "RestrictedAccess", "ClosedAccess"
NO_LICENCE = frozenset({"", "yes", "unknown"})

_STRICTEST_FIRST = (CLOSED, RESTRICTED, OPEN)
_COAR = re.compile(r"https?://purl\.org/coar/access_right/(c_[0-9a-z]+)/?")
_COAR_TERMS = {"c_abf2": OPEN, "c_16ec": RESTRICTED, "c_f1cf": CLOSED, "c_14cb": CLOSED}
_INFO = re.compile(r"info:eu-repo/semantics/(open|restricted|closed|embargoed)Access")
_WORDS = re.compile(r"(open|restricted|closed|embargoed|metadata[\s_-]*only)[\s_-]*access", re.IGNORECASE)
_KINDS = {"open": OPEN, "restricted": RESTRICTED}

_ELEMENT = r"(?:by|nc|nd|sa|zero)"
_CODE = re.compile(rf"\bcc[\s_-]*({_ELEMENT}(?:[\s_-]+{_ELEMENT})*)(?![a-z])", re.IGNORECASE)
_BARE_CODE = re.compile(rf"(by(?:-{_ELEMENT})*)(?:[\s_-]*[\d.]+)?", re.IGNORECASE)
_ADDRESS = re.compile(r"creativecommons\.org/(?:licen[sc]es|publicdomain)/([a-z+-]+)", re.IGNORECASE)
_NAME = re.compile(r"\bcreative[\s-]*commons\b", re.IGNORECASE)
_NO_DERIVATIVES = re.compile(r"\b(?:no[\s-]?deriv(?:ative)?(?:s|[\s-]?works)?|geen[\s-]?afgeleide[\s-]?werken)\b", re.IGNORECASE)
_PUBLIC_DOMAIN = re.compile(r"\b(?:cc[\s_-]*0|cc[\s_-]*pdm|public[\s_-]*domain(?:[\s_-]*mark)?)(?![a-z])", re.IGNORECASE)


def read_policy(access_rights: str | None, copyright: str | Sequence[str] | None, rights: Iterable[str] = ()) -> Applicability:  # noqa: A002 - the property's name
    """Whether the content of a file may be read, and if not, why.

    ``access_rights`` decides where it is given, in its own spelling or as a term of COAR or info:eu-repo; else the strictest statement in
    the texts of ``rights``, where ``open access`` is good enough; else only an open licence lets us in.
    """
    licences = [copyright] if isinstance(copyright, str) else list(copyright or ())
    texts = list(rights)
    access = _read_term(access_rights) if access_rights else _find_strictest(texts)
    licences += [text for text in texts if is_open_licence(text) or forbids_derivatives(text)]
    if access == OPEN:
        return APPLIES
    if access == RESTRICTED:
        return _judge_restricted(licences)
    if access is not None:
        return does_not_apply(f"the access rights are {access_rights or access!r}: the content may not be read")
    return _judge_licences(licences)


def is_open_licence(text: str) -> bool:
    """Whether a text names a licence of Creative Commons, or the public domain, that lets others make something of the work."""
    names_one = bool(_read_elements(text) or _NAME.search(text) or _PUBLIC_DOMAIN.search(text))
    return names_one and not forbids_derivatives(text)


def forbids_derivatives(text: str) -> bool:
    """Whether NoDerivatives is an element of the licence that a text names; ``nd`` inside another word is none."""
    return "nd" in _read_elements(text) or bool(_NO_DERIVATIVES.search(text))


def _read_elements(text: str) -> set[str]:
    """The elements of all Creative Commons codes and addresses in a text; empty when it names none."""
    bare = _BARE_CODE.fullmatch(text.strip())
    found = [*_CODE.findall(text), *_ADDRESS.findall(text), *([bare[1]] if bare else [])]
    return {element for code in found for element in re.split(r"[\s_+-]+", code.lower())}


def _read_term(text: str) -> str:
    """The policy that ``access_rights`` states; what is no known term stays as it is, and lets nobody in."""
    coar, info = _COAR.fullmatch(text), _INFO.fullmatch(text)
    if coar:
        return _COAR_TERMS.get(coar[1], text)
    return _KINDS.get(info[1], CLOSED) if info else text


def _find_strictest(texts: Iterable[str]) -> str | None:
    """The strictest policy that one of the texts is, or None."""
    stated: set[str] = set()
    for text in texts:
        words = _WORDS.fullmatch(text.strip())
        stated.add(_KINDS.get(words[1].lower(), CLOSED) if words else _read_term(text.strip()))
    return next((policy for policy in _STRICTEST_FIRST if policy in stated), None)


def _judge_restricted(licences: Sequence[str]) -> Applicability:
    named = [licence for licence in licences if licence.strip().lower() not in NO_LICENCE]
    if not named:
        return does_not_apply("access is restricted and no licence is given")
    refused = next((licence for licence in named if forbids_derivatives(licence)), None)
    return APPLIES if refused is None else does_not_apply(f"access is restricted and the licence {refused[:80]!r} allows no derivatives")


def _judge_licences(licences: Sequence[str]) -> Applicability:
    refused = next((licence for licence in licences if forbids_derivatives(licence)), None)
    if refused is not None:
        return does_not_apply(f"no access rights are given, and the licence {refused[:80]!r} allows no derivatives")
    if any(is_open_licence(licence) for licence in licences):
        return APPLIES
    named = ", ".join(repr(licence[:80]) for licence in licences[:3])
    return does_not_apply("no access rights are given, and " + (f"{named} is no open licence" if named else "no licence"))
