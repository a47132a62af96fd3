"""A record of the CVE programme (JSON 5.x): its shape, and the bulletin that it makes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from gatectl.core.advisory import Advisory, Build
from gatectl.core.draft import (
    Claim,
    Draft,
    NothingCertain,
    bulletin_in,
    day_of,
    settle,
    title_from,
    trains_not_named,
)
from gatectl.core.gate import AdvisoryId
from gatectl.core.productname import Product, misspelt, product_of
from gatectl.core.writtenbuild import NotCertain, builds_in, first_fixed, plain

_CPE_EDITION = 9
"""Where a CPE 2.3 name says fips or ndcpp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One range of versions, as a container states it."""

    status: str = ""
    version: str = ""
    less_than: Annotated[str | None, Field(alias="lessThan")] = None
    less_than_or_equal: Annotated[str | None, Field(alias="lessThanOrEqual")] = None
    changes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One product of a container."""

    vendor: str = ""
    product: str = ""
    versions: tuple[VersionRow, ...] = ()
    cpes: tuple[str, ...] = ()
    default_status: Annotated[str, Field(alias="defaultStatus")] = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who wrote a container."""

    short_name: Annotated[str, Field(alias="shortName")] = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A description in one language."""

    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A page that a record points to."""

    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMetric:
    """A metric that is no score: CISA's catalogue among them."""

    type: str = ""
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of a container."""

    other: OtherMetric | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What one party says."""

    provider: Annotated[Provider, Field(alias="providerMetadata")] = Provider()
    title: str = ""
    date_public: Annotated[str, Field(alias="datePublic")] = ""
    affected: tuple[Affected, ...] = ()
    descriptions: tuple[Text, ...] = ()
    references: tuple[Reference, ...] = ()
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """What the vendor says, and what others added."""

    cna: Container
    adp: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Number, state and day of a record."""

    cve: Annotated[str, Field(alias="cveId", pattern=r"^CVE-\d{4}-\d{4,19}$")]
    state: str
    date_published: Annotated[str, Field(alias="datePublished")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CveRecord:
    """A record as it is published; whatever is not read here is passed over."""

    data_version: Annotated[str, Field(alias="dataVersion")]
    metadata: Annotated[Metadata, Field(alias="cveMetadata")]
    containers: Containers


def draft_of_cve(record: CveRecord) -> Draft:
    """Make a bulletin of a record; raises NothingCertain with all that stood in the way."""
    cve = record.metadata.cve
    if not record.data_version.startswith("5."):
        raise NothingCertain(f"a CVE record of version {record.data_version} is not read here")
    if record.metadata.state != "PUBLISHED":
        raise NothingCertain(f"{cve} is {record.metadata.state}")
    left_out: list[str] = []
    containers = (record.containers.cna, *record.containers.adp)
    claims = [claim for one in containers for claim in _claims(one, cve, left_out)]
    fixed, disputed = settle(claims, [cve])
    left_out = [*disputed, *left_out]
    if not fixed:
        raise NothingCertain(f"no fixed build can be read for certain from {cve}", left_out)
    advisory = _advisory(record, fixed, left_out)
    left_out.append("cves: one record is about one CVE; the bulletin may be about more")
    left_out.append("preconditions: a record has them in prose only; without them, all are exposed")
    return Draft(
        advisory=advisory,
        left_out=tuple(dict.fromkeys([*left_out, trains_not_named(fixed)])),
    )


def _claims(container: Container, cve: str, left_out: list[str]) -> Iterator[Claim]:
    for affected in container.affected:
        name = plain(f"{affected.vendor} {affected.product}")
        said_by = f"{container.provider.short_name} for {name}"
        product = product_of(affected.vendor, affected.product)
        if product is not Product.OURS:
            named = ", ".join(b for row in affected.versions for b in builds_in(row.version))
            builds = f" (it names {named})" if named else ""
            left_out.append(f"{said_by}: {product.value}{builds}")
            continue
        wrong = misspelt(affected.vendor) or misspelt(affected.product)
        if wrong:
            left_out.append(f"{said_by}: {wrong!r} was read as the vendor's name")
        if affected.default_status == "unaffected":
            left_out.append(f"{said_by}: `unaffected` for all that is not named; not taken over")
        if not affected.versions:
            left_out.append(f"{said_by}: names no versions")
        for row in affected.versions:
            try:
                build = _first_fixed(row, affected.cpes)
            except NotCertain as exc:
                left_out.append(f"{said_by}: {_row_text(row)}: {exc}")
            else:
                yield Claim(build=build, cve=cve, said_by=said_by)


def _first_fixed(row: VersionRow, cpes: tuple[str, ...]) -> Build:
    if row.status != "affected":
        raise NotCertain(f"its status is {row.status!r}")
    if row.changes:
        raise NotCertain("its status changes inside the range")
    if row.less_than_or_equal is not None:
        raise NotCertain("it names the last affected build, and not the first fixed one")
    if row.less_than is None:
        named = builds_in(row.version)
        if named:
            # CVE-2020-8193 names the fixes in this place, other records what is affected.
            raise NotCertain("builds without a range: these may be the fixed or the affected ones")
        raise NotCertain("it has no range")
    fips = bool(cpes) and all(_is_fips(cpe) for cpe in cpes)
    return first_fixed(row.version, row.less_than, fips=fips)


def _is_fips(cpe: str) -> bool:
    parts = cpe.casefold().split(":")
    return parts[_CPE_EDITION : _CPE_EDITION + 1] in (["fips"], ["ndcpp"])


def _row_text(row: VersionRow) -> str:
    end = row.less_than or row.less_than_or_equal
    return f"version {plain(row.version)!r}" + (f" to {plain(end)!r}" if end else "")


def _advisory(record: CveRecord, fixed: dict[str, str], left_out: list[str]) -> Advisory:
    cve, cna = record.metadata.cve, record.containers.cna
    name = bulletin_in(reference.url for reference in cna.references)
    if name is None:
        left_out.append("id: the record does not point to exactly one bulletin of the vendor")
    published = day_of(cna.date_public)
    if published is None:
        left_out.append("published: the day of the record; the vendor's bulletin may be older")
        published = day_of(record.metadata.date_published)
    if published is None:
        raise NothingCertain(f"{cve} has no date", left_out)
    listed = [day for day in map(_kev_day, _metrics(record)) if day is not None]
    kev = min(listed, default=None)
    sources = {
        "published": "[C] CVE record" if cna.date_public else "[I] CVE record, its own day",
        "fixed": f"[C] CVE record of {cve}",
    }
    if kev is not None:
        sources |= {
            "kev": "[C] CISA, in the CVE record",
            "known_exploited": "[C] CISA KEV catalogue: the day it was listed, an upper bound",
        }
    return Advisory(
        id=name or AdvisoryId(cve),
        title=title_from(cna.title, *(text.value for text in cna.descriptions), cve),
        published=published,
        cves=(cve,),
        source=f"CVE record of {cve}, by {cna.provider.short_name}",
        fixed=fixed,
        known_exploited=kev,
        exploited_cves=(cve,) if kev else (),
        kev=kev,
        sources=sources,
    )


def _metrics(record: CveRecord) -> Iterator[OtherMetric]:
    for container in (record.containers.cna, *record.containers.adp):
        yield from (metric.other for metric in container.metrics if metric.other is not None)


def _kev_day(metric: OtherMetric) -> date | None:
    return day_of(str(metric.content.get("dateAdded", ""))) if metric.type == "kev" else None
