import pytest

from gatectl.core.layout import Labels, NotUnderstood, bare, read_one, table

LABELS = Labels({"Name": "name", "srcPort": "source_port", "destPort": "port", "TTL": "ttl"})


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("1)\tName: a", {"name": "a"}),
        ("\tsrcPort                      destPort = 25", {"port": "25"}),
        ("\tsrcPort != 80\tdestPort = 25", {"source_port": "!= 80", "port": "25"}),
        ("\tTTL:", {}),
        ("\tName:  two words  ", {"name": "two words"}),
        ("\tNames: a", {}),
    ],
)
def test_labels_are_found_with_their_values(line: str, fields: dict[str, str]) -> None:
    """Several labels share a line; a label without a value gives no field."""
    assert LABELS.read(line) == fields


def test_text_in_front_of_the_first_record_is_refused() -> None:
    """What is not known could be a sign that all of it is something else."""
    with pytest.raises(NotUnderstood, match="stands before"):
        LABELS.records(["hello", "Name: a"], first="name", needs=())


def test_a_record_without_what_it_needs_is_refused() -> None:
    """A record that was cut is not a record."""
    with pytest.raises(NotUnderstood, match="has no port"):
        LABELS.records(["Name: a"], first="name", needs=("port",))
    with pytest.raises(NotUnderstood, match="has no name"):
        read_one(["TTL: 3"], LABELS, ("name",))


def test_a_row_that_does_not_fit_its_table_is_refused() -> None:
    """Columns are read by the header, so a row of another width has no meaning."""
    assert list(table(["A  B", "-  -", "1)\tx  y"], first="a")) == [{"a": "x", "b": "y"}]
    with pytest.raises(NotUnderstood, match="columns"):
        list(table(["A  B", "x  y  z"], first="a"))


def test_a_number_in_a_list_is_taken_off() -> None:
    """Builds differ in whether they number what they list."""
    assert bare("12)\t x ") == bare("  x") == "x"
