"""Nobody reopens alone: ten bad approvals are refused, each in its own words; a good one counts.

The keys are real, and `ssh-keygen` signs and verifies.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatectl.clock import HandClock
from gatectl.consent import Consent
from gatectl.core.agreement import ApprovalGiven, ApprovalUsed, AttestationGiven
from gatectl.core.approvalrequest import ApprovalRequest, OverrideAsked, request_text
from gatectl.core.check import Answer, Verdict
from gatectl.core.event import (
    ActIntended,
    Event,
    EvidenceId,
    EvidenceKept,
    Mode,
    RunId,
    RunStarted,
)
from gatectl.core.gate import ApprovalPolicy, Approver, Gate, GateState
from gatectl.core.interlock import Interlock
from gatectl.core.plan import Plan
from gatectl.desk import Admitted, Connect, Desk
from gatectl.errors import GateBusy, GatectlError, InvalidInput, JournalDamaged, Refused
from gatectl.journal.emergency import LostEvidence
from gatectl.journal.journal import Journal
from gatectl.journal.lease import LeaseToken
from gatectl.journal.recorder import RunRecorder
from gatectl.ports import Lookout
from tests.builders import (
    ALMELO,
    BULLETINS,
    NS_A,
    make_facts,
    make_gate,
    plan_of,
    planned,
    shipped_plan,
)
from tests.signing import fingerprint, make_key, sign_with, signer_line

ANNA, BERT, CARL = "anna@example", "bert@example", "carl@example"
PIECE = EvidenceKept(
    step=planned().id,
    node=NS_A,
    what="file",
    name="/var/log/ns.log",
    evidence=EvidenceId("1f" * 32),
)


class Nobody:
    """A stop flag that nobody raises."""

    def check(self) -> None:
        """Let the run go on."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make a key of each kind, and a second one of Anna's."""
    folder = tmp_path_factory.mktemp("keys")
    kinds = {"anna": "ed25519", "bert": "rsa", "carl": "ecdsa", "anna2": "ed25519"}
    return {name: make_key(folder / name, kind) for name, kind in kinds.items()}


@dataclass(kw_only=True)
class Scene:
    """A gate that is ready but for the approvals, and those who could give them."""

    keys: dict[str, Path]
    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    operator: str = "j.jansen"
    accounts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the list of signers, and what is on record before anybody is asked."""
        people = {"anna": ANNA, "bert": BERT, "carl": CARL, "anna2": ANNA}
        lines = [signer_line(name, self.keys[key]) for key, name in people.items()]
        (self.folder / "signers").write_text("".join(lines), encoding="ascii")
        (self.folder / "revoked").touch()
        self.journal = Journal.in_memory(clock=self.clock, actor="j.jansen", origin="test")
        self.record(RunStarted(plan=plan_of(), digest=plan_of().digest, mode=Mode.REAL), run="r1")
        self.record(PIECE)

    @property
    def gate(self) -> Gate:
        """The gate, which two people in two roles must agree to open."""
        policy = ApprovalPolicy(
            needed=2,
            roles=("ciso", "operations"),
            people=(
                Approver(principal=ANNA, role="ciso"),
                Approver(principal=BERT, role="operations"),
                Approver(principal=CARL, role="operations"),
            ),
            allowed_signers=str(self.folder / "signers"),
            revoked_keys=str(self.folder / "revoked"),
            operator_keys=(fingerprint(self.keys["carl"]),),
            overrides=("compromise-check",),
        )
        return replace(make_gate(), approval=policy, attestations=("certificates-rotated",))

    @property
    def plan(self) -> Plan:
        """The plan that opens."""
        return shipped_plan("reopen", facts=make_facts(state=GateState.VERIFIED))

    @property
    def consent(self) -> Consent:
        """Sit down as a process that begins now."""

        def lookout(gate: Gate, connect: Connect) -> Lookout:
            raise AssertionError(gate, connect)

        def emergency(error: GatectlError) -> Desk:
            raise AssertionError from error

        desk = Desk(
            journal=self.journal,
            evidence=LostEvidence(),
            clock=self.clock,
            connect=lambda host: (_ for _ in ()).throw(AssertionError(host)),
            lookout=lookout,
            advisories=BULLETINS,
            indicators=tuple,
            playbook_folders=(),
            listeners=(),
            stop=Nobody(),
            actor=self.operator,
            accounts=self.accounts,
            emergency=emergency,
        )
        return Consent(desk=desk, gate=self.gate)

    def record(self, event: Event, run: str | None = None) -> None:
        """Put an event on record; a second goes by first."""
        self.clock.sleep(1)
        self.journal.append(event, gate=ALMELO, run=RunId(run) if run else None)

    def ask(self) -> ApprovalRequest:
        """Ask for approval."""
        self.clock.sleep(1)
        consent = self.consent
        return consent.ask(consent.standing(), self.plan)

    def sign(
        self,
        request: ApprovalRequest,
        *who: str,
        namespace: str = "gatectl-approve@gatectl",
    ) -> None:
        """Put signatures on record as they are, as somebody would who can write the journal."""
        for key in who:
            text = request_text(request).encode()
            self.record(
                ApprovalGiven(
                    nonce=request.nonce,
                    principal={"bert": BERT, "carl": CARL}.get(key, ANNA),
                    signature=sign_with(self.keys[key], text, namespace),
                )
            )

    def opens(self, uses: tuple[ApprovalUsed, ...], lease: LeaseToken | None = None) -> list[type]:
        """Put the first act's intent on record as an opening does; give what that added."""
        before = self.journal.head().sequence
        token = lease or self.journal.leases.take(ALMELO, holder="j", host="here", pid=1)
        recorder = RunRecorder(
            journal=self.journal,
            gate=ALMELO,
            run=RunId("opening"),
            lease=token,
            listeners=(),
            with_first_intent=list(uses),
        )
        try:
            recorder.record(ActIntended(step=planned().id, node=NS_A, lines=("apply ns acls",)))
        finally:
            if lease is None:
                self.journal.leases.release(ALMELO, token)
        return [type(one.event) for one in self.journal.events(after=before)]

    def refuse_writing(self, kind: str) -> None:
        """Let the journal's file take no event of this kind, as a disk that fails just there."""
        with self.journal._engine.reading() as rows:
            rows.execute(
                "CREATE TEMP TRIGGER fails BEFORE INSERT ON main.event "
                f"WHEN new.kind = '{kind}' BEGIN SELECT RAISE(FAIL, 'no'); END"
            )

    def verdict(self, plan: Plan | None = None) -> Verdict:
        """Judge the approvals as a reopening would; a pass is what does not block."""
        consent = self.consent
        blockers = consent.judge(consent.standing(), plan or self.plan)
        found = [one.verdict for one in blockers if one.interlock == Interlock.APPROVALS]
        return found[0] if found else Verdict(answer=Answer.PASS, because="approved")


@pytest.fixture
def scene(keys: dict[str, Path], tmp_path: Path) -> Scene:
    """Set the scene."""
    return Scene(keys=keys, folder=tmp_path)


def missing(scene: Scene) -> None:
    """Ask, and get one of two."""
    scene.sign(scene.ask(), "anna")


def same_person_twice(scene: Scene) -> None:
    """Sign twice with two keys of one person."""
    scene.sign(scene.ask(), "anna", "anna2")


def own_key(scene: Scene) -> None:
    """Sign with a key of those who operate gatectl."""
    scene.sign(scene.ask(), "anna", "carl")


def wrong_namespace(scene: Scene) -> None:
    """Sign for another purpose."""
    request = scene.ask()
    scene.sign(request, "anna")
    scene.sign(request, "bert", namespace="git")


def expired(scene: Scene) -> None:
    """Wait until the hour is over."""
    scene.sign(scene.ask(), "anna", "bert")
    scene.clock.sleep(3600)


def revoked(scene: Scene) -> None:
    """Take a key back after it has signed."""
    scene.sign(scene.ask(), "anna", "bert")
    public = scene.keys["bert"].with_suffix(".pub").read_text(encoding="ascii")
    (scene.folder / "revoked").write_text(public, encoding="ascii")


def other_run(scene: Scene) -> None:
    """Change something after it was approved."""
    scene.sign(scene.ask(), "anna", "bert")
    scene.record(RunStarted(plan=plan_of(), digest=plan_of().digest, mode=Mode.REAL), run="r2")


def other_evidence(scene: Scene) -> None:
    """Find something new after it was approved."""
    scene.sign(scene.ask(), "anna", "bert")
    scene.record(replace(PIECE, evidence=EvidenceId("2e" * 32)))


def replayed(scene: Scene) -> None:
    """Open once, and try to open again on the same approvals."""
    request = scene.ask()
    scene.sign(request, "anna", "bert")
    scene.record(ApprovalUsed(nonce=request.nonce))


def signed_before_the_evidence(scene: Scene) -> None:
    """Collect again what was collected before: the same content, but later than the approvals."""
    scene.sign(scene.ask(), "anna", "bert")
    scene.record(PIECE)


BAD: dict[Callable[[Scene], None], str] = {
    missing: "1 of 2 approvals are there; nobody has approved as operations",
    same_person_twice: "anna@example has approved twice, and counts once",
    own_key: "carl@example operates gatectl: the operator's own key does not count",
    wrong_namespace: "bert@example signed for 'git', which is no approval",
    expired: "the approval of anna@example has expired",
    revoked: "the key SHA256:.* of bert@example is revoked",
    other_run: "approved the state after run r1, and run r2 has changed it since",
    other_evidence: "anna@example approved on other evidence than there is now",
    replayed: "the approval of anna@example was used already",
    signed_before_the_evidence: "anna@example approved before the evidence was taken",
}


@pytest.mark.parametrize("prepare", BAD, ids=lambda prepare: prepare.__name__)
def test_a_bad_approval_is_refused_in_its_own_words(
    prepare: Callable[[Scene], None], scene: Scene
) -> None:
    """Ten ways in which an approval is none, on a record into which somebody wrote it himself."""
    prepare(scene)
    verdict = scene.verdict()
    assert verdict.answer is Answer.FAIL
    others = [words for other, words in BAD.items() if other is not prepare]
    assert re.search(BAD[prepare], verdict.because), verdict.because
    for words in others[1:] if prepare is not missing else others:
        assert not re.search(words, verdict.because), verdict.because


@pytest.mark.parametrize("second", ["bert"])
def test_two_people_in_two_roles_are_enough(scene: Scene, second: str) -> None:
    """The good one passes, with keys of two kinds."""
    scene.sign(scene.ask(), "anna", second)
    assert scene.verdict().passed


def test_nobody_agrees_with_himself_under_a_pseudonym(scene: Scene) -> None:
    """Whoever asks or opens is known by the name behind what stands on record."""
    scene.operator, scene.accounts = "p-1a2b3c4d", {"p-1a2b3c4d": BERT}
    scene.sign(scene.ask(), "anna", "bert")
    assert "own key does not count" in scene.verdict().because
    scene.operator = "somebody else"
    assert "has asked for this approval" in scene.verdict().because


def test_approvals_of_two_requests_are_not_added_up(scene: Scene) -> None:
    """Two people who agreed to two different texts have agreed to nothing together."""
    scene.sign(scene.ask(), "anna")
    scene.sign(scene.ask(), "bert")
    assert scene.verdict().because.startswith("1 of 2 approvals are there")


def test_a_restart_or_another_plan_makes_approvals_void(scene: Scene) -> None:
    """They were given for this boot of these appliances, and for these lines."""
    scene.sign(scene.ask(), "anna", "bert")
    other = shipped_plan(
        "reopen", facts=make_facts(state=GateState.VERIFIED, closed_by=("close-vserver",))
    )
    assert "another plan for the opening" in scene.verdict(other).because
    builds = dict.fromkeys(make_facts().roles, "12.1-55.18")
    patched = shipped_plan("reopen", facts=make_facts(state=GateState.VERIFIED, builds=builds))
    assert "other nodes or builds" in scene.verdict(patched).because
    restarted = replace(
        shipped_plan("verify", facts=make_facts(state=GateState.VERIFIED)),
        facts=make_facts(boots={**make_facts().boots, NS_A: "1769000000"}),
    )
    scene.record(RunStarted(plan=restarted, digest=restarted.digest, mode=Mode.REAL), run="v2")
    assert "approved before ns-a was restarted" in scene.verdict().because


def test_what_was_proven_when_it_was_approved_must_be_proven_still(scene: Scene) -> None:
    """Nobody has agreed to a gap that came up later."""
    word = AttestationGiven(name="certificates-rotated", by="anna")
    scene.record(word)
    scene.sign(scene.ask(), "anna", "bert")
    assert scene.verdict().passed
    gate = replace(scene.gate, attestations=("certificates-rotated", "another"))
    consent = replace(scene.consent, gate=gate)
    blockers = consent.judge(consent.standing(), scene.plan)
    (verdict,) = (one.verdict for one in blockers if one.interlock == Interlock.APPROVALS)
    assert "saw as proven what is not proven now: attestations" in verdict.because


def test_whoever_asks_or_operates_does_not_count_by_name_either(scene: Scene) -> None:
    """A second key of one's own, under one's own name, is still one's own."""
    scene.operator = BERT
    scene.sign(scene.ask(), "anna", "bert")
    assert "bert@example operates gatectl" in scene.verdict().because
    scene.operator = "j.jansen"
    assert "bert@example has asked for this approval" in scene.verdict().because


def test_a_signature_that_counts_is_taken_in_once(scene: Scene) -> None:
    """It goes on record with role, key and the OpenSSH that verified it."""
    text = request_text(scene.ask()).encode()
    consent = scene.consent
    given = consent.take(sign_with(scene.keys["bert"], text), consent.standing())
    assert (given.principal, given.role) == (BERT, "operations")
    assert given.fingerprint == fingerprint(scene.keys["bert"])
    assert "OpenSSH" in given.verified_with
    with pytest.raises(Refused, match="bert@example has approved already"):
        consent.take(sign_with(scene.keys["bert"], text), consent.standing())


@pytest.mark.parametrize(
    ("text", "namespace", "key", "because"),
    [
        (b"another text", "gatectl-approve@gatectl", "anna", "it is not of this text"),
        (None, "git", "anna", "signed for 'git'"),
        (None, "gatectl-approve@gatectl", "carl", "operator's own key"),
    ],
)
def test_a_signature_that_does_not_count_is_not_taken_in(
    scene: Scene, text: bytes | None, namespace: str, key: str, because: str
) -> None:
    """It is refused with its reason, and nothing goes on record."""
    request = scene.ask()
    signature = sign_with(scene.keys[key], text or request_text(request).encode(), namespace)
    head = scene.journal.head()
    consent = scene.consent
    with pytest.raises(Refused, match=because):
        consent.take(signature, consent.standing())
    assert scene.journal.head() == head


def test_without_a_request_there_is_nothing_to_sign(scene: Scene) -> None:
    """A signature that comes before anybody was asked is told what to do first."""
    signature = sign_with(scene.keys["anna"], b"anything")
    with pytest.raises(Refused, match="nobody has asked") as caught:
        scene.consent.take(signature, scene.consent.standing())
    assert "gatectl approve almelo" in caught.value.hint


def test_an_opening_uses_its_approvals_up_while_it_holds_the_gate(scene: Scene) -> None:
    """Two openings on one approval: the second finds it used, whoever was first."""
    scene.sign(scene.ask(), "anna", "bert")
    admitted = scene.consent.admit(scene.plan, {})
    assert admitted.blockers == ()
    assert [event.principals for event in admitted.uses] == [(ANNA, BERT)]
    assert scene.opens(admitted.uses) == [ApprovalUsed, ActIntended]
    (blocker,) = scene.consent.admit(scene.plan, {}).blockers
    assert blocker.interlock == Interlock.APPROVALS
    assert "was used already" in blocker.verdict.because


def test_without_the_lease_no_approval_is_used(scene: Scene) -> None:
    """Whoever has lost the gate cannot use anything up, and opens nothing."""
    scene.sign(scene.ask(), "anna", "bert")
    uses = scene.consent.admit(scene.plan, {}).uses
    head = scene.journal.head()
    with pytest.raises(GateBusy):
        scene.opens(uses, LeaseToken(7))
    assert scene.journal.head() == head
    assert scene.verdict().passed


@pytest.mark.parametrize("kind", ["approval.used", "act.intended"])
def test_what_fails_between_use_and_intent_leaves_neither(scene: Scene, kind: str) -> None:
    """Whichever write it is that fails, an approval is neither used twice nor lost."""
    scene.sign(scene.ask(), "anna", "bert")
    uses = scene.consent.admit(scene.plan, {}).uses
    head = scene.journal.head()
    scene.refuse_writing(kind)
    with pytest.raises(GatectlError):
        scene.opens(uses)
    assert scene.journal.head() == head
    assert scene.verdict().passed


FLOOD = OverrideAsked(interlock="compromise-check", reason="the river rises")


def ask_override(scene: Scene, asked: OverrideAsked = FLOOD) -> ApprovalRequest:
    """Ask for the agreement to an override."""
    scene.clock.sleep(1)
    consent = scene.consent
    return consent.ask(consent.standing(), scene.plan, asked)


def override_blockers(scene: Scene, name: str, reason: str) -> list[str]:
    """Judge an override as a reopening would; give what speaks against it."""
    consent = scene.consent
    found = consent.judge_overrides(consent.standing(), scene.plan, {name: reason})
    assert all("gatectl approve almelo --override compromise-check" in one.clears for one in found)
    return [one.verdict.because for one in found]


def test_an_override_that_asks_for_it_needs_a_signature_of_its_own(scene: Scene) -> None:
    """One of anybody else is enough, for this interlock and this reason; no other needs one."""
    assert override_blockers(scene, FLOOD.interlock, FLOOD.reason) == ["0 of 1 approvals are there"]
    assert override_blockers(scene, "evidence-preserved", "the disk is gone") == []
    scene.sign(ask_override(scene), "bert")
    assert override_blockers(scene, FLOOD.interlock, FLOOD.reason) == []
    assert override_blockers(scene, FLOOD.interlock, "another reason") == [
        "0 of 1 approvals are there"
    ]


def test_agreeing_to_an_override_is_not_agreeing_to_the_opening_nor_the_reverse(
    scene: Scene,
) -> None:
    """Each is asked for by itself."""
    scene.sign(ask_override(scene), "anna", "bert")
    assert "0 of 2 approvals" in scene.verdict().because
    scene.sign(scene.ask(), "anna", "bert")
    assert scene.verdict().passed
    other = OverrideAsked(interlock="compromise-check", reason="haste")
    assert override_blockers(scene, other.interlock, other.reason) != []


@pytest.mark.parametrize(
    ("spoil", "because"),
    [
        (lambda scene: scene.clock.sleep(3600), "has expired"),
        (
            lambda scene: scene.record(
                RunStarted(plan=plan_of(), digest=plan_of().digest, mode=Mode.REAL), run="r2"
            ),
            "has changed it since",
        ),
        (lambda scene: setattr(scene, "operator", BERT), "own key does not count"),
    ],
    ids=["expired", "other run", "own key"],
)
def test_an_agreement_to_an_override_is_bound_as_that_to_an_opening_is(
    scene: Scene, spoil: Callable[[Scene], None], because: str
) -> None:
    """To its time, to the run, and to somebody else than the operator."""
    scene.sign(ask_override(scene), "bert")
    spoil(scene)
    (told,) = override_blockers(scene, FLOOD.interlock, FLOOD.reason)
    assert because in told


def test_an_agreement_to_an_override_is_used_up_with_that_to_the_opening(scene: Scene) -> None:
    """Both go on record with the first act, and neither serves again."""
    scene.sign(scene.ask(), "anna", "bert")
    scene.sign(ask_override(scene), "bert")
    overrides = {FLOOD.interlock: FLOOD.reason}
    uses = scene.consent.admit(scene.plan, overrides).uses
    assert [one.override for one in uses] == ["", "compromise-check"]
    assert scene.opens(uses) == [ApprovalUsed, ApprovalUsed, ActIntended]
    assert [one.interlock for one in scene.consent.admit(scene.plan, overrides).blockers] == [
        "approvals",
        "override of compromise-check",
    ]


def test_a_request_that_still_holds_is_found_again(scene: Scene) -> None:
    """The second person signs the very text that the first one has signed."""
    first, second = scene.ask(), scene.ask()
    assert scene.consent.pending(scene.consent.standing()) == second
    scene.record(ApprovalUsed(nonce=second.nonce))
    assert scene.consent.pending(scene.consent.standing()) == first
    scene.clock.sleep(timedelta(hours=2).total_seconds())
    assert scene.consent.pending(scene.consent.standing()) is None


def test_a_word_is_given_for_what_is_asked_and_for_nothing_else(scene: Scene) -> None:
    """A slip of the pen must not look like an attestation."""
    given = scene.consent.attest("certificates-rotated", "by hand", b"the log")
    assert given.by == "j.jansen"
    assert given.sha256 is not None
    with pytest.raises(InvalidInput, match="no attestation 'certificate-rotated'"):
        scene.consent.attest("certificate-rotated", "by hand", None)


def test_a_request_that_is_not_the_recorded_one_is_damage(scene: Scene) -> None:
    """Whoever changes a request's text in the record changes what people have signed."""
    request = scene.ask()
    asked = scene.consent.agreements().asked[request.nonce]
    scene.journal.append(
        replace(asked.event, nonce="another", request=asked.event.request + " "), gate=ALMELO
    )
    with pytest.raises(JournalDamaged, match="another digest"):
        scene.consent.pending(scene.consent.standing())


def test_without_a_policy_nobody_is_asked(scene: Scene) -> None:
    """Then nothing blocks for want of approvals, and nobody can sign."""
    consent = replace(scene.consent, gate=make_gate())
    blockers = consent.judge(consent.standing(), None)
    assert Interlock.APPROVALS not in {blocker.interlock for blocker in blockers}
    assert consent.admit(scene.plan, {}) == Admitted()
    with pytest.raises(InvalidInput, match="asks nobody to approve"):
        _ = consent.signers


def test_a_second_key_of_one_person_adds_nothing(scene: Scene) -> None:
    """It is the person who counts once, not the key."""
    text = request_text(scene.ask()).encode()
    consent = scene.consent
    consent.take(sign_with(scene.keys["anna"], text), consent.standing())
    with pytest.raises(Refused, match="anna@example has approved already"):
        consent.take(sign_with(scene.keys["anna2"], text), consent.standing())
