"""Every command that the simulated CLI knows."""

from gatectl.simulator import (
    commands_acl,
    commands_config,
    commands_ha,
    commands_network,
    commands_responder,
    commands_sessions,
    commands_system,
    commands_terminal,
    commands_vserver,
)
from gatectl.simulator.command import Command

COMMANDS: tuple[Command, ...] = (
    *commands_terminal.COMMANDS,
    *commands_config.COMMANDS,
    *commands_system.COMMANDS,
    *commands_ha.COMMANDS,
    *commands_network.COMMANDS,
    *commands_vserver.COMMANDS,
    *commands_acl.COMMANDS,
    *commands_responder.COMMANDS,
    *commands_sessions.COMMANDS,
)
