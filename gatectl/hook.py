"""Calls a command of the operator's when something happens; its failure never stops a run."""

import os
import shlex
import subprocess
from collections.abc import Mapping

_TIMEOUT_S = 30
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER")


def call_hook(command: str, told: Mapping[str, str]) -> str:
    """Run the command with what happened in `GATECTL_...` variables; give its trouble, or nothing.

    The command is split as a shell would, and no shell is started. Of this process's environment
    only the harmless part is passed on.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {f"GATECTL_{name.upper()}": value for name, value in told.items()}
    try:
        words = shlex.split(command) or [""]
        done = subprocess.run(  # noqa: S603 - the operator's own command, from the command line
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as exc:
        return f"the hook did not run: {exc}"
    if done.returncode != 0:
        words_of_it = done.stderr.decode("utf-8", "backslashreplace").strip()
        return f"the hook ended with {done.returncode}: {words_of_it[:200]}"
    return ""
