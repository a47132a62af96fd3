"""A CSAF 2.0 document, as CERTs publish them: its shape, and the bulletin that it makes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

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
from gatectl.core.writtenbuild import (
    NotCertain,
    first_fixed,
    names_fips,
    one_build,
    plain,
    range_end,
)

_DEPTH_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class FullProduct:
    """A product that other parts refer to by its id."""

    name: str = ""
    product_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A part of the product tree."""

    category: str
    name: str
    product: FullProduct | None = None
    branches: "tuple[Branch, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTree:
    """The products that a document speaks of."""

    branches: tuple[Branch, ...] = ()
    full_product_names: tuple[FullProduct, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductStatus:
    """Which products have a fault, and which have its fix."""

    known_affected: tuple[str, ...] = ()
    first_affected: tuple[str, ...] = ()
    last_affected: tuple[str, ...] = ()
    known_not_affected: tuple[str, ...] = ()
    under_investigation: tuple[str, ...] = ()
    first_fixed: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A page that a document points to."""

    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """What is said of one CVE."""

    cve: str = ""
    product_status: ProductStatus = ProductStatus()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """Number, state and days of a document."""

    id: str
    status: str
    version: str = ""
    initial_release_date: str
    current_release_date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who publishes a document."""

    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a document says of itself."""

    csaf_version: str
    title: str
    publisher: Publisher
    tracking: Tracking
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CsafDocument:
    """A document as it is published; whatever is not read here is passed over."""

    document: Head
    product_tree: Annotated[ProductTree, Field()] = ProductTree()
    vulnerabilities: tuple[Vulnerability, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaf:
    """One product of the tree with all the names on the way to it."""

    vendor: str
    product: str
    version: str
    is_range: bool

    @property
    def shown(self) -> str:
        return plain(f"{self.vendor} {self.product} {self.version}")

    @property
    def fips(self) -> bool:
        return names_fips(self.product)


def draft_of_csaf(csaf: CsafDocument) -> Draft:
    """Make a bulletin of a document; raises NothingCertain with all that stood in the way."""
    head = csaf.document
    if head.csaf_version != "2.0":
        raise NothingCertain(f"CSAF {head.csaf_version} is not read here, only 2.0")
    left_out: list[str] = []
    leaves = _leaves(csaf.product_tree, left_out)
    claims: list[Claim] = []
    cves: list[str] = []
    for vulnerability in csaf.vulnerabilities:
        named = [leaves[i] for i in _all_ids(vulnerability.product_status) if i in leaves]
        if not named:
            continue
        if not vulnerability.cve:
            left_out.append("cves: a vulnerability without a CVE names this product")
            continue
        cves.append(vulnerability.cve)
        claims += _claims(vulnerability, leaves, head.publisher.name, left_out)
    if not cves:
        raise NothingCertain(
            f"{head.tracking.id} names no NetScaler ADC or Gateway among its products "
            "(prose is not read)",
            left_out,
        )
    fixed, disputed = settle(claims, cves)
    left_out = [*disputed, *left_out]
    if not fixed:
        raise NothingCertain(
            f"no fixed build can be read for certain from {head.tracking.id}", left_out
        )
    return _draft(csaf, tuple(dict.fromkeys(cves)), fixed, left_out)


def _draft(
    csaf: CsafDocument, cves: tuple[str, ...], fixed: dict[str, str], left_out: list[str]
) -> Draft:
    head = csaf.document
    published = day_of(head.tracking.initial_release_date)
    if published is None:
        raise NothingCertain(f"{head.tracking.id} has no date", left_out)
    pages = [*head.references, *(r for v in csaf.vulnerabilities for r in v.references)]
    name = bulletin_in(page.url for page in pages)
    if name is None:
        left_out.append("id: the document does not point to exactly one bulletin of the vendor")
    if head.tracking.status != "final":
        left_out.append(f"the document is {head.tracking.status}; a later one may say otherwise")
    left_out += [
        "published: the day of this document; the vendor's bulletin may be older",
        "preconditions and remediations are prose; without preconditions, all are exposed",
        "known_exploited: a document of this kind has no day on which exploitation was public",
        trains_not_named(fixed),
    ]
    says = f"{head.publisher.name}, {head.tracking.id} version {head.tracking.version}"
    advisory = Advisory(
        id=name or AdvisoryId(plain(head.tracking.id).replace(" ", "-")),
        title=title_from(head.title, head.tracking.id),
        published=published,
        cves=cves,
        source=f"CSAF document of {says}",
        fixed=fixed,
        sources={"published": f"[I] {says}", "fixed": f"[C] {says}"},
    )
    return Draft(advisory=advisory, left_out=tuple(dict.fromkeys(filter(None, left_out))))


def _all_ids(status: ProductStatus) -> tuple[str, ...]:
    return status.known_affected + status.first_affected + status.first_fixed + status.fixed


def _leaves(tree: ProductTree, left_out: list[str]) -> dict[str, _Leaf]:
    """Give the leaves that are ours, by their id; those that may be are listed."""
    found: dict[str, _Leaf] = {}
    for product_id, leaf in _walk(tree.branches, {}, 0):
        product = product_of(leaf.vendor, leaf.product)
        if product is Product.OURS:
            if product_id in found and found[product_id] != leaf:
                raise NothingCertain(f"the product id {product_id} stands for two products")
            found[product_id] = leaf
            wrong = misspelt(leaf.vendor) or misspelt(leaf.product)
            if wrong:
                left_out.append(f"{leaf.shown}: {wrong!r} was read as the vendor's name")
        elif product is not Product.FOREIGN:
            left_out.append(f"{leaf.shown}: {product.value}")
    left_out += [
        f"{plain(one.name)}: a product without vendor and version of its own"
        for one in tree.full_product_names
        if product_of("", one.name) not in {Product.FOREIGN, Product.UNNAMED}
    ]
    return found


def _walk(
    branches: tuple[Branch, ...], above: Mapping[str, str], depth: int
) -> Iterator[tuple[str, _Leaf]]:
    if depth > _DEPTH_MAX:
        raise NothingCertain("the product tree is nested far too deep")
    for branch in branches:
        names = {**above, branch.category: branch.name}
        if branch.product is not None:
            is_range = branch.category == "product_version_range"
            version = branch.name if branch.category.startswith("product_version") else ""
            leaf = _Leaf(
                vendor=names.get("vendor", ""),
                product=names.get("product_name", ""),
                version=version,
                is_range=is_range,
            )
            yield branch.product.product_id, leaf
        yield from _walk(branch.branches, names, depth + 1)


def _claims(
    vulnerability: Vulnerability,
    leaves: Mapping[str, _Leaf],
    publisher: str,
    left_out: list[str],
) -> Iterator[Claim]:
    status, cve = vulnerability.product_status, vulnerability.cve
    told = [(i, _end_of_range) for i in status.known_affected]
    told += [(i, _whole_build) for i in status.first_fixed]
    certain: list[Build] = []
    for product_id, read in told:
        if product_id not in leaves:
            continue
        leaf = leaves[product_id]
        try:
            build = read(leaf)
        except NotCertain as exc:
            left_out.append(f"{cve}: {leaf.shown}: {exc}")
            continue
        certain.append(build)
        yield Claim(build=build, cve=cve, said_by=f"{publisher} for {leaf.shown}")
    for product_id in status.fixed:
        if product_id in leaves:
            yield from _claims_of_fixed(leaves[product_id], cve, publisher, certain, left_out)
    left_out += [
        f"{cve}: {leaves[i].shown}: said not to be affected; not taken over"
        for i in status.known_not_affected
        if i in leaves
    ]


def _end_of_range(leaf: _Leaf) -> Build:
    if not leaf.is_range:
        raise NotCertain("a single affected build, or no version, says nothing of the fix")
    begin, end = range_end(leaf.version)
    return first_fixed(begin, end, fips=leaf.fips)


def _whole_build(leaf: _Leaf) -> Build:
    return one_build(leaf.version, fips=leaf.fips)


def _claims_of_fixed(
    leaf: _Leaf, cve: str, publisher: str, certain: list[Build], left_out: list[str]
) -> Iterator[Claim]:
    """Use a fixed build only to contradict: it may be any of those with the fix."""
    try:
        build = _whole_build(leaf)
    except NotCertain as exc:
        left_out.append(f"{cve}: {leaf.shown}: {exc}")
        return
    same = [one for one in certain if one.train == build.train]
    if not same:
        left_out.append(f"{cve}: {leaf.shown}: has the fix, perhaps not as the first build")
    elif build < min(same):
        yield Claim(build=build, cve=cve, said_by=f"{publisher} for {leaf.shown} (as fixed)")
