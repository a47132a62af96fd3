"""netmiko's driver for this device, which was never written for a simulation."""

from collections.abc import Iterator

import pytest
from netmiko import ConnectHandler
from netmiko.base_connection import BaseConnection

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.ssh import SshFront


@pytest.fixture
def device(front: SshFront) -> Iterator[BaseConnection]:
    """Connect with the driver."""
    host, port = front.address
    connection = ConnectHandler(
        device_type="netscaler", host=host, port=port, username="nsroot", password="nsroot",
        conn_timeout=20, fast_cli=True,
    )  # fmt: skip
    yield connection
    connection.disconnect()


def test_netmiko_looks(device: BaseConnection) -> None:
    """The three usual looks come back whole."""
    assert "NS12.1: Build 55.13.nc" in device.send_command("show ns version")
    node = device.send_command("show ha node")
    assert "Master State: Primary" in node
    assert "Master State: Secondary" in node
    assert "gw_ext (203.0.113.10:443) - SSL" in device.send_command("show vpn vserver")


def test_netmiko_configures_and_saves(device: BaseConnection, primary: Appliance) -> None:
    """A set of commands arrives, and is saved."""
    device.send_config_set(["enable ns feature responder", "add responder policy closed true DROP"])
    assert "RESPONDER" in primary.configuration.features
    assert primary.changed_since_saved()
    device.send_command("save ns config")
    assert not primary.changed_since_saved()
