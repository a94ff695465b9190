"""Digital Object Identifiers, out of addresses and prose.

https://www.doi.org/doi-handbook/HTML/doi-name-syntax.html
"""

import re

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*(?:/|%2f)\S.*", re.IGNORECASE | re.ASCII | re.DOTALL)
_LONGEST = 2_000


def read_doi(text: str | None) -> str | None:
    """The DOI without resolver or scheme, from its ``10.`` to the end of the text, ``+`` for each space; None when there is none."""
    found = _DOI.search((text or "")[:_LONGEST].strip())
    if found is None:
        return None
    prefix, suffix = re.split(r"/|%2f", found[0], maxsplit=1, flags=re.IGNORECASE)
    return f"{prefix}/{'+'.join(suffix.split())}"
