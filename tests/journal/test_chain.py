import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.journal.chain import Head, Link, Walk, canonical, genesis, linked

BIRTH = {"lineage": "L1", "created": "2026-01-18T20:00:00+00:00"}


def body(sequence: int, text: str = "x") -> str:
    """Write the smallest record."""
    event = {"kind": "note", "text": text}
    return canonical({"sequence": sequence, "gate": "almelo", "run": None, "event": event})


def chain(count: int) -> list[Link]:
    """Make a chain that holds."""
    links: list[Link] = []
    previous = genesis(BIRTH)
    for sequence in range(1, count + 1):
        text = body(sequence)
        own = linked(previous, text)
        links.append(
            Link(
                sequence=sequence,
                gate="almelo",
                run=None,
                kind="note",
                body=text,
                previous=previous,
                hash=own,
            )
        )
        previous = own
    return links


def places(links: list[Link], anchor: Head | None = None) -> list[int]:
    """Walk along and give where something was noticed."""
    walk = Walk(birth=BIRTH, anchor=anchor)
    found = [problem.sequence for link in links for problem in walk.step(link)]
    return found + [problem.sequence for problem in walk.end()]


def test_a_whole_chain_has_no_problems() -> None:
    """Each link fits the one before, and the last is the head."""
    links = chain(5)
    walk = Walk(birth=BIRTH)
    assert [problem for link in links for problem in walk.step(link)] == []
    assert walk.head() == Head(sequence=5, hash=str(links[-1].hash), lineage="L1")
    assert places(links, walk.head()) == []


def test_the_hash_is_the_documented_one() -> None:
    """A stranger can compute it with sha256sum: this value was."""
    zero = "0" * 64
    assert linked(zero, "{}") == "3182e71b20b962819bd602f8e588578614abc26a76979f90c0d178799eb25389"


def test_the_chain_begins_with_the_birth_of_its_journal() -> None:
    """The same records under another birth are no chain."""
    walk = Walk(birth=BIRTH | {"created": "2020-01-01T00:00:00+00:00"})
    assert [problem.sequence for problem in walk.step(chain(1)[0])] == [1]


def test_one_change_is_told_once() -> None:
    """After a break the walk goes on, so that a second change is found as well."""
    links = chain(9)
    for index in (2, 6):
        old = links[index]
        links[index] = Link(
            sequence=old.sequence,
            gate=old.gate,
            run=old.run,
            kind=old.kind,
            body=body(index + 1, "changed"),
            previous=old.previous,
            hash=old.hash,
        )
    assert places(links) == [3, 7]


@pytest.mark.parametrize("field", ["sequence", "gate", "kind", "body", "previous", "hash"])
def test_a_row_of_the_wrong_kind_is_a_problem_and_no_crash(field: str) -> None:
    """In a damaged file any column may hold anything."""
    link = chain(1)[0]
    columns = {name: getattr(link, name) for name in Link.__slots__} | {field: b"\xff"}
    assert places([Link(**columns)]) == [1]


@pytest.mark.parametrize("text", ["[]", "{}", "nonsense", '{"sequence":1}'])
def test_a_linked_row_that_is_no_record_is_a_problem(text: str) -> None:
    """Somebody who knows how to link can still not pass nonsense off as a record."""
    start = genesis(BIRTH)
    link = Link(
        sequence=1,
        gate="almelo",
        run=None,
        kind="note",
        body=text,
        previous=start,
        hash=linked(start, text),
    )
    assert places([link]) == [1]


@given(st.permutations(range(6)))
def test_any_other_order_is_found(order: list[int]) -> None:
    """Only the order in which the records were written fits."""
    links = chain(6)
    assert (places([links[index] for index in order]) == []) == (order == sorted(order))


@given(st.sets(st.integers(min_value=0, max_value=7)))
def test_any_missing_record_is_found_with_the_anchor(gone: set[int]) -> None:
    """Wherever records are missing, at the end as well, something is noticed."""
    links = chain(8)
    anchor = Head(sequence=8, hash=str(links[-1].hash), lineage="L1")
    left = [link for index, link in enumerate(links) if index not in gone]
    assert (places(left, anchor) == []) == (not gone)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_one_value_has_one_written_form(value: dict[str, object]) -> None:
    """The order in which it was put together leaves no trace, and it is ASCII."""
    turned = dict(reversed(value.items()))
    assert canonical(value) == canonical(turned)
    assert canonical(value).isascii()


def test_what_is_no_json_is_not_written() -> None:
    """NaN is written differently everywhere, so it is not hashed."""
    with pytest.raises(ValueError, match="JSON"):
        canonical({"elapsed_s": float("nan")})


def as_row(link: Link) -> tuple[object, ...]:
    """Give a link as the database does."""
    return tuple(getattr(link, name) for name in Link.__slots__)


def problems_by_rows(links: list[Link], anchor: Head | None = None) -> list[tuple[int, str]]:
    """Walk along many rows at once, and give what was noticed."""
    walk = Walk(birth=BIRTH, anchor=anchor)
    found = [*walk.rows([as_row(link) for link in links]), *walk.end()]
    return [(problem.sequence, problem.sentence) for problem in found]


def problems_by_steps(links: list[Link], anchor: Head | None = None) -> list[tuple[int, str]]:
    """Walk along row by row, and give what was noticed."""
    walk = Walk(birth=BIRTH, anchor=anchor)
    found = [*(problem for link in links for problem in walk.step(link)), *walk.end()]
    return [(problem.sequence, problem.sentence) for problem in found]


STRANGE = st.one_of(
    st.none(),
    st.integers(-2, 12),
    st.binary(max_size=8),
    st.sampled_from(
        ["", "almelo", "note", "{}", "0" * 64, "f" * 64, "r1", "\ud800", '"', "\u00e9"]
    ),
)


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from(Link.__slots__), STRANGE),
        min_size=0,
        max_size=3,
    ),
    st.sampled_from([None, 3, 9, 12]),
)
def test_the_quick_way_along_many_rows_finds_what_the_slow_way_finds(
    changes: list[tuple[int, str, object]], anchored: int | None
) -> None:
    """Whatever is changed, in any field: both tell the same at the same place."""
    links = chain(9)
    anchor = None
    if anchored is not None:
        own = str(links[min(anchored, 9) - 1].hash)
        anchor = Head(sequence=anchored, hash=own, lineage="L1")
    for index, name, value in changes:
        fields = {slot: getattr(links[index], slot) for slot in Link.__slots__}
        links[index] = Link(**{**fields, name: value})
    assert problems_by_rows(links, anchor) == problems_by_steps(links, anchor)


def test_a_record_linked_well_and_filed_elsewhere_is_found_the_quick_way() -> None:
    """The columns repeat the body, and the quick way compares all four of them."""
    for name, value in (("gate", "borne"), ("run", "r9"), ("run", None), ("kind", "run.ended")):
        links = chain(3)
        fields = {slot: getattr(links[1], slot) for slot in Link.__slots__}
        links[1] = Link(**{**fields, name: value})
        if fields[name] != value:
            assert [place for place, _ in problems_by_rows(links)] == [2]


def test_a_walk_is_gone_on_with_behind_a_stretch_of_somebody_else() -> None:
    """Two parts come to what one walk comes to, with the anchor in either part."""
    links = chain(9)
    rows = [as_row(link) for link in links]
    for sequence in (2, 7):
        anchor = Head(sequence=sequence, hash=str(links[sequence - 1].hash), lineage="L1")
        begin = Head(sequence=4, hash=str(links[3].hash), lineage="L1")
        other = Walk(birth=BIRTH, begin=begin, anchor=anchor)
        stretch = other.stretch(tuple(other.rows(rows[4:])))
        walk = Walk(birth=BIRTH, anchor=anchor)
        assert [*walk.rows(rows[:4]), *walk.join(stretch), *walk.end()] == []
        assert (walk.events, walk.head().sequence) == (9, 9)
