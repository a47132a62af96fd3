"""An explicit-state model of the closing and reopening protocol, small enough to be walked whole.

Two nodes, an operator who closes, patches, proves, opens provisionally and confirms, and a second
operator who may take over and close. Builds, running and saved configurations, commands that are
lost or land late, crashes, reboots and fallbacks to the old build happen in every order within a
budget. Each protective measure can be left out, to see which story it prevents.

What is simplified: the second operator closes at once, a check and the intent that rests on it are
one moment, and a node that falls back to the old build after the reopening was confirmed is left to
whoever watches the gate.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Running = Literal["shut", "window", "open"]
Claim = Literal["unknown", "closed", "opening", "confirmed"]
Fault = Literal["reboot", "fallback", "crash", "lost", "cut", "takeover"]

FAULTS: tuple[Fault, ...] = ("reboot", "fallback", "crash", "lost", "cut", "takeover")
NODES = (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What protects the gate; each can be left out."""

    saves_when_closing: bool = True
    """The saved configuration is shut as well, so that a restart does not open."""
    looks_after_acts: bool = True
    """An answer proves nothing: the node is read back before anything is claimed."""
    checks_again_at_opening: bool = True
    """The build is looked at in the very session that opens, not only some time before."""
    ends_other_sessions: bool = True
    """Whoever takes over, or comes back, ends all sessions on the nodes before looking."""
    opens_unsaved: bool = True
    """The opening is not in the saved configuration until it is confirmed."""
    opening_ends_itself: bool = True
    """The appliance takes the rule that opens away after a while."""
    end_is_in_the_rule: bool = True
    """The rule carries its own end (its TTL): there is no moment with the one and not the other."""


MEASURES = tuple(Measures.__dataclass_fields__)


class NodeState(NamedTuple):
    """One appliance."""

    fixed: bool
    """It runs the fixed build."""
    running: Running
    saved_shut: bool
    armed: bool
    """Something on the appliance will end the opening."""


class World(NamedTuple):
    """Everything that the next move depends on."""

    nodes: tuple[NodeState, NodeState]
    claim: Claim
    """What the journal says of the gate."""
    place: int
    """Where the first operator is in the script; what follows is one of the negative places."""
    stray: tuple[tuple[str, int], ...]
    """Commands that were sent, and that nobody waits for any more."""
    left: tuple[int, ...]
    """How often each fault may still strike."""


GONE = -1
"""The first operator's process died; nobody may ever come back."""
OUSTED = -2
"""The second operator took over, closed and went; the first may not act any more."""
DONE = -3

Move = tuple[str, World]
BUDGET: Mapping[Fault, int] = {
    "reboot": 1,
    "fallback": 1,
    "crash": 1,
    "lost": 1,
    "cut": 1,
    "takeover": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The operator sends one line to one node, after the checks that belong to it."""

    command: str
    node: int
    checked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """The operator looks at both nodes, and goes on or starts again with closing."""

    what: str
    holds: Callable[[World], bool]
    claims: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A node restarts into the fixed build, unless it runs it already."""

    node: int


Step = Send | Decide | Patch


def script(measures: Measures) -> tuple[Step, ...]:
    """Write down what the first operator does, in order, with these measures."""
    return (
        *_closing(measures),
        Patch(node=1),
        Patch(node=0),
        Decide(what="proves build and settings", holds=_fixed),
        Decide(what="allows the reopening", holds=_anything, claims="opening"),
        *_opening(measures),
        *_confirming(measures),
    )


def _closing(measures: Measures) -> Iterator[Step]:
    for node in NODES:
        yield Send(command="shut", node=node)
    if measures.looks_after_acts:
        # Before anything is saved: what is still open must not get into a saved configuration.
        yield Decide(what="sees both nodes shut", holds=_shut)
    if measures.saves_when_closing:
        for node in NODES:
            yield Send(command="save", node=node)
    holds: Callable[[World], bool] = _anything
    if measures.looks_after_acts:
        holds = _shut_and_saved if measures.saves_when_closing else _shut
    yield Decide(what="claims that the gate is closed", holds=holds, claims="closed")


def _opening(measures: Measures) -> Iterator[Step]:
    checked = measures.checks_again_at_opening
    for node in NODES:
        if measures.opening_ends_itself and not measures.end_is_in_the_rule:
            yield Send(command="arm", node=node)
        yield Send(command="let in", node=node, checked=checked)
        if not measures.opens_unsaved:
            yield Send(command="save", node=node)
    if measures.looks_after_acts:
        yield Decide(what="sees the gate open", holds=_all_open)


def _confirming(measures: Measures) -> Iterator[Step]:
    checked = measures.checks_again_at_opening
    holds = _fixed_and_open if checked else _anything
    yield Decide(what="confirms the reopening", holds=holds, claims="confirmed")
    for node in NODES:
        yield Send(command="undeny", node=node, checked=checked)
        yield Send(command="save", node=node, checked=checked)


def _anything(_world: World) -> bool:
    return True


def _shut(world: World) -> bool:
    return all(node.running == "shut" for node in world.nodes)


def _shut_and_saved(world: World) -> bool:
    return all(node.running == "shut" and node.saved_shut for node in world.nodes)


def _fixed(world: World) -> bool:
    return all(node.fixed for node in world.nodes)


def _all_open(world: World) -> bool:
    return all(node.running != "shut" for node in world.nodes)


def _fixed_and_open(world: World) -> bool:
    return _fixed(world) and _all_open(world)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The moves that can be made from a world."""

    measures: Measures
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, measures: Measures) -> "Model":
        """Make the model with these measures."""
        return cls(measures=measures, steps=script(measures))

    def moves(self, world: World) -> Iterator[Move]:
        """Give everything that can happen next, in words."""
        yield from self.moves_without_faults(world)
        yield from self._strikes(world)

    def moves_without_faults(self, world: World) -> Iterator[Move]:
        """Give what happens when nothing goes wrong any more, and the operator comes back."""
        yield from self._lands(world)
        yield from _timer_fires(world)
        if world.place == GONE:
            yield "the operator comes back and starts with closing", self._again(world)
        if world.place >= 0:
            yield from self._operator(world)

    def _operator(self, world: World) -> Iterator[Move]:
        match self.steps[world.place]:
            case Send(command=command, node=node, checked=checked):
                if checked and not _fixed(world):
                    yield "finds an old build, and closes again", self._again(world)
                else:
                    yield from self._sends(world, command, node)
            case Decide(what=what, holds=holds, claims=claims):
                if holds(world):
                    claim = claims or world.claim
                    yield what, self._next(world)._replace(claim=claim)
                else:
                    yield "sees that it is not so, and closes again", self._again(world)
            case Patch(node=node):
                yield f"patches node {node}", self._next(_restarted(world, node, fixed=True))

    def _sends(self, world: World, command: str, node: int) -> Iterator[Move]:
        named = f"{command!r} to node {node}"
        landed = self._apply(world, command, node)
        yield f"sends {named}", self._next(landed)
        if _may(world, "lost"):
            lost = self._next(_spent(world, "lost"))
            yield f"sends {named}: it is lost, and looks fine", lost
        if _may(world, "cut"):
            late = _spent(world, "cut")._replace(stray=_with(world.stray, (command, node)))
            yield f"sends {named}: the session is cut, it is still under way", self._again(late)
            cut = _spent(landed, "cut")
            yield f"sends {named}: it lands, the answer is lost", self._again(cut)
        if _may(world, "crash"):
            dead = _spent(world, "crash")._replace(
                place=GONE, stray=_with(world.stray, (command, node))
            )
            yield f"dies while {named} is under way", dead
        if _may(world, "takeover"):
            paused = world._replace(stray=_with(world.stray, (command, node)))
            told = f"is paused before {named} leaves; another operator takes over and closes"
            yield told, self._taken_over(paused)

    def _strikes(self, world: World) -> Iterator[Move]:
        if world.place >= 0 and _may(world, "crash"):
            yield "the operator's process dies", _spent(world, "crash")._replace(place=GONE)
        if world.place >= GONE and _may(world, "takeover"):
            yield "another operator takes over and closes", self._taken_over(world)
        for node in NODES:
            if _may(world, "reboot"):
                yield f"node {node} restarts", _restarted(_spent(world, "reboot"), node)
            if _may(world, "fallback") and world.nodes[node].fixed and not self._watched(world):
                fallen = _restarted(_spent(world, "fallback"), node, fixed=False)
                yield f"node {node} falls back to the old build", fallen

    def _watched(self, world: World) -> bool:
        """After a confirmation the saved configuration is open, and only watching finds a fall."""
        return world.claim == "confirmed"

    def _lands(self, world: World) -> Iterator[Move]:
        for position, (command, node) in enumerate(world.stray):
            rest = world.stray[:position] + world.stray[position + 1 :]
            landed = self._apply(world._replace(stray=rest), command, node)
            yield f"the late {command!r} lands on node {node}", landed

    def _apply(self, world: World, command: str, node: int) -> World:
        before = world.nodes[node]
        match command:
            case "shut":
                after = before._replace(running="shut", armed=False)
            case "save":
                # Whether a rule with an end survives in a saved configuration is not known of the
                # appliance, so it is taken to do so.
                after = before._replace(saved_shut=before.running == "shut")
            case "arm":
                after = before._replace(armed=True)
            case "let in":
                own_end = self.measures.opening_ends_itself and self.measures.end_is_in_the_rule
                running: Running = "open" if before.running == "open" else "window"
                after = before._replace(running=running, armed=before.armed or own_end)
            case _:
                after = before._replace(running="open", armed=False)
        return _put(world, node, after)

    def _next(self, world: World) -> World:
        place = world.place + 1
        return world._replace(place=place if place < len(self.steps) else DONE)

    def _again(self, world: World) -> World:
        """Start again with closing: the only way on from doubt."""
        stray = () if self.measures.ends_other_sessions else world.stray
        return world._replace(place=0, stray=stray)

    def _taken_over(self, world: World) -> World:
        stray = () if self.measures.ends_other_sessions else world.stray
        saves = self.measures.saves_when_closing
        nodes = tuple(
            node._replace(running="shut", armed=False, saved_shut=node.saved_shut or saves)
            for node in world.nodes
        )
        taken = _spent(world, "takeover")
        return taken._replace(nodes=(nodes[0], nodes[1]), stray=stray, place=OUSTED, claim="closed")


def beginning(budget: Mapping[Fault, int]) -> World:
    """Give the world before anything was done: both nodes open and vulnerable."""
    open_node = NodeState(fixed=False, running="open", saved_shut=False, armed=False)
    left = tuple(budget[fault] for fault in FAULTS)
    return World(nodes=(open_node, open_node), claim="unknown", place=0, stray=(), left=left)


def _timer_fires(world: World) -> Iterator[Move]:
    for number, node in enumerate(world.nodes):
        if node.armed:
            running: Running = "shut" if node.running == "window" else node.running
            ended = node._replace(running=running, armed=False)
            yield f"the opening of node {number} ends by itself", _put(world, number, ended)


def _restarted(world: World, node: int, *, fixed: bool | None = None) -> World:
    """Load the saved configuration; sessions, and what was under way in them, are gone."""
    before = world.nodes[node]
    stray = tuple(command for command in world.stray if command[1] != node)
    build = before.fixed if fixed is None else fixed
    if fixed and before.fixed:
        return world
    after = NodeState(
        fixed=build,
        running="shut" if before.saved_shut else "open",
        saved_shut=before.saved_shut,
        armed=False,
    )
    return _put(world, node, after)._replace(stray=stray)


def _put(world: World, node: int, state: NodeState) -> World:
    first, second = world.nodes
    return world._replace(nodes=(state, second) if node == 0 else (first, state))


def _may(world: World, fault: Fault) -> bool:
    return world.left[FAULTS.index(fault)] > 0


def _spent(world: World, fault: Fault) -> World:
    position = FAULTS.index(fault)
    left = (*world.left[:position], world.left[position] - 1, *world.left[position + 1 :])
    return world._replace(left=left)


def _with(
    stray: tuple[tuple[str, int], ...], command: tuple[str, int]
) -> tuple[tuple[str, int], ...]:
    return tuple(sorted({*stray, command}))
