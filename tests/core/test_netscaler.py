from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.core.netscaler import (
    hides_management,
    is_read_only,
    parameter_is_safe,
    split_command,
)

READS = [
    "show ns version",
    "SHOW ns runningConfig | grep -i responder",
    "show ns acl GATECTL_DENY_443",
    "show vpn icaConnection -summary",
    "show ns runningConfig | grep -E 'acl|responder'",
    "stat lb vserver",
    "stat ns -detail",
    "diff ns config",
    "diff ns config running saved",
    "shell cat /nsconfig/ns.conf",
    "shell ls -lat /netscaler/portal",
    "shell grep -i kernel /flash/boot/loader.conf",
    'shell "grep kernel /flash/boot/loader.conf"',
    "shell df -k /var /flash",
    "shell sha256 /var/nsinstall/build.tgz",
    "shell head -n 20 /var/log/ns.log",
    "shell tail -100 /var/log/ns.log",
    "shell zcat /var/log/httpaccess.log.0.gz | grep vpns",
    "shell ps -aux",
    "shell crontab -l -u nobody",
    "shell crontab -l",
    "shell sysctl -n kern.boottime",
    "shell date -u",
    "shell date -u +%s",
    "shell uptime",
    "shell last -50",
    "shell find /var/vpn -name *.xml -newer /nsconfig/ns.conf -type f",
    "shell netstat -an",
    "shell sockstat -4l",
    "shell w",
    "shell id nobody",
]

WRITES = [
    "",
    "show",
    "sh ns version",
    "show tech",
    "show techsupport",
    "show ns techsupport",
    "show ns version; reboot -f",
    "show ns version\nreboot",
    "show ns version | tee /tmp/x",
    "show ns version | grep",
    "show ns version > /tmp/x",
    "show unheardof",
    "stat lb vserver -clearstats full",
    "add ns acl A DENY",
    "save ns config",
    "diff /etc/passwd",
    "set cli mode -page OFF",
    "reboot -f",
    "shell",
    "shell reboot",
    "shell cat /a; rm /b",
    "shell cat /a > /b",
    "shell cat `id`",
    "shell cat $(id)",
    "shell 'cat /a; rm /b'",
    'shell "echo x >> /nsconfig/rc.netscaler"',
    "shell grep 'a|sh' /f",
    "shell cat /a | sh",
    "shell cat /a | grep x | sh",
    "shell /bin/cat /a",
    "shell find / -exec rm -f",
    "shell find / -delete",
    "shell find / -fprint /x",
    "shell find / -execdir x",
    "shell tail -f /var/log/ns.log",
    "shell crontab -r",
    "shell crontab /tmp/x",
    "shell crontab -l -u -r",
    "shell sysctl -w kern.x=1",
    "shell sysctl -n kern.x=1",
    "shell date -u 202601010000",
    "shell date 202601010000",
    "shell netstat -z",
    "shell nsapimgr_wr.sh -ys x=0",
    "shell rm -f /x",
    "shell ls -l & reboot",
    "shell ls {a,b}",
    "shell grep -f /a /b",
    "shell ls 'a\tb'",
]


@pytest.mark.parametrize("command", READS)
def test_a_command_that_only_reads_is_read_only(command: str) -> None:
    """Looks of playbooks and of the evidence collection pass."""
    assert is_read_only(command)


@pytest.mark.parametrize("command", WRITES)
def test_a_command_that_writes_or_is_not_understood_is_not_read_only(command: str) -> None:
    """Everything that is not on the list counts as a write, abbreviations included."""
    assert not is_read_only(command)


@given(st.sampled_from(READS), st.sampled_from(list(";&`<>\n\r\x1b\\")), st.integers(0, 60))
def test_a_character_that_starts_a_second_command_is_never_read_only(
    command: str, character: str, position: int
) -> None:
    """Wherever such a character is put in a look, the look is refused."""
    at = min(position, len(command))
    assert not is_read_only(command[:at] + character + command[at:])


@given(st.text())
def test_any_text_is_judged_without_an_error(command: str) -> None:
    """The judgement is an answer for every text, never an exception."""
    assert is_read_only(command) in {True, False}


MANAGEMENT = (ip_address("10.0.0.5"), ip_address("2001:db8::5"))

CUTS = [
    "add ns acl A DENY -priority 10",
    "add ns acl A DENY -destPort 443 -protocol TCP",
    "add ns acl A DENY -destIP 10.0.0.5",
    "add ns acl A DENY -destIP = 10.0.0.1-10.0.0.9 -protocol TCP",
    "add ns acl A DENY -destIP != 10.9.9.9",
    "add ns acl A DENY -destIP some_dataset",
    "add acl A deny",
    "add ns acl6 A DENY -destIPv6 = 2001:db8::-2001:db8::ff",
    "set ns acl A -destIP 10.0.0.5",
    "unset ns acl A -destIP",
    "add ns simpleacl A DENY -srcIP 1.2.3.4",
    "disable ns ip 10.0.0.5",
    "dis ip 10.0.0.5",
    "rm ns ip 10.0.0.5",
    "set ns ip 10.0.0.5 -ssh DISABLED",
    "disable interface 0/1",
    "rm vlan 10",
    "unbind vlan 10 -ifnum 0/1",
    "clear ns acls",
    "clear ns config -force full",
    "clear config full",
    "set ns config -IPAddress 10.1.1.1",
    "rm route 0.0.0.0 0.0.0.0 10.0.0.1",
    "shell ifconfig 0/1 down",
    "show ns version; clear ns acls",
]

KEEPS = [
    "add ns acl A DENY -destIP = 203.0.113.10 -destPort = 443 -protocol TCP -priority 20",
    "add ns acl A ALLOW -srcIP = 192.168.0.0-192.168.255.255 -destIP = 203.0.113.10",
    "add ns acl A DENY -destIP = 10.0.0.6-10.0.0.9",
    "add ns acl A DENY -destIP != 10.0.0.5",
    "add ns acl6 A DENY -destIPv6 = 2001:db8::10",
    "rm ns acl A",
    "apply ns acls",
    "set ns acl A -priority 30",
    "disable ns ip 203.0.113.10",
    "disable vpn vserver gw_ext",
    "save ns config",
    "show ns config",
    "",
]


@pytest.mark.parametrize("command", CUTS)
def test_a_command_that_could_cut_the_management_path_is_found(command: str) -> None:
    """A rule without destination, or one over our own address, would lock us out."""
    assert hides_management(command, MANAGEMENT)


@pytest.mark.parametrize("command", KEEPS)
def test_a_command_that_leaves_the_management_path_alone_passes(command: str) -> None:
    """Closing the gateway's own address is what gatectl is for."""
    assert not hides_management(command, MANAGEMENT)


@pytest.mark.parametrize(
    "text", ["gw_ext", "10.0.0.0/8", "2001:db8::1", "/var/x-1.tgz", "a" * 127, "0"]
)
def test_a_plain_word_is_a_safe_parameter(text: str) -> None:
    """Addresses, names and paths can be filled in."""
    assert parameter_is_safe(text)


@pytest.mark.parametrize(
    "text",
    ["", "-x", "a b", "a\n", "a;b", "a'b", 'a"b', "a|b", "a\x00", "a" * 128, "\u0430", "$x", "a\\"],
)
def test_anything_but_a_plain_word_is_no_safe_parameter(text: str) -> None:
    """A value can never add a word, a quote or a second command."""
    assert not parameter_is_safe(text)


@given(st.text(max_size=20))
def test_a_safe_parameter_stays_one_word_of_a_command(text: str) -> None:
    """What passes the check is one word to the command's own grammar."""
    if parameter_is_safe(text):
        assert split_command(f"show ns acl {text}") == (("show", "ns", "acl", text),)
