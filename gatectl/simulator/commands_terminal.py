"""Commands about the session itself: prompt, paging, history, leaving, the shell."""

from collections.abc import Iterable

from gatectl.simulator.command import Call, Command
from gatectl.simulator.dialect import tokenise
from gatectl.simulator.texts import Refused


def _set_prompt(call: Call) -> None:
    call.session.prompt_format = call.operand("format")


def _clear_prompt(call: Call) -> None:
    call.session.prompt_format = ""


def _show_prompt(call: Call) -> Iterable[str]:
    return [f'\tCLI prompt is set to "{call.session.prompt_format or ">"}"']


def _set_mode(call: Call) -> None:
    if call.option("page"):
        call.session.paging = call.option("page") == "ON"
    if call.option("timeout"):
        seconds = call.box.switches.real_s(float(call.option("timeout")))
        call.session.idle_s = max(seconds, call.box.switches.idle_timeout_floor_s)


def _show_mode(call: Call) -> Iterable[str]:
    return [
        f"\tPage: {'ON' if call.session.paging else 'OFF'}",
        f"\tTimeout: {call.box.switches.idle_timeout_s:.0f}",
    ]


def _whoami(call: Call) -> Iterable[str]:
    return [f"\tUserName: {call.session.username}", f"\tLoggedIn: {call.box.last_login}"]


def _history(call: Call) -> Iterable[str]:
    return [f"\t{number}\t{line}" for number, line in enumerate(call.session.lines, 1)]


def _help(_call: Call) -> Iterable[str]:
    return [
        "Try: 'help <commandName>' for full usage of a specific command",
        "     'help <groupName>'   for brief usage of a group of commands",
        "     'man <commandName>'  for its manual page",
    ]


def _exit(call: Call) -> None:
    call.session.mode = "closed"
    call.terminal.write("Bye!\n")


def _shell(call: Call) -> None:
    if not call.rest:
        if not call.session.interactive:
            return
        call.session.mode = "shell"
        call.terminal.write("Copyright (c) 1992-2013 The FreeBSD Project.\n\n")
        return
    words = tokenise(call.rest)
    # `shell "a | b"` is one word for the CLI; unquoted words are handed on as they stand.
    text = words[0].text if len(words) == 1 and words[0].was_quoted else call.rest
    if call.session.shell.run(text, call.terminal) != 0:
        raise Refused(1126)


def _batch(call: Call) -> Iterable[str]:
    files = call.box.files
    name = call.option("fileName")
    if not name or not files.exists(name):
        raise Refused(1155)
    found: list[str] = []
    for line in files.read_text(name).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            found.append(f"exec: {line.strip()}")
            found.extend(call.session.run(line).splitlines())
    if call.option("outfile"):
        files.write(call.option("outfile"), "\n".join([*found, ""]))
        return []
    return found


COMMANDS = (
    Command(text="set cli prompt", run=_set_prompt, operands="format"),
    Command(text="clear cli prompt", run=_clear_prompt),
    Command(text="show cli prompt", run=_show_prompt),
    Command(
        text="set cli mode",
        run=_set_mode,
        options="page:ON|OFF timeout:0..100000000 "
        "total:ON|OFF color:ON|OFF disabledFeatureAction:NONE|ALLOW|DENY|HIDE",
    ),
    Command(text="show cli mode", run=_show_mode),
    Command(text="whoami", run=_whoami),
    Command(text="history", run=_history),
    Command(text="help", run=_help, raw=True),
    Command(text="man", run=_help, raw=True),
    Command(text="exit", run=_exit, locked=False),
    Command(text="quit", run=_exit, locked=False),
    Command(text="shell", run=_shell, raw=True, locked=False),
    Command(
        text="batch",
        run=_batch,
        options="fileName:word outfile:word ntimes:1..1000000",
        writes=True,
        locked=False,
    ),
)
