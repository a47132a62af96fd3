"""Whether somebody gave his word for what gatectl cannot see, such as keys that were replaced."""

from collections.abc import Mapping

from gatectl.core.agreement import AttestationGiven
from gatectl.core.check import Verdict, failed, passed


def judge_attestations(wanted: tuple[str, ...], given: Mapping[str, AttestationGiven]) -> Verdict:
    """Judge whether every attestation that the configuration asks for is on record."""
    missing = [name for name in wanted if name not in given]
    if missing:
        return failed(f"nobody has given his word for: {', '.join(missing)}")
    if not wanted:
        return passed("the configuration asks for no attestation")
    told = ", ".join(f"{name} (by {given[name].by})" for name in wanted)
    return passed(f"on somebody's word: {told}")
