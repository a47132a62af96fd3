"""The gatectl configuration of a simulated site, as text and password files."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAccess:
    """How a node is reached and logged in to."""

    name: str
    host: str
    port: int
    username: str
    password: str
    host_key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAccess:
    """Everything that a configuration says about a site."""

    gate: str
    nodes: Sequence[NodeAccess]
    vserver: str
    address: str
    port: int
    inside: str
    outside: str
    control: str
    """Host and port that must answer each vantage."""


def write_configuration(access: SiteAccess, folder: Path) -> str:
    """Write the password files into the folder, and give the text of the configuration.

    Files are replaced, so that a site can be described anew in the same folder.
    """
    return "\n".join((write_settings(folder), write_gate(access, folder)))


def write_settings(folder: Path) -> str:
    """Give the text that says where the journal lies."""
    return f"[settings]\nstate_dir = {_quoted(folder / 'state')}\n"


def write_gate(access: SiteAccess, folder: Path) -> str:
    """Write the password files of one gate into a folder, and give the text about it."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [_gate(access)]
    for node in access.nodes:
        password_file = folder / ("password" if len(access.nodes) == 1 else f"password-{node.name}")
        _write_private(password_file, f"{node.password}\n")
        parts.append(_node(access.gate, node, password_file))
    parts.append(_vantage(access, name="office", side="inside", source=access.inside))
    parts.append(_vantage(access, name="internet", side="outside", source=access.outside))
    return "\n".join(parts)


def _gate(access: SiteAccess) -> str:
    return (
        f"[gates.{access.gate}]\n"
        'advisories = ["CTX267027"]\n'
        f"office_networks = [{_quoted(f'{access.inside}/32')}]\n"
        'close_methods = ["close-acl", "close-vserver"]\n'
        "acl_priorities = [10, 99]\n"
        # The site was put up today, and nobody has its disk to examine elsewhere.
        f"in_service_since = {_quoted(datetime.now(UTC).date().isoformat())}\n"
        'off_box_examination = "advised"\n\n'
        f"[gates.{access.gate}.vserver]\n"
        f"name = {_quoted(access.vserver)}\n"
        'kind = "vpn"\n'
        f"address = {_quoted(access.address)}\n"
        f"port = {access.port}\n"
    )


def _node(gate: str, node: NodeAccess, password_file: Path) -> str:
    return (
        f"[[gates.{gate}.nodes]]\n"
        f"name = {_quoted(node.name)}\n"
        f"host = {_quoted(node.host)}\n"
        f"port = {node.port}\n"
        f"username = {_quoted(node.username)}\n"
        f"password_file = {_quoted(password_file)}\n"
        f"host_keys = [{_quoted(node.host_key_sha256)}]\n"
    )


def _vantage(access: SiteAccess, *, name: str, side: str, source: str) -> str:
    return (
        f"[[gates.{access.gate}.vantages]]\n"
        f"name = {_quoted(name)}\n"
        f"side = {_quoted(side)}\n"
        f"source = {_quoted(source)}\n"
        f"control = {_quoted(access.control)}\n"
    )


def _quoted(value: str | Path) -> str:
    # A JSON string without \u escapes is a TOML basic string.
    return json.dumps(str(value), ensure_ascii=False)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
