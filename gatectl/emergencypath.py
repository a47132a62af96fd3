"""Whether closing could keep a record when the journal cannot be used; nothing is written."""

import os
from pathlib import Path

from gatectl.journal.emergency import emergency_folders


def emergency_trouble(state_dir: Path) -> str:
    """Say why no folder could take an emergency record; nothing if one can."""
    troubles: list[str] = []
    for folder in emergency_folders(state_dir):
        nearest = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if nearest is None or not nearest.is_dir():
            troubles.append(f"{folder} cannot be made")
        elif not os.access(nearest, os.W_OK | os.X_OK):
            troubles.append(f"{nearest} cannot be written")
        else:
            return ""
    return "; ".join(troubles)
