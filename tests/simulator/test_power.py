from collections.abc import Callable
from dataclasses import replace

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.firmware import kernel
from gatectl.simulator.tree import loader_conf

Eventually = Callable[[Callable[[], bool]], None]
DENY = "add ns acl D DENY -destIP = 203.0.113.10 -destPort = 443 -protocol TCP -priority 20"


def reboot(box: Appliance, eventually: Eventually) -> None:
    """Reboot, and wait until the box is back."""
    boots = box.boots
    box.reboot()
    eventually(lambda: box.boots == boots + 1)


def test_the_phases_of_a_boot(single: Appliance, eventually: Eventually) -> None:
    """Down, then TCP without logins, then up, each with its event."""
    told: list[str] = []
    single.subscribe(told.append)
    before = single.boot_time
    reboot(single, eventually)
    eventually(lambda: "up" in told)
    assert [event for event in told if event in ("down", "booting", "up")] == [
        "down", "booting", "up",
    ]  # fmt: skip
    assert single.boot_time > before


def test_what_was_not_saved_is_lost(single: Appliance, eventually: Eventually) -> None:
    """A saved rule filters after the boot without an apply; an unsaved one is gone."""
    cli = single.start_cli(username="nsroot", interactive=False, peer="x")
    cli.run(f"{DENY}; apply ns acls; save ns config")
    cli.run("add ns acl E DENY -srcIP = 10.9.9.9 -priority 30; apply ns acls")
    reboot(single, eventually)
    assert set(single.configuration.acls) == {"d"}
    assert not single.admits(
        source="198.51.100.7", destination="203.0.113.10", port=443, protocol="TCP"
    )
    assert not single.changed_since_saved()


@pytest.mark.parametrize(
    ("fault", "kernel_there", "expected"),
    [("", True, "12.1-55.18"), ("boots-old-build", True, "12.1-55.13"), ("", False, "12.1-55.13")],
)
def test_the_loader_decides_about_the_kernel(
    single: Appliance, eventually: Eventually, fault: str, expected: str, *, kernel_there: bool
) -> None:
    """The named kernel boots if it is there, and a fault can bring the old one back."""
    single.files.write("/flash/boot/loader.conf", loader_conf("12.1-55.18"))
    if kernel_there:
        single.files.write("/flash/ns-12.1-55.18.gz", kernel("12.1-55.18"))
    single.faults |= {fault} - {""}
    reboot(single, eventually)
    assert single.build == expected


def test_the_boot_script_sets_the_packet_engine(single: Appliance, eventually: Eventually) -> None:
    """A setting by hand is lost; one in rc.netscaler is made again."""
    cli = single.start_cli(username="nsroot", interactive=False, peer="x")
    cli.run("shell nsapimgr_wr.sh -ys skip_systemaccess_policyeval=0")
    assert single.nsapi["skip_systemaccess_policyeval"] == 0
    reboot(single, eventually)
    assert single.nsapi["skip_systemaccess_policyeval"] == 1
    line = "nsapimgr_wr.sh -ys skip_systemaccess_policyeval=0"
    cli.run(f"shell \"echo '{line}' >> /nsconfig/rc.netscaler\"")
    reboot(single, eventually)
    assert single.nsapi["skip_systemaccess_policyeval"] == 0


def test_a_node_may_never_return(single: Appliance) -> None:
    """With the fault it stays down."""
    single.faults.add("never-returns")
    single.reboot()
    assert single.phase == "down"
    assert not single.pair.scheduler._due


def test_one_build_loops_over_its_variables(single: Appliance, eventually: Eventually) -> None:
    """13.1-64.23 never comes back with `ns variable` objects, when that is switched on."""
    cli = single.start_cli(username="nsroot", interactive=False, peer="x")
    cli.run("add ns variable v -type ulong; save ns config")
    single.switches = replace(single.switches, variable_boot_loop=True)
    single.build = "13.1-64.23"
    single.files.write("/flash/ns-13.1-64.23.gz", kernel("13.1-64.23"))
    single.files.write("/flash/boot/loader.conf", loader_conf("13.1-64.23"))
    told: list[str] = []
    single.subscribe(told.append)
    single.reboot()
    eventually(lambda: told.count("down") == 2)
    assert single.phase == "down"


def test_traces_in_memory_do_not_survive(single: Appliance, eventually: Eventually) -> None:
    """A reboot destroys what lies on the RAM disk and keeps what lies on the real one."""
    for path in ("/tmp/trace", "/netscaler/portal/templates/x.xml", "/var/tmp/trace"):
        single.files.write(path, "1")
    reboot(single, eventually)
    assert not single.files.exists("/tmp/trace")
    assert not single.files.exists("/netscaler/portal/templates/x.xml")
    assert single.files.exists("/var/tmp/trace")
