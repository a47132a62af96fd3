"""Commands about who is signed in: show and kill."""

from collections.abc import Callable, Iterable

from gatectl.simulator.command import Call, Command
from gatectl.simulator.shows_policy import session_lines
from gatectl.simulator.texts import Refused
from gatectl.simulator.user_session import SessionKind


def _kill(kind: SessionKind) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        user = call.option("userName")
        if not user and not call.option("all"):
            raise Refused(1095, detail=" [all]")
        call.box.kill_sessions(kind, user=user)

    return run


def _show(kind: SessionKind) -> Callable[[Call], Iterable[str]]:
    return lambda call: session_lines(
        call.box, kind, user=call.option("userName"), summary=bool(call.option("summary"))
    )


def _pair(text: str, kind: SessionKind) -> tuple[Command, Command]:
    options = "userName:word TransProto:TCP|UDP groupName:word intranetIP:word"
    return (
        Command(text=f"show {text}", run=_show(kind), options=f"{options} summary:flag"),
        Command(text=f"kill {text}", run=_kill(kind), options=f"{options} all:flag", writes=True),
    )


COMMANDS = (
    *_pair("vpn icaConnection", "ica"),
    *_pair("vpn pcoipConnection", "pcoip"),
    *_pair("rdp connections", "rdp"),
    *_pair("aaa session", "aaa"),
    Command(
        text="clear lb persistentSessions",
        operands="vserver?",
        writes=True,
        options="persistenceParameter:word",
        run=lambda call: call.box.clear_persistence(),
    ),
    Command(text="show lb persistentSessions", operands="vserver?", run=lambda _call: []),
)
