from hypothesis import given
from hypothesis import strategies as st

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.configuration import quoted
from gatectl.simulator.dialect import tokenise

CLOSURE = (
    "add ns acl ALLOW_OFFICE ALLOW -srcIP = 10.0.0.0-10.255.255.255 -priority 10",
    "add ns acl DENY_443 DENY -destIP = 203.0.113.10 -destPort = 443 -protocol TCP -priority 20",
    "add ns acl6 DENY6 DENY -destIPv6 = 2001:db8::1 -destPort = 443 -protocol TCP -priority 20",
    "enable ns feature responder",
    r'add responder action a403 respondwith "\"HTTP/1.1 403 Forbidden\r\n\r\n\""',
    r'add responder policy p "HTTP.REQ.URL.CONTAINS(\"/vpns/\")" a403',
    "bind responder global p 1 END -type REQ_OVERRIDE",
    "bind vpn vserver gw_ext -policy p -priority 5 -gotoPriorityExpression END -type REQUEST",
    "disable vpn vserver gw_ext",
    "set ns tcpparam -enhancedISNgeneration ENABLED",
    "add ns variable v -type ulong",
)


@given(st.text(alphabet=st.characters(codec="ascii", min_codepoint=32, max_codepoint=126)))
def test_a_quoted_word_is_read_back_as_it_was(text: str) -> None:
    """Whatever a value holds, the saved line gives it back."""
    if text and text.strip():
        assert [word.text for word in tokenise(quoted(text))] == [text]


def test_the_lines_of_a_configuration_make_the_same_configuration(
    primary: Appliance, cli: CliSession
) -> None:
    """A saved configuration that is loaded writes the very same lines again."""
    for line in CLOSURE:
        assert cli.run(line) == " Done\n", line
    before = primary.configuration.lines()
    other = primary.pair.nodes[1]
    other.configuration = primary.configuration.copy_for(other.configuration)
    other.save()
    other.configuration.acls.clear()
    assert other.configuration.lines() != before
    for line in other.saved_lines():
        other.run_quietly(line, origin="boot")
    own = ("set ns config", "set ns hostName", "add HA node")
    assert [x for x in other.configuration.lines() if not x.startswith(own)] == [
        x for x in before if not x.startswith(own)
    ]


def test_what_belongs_to_a_node_is_not_copied(primary: Appliance, secondary: Appliance) -> None:
    """Names, addresses and HA settings stay with their node."""
    primary.configuration.ha_status = "STAYPRIMARY"
    twin = primary.configuration.copy_for(secondary.configuration)
    assert (twin.hostname, twin.nsip, twin.ha_status) == ("ns-b", "192.0.2.12", "ENABLED")
