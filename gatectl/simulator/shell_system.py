"""Programs of the root shell that look at the system."""

import re
import time
from collections.abc import Iterator

from gatectl.simulator.command import Disconnected
from gatectl.simulator.shell_process import Process
from gatectl.simulator.shell_text import options

PROCESSES = (
    ("root", 1, "/sbin/init --"),
    ("root", 812, "/netscaler/nsppe"),
    ("root", 901, "/netscaler/nsconfigd"),
    ("root", 934, "/netscaler/nsaggregatord"),
    ("root", 1210, "/usr/sbin/syslogd -b 127.0.0.1"),
    ("root", 1399, "/usr/sbin/cron"),
    ("root", 1420, "/usr/sbin/sshd -f /etc/sshd_config"),
    ("root", 1602, "/bin/httpd"),
    ("nobody", 1610, "/bin/httpd"),
    ("nobody", 1611, "/bin/httpd"),
    ("root", 1650, "/netscaler/nscfsyncd -p"),
)


def nothing(_process: Process) -> int:
    """Do nothing, and do it well."""
    return 0


def nsapimgr(process: Process) -> int:
    """Change a setting of the packet engine."""
    found = re.fullmatch(r"(\w+)=(\d+)", (process.arguments or [""])[-1])
    if "-ys" not in process.arguments or found is None:
        process.error("nsapimgr: usage: nsapimgr -ys <name>=<value>\n")
        return 1
    name, value = found[1], int(found[2])
    before = process.box.nsapi.get(name, 0)
    process.box.nsapi[name] = value
    process.out(f"Changing {name} from {before} to {value} ... Done.\n")
    return 0


def processes(process: Process) -> int:
    """List what runs."""
    process.out("USER     PID %CPU %MEM   VSZ   RSS  TT  STAT STARTED      TIME COMMAND\n")
    started = time.strftime("%I:%M%p", time.gmtime(process.box.boot_time))
    for owner, number, command in (*PROCESSES, *_extra_processes(process)):
        process.out(
            f"{owner:<8} {number:>4}  0.0  0.5 12345  6789  ??  Ss   {started}   0:00.42 "
            f"{command}\n"
        )
    return 0


def _extra_processes(process: Process) -> Iterator[tuple[str, int, str]]:
    for number, (owner, command) in enumerate(process.box.extra_processes):
        yield owner, 2200 + number, command


def crontab(process: Process) -> int:
    """Print a user's cron table."""
    found = options(process, with_value="u")
    user = found.get("u", "root")
    path = f"/var/cron/tabs/{user}"
    if "l" not in process.flags:
        process.error("crontab: editing is not supported here\n")
        return 1
    if not process.files.exists(path):
        process.error(f"crontab: no crontab for {user}\n")
        return 1
    process.out(process.files.read_text(path))
    return 0


def network_status(process: Process) -> int:
    """List sockets."""
    process.out(
        "Active Internet connections (including servers)\n"
        "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n"
        "tcp4       0      0  *.22                   *.*                    LISTEN\n"
        "tcp4       0      0  127.0.0.1.81           *.*                    LISTEN\n"
    )
    return 0


def socket_status(process: Process) -> int:
    """List sockets with their programs."""
    process.out(
        "USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS\n"
        "root     sshd       1420  3  tcp4   *:22                  *:*\n"
        "nobody   httpd      1610  3  tcp4   127.0.0.1:81          *:*\n"
    )
    return 0


def kernel_state(process: Process) -> int:
    """Print kernel variables."""
    options(process)
    boot = int(process.box.boot_time)
    made = time.asctime(time.gmtime(boot))
    known = {
        "kern.boottime": f"{{ sec = {boot}, usec = 0 }} {made}",
        "kern.hostname": process.box.configuration.hostname,
        "kern.osrelease": "8.4-NETSCALER-12.1",
    }
    status = 0
    for name in process.operands:
        if name not in known:
            process.error(f"sysctl: unknown oid '{name}'\n")
            status = 1
            continue
        process.out(f"{known[name]}\n" if "n" in process.flags else f"{name}: {known[name]}\n")
    return status


def uptime(process: Process) -> int:
    """Print how long the box has been up."""
    seconds = int(time.time() - process.box.boot_time)
    now = time.strftime("%I:%M%p", time.gmtime())
    spell = f"{seconds // 86400} days, {seconds // 3600 % 24:2d}:{seconds // 60 % 60:02d}"
    process.out(f"{now}  up {spell}, 1 user, load averages: 0.10, 0.12, 0.08\n")
    return 0


def date(process: Process) -> int:
    """Print the time."""
    words = [word for word in process.arguments if word.startswith("+")]
    now = time.gmtime()
    if words:
        text = words[0][1:].replace("%s", str(int(time.time())))
        process.out(time.strftime(text, now) + "\n")
    else:
        process.out(time.strftime("%a %b ", now) + f"{now.tm_mday:2d}")
        process.out(time.strftime(" %H:%M:%S UTC %Y\n", now))
    return 0


def last_logins(process: Process) -> int:
    """Print who logged in."""
    for session in process.box.open_sessions:
        process.out(f"{session.username:<10} pts/0    {session.peer:<16} still logged in\n")
    booted = time.asctime(time.gmtime(process.box.boot_time))[:16]
    process.out(f"{'boot time':<37} {booted}\n")
    return 0


def identity(process: Process) -> int:
    """Print who the shell runs as."""
    process.out("uid=0(root) gid=0(wheel) groups=0(wheel),5(operator)\n")
    return 0


def who_am_i(process: Process) -> int:
    """Print the name of who the shell runs as."""
    process.out("root\n")
    return 0


def who(process: Process) -> int:
    """Print who is logged in."""
    process.out("USER             TTY      FROM              LOGIN@  IDLE WHAT\n")
    for session in process.box.open_sessions:
        process.out(f"{session.username:<16} pts/0    {session.peer:<16} -          - nscli\n")
    return 0


def host_name(process: Process) -> int:
    """Print the host name."""
    process.out(f"{process.box.configuration.hostname}\n")
    return 0


def system_name(process: Process) -> int:
    """Print the system's name."""
    host = process.box.configuration.hostname
    process.out(f"FreeBSD {host} 8.4-NETSCALER amd64\n" if process.arguments else "FreeBSD\n")
    return 0


def mounts(process: Process) -> int:
    """Print what is mounted."""
    process.out(
        "/dev/md0c on / (ufs, local)\n"
        "/dev/da0s1a on /flash (ufs, local, soft-updates)\n"
        "/dev/da0s1e on /var (ufs, local, soft-updates)\n"
    )
    return 0


def reboot(process: Process) -> int:
    """Restart the box."""
    process.box.reboot_after(0.0)
    process.terminal.wait(5.0)
    raise Disconnected


def command_line(process: Process) -> int:
    """Run a CLI command from the root shell, as `nscli -U '%%:.:.' "show ns version"`."""
    options(process, with_value="U")
    if not process.operands:
        process.error("nscli: a command is needed here\n")
        return 1
    session = process.box.local_session()
    process.out(session.run(" ".join(process.operands)))
    return 1 if session.failed else 0
