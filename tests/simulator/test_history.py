from gatectl.simulator.commandline import CliSession
from gatectl.simulator.history import Numbering, entry
from gatectl.simulator.pair import Pair


def test_numbers_rise_over_both_nodes(pair: Pair, cli: CliSession) -> None:
    """Merged by number, a propagated command stands right behind its cause."""
    cli.run("enable ns feature responder")
    both = sorted((e for n in pair.nodes for e in n.history), key=lambda e: e.sequence)
    assert [(e.node, e.origin) for e in both] == [("ns-a", "cli"), ("ns-b", "propagation")]


def test_an_entry_knows_when_and_where() -> None:
    """An entry starts without a reply."""
    found = entry(Numbering(), node="x", origin="cli", command="show ns ip", writes=False)
    assert (found.sequence, found.node, found.reply) == (1, "x", "")
