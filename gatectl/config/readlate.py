"""A mapping of which the names are known at once, and each value when somebody needs it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ReadLate(Mapping[K, V]):
    """Reads a value when it is first asked for, and keeps it; most runs need few of many."""

    def __init__(self, names: Iterable[K], read: Callable[[K], V]) -> None:
        self._names = dict.fromkeys(names)
        self._read = read
        self._known: dict[K, V] = {}

    def __getitem__(self, name: K) -> V:
        if name not in self._known:
            if name not in self._names:
                raise KeyError(name)
            self._known[name] = self._read(name)
        return self._known[name]

    def __iter__(self) -> Iterator[K]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names
