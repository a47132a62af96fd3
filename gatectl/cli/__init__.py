"""The command line: parse, call one function, print, exit.

`catalogue` names every verb with its one line of help, so that `--help` imports nothing else.
`options` are the words that several verbs share, `desk` turns them into what a verb works with,
`display` shows a run as it happens and `output` prints what came of it. Each other file holds a
group of verbs. Only `main` exits.
"""

from gatectl.cli.entry import main

__all__ = ["main"]
