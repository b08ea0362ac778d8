"""A source describes a customer anew: its word counts for what it knows, ours for what contact taught us."""

from dataclasses import replace
from datetime import UTC, datetime

from dunwell.accounts.consent import redescribed_consents, reported_refusals
from dunwell.accounts.contact_points import redescribed_points
from dunwell.accounts.holds import added_holds
from dunwell.accounts.model import Customer, CustomerKind, RelationKind
from dunwell.errors import InvalidInputError


def redescribed(known: Customer, new: Customer) -> Customer:
    """The known customer as the source describes them now; itself when that says nothing new.

    Holds, refusals, bounces, proofs, merges and what the customer chose stay whatever the source says. It may add
    holds, refusals and external ids, also by an older description that comes late, so that the order in which
    descriptions come makes no difference. In all else an older description changes nothing. One without a version
    counts as the newest.

    Args:
        new: made from the source's record alone.

    Raises:
        InvalidInputError: the two are different customers.
    """
    if known.customer_id != new.customer_id:
        raise InvalidInputError("a description of another customer cannot replace this one")
    holds = added_holds(known.holds, new.holds)
    ids = joined_ids(known.external_ids, new.external_ids)
    if is_older(new.source_version, known.source_version):
        refusals = reported_refusals(known.consents, new.consents)
        return replace(known, holds=holds, consents=refusals, external_ids=ids)
    learnt_zone = bool(known.timezone_evidence)
    absorbed = any(one.kind is RelationKind.ABSORBED for one in known.relations)
    described = replace(
        new,
        kind=known.kind if absorbed and known.kind is CustomerKind.PERSON else new.kind,
        contact_points=redescribed_points(known.contact_points, new.contact_points),
        consents=redescribed_consents(known.consents, new.consents),
        timezone=known.timezone if learnt_zone else new.timezone,
        preferred_hours=new.preferred_hours or known.preferred_hours,
        refused_times=known.refused_times,
        timezone_evidence=known.timezone_evidence if learnt_zone else new.timezone_evidence,
        holds=holds,
        external_ids=ids,
        source_version=new.source_version or known.source_version,
        relations=known.relations,
        chosen=known.chosen,
    )
    return replace(described, **{name: getattr(known, name) for name in known.chosen})


def joined_ids(*several: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """All external ids, each once, in order of source and number."""
    return tuple(sorted({one for ids in several for one in ids}))


def is_older(version: str, than: str) -> bool:
    """Whether one version of a source's record comes before another: numbers by size, times by instant, else as text.

    A record without a version is never older: nothing says so.
    """
    if not version or not than:
        return False
    if version.isdecimal() and than.isdecimal():
        return int(version) < int(than)
    first, second = _instant(version), _instant(than)
    return first < second if first and second else version < than


def _instant(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
