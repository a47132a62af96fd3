"""The command line: parse, call one function, print, exit.

`front` answers what needs no library, such as `--help` from the `catalogue` of all verbs; `entry`
parses the rest and hands it to a verb, which `verbgroup` imports when it is called.
`options` are the words that several verbs share, `desk` turns them into what a verb works with,
`display` shows a run as it happens and `output` prints what came of it. Each other file holds a
group of verbs. Only `main` exits.
"""

from gatectl.cli.front import main

__all__ = ["main"]
