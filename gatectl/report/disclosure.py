"""What a public version leaves out: addresses, accounts, names of machines, builds, commands."""

import re
from collections.abc import Iterable

from gatectl.core.gate import Gate
from gatectl.report.language import Veil

_SHAPES = (
    # MAC before IPv6: both are hex digits with colons.
    r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b",
    r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?:/\d{1,3})?(?![\w:])",
    r"\b(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2}|:\d{1,5})?\b",
    r"\b(?:NS)?\d{2}\.\d{1,2}(?:[-.:]|:?\s)\s?(?:build[-\s])?\d{1,3}\.\d{1,3}(?:\.\w+)?\b",
    r"`[^`]*`",
    r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b",
)
_COMMANDS = (
    r"\b(?:add|rm|set|bind|unbind|show|save|apply|enable|disable|force|kill|shell)\s+"
    r"(?:ns|ha|vpn|aaa|cs|lb|ssl|system|responder|config)\b[^.;]*"
)


def veil_for(gate: Gate, left_out: str) -> Veil:
    """Make what blacks out a text about a gate."""
    pattern = re.compile("|".join([*_SHAPES, _COMMANDS, *_named(gate)]), re.IGNORECASE)

    def veil(text: str) -> str:
        return pattern.sub(left_out, text)

    return veil


def _named(gate: Gate) -> Iterable[str]:
    """Name everything of this gate that a reader outside has no business with, longest first."""
    names = {
        *(node.name for node in gate.nodes),
        *(node.host.address for node in gate.nodes),
        *(node.host.username for node in gate.nodes),
        *(via.address for one in gate.vantages if (via := one.via) is not None),
        *(via.username for one in gate.vantages if (via := one.via) is not None),
        *(one.target[0] for one in gate.vantages if one.target is not None),
        *(one.control[0] for one in gate.vantages if one.control is not None),
        gate.vserver.name,
        gate.vserver.server_name,
        str(gate.vserver.address),
    }
    return [
        rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True) if name
    ]
