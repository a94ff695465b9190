"""The examination of an OAI-PMH repository: what it says of itself, and whether that is so.

http://www.openarchives.org/OAI/openarchivesprotocol.html
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from harvest_assets.config.plugins import extractors
from harvest_assets.errors import HarvestError
from harvest_assets.harvest.oai_pmh.errors import BadResumptionTokenError
from harvest_assets.interfaces import Remote
from harvest_assets.stages.doctor.examined import Draft, Examined, Session, accepts
from harvest_assets.stages.doctor.findings import Findings, count, tidy
from harvest_assets.stages.doctor.oai_dates import Granularity, examine_dates
from harvest_assets.stages.doctor.oai_questions import Questions, Told
from harvest_assets.stages.doctor.recognition import OAI_PMH, Recognised
from harvest_assets.stages.doctor.sampling import Sample, describe_list, read_sample

DEFAULT_PREFIX = "oai_dc"
_SHOWN_SETS = 5
_MOST_SETS = 500
_SHOWN_PREFIXES = 12


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What was learnt of resumption tokens; ``first`` is the page that the token led to, to compare with later."""

    token: str | None = None
    first: Told = field(default_factory=Told)
    repeats_arguments: bool = False
    asked_at: float = 0.0


def examine_repository(session: Session, found: Recognised) -> Examined:
    """Some twenty requests and a sample; the draft has the options with which the sample could be read.

    Raises:
        HarvestError: The repository does not answer Identify.
    """
    about, lists, dates = Findings("repository"), Findings("list"), Findings("dates")
    questions = Questions(found.url, session.asker)
    remote = _identify(session, found, about)
    prefix = _choose_prefix(questions, found, about)
    draft = Draft(tidy(remote.title or session.wanted.slug, 200), OAI_PMH, found.url, _first_options(prefix, found))
    _list_sets(session, draft, about)
    tokens = _try_token(questions, _select(draft), lists)
    if tokens.repeats_arguments:
        draft = _with_options(draft, repeat_arguments=True)
    sample = read_sample(draft.build(session.wanted), session.asker, session.environ, session.wanted.records)
    describe_list(sample, lists)
    _try_token_again(session, questions, tokens, lists)
    _describe_deletions(remote, sample, about)
    draft = _decide_dates(questions, draft, (remote, sample), dates)
    return Examined(draft, (*about, *lists, *dates), sample)


def _identify(session: Session, found: Recognised, findings: Findings) -> Remote:
    protocol = Draft("probe", OAI_PMH, found.url).build(session.wanted).build_protocol(session.asker, session.environ)
    remote = protocol.identify()
    findings.add("name", remote.title or "none", "good" if remote.title else "note")
    findings.add("granularity", remote.granularity or "not said", "good" if remote.granularity else "warning")
    findings.add("earliest datestamp", remote.earliest_datestamp or "not said", "good" if remote.earliest_datestamp else "note")
    return remote


def _choose_prefix(questions: Questions, found: Recognised, findings: Findings) -> str:
    """The prefix that the address named, or ``oai_dc``, or the first that we can read; of those on offer."""
    readable = extractors()
    wanted = found.arguments.get("metadataPrefix", DEFAULT_PREFIX)
    try:
        offered = questions.list_prefixes()
    except HarvestError as error:
        findings.add("metadata prefixes", f"not found out: {error}", "unknown")
        return wanted if wanted in readable else DEFAULT_PREFIX
    shown = ", ".join(tidy(each, 40) for each in offered[:_SHOWN_PREFIXES]) or "none"
    can_read = [each for each in (wanted, DEFAULT_PREFIX, *offered) if each in offered and each in readable]
    chosen = can_read[0] if can_read else DEFAULT_PREFIX
    if can_read:
        findings.add("metadata prefixes", f"{shown}; {chosen} is read")
    else:
        words = f"{shown}; no extractor reads any of them, installed are {', '.join(sorted(readable))}"
        findings.add("metadata prefixes", words, "warning")
    return chosen


def _first_options(prefix: str, found: Recognised) -> dict[str, Any]:
    options: dict[str, Any] = {"metadata_prefix": prefix}
    selected = found.arguments.get("set")
    if selected and accepts(OAI_PMH, {**options, "set": selected}):
        options["set"] = selected
    return options


def _with_options(draft: Draft, **options: object) -> Draft:
    """The draft with more options, as far as the protocol takes them."""
    changed = {**draft.options, **options}
    return replace(draft, options=changed) if accepts(draft.protocol, changed) else draft


def _list_sets(session: Session, draft: Draft, findings: Findings) -> None:
    protocol = draft.build(session.wanted).build_protocol(session.asker, session.environ)
    try:
        sets = list(islice(protocol.list_contents(), _MOST_SETS))
    except HarvestError as error:
        findings.add("sets", f"not found out: {error}", "unknown")
        return
    more = " or more" if len(sets) == _MOST_SETS else ""
    shown = ", ".join(tidy(each.identifier, 60) for each in sets[:_SHOWN_SETS])
    ending = ", …" if len(sets) > _SHOWN_SETS else ""
    findings.add("sets", f"{len(sets)}{more}: {shown}{ending}" if sets else "none")


def _select(draft: Draft) -> dict[str, str]:
    """The arguments that begin the list of a draft."""
    chosen = {"metadataPrefix": draft.options["metadata_prefix"], "set": draft.options.get("set")}
    return {name: str(value) for name, value in chosen.items() if value is not None}


def _try_token(questions: Questions, selection: Mapping[str, str], findings: Findings) -> _Tokens:
    """The first page, and the page after it twice."""
    prefix = selection["metadataPrefix"]
    first = questions.list_records(**selection)
    if first.refusal is not None:
        findings.add("first page", first.refusal, "warning" if first.asked else "unknown")
        return _Tokens()
    if first.repairs:
        findings.add("first page", f"not well-formed: {', '.join(first.repairs)}", "warning")
    findings.add("page size", count(len(first.identifiers), "record"))
    if first.token is None:
        findings.add("resumption token", "none: the list fits on one page", "note" if first.identifiers else "warning")
        return _Tokens()
    second, is_needed = _follow_either_way(questions, first.token, prefix)
    again = questions.follow(first.token) if second.refusal is None else second
    _describe_token(first, second, again, findings)
    if is_needed:
        findings.add("follow-up requests", "refused without the metadata prefix, which the protocol forbids there", "warning")
    return _Tokens(first.token, second, is_needed, time.monotonic()) if second.refusal is None else _Tokens()


def _follow_either_way(questions: Questions, token: str, prefix: str) -> tuple[Told, bool]:
    """The page after the first one, and whether it only came with the metadata prefix beside the token, which is repeated from then on."""
    plain = questions.follow(token)
    if plain.refusal is None or plain.code in {"", BadResumptionTokenError.code}:
        return plain, False
    questions.repeated_prefix = prefix
    repeated = questions.follow(token)
    if repeated.refusal is None:
        return repeated, True
    questions.repeated_prefix = None
    return plain, False


def _describe_token(first: Told, second: Told, again: Told, findings: Findings) -> None:
    if second.refusal is not None:
        findings.add("resumption token", f"the second page: {second.refusal}", "warning" if second.asked else "unknown")
    elif second.token == first.token:
        findings.add("resumption token", f"repeats: the second page hands out the token that led to it, {first.token!r}", "warning")
    elif again.refusal is not None:
        findings.add("resumption token", f"works once; asked again: {again.refusal}", "warning" if again.asked else "unknown")
    elif again.identifiers == second.identifiers:
        findings.add("resumption token", "asked twice, the same page")
    else:
        findings.add("resumption token", "asked twice, two different pages: a harvest cannot be resumed safely", "warning")


def _try_token_again(session: Session, questions: Questions, tokens: _Tokens, findings: Findings) -> None:
    """Whether a token outlives a few seconds, which a harvest of large pages needs."""
    if tokens.token is None:
        return
    age = time.monotonic() - tokens.asked_at
    try:
        session.asker.clock.sleep(max(0.0, session.wanted.patience_seconds - age))
    except HarvestError as error:
        findings.add("token later", f"not found out: {error}", "unknown")
        return
    later = questions.follow(tokens.token)
    seconds = f"{time.monotonic() - tokens.asked_at:.0f} s later"
    if later.refusal is not None:
        findings.add("token later", f"{seconds}: {later.refusal}", "warning" if later.asked else "unknown")
    elif later.identifiers == tokens.first.identifiers:
        findings.add("token later", f"{seconds} the same page")
    else:
        findings.add("token later", f"{seconds} another page", "warning")


def _describe_deletions(remote: Remote, sample: Sample, findings: Findings) -> None:
    seen, declared = sample.profile.deleted, remote.deleted_record
    words = f"declared {declared or 'nothing'}, {count(seen, 'deleted record')} in the sample"
    if declared in {None, "no"} and seen:
        findings.add("deletions", f"{words}: more than it promises", "note")
    elif declared == "persistent":
        findings.add("deletions", words)
    elif declared == "transient":
        findings.add("deletions", f"{words}: only a full list shows for certain what is gone", "note")
    else:
        findings.add("deletions", f"{words}: only a full list shows what is gone", "note" if declared == "no" else "warning")


def _decide_dates(questions: Questions, draft: Draft, known: tuple[Remote, Sample], findings: Findings) -> Draft:
    """The draft with what the date filter needs: nothing where it works as declared."""
    remote, sample = known
    declared: Granularity = "seconds" if remote.granularity and "T" in remote.granularity else "day"
    dates = examine_dates(questions, _select(draft), sample.datestamps, declared, findings)
    if not dates.is_known or dates.granularity == declared:
        return draft
    if dates.granularity is not None:
        changed = _with_options(draft, granularity=dates.granularity)
        if changed is not draft:
            findings.add("decision", f"dates are sent in {dates.granularity}s: options.granularity is {dates.granularity}", "note")
            return changed
    findings.add("decision", "the whole list is asked for every time: options.date_filter is false", "note")
    return _with_options(draft, date_filter=False)
