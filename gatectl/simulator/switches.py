"""What a simulated appliance can be told to do differently."""

from dataclasses import dataclass
from typing import Literal

Chance = Literal["always", "never", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Choices where real devices differ or are not known; durations are device seconds.

    Device seconds are divided by `speed` to get real ones. Wall-clock times that the device
    prints are real: only waiting is shortened (boot, failover, sync, install, the TTL of an ACL
    and the idle timeout).
    """

    speed: float = 60.0
    seed: int = 0

    failover_s: float = 15.0
    boot_s: float = 120.0
    boot_login_s: float = 30.0
    """The last part of `boot_s`: TCP is open, but nobody can log in yet."""
    sync_s: float = 30.0
    install_s: float = 120.0
    idle_timeout_s: float = 900.0
    idle_timeout_floor_s: float = 60.0
    """Real seconds: a person at the keyboard must not be thrown out by a fast simulation."""

    banner: bool = True
    last_login: bool = True
    rpc_warning: bool = False
    secondary_warning: bool = True
    caret: bool = True
    prompt: str = ""
    """The format that `set cli prompt` would take; empty is the plain `> `."""

    exec_leading_done: bool = True
    exec_exit_status: Literal["zero", "error", "none"] = "zero"
    done_before_reboot: Chance = "random"
    split_writes: bool = True
    """Send replies in small pieces, as a slow link does."""

    password_method: bool = True
    """Accept the SSH method `password` beside keyboard-interactive."""
    ssh_profile: Literal["modern", "legacy"] = "modern"
    session_limit: int = 20

    down_state_flush: bool = True
    """Disabling a vserver ends its sessions, unless the vserver itself says otherwise."""
    old_builds_ignore_responder: bool = True
    new_builds_hide_sign_in: bool = True
    """From 13.1 on, REQUEST and global bindings do not see sign-in traffic."""
    mixed_builds_stop_sync: bool = True
    variable_boot_loop: bool = False
    """13.1-64.23 never comes back when its configuration has an `ns variable`."""

    def real_s(self, device_s: float) -> float:
        """Seconds of this computer for so many seconds of the device."""
        return device_s / self.speed

    @property
    def idle_s(self) -> float:
        """Real seconds of silence after which the CLI logs out."""
        return max(self.real_s(self.idle_timeout_s), self.idle_timeout_floor_s)
