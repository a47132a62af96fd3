"""What a rehearsal goes through: which bulletin, which build, and chapter after chapter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gatectl.clock import SystemClock
from gatectl.core.advisory import Build, BuildError
from gatectl.core.event import Mode
from gatectl.core.gate import SHUT_STATES, GateState
from gatectl.core.plan import Direction
from gatectl.desk import Result
from gatectl.errors import ExitCode, InvalidInput
from gatectl.operation import Operation
from gatectl.simulator.rehearsal import Image

MITIGATION = "mitigate-cve-2019-19781"
METHODS = {"acl": "close-acl", "vserver": "close-vserver", "responder": "close-responder"}
_PROVISIONAL_MINUTES = 120
_WAIT_S_MIN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a build is exposed to, and what it is patched to."""

    advisory: str
    target: str
    mitigation: str = ""


SETTINGS = (
    Setting(advisory="CTX267027", target="12.1-55.18", mitigation=MITIGATION),
    Setting(advisory="CTX267027", target="13.0-47.24", mitigation=MITIGATION),
    Setting(advisory="CTX579459", target="13.0-92.19"),
    Setting(advisory="CTX579459", target="13.1-49.15"),
    Setting(advisory="CTX694938", target="13.1-59.22"),
    Setting(advisory="CTX697096", target="13.1-64.24"),
    Setting(advisory="CTX579459", target="14.1-8.50"),
    Setting(advisory="CTX694938", target="14.1-47.48"),
    Setting(advisory="CTX697096", target="14.1-73.37"),
)
"""By train, the oldest first: a build's rehearsal is about the first that it is not fixed for."""


def setting_for(build: str, target: str | None) -> Setting:
    """Choose what happens to a build; raises InvalidInput where no rehearsal begins with it."""
    try:
        found = next((one for one in SETTINGS if _is_before(build, one.target)), None)
    except BuildError as exc:
        raise InvalidInput(str(exc), hint="Write a build as 12.1-55.13.") from exc
    if found is None:
        newest = ", ".join(one.target for one in SETTINGS)
        raise InvalidInput(
            f"no rehearsal begins with {build}",
            hint=f"Name a build that is older than one of these, in its train: {newest}.",
        )
    if target is None:
        return found
    return Setting(advisory=found.advisory, target=target, mitigation=found.mitigation)


def _is_before(build: str, target: str) -> bool:
    installed, fixed = Build.parse(build), Build.parse(target)
    return installed.train == fixed.train and installed < fixed


def told_in(configuration: str, setting: Setting, method: str | None) -> str:
    """Fit the configuration of the simulated site to the rehearsal."""
    text = configuration.replace(
        'advisories = ["CTX267027"]',
        # A fast simulation would end a usual opening before the next chapter has begun.
        f'advisories = ["{setting.advisory}"]\nprovisional_minutes = {_PROVISIONAL_MINUTES}',
    )
    if method is None:
        return text
    methods = f'close_methods = ["{METHODS[method]}"]'
    if method == "responder":
        # Alone it never counts as shut, and the rehearsal would end with the closing.
        methods += "\naccept_closed_page = true"
    return text.replace('close_methods = ["close-acl", "close-vserver"]', methods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One part of a rehearsal: what it is called and what is done."""

    title: str
    act: Callable[[Operation], Result]
    optional: bool = False
    """Whatever comes of it, the rehearsal goes on, and later chapters meet what it found."""

    def is_the_end(self, result: Result) -> bool:
        """Say whether what came of it leaves nothing to go on with."""
        return result.code is not ExitCode.PROVEN and not self.optional


def chapters(image: Image, setting: Setting) -> Iterator[Chapter]:
    """Give it all in order, from the notice to the confirmed reopening."""
    patch = {"build": image.build, "image": str(image.path), "image_sha256": image.sha256}
    mitigated: list[bool] = []

    def mitigate(gate: Operation) -> Result:
        result = gate.run(setting.mitigation, Mode.REAL, {})
        # Refused means that nothing was written; whatever else happened has to be taken back.
        mitigated.append(result.code is not ExitCode.REFUSED)
        return result

    if setting.mitigation:
        title = "Mitigate, and show that the mitigation works"
        yield Chapter(title=title, act=mitigate, optional=True)
    yield Chapter(
        title="Close: outside shut, open sessions from outside ended",
        act=lambda gate: gate.close(Mode.REAL),
    )
    yield Chapter(
        title=f"Keep evidence, then patch every node to {image.build}",
        act=lambda gate: gate.run("patch", Mode.REAL, patch),
    )
    if any(mitigated):
        yield Chapter(
            title="Take the mitigation back",
            act=lambda gate: gate.run(setting.mitigation, Mode.REAL, {}, Direction.UNDO),
        )
    yield Chapter(title="Verify", act=lambda gate: gate.run("verify", Mode.REAL, {}))
    yield Chapter(
        title="Check for a compromise",
        act=lambda gate: gate.run("scan", Mode.REAL, {}),
        # Whatever it finds, reopening is asked for, and the interlocks answer.
        optional=True,
    )
    yield Chapter(
        title="Reopen, provisionally",
        act=lambda gate: gate.reopen(Mode.REAL, agreed=lambda _name: True),
    )
    yield Chapter(title="Confirm", act=lambda gate: gate.confirm(Mode.REAL))


class HurriedClock(SystemClock):
    """A clock that waits as much shorter as the simulated site is faster."""

    def __init__(self, speed: float) -> None:
        self._speed = max(speed, 1.0)

    def sleep(self, seconds: float) -> None:
        """Wait a part of it, but never so short that looking again is all that happens."""
        super().sleep(min(seconds, max(seconds / self._speed, _WAIT_S_MIN)))


def defect(state: GateState, *, outside_gets_in: bool) -> str:
    """Compare what gatectl believes with the truth that only a simulation knows."""
    believed_shut = state in SHUT_STATES or state is GateState.CLOSED_UNSAVED
    if believed_shut and outside_gets_in:
        return f"gatectl says {state}, and outside gets in: this is a defect of gatectl"
    return ""
