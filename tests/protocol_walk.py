"""A walk through every world of the protocol model: what is bad, and the shortest way to it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.protocol_model import (
    BUDGET,
    DONE,
    GONE,
    OUSTED,
    Claim,
    Fault,
    Measures,
    Model,
    World,
    beginning,
)


def unsafe(world: World) -> str:
    """Say why this world must not be; nothing if it may."""
    for number, node in enumerate(world.nodes):
        if node.running == "shut":
            continue
        if world.claim == "closed":
            return f"node {number} lets people in while the journal says closed"
        if world.claim in {"opening", "confirmed"} and not node.fixed:
            return f"node {number} lets people in on the vulnerable build"
    return ""


def stuck_open(world: World) -> bool:
    """Whether an unconfirmed opening lasts although nobody is there and nothing is under way."""
    return (
        world.claim == "opening"
        and world.place in {GONE, OUSTED}
        and not world.stray
        and any(node.running != "shut" and not node.armed for node in world.nodes)
    )


@dataclass(slots=True, kw_only=True)
class Exploration:
    """What a walk through all worlds found."""

    worlds: int
    ends: frozenset[Claim]
    """What the journal said in the worlds where an operator had come to an end."""
    unsafe: list[World] = field(default_factory=list)
    stuck: list[World] = field(default_factory=list)
    endless: list[World] = field(default_factory=list)
    """Worlds from which nobody comes to an end, even if nothing goes wrong any more."""
    told: dict[World, tuple[World | None, str]] = field(default_factory=dict)

    def story(self, world: World) -> str:
        """Tell the shortest way to a world."""
        lines: list[str] = []
        at: World | None = world
        while at is not None:
            at, label = self.told[at]
            lines.append(label)
        return "\n".join([*reversed(lines), f"-> {unsafe(world) or 'open, and nobody ends it'}"])

    def shortest(self) -> str:
        """Tell the shortest of all bad stories; nothing if there is none."""
        # The walk goes breadth first, so that the first that was found is the shortest.
        found = [*self.unsafe[:1], *self.stuck[:1]]
        stories = (self.story(world) for world in found)
        return min(stories, key=lambda story: story.count("\n"), default="")


def explore(
    measures: Measures,
    budget: Mapping[Fault, int] = BUDGET,
    *,
    stops_at_first: bool = False,
) -> Exploration:
    """Walk through every world that can be reached, or only until the first bad one."""
    model = Model.of(measures)
    first = beginning(budget)
    told: dict[World, tuple[World | None, str]] = {first: (None, "both nodes are open")}
    bad: list[World] = []
    stuck: list[World] = []
    waiting = deque([first])
    while waiting and not (stops_at_first and (bad or stuck)):
        world = waiting.popleft()
        if unsafe(world):
            # What follows from a bad world tells nothing more.
            bad.append(world)
            continue
        if stuck_open(world):
            stuck.append(world)
        for label, after in model.moves(world):
            if after not in told:
                told[after] = (world, label)
                waiting.append(after)
    return Exploration(
        worlds=len(told),
        ends=frozenset(world.claim for world in told if world.place in {DONE, OUSTED}),
        unsafe=bad,
        stuck=stuck,
        endless=[] if stops_at_first else _endless(model, told),
        told=told,
    )


def _endless(model: Model, told: Mapping[World, object]) -> list[World]:
    """Go backwards from the ends, along moves without faults; what is not met has no end."""
    before: dict[World, list[World]] = {}
    for world in told:
        for _, after in model.moves_without_faults(world):
            before.setdefault(after, []).append(world)
    meets = {world for world in told if world.place in {DONE, OUSTED}}
    waiting = deque(meets)
    while waiting:
        for world in before.get(waiting.popleft(), ()):
            if world not in meets:
                meets.add(world)
                waiting.append(world)
    return [world for world in told if world not in meets and not unsafe(world)]
