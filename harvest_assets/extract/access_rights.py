"""Access rights as one vocabulary: ``OpenAccess``, ``RestrictedAccess``, ``ClosedAccess``, whatever word a source has for them."""

OPEN = "OpenAccess"
RESTRICTED = "RestrictedAccess"
CLOSED = "ClosedAccess"


def read_access_rights(text: str | None) -> str | None:
    """``openaccess`` is ``OpenAccess``; a text that begins with a capital stays as it is; None when there is none."""
    stripped = (text or "").strip()
    if stripped[:1].isupper():
        return stripped
    word = stripped.lower().replace("access", "").strip(" _-")
    return f"{word.capitalize()}Access" if word else None
