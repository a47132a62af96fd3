"""From the configuration as written to the gates of `core`; everything has been checked before."""

from collections.abc import Mapping
from pathlib import Path

from gatectl.config.consistency import SECRET_KINDS
from gatectl.config.settings import resolve
from gatectl.config.written import (
    WrittenApproval,
    WrittenGate,
    WrittenLogin,
    WrittenTarget,
    WrittenVantage,
    WrittenVserver,
)
from gatectl.core.gate import (
    AdvisoryId,
    ApprovalPolicy,
    Approver,
    Front,
    Gate,
    GateName,
    Host,
    Node,
    NodeName,
    SecretRef,
    Side,
    Target,
    UserGroup,
    Vantage,
    VantageName,
    Vserver,
)


def gates_from(gates: Mapping[str, WrittenGate], folder: Path) -> dict[GateName, Gate]:
    """Build every gate; paths in it start at `folder`."""
    return {GateName(name): _gate(name, gate, folder) for name, gate in gates.items()}


def _gate(name: str, written: WrittenGate, folder: Path) -> Gate:
    return Gate(
        name=GateName(name),
        nodes=tuple(
            Node(name=NodeName(node.name), host=_host(node.name, node, folder))
            for node in written.nodes
        ),
        vserver=_vserver(written.vserver, folder),
        office_networks=written.office_networks,
        close_methods=written.close_methods,
        acl_priorities=written.acl_priorities,
        advisories="all"
        if written.advisories == "all"
        else tuple(AdvisoryId(one) for one in written.advisories),
        vantages=tuple(_vantage(vantage, folder) for vantage in written.vantages),
        provisional_s=written.provisional_minutes * 60,
        evidence_max_age_s=written.evidence_max_age_minutes * 60,
        fips=written.fips,
        in_service_since=written.in_service_since,
        off_box_examination=written.off_box_examination,
        pool_networks=written.pool_networks,
        accept_closed_page=written.accept_closed_page,
        expected_users=_expected_users(written),
        users=tuple(
            UserGroup(group=one.group, count=one.count, side=Side(one.side))
            for one in written.users
        ),
        measure_days=written.measure_days,
        target=_target(written.target, folder),
        approval=_approval(written.approval, folder),
        attestations=written.attestations,
    )


def _expected_users(written: WrittenGate) -> frozenset[str] | None:
    if written.expected_users is None:
        return None
    return frozenset({*written.expected_users, *(node.username for node in written.nodes)})


def _approval(written: WrittenApproval | None, folder: Path) -> ApprovalPolicy:
    if written is None:
        return ApprovalPolicy()
    revoked = resolve(written.revoked_keys, folder) if written.revoked_keys else ""
    return ApprovalPolicy(
        needed=written.needed,
        roles=written.roles,
        people=tuple(Approver(principal=one.principal, role=one.role) for one in written.people),
        allowed_signers=str(resolve(written.allowed_signers, folder)),
        revoked_keys=str(revoked),
        operator_keys=written.operator_keys,
        valid_s=written.valid_minutes * 60,
        overrides=written.overrides,
    )


def _target(written: WrittenTarget | None, folder: Path) -> Target | None:
    if written is None:
        return None
    image = str(resolve(written.image, folder))
    return Target(build=written.build, image=image, sha256=written.sha256)


def _vserver(written: WrittenVserver, folder: Path) -> Vserver:
    authorities = written.certificate_authorities
    return Vserver(
        name=written.name,
        kind=written.kind,
        address=written.address,
        port=written.port,
        address6=written.address6,
        server_name=written.server_name or "",
        fronts=tuple(Front(kind=front.kind, name=front.name) for front in written.fronts),
        persistence=written.persistence,
        certificate_pins=written.certificate_pins,
        certificate_authorities=str(resolve(authorities, folder)) if authorities else "",
    )


def _vantage(written: WrittenVantage, folder: Path) -> Vantage:
    return Vantage(
        name=VantageName(written.name),
        side=Side(written.side),
        source=written.source,
        via=_host(written.name, written.via, folder) if written.via is not None else None,
        control=_endpoint(written.control),
        target=_endpoint(written.target),
    )


def _endpoint(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _host(name: str, written: WrittenLogin, folder: Path) -> Host:
    return Host(
        name=name,
        address=written.host,
        port=written.port,
        username=written.username,
        secret=_secret(written, folder),
        host_keys=written.host_keys,
        legacy_algorithms=written.legacy_algorithms,
        session=written.session,
    )


def _secret(written: WrittenLogin, folder: Path) -> SecretRef:
    (kind,) = (one for one in SECRET_KINDS if getattr(written, one) is not None)
    match kind:
        case "key_file" | "password_file":
            return SecretRef(kind=kind, target=str(resolve(getattr(written, kind), folder)))
        case "command" | "credential":
            return SecretRef(kind=kind, target=getattr(written, kind))
        case "agent" | "prompt":
            return SecretRef(kind=kind)
