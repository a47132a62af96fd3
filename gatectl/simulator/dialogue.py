"""How a CLI session and a terminal talk: typed line by line, or one request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatectl.simulator.commandline import CliSession
    from gatectl.simulator.terminal import ChannelTerminal

LINES_A_SESSION = 100_000


def interact(session: CliSession, terminal: ChannelTerminal) -> None:
    """Serve a person, or a program that behaves like one, until it leaves."""
    terminal.write(session.greeting())
    for _ in range(LINES_A_SESSION):
        line = terminal.read_line(session.prompt(), idle_s=session.idle_s)
        if line is None:
            if session.mode == "shell":
                terminal.write("\n")
                session.leave_shell(terminal)
                continue
            terminal.write("Bye!\n")
            return
        terminal.begin_reply()
        terminal.paging = session.paging
        session.execute(line, terminal)
        if session.mode == "closed":
            return


def run_request(session: CliSession, command: str, terminal: ChannelTerminal) -> bool:
    """Serve an exec request; True when a command of it failed."""
    for warning in session.warnings():
        terminal.write(f"{warning}\n")
    if session.box.switches.exec_leading_done:
        terminal.write(" Done\n")
    failed = False
    lines = command.splitlines()
    if command.strip() == "shell":
        # Without words the root shell reads its lines from the input.
        lines = []
        while (line := terminal.read_line("", idle_s=session.idle_s)) is not None:
            session.shell.run(line, terminal)
        terminal.write(" Done\n")
    for line in lines:
        session.execute(line, terminal)
        failed = failed or session.failed
    return failed
