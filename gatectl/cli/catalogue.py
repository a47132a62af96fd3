"""Every verb, where it is found and what it is for; imported when it is called, not before."""

import importlib

import click

VERBS: dict[str, tuple[str, str]] = {
    "close": ("runs:close", "Shut a gate from outside; asks nothing, never refused"),
    "mitigate": ("runs:mitigate", "Apply a mitigation and show that it works"),
    "patch": ("runs:patch", "Install a fixed build on every node of a shut gate"),
    "verify": ("runs:verify", "Look whether all is so that a gate may be reopened"),
    "scan": ("runs:scan", "Collect evidence and check it for a compromise"),
    "reopen": ("runs:reopen", "Let everybody in again, provisionally and on proof only"),
    "confirm": ("runs:confirm", "Make a provisional reopening last"),
    "run": ("runs:run_playbook", "Carry out any playbook"),
    "resume": ("runs:resume", "Go on with a run that was cut off or held"),
    "status": ("looks:status", "Look at gates now: open, shut or unknown"),
    "watch": ("watch:watch", "Look at gates again and again"),
    "plan": ("looks:plan", "Show what a playbook would do, over sessions that cannot write"),
    "exposed": ("exposed:exposed", "Say which bulletins apply to a gate, why, and what to do"),
    "advisories": ("advisories:advisories", "List the bulletins that gatectl knows; import one"),
    "collect": ("evidence:collect", "Keep evidence of every node, without judging it"),
    "log": ("looks:log", "Show what is on record"),
    "journal": ("records:journal", "Show whether the record can be trusted, and anchor it elsewhere"),
    "lease": ("records:lease", "Show who holds a gate, and end what was left behind"),
    "lint": ("files:lint", "Check configuration and playbooks without contacting anything"),
    "schema": ("files:schema", "Print the JSON Schema of playbooks or configuration"),
    "init": ("files:init", "Write a commented configuration to start from"),
    "hostkeys": ("hosts:hostkeys", "Show and pin the host keys of the nodes"),
    "rehearse": ("rehearse:rehearse", "Live through the whole story on a simulated pair"),
    "simulate": ("rehearse:simulate", "Start a simulated pair and leave it running"),
}


class Catalogue(click.Group):
    """A group of verbs that are imported one by one, when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the verbs in the order of an incident, not of the alphabet."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a verb; none if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(f"gatectl.cli.{module}"), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])
