"""From a playbook's name to a plan for one gate: read, completed, and filled in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gatectl.config.playbooks import read_playbook
from gatectl.core.gate import Gate
from gatectl.core.mitigation import mitigation_looks
from gatectl.core.parameter import PlanError
from gatectl.core.plan import Direction, GateFacts, Plan
from gatectl.core.planfile import stale_because
from gatectl.core.planning import build_plan, promised_files
from gatectl.core.playbook import Playbook, Purpose
from gatectl.core.standing import Standing
from gatectl.desk import Desk
from gatectl.errors import PlaybookInvalid, Refused
from gatectl.facts import FactsSeen
from gatectl.ownway import own_addresses
from gatectl.promise import check_promise


class Planner:
    """Makes the plans for one gate; it contacts nobody."""

    def __init__(self, desk: Desk, gate: Gate) -> None:
        self._desk = desk
        self._gate = gate
        self._read: dict[str, Playbook] = {}

    def playbook(self, name: str) -> Playbook:
        """Read a playbook by its name or its file, once: what was judged is what is carried out."""
        if name not in self._read:
            self._read[name] = read_playbook(name, self._desk.playbook_folders)
        return self._read[name]

    def with_target(self, book: Playbook, given: Mapping[str, str]) -> Mapping[str, str]:
        """Add the gate's own target firmware, and see every promised file before any contact."""
        target = self._gate.target
        own = (
            {"build": target.build, "image": target.image, "image_sha256": target.sha256}
            if (target is not None and not {"build", "image", "image_sha256"} & given.keys())
            else {}
        )
        words = {**{name: own[name] for name in own if name in book.parameters}, **given}
        try:
            promised = promised_files(book, self._gate, words)
        except PlanError as exc:
            raise PlaybookInvalid(str(exc)) from exc
        for file, sha256 in promised:
            check_promise(Path(file), sha256)
        return words

    def plan(
        self,
        playbook: Playbook,
        standing: Standing,
        seen: FactsSeen,
        parameters: Mapping[str, str],
        *,
        direction: Direction,
        overrides: Mapping[str, str],
    ) -> Plan:
        """Make the plan from what is seen now and what is on record."""
        facts = GateFacts(
            state=standing.state,
            roles=seen.roles,
            builds=seen.builds,
            closed_by=standing.closed_by,
            propagates=seen.propagates,
            own_addresses=own_addresses(self._gate),
            boots=seen.boots,
            host_keys={node.name: node.host.host_keys for node in self._gate.nodes},
        )
        plan = self.built(playbook, facts, parameters, direction, overrides)
        if plan.purpose is not Purpose.VERIFY:
            return plan
        looks = mitigation_looks(standing.mitigations.values(), facts)
        return replace(plan, steps=(*plan.steps, *looks))

    def refuse_stale(self, kept: Plan, standing: Standing, seen: FactsSeen) -> None:
        """Raise Refused unless the plan would be made just so again now."""
        book = self.playbook(kept.playbook)
        now = self.plan(
            book,
            standing,
            seen,
            kept.parameters,
            direction=kept.direction,
            overrides=kept.overrides,
        )
        changes = stale_because(kept, now)
        if changes:
            raise Refused(
                f"the plan is stale: {'; '.join(changes)}",
                hint=f"`gatectl plan {kept.playbook} {self._gate.name} -o FILE` makes a new one. "
                "Nothing was sent that writes.",
            )

    def built(
        self,
        playbook: Playbook,
        facts: GateFacts,
        parameters: Mapping[str, str],
        direction: Direction,
        overrides: Mapping[str, str],
    ) -> Plan:
        """Make the plan on given facts; raises PlaybookInvalid with all that is missing."""
        try:
            return build_plan(
                playbook,
                self._gate,
                facts,
                parameters=parameters,
                advisories=self._desk.advisories,
                direction=direction,
                overrides=overrides,
            )
        except PlanError as exc:
            raise PlaybookInvalid(str(exc)) from exc
