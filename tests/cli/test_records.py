"""The verbs about the record, typed at a prompt; no gate is contacted by any of them."""

import sqlite3
import subprocess
from pathlib import Path

import pytest

from gatectl.clock import SystemClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.core.journalserver import JournalServer
from gatectl.core.words import digits_of
from gatectl.errors import ExitCode
from gatectl.journal.journal import Journal
from gatectl.journal.opening import JournalPlace, open_journal
from tests.cli.keyboard import Shown, type_in
from tests.postgres_server import OwnServer

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"
GATE = GateName("almelo")


class Office:
    """A desk with a journal of some records, and a folder elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state" / "journal.db"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.note("one", "two", "three")

    def note(self, *texts: str) -> None:
        """Put notes on record."""
        with self.journal() as journal:
            for text in texts:
                journal.append(Noted(text=text), gate=GATE)

    def journal(self) -> Journal:
        """Open the journal as a verb does."""
        return Journal.open(
            self.file,
            clock=SystemClock(),
            actor="alice",
            origin="desk-7",
            unsafe_any_file_system=True,
        )

    def tamper(self, *statements: str) -> None:
        """Change the file as somebody with all rights would."""
        rows = sqlite3.connect(self.file)
        rows.execute("DROP TRIGGER event_no_update")
        rows.execute("DROP TRIGGER event_no_delete")
        for statement in statements:
            rows.execute(statement)
        for verb in ("UPDATE", "DELETE"):
            rows.execute(
                f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event"
                " BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END"
            )
        rows.commit()
        rows.close()

    def verify(self, *words: str) -> Shown:
        """Type `gatectl journal verify` for this journal."""
        return type_in("journal", "verify", "--journal", str(self.file), *words)

    def anchor(self, *words: str) -> Shown:
        """Type `gatectl journal anchor` for this journal."""
        return type_in("journal", "anchor", "--journal", str(self.file), *words)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Sit down at the desk."""
    return Office(tmp_path)


def anchor_file(office: Office) -> Path:
    """Write an anchor and give its file."""
    shown = office.anchor("--to", str(office.elsewhere), "--json")
    assert shown.code == ExitCode.PROVEN, shown.err
    return Path(shown.document["file"])


def test_a_journal_that_holds_is_told_with_its_head(office: Office) -> None:
    """Exit 0, and nothing on stderr."""
    shown = office.verify()
    assert (shown.code, shown.err) == (ExitCode.PROVEN, "")
    assert "3 records hold, up to 3" in shown.out


def test_a_changed_record_is_exit_9_and_its_place(office: Office) -> None:
    """The place is data on stdout; what to do is told on stderr."""
    office.tamper("UPDATE event SET body = replace(body, 'two', 'owt') WHERE sequence = 2")
    shown = office.verify()
    assert shown.code == ExitCode.TAMPERED
    assert "record 2: its content was changed" in shown.out
    assert "does not verify" in shown.one_sentence_and_a_hint()


def test_a_cut_off_end_is_found_with_the_anchor_alone(office: Office) -> None:
    """Without the anchor nothing is missing, which is why there are anchors."""
    anchor = anchor_file(office)
    office.tamper("DELETE FROM event WHERE sequence = 3")
    assert office.verify().code == ExitCode.PROVEN
    shown = office.verify("--anchor", str(anchor), "--json")
    assert shown.code == ExitCode.TAMPERED
    (problem,) = shown.document["problems"]
    assert problem["sequence"] == 3
    assert "cut off" in problem["because"]


def test_an_anchor_still_agrees_when_more_was_recorded(office: Office) -> None:
    """It is compared with its own record."""
    anchor = anchor_file(office)
    office.note("four")
    shown = office.verify("--anchor", str(anchor))
    assert shown.code == ExitCode.PROVEN
    assert "record 3 is as it was" in shown.out


def test_the_words_for_paper_are_those_of_the_hash(office: Office) -> None:
    """What is read out over the telephone is enough to verify by."""
    document = office.anchor("--json").document
    assert document["hash"].startswith(digits_of(document["words"]))
    office.note("four")
    paper = f"{document['sequence']} {document['words']}"
    assert office.verify("--paper", paper).code == ExitCode.PROVEN
    wrong = paper.replace(paper.split()[1], "zipper" if "zipper" not in paper else "acid", 1)
    assert office.verify("--paper", wrong).code == ExitCode.TAMPERED


def test_an_excerpt_is_written_and_followed(office: Office) -> None:
    """One gate goes into a new file, which shows by itself whether it was changed since."""
    file = office.elsewhere / "almelo.jsonl"
    written = ("journal", "export", "--journal", str(office.file), "--gate", GATE, "-o", str(file))
    assert type_in(*written).code == ExitCode.PROVEN
    shown = type_in("journal", "check", str(file), "--json")
    assert (shown.code, shown.document["records"]) == (ExitCode.PROVEN, 3), shown.err
    content = file.read_bytes()
    file.write_bytes(content.replace(b"two", b"owt"))
    shown = type_in("journal", "check", str(file))
    assert shown.code == ExitCode.TAMPERED
    assert "record 2: its content was changed" in shown.out
    file.write_bytes(content + b"\xff\n")
    assert type_in("journal", "check", str(file)).code == ExitCode.INVALID


def test_a_signed_anchor_names_its_signer(office: Office, tmp_path: Path) -> None:
    """The key comes from the environment, as a timer would have it."""
    key = tmp_path / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(words, check=True, timeout=30)  # noqa: S603 - a fixed program
    public = key.with_suffix(".pub").read_text(encoding="ascii")
    signers = tmp_path / "signers"
    signers.write_text(f'ciso@example namespaces="gatectl-anchor" {public}', encoding="ascii")
    unsigned = anchor_file(office)
    shown = office.anchor("--to", str(office.elsewhere / "signed.json"), "--key", str(key))
    assert "(signed)" in shown.out, shown.err
    given = ("--signers", str(signers), "--anchor")
    good = office.verify(*given, str(office.elsewhere / "signed.json"))
    assert "signed by ciso@example" in good.out
    assert office.verify(*given, str(unsigned)).code == ExitCode.TAMPERED


def test_a_broken_journal_gets_no_anchor(office: Office) -> None:
    """An anchor of a broken chain would make the break look old."""
    office.tamper("DELETE FROM event WHERE sequence = 2")
    shown = office.anchor("--to", str(office.elsewhere))
    assert shown.code == ExitCode.TAMPERED
    assert not list(office.elsewhere.iterdir())


def test_verifying_writes_nothing(office: Office) -> None:
    """An auditor works on the original without leaving a trace in it."""

    def seen() -> dict[str, tuple[bytes, int]]:
        files = office.file.parent.iterdir()
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = seen()
    office.verify()
    office.anchor()
    assert seen() == before


def test_what_is_no_anchor_is_an_invalid_call(office: Office) -> None:
    """Exit 2 and not 9: nothing was compared."""
    strange = office.elsewhere / "strange"
    strange.write_text("{}", encoding="ascii")
    assert office.verify("--anchor", str(strange)).code == ExitCode.INVALID
    assert office.verify("--paper", "3 nonsense").code == ExitCode.INVALID


@pytest.fixture
def config(tmp_path: Path, office: Office) -> Path:
    """Write a configuration whose journal is the office's."""
    settings = f'[settings]\nstate_dir = "{office.file.parent}"\noperator = "bob"\n\n'
    example = EXAMPLE.read_text(encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(settings + example[example.index("[gates.") :], encoding="utf-8")
    return path


def held(office: Office) -> int:
    """Let another operator take the gate, and give the token."""
    with office.journal() as journal:
        return journal.leases.take(GATE, holder="carol", host="desk-9", pid=4711, step="patch")


def test_the_journal_of_the_configuration_is_meant_when_none_is_named(config: Path) -> None:
    """The shortest form is the one for every day."""
    shown = type_in("--config", str(config), "journal", "verify")
    assert shown.code == ExitCode.PROVEN, shown.err


def test_lease_show_tells_who_holds_a_gate_and_since_when(office: Office, config: Path) -> None:
    """Holder, host, process, step and token stand in the sentence."""
    token = held(office)
    shown = type_in("--config", str(config), "lease", "show")
    assert shown.code == ExitCode.PROVEN
    for word in ("almelo", "carol", "desk-9", "4711", "patch", f"token {token}"):
        assert word in shown.out
    (row,) = type_in("--config", str(config), "lease", "show", "--json").document["gates"]
    assert (row["lease"]["holder"], row["lease"]["alive"]) == ("carol", True)


def test_lease_show_tells_when_nobody_holds_a_gate(config: Path) -> None:
    """That is an answer, too."""
    assert "nobody holds it" in type_in("--config", str(config), "lease", "show", "almelo").out


def test_lease_break_ends_the_lease_and_puts_the_reason_on_record(
    office: Office, config: Path
) -> None:
    """Who held it, and why it was ended, can be read later."""
    words = ("lease", "break", "almelo", "--token", str(held(office)), "--reason", "laptop stolen")
    shown = type_in("--config", str(config), *words)
    assert shown.code == ExitCode.PROVEN, shown.err
    with office.journal() as journal:
        assert journal.leases.show(GATE) is None
        notes = [one.event.text for one in journal.events(kinds=("note",))]  # type: ignore[union-attr]  # only notes were asked for
    assert any("laptop stolen" in note and "carol" in note for note in notes)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--reason", "why"), ExitCode.INVALID),
        (("--token", "1"), ExitCode.INVALID),
        (("--token", "99", "--reason", "why"), ExitCode.REFUSED),
        (("--token", "1", "--reason", " "), ExitCode.REFUSED),
    ],
    ids=["no token", "no reason", "another token", "empty reason"],
)
def test_lease_break_needs_the_right_token_and_a_reason(
    words: tuple[str, ...], code: ExitCode, office: Office, config: Path
) -> None:
    """A lease that was granted meanwhile to somebody else is not ended by a late hand."""
    held(office)
    shown = type_in("--config", str(config), "lease", "break", "almelo", *words)
    assert shown.code == code
    with office.journal() as journal:
        lease = journal.leases.show(GATE)
    assert lease is not None
    assert lease.alive


def test_what_an_administrator_is_given_makes_a_journal_that_a_role_can_only_add_to(
    postgres_server: OwnServer, tmp_path: Path
) -> None:
    """Run by psql as it is printed, it leaves nothing for the doctor to find at the server."""
    database = postgres_server.new_database()
    role = "night-operator"
    postgres_server.run(database, f'CREATE ROLE "{role}" LOGIN')
    for words in ((), ("--rights-only",)):
        printed = type_in("journal", "sql", "--role", role, *words)
        assert printed.code == ExitCode.PROVEN
        subprocess.run(  # noqa: S603 - the server's own client
            [
                *(postgres_server.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"),
                *("-h", postgres_server.folder, "-U", "postgres", "-d", database),
            ],
            input=printed.out,
            text=True,
            check=True,
            timeout=60,
        )
    config = tmp_path / "config.toml"
    url = postgres_server.url(database, role)
    text = EXAMPLE.read_text(encoding="utf-8")
    config.write_text(text.replace("[settings]\n", f'[settings]\njournal = "{url}"\n', 1))
    with open_journal(
        JournalPlace(file=tmp_path / "none", evidence=tmp_path, server=JournalServer(url=url)),
        clock=SystemClock(),
        actor="alice",
        origin="desk-7",
    ) as journal:
        journal.append(Noted(text="one"), gate=GATE)
        assert [one.name for one in journal.conditions() if one.trouble] == []
    verified = type_in("--config", str(config), "journal", "verify", "--no-evidence", "--json")
    assert verified.document["events"] == 1
    assert verified.document["journal"] == f"postgresql://{role}@/{database}"
    anchored = type_in("--config", str(config), "journal", "anchor", "--json")
    assert anchored.document["sequence"] == 1
