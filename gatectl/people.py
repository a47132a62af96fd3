"""Names of people, beside the journal: it holds pseudonyms, and a name can be erased here.

The journal keeps a salted hash of each name. Whoever has name and salt can prove who it was; once
they are erased, the hash tells nobody anything and the chain still verifies.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from gatectl.core.casework import Person
from gatectl.errors import InvalidInput, JournalDamaged, JournalUnavailable
from gatectl.storage import private_folder, sync_folder

_SALT_BYTES = 16
_PSEUDONYM_BYTES = 4


class People:
    """The table of names of one journal."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def enrol(self, name: str) -> Person:
        """Give a person's pseudonym; a name that is known already keeps the one it has."""
        table = self._read()
        for pseudonym, entry in table.items():
            if entry["name"] == name:
                return _person(pseudonym, entry)
        pseudonym = f"p-{secrets.token_hex(_PSEUDONYM_BYTES)}"
        table[pseudonym] = {"name": name, "salt": secrets.token_hex(_SALT_BYTES)}
        self._write(table)
        return _person(pseudonym, table[pseudonym])

    def name_of(self, person: Person) -> str | None:
        """Tell a name; none if it was erased or does not match what the journal committed to."""
        entry = self._read().get(person.pseudonym)
        if entry is None or _person(person.pseudonym, entry) != person:
            return None
        return entry["name"]

    def names(self) -> Mapping[str, str]:
        """List pseudonyms and names."""
        return {pseudonym: entry["name"] for pseudonym, entry in self._read().items()}

    def erase(self, pseudonym: str) -> None:
        """Forget a name and its salt for good."""
        table = self._read()
        if pseudonym not in table:
            raise InvalidInput(
                f"{pseudonym[:100]!r} is not a pseudonym that a name is kept for",
                hint="`gatectl case names` lists them.",
            )
        del table[pseudonym]
        self._write(table)

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            table = json.loads(self._file.read_text(encoding="utf-8"))
            return {str(p): {"name": e["name"], "salt": e["salt"]} for p, e in table.items()}
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise JournalUnavailable(f"{self._file} cannot be read: {exc.strerror}") from exc
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise JournalDamaged(f"{self._file} is not a table of names: {exc}") from exc

    def _write(self, table: Mapping[str, Mapping[str, str]]) -> None:
        private_folder(self._file.parent)
        aside = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(aside, flags, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(table, stream, indent=1, sort_keys=True, ensure_ascii=False)
                stream.flush()
                os.fsync(stream.fileno())
            aside.replace(self._file)
            sync_folder(self._file.parent)
        except OSError as exc:
            raise JournalUnavailable(f"{self._file} cannot be written: {exc.strerror}") from exc


def _person(pseudonym: str, entry: Mapping[str, str]) -> Person:
    committed = hashlib.sha256(f"{entry['salt']}\0{entry['name']}".encode()).hexdigest()
    return Person(pseudonym=pseudonym, commitment=committed)
