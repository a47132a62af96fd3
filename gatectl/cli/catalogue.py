"""Every verb, where it is found and what it is for; this module imports nothing."""

HELP_WIDTH = 80
"""Columns of all help, on wider terminals as well."""

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
    "case": ("case:case", "Keep one affair together: advice, decisions, runs, hours"),
    "advice": ("advice:advice", "Put on record what others advise, with its text"),
    "decide": ("advice:decide", "Put a decision on record"),
    "hours": ("hours:hours", "Put hours and other costs on record"),
    "note": ("hours:note", "Put on record what gatectl cannot see"),
    "report": ("report:report", "Answer the council from what is on record"),
    "examined": (
        "evidence:examined",
        "Put the report of an examination off the box on record, and who gives his word for it",
    ),
    "log": ("looks:log", "Show what is on record"),
    "journal": (
        "records:journal",
        "Show whether the record can be trusted, and anchor it elsewhere",
    ),
    "lease": ("records:lease", "Show who holds a gate, and end what was left behind"),
    "lint": ("files:lint", "Check configuration and playbooks without contacting anything"),
    "schema": ("files:schema", "Print the JSON Schema of playbooks or configuration"),
    "init": ("files:init", "Write a commented configuration to start from"),
    "hostkeys": ("hosts:hostkeys", "Show and pin the host keys of the nodes"),
    "rehearse": ("rehearse:rehearse", "Live through the whole story on a simulated pair"),
    "simulate": ("rehearse:simulate", "Start a simulated pair and leave it running"),
}
