"""The manual page: every part is there, and no text becomes a command of roff."""

from gatectl.core.roff import Manual, ManualOption, ManualVerb, manual_text

MANUAL = Manual(
    program="gatectl",
    version="1.0",
    line="shut a gate",
    synopsis="gatectl VERB",
    paragraphs=("One.", "a\nb"),
    options=(ManualOption(names="-v, --verbose", help=".hidden"),),
    verbs=(
        ManualVerb(
            name="close",
            usage="gatectl close [GATE]",
            paragraphs=("'quoted' and \\back",),
            options=(ManualOption(names="-n", help=""),),
        ),
    ),
    exit_codes=((0, "proven"),),
    variables=(("NO_COLOR", "no colour"),),
    files=(("/etc/x", "it"),),
)


def test_every_part_of_the_page_is_there() -> None:
    """Name, synopsis, verbs, exit codes, environment and files, in the usual order."""
    lines = manual_text(MANUAL).splitlines()
    headings = [line for line in lines if line.startswith(".SH")]
    assert headings == [
        ".SH NAME",
        ".SH SYNOPSIS",
        ".SH DESCRIPTION",
        ".SH OPTIONS",
        ".SH VERBS",
        ".SH EXIT STATUS",
        ".SH ENVIRONMENT",
        ".SH FILES",
    ]
    assert ".SS close" in lines


def test_no_text_becomes_a_command() -> None:
    """A line that begins with a dot or a quote, and a backslash, stay what they are."""
    text = manual_text(MANUAL)
    assert "\n\\&.hidden\n" in text
    assert "\n\\&'quoted' and \\eback\n" in text
    assert "\\-v, \\-\\-verbose" in text


def test_lines_that_stay_as_they_are_are_not_filled() -> None:
    """Examples keep their lines."""
    assert ".nf\na\nb\n.fi" in manual_text(MANUAL)
