"""Every measure that a promise rests on, how it is switched off, and the test that must then fail.

A measure is switched off in a copy of the project: where its file says one thing, it says another.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure, and its weak stand-in."""

    name: str
    without: str
    """What happens instead, in words."""
    file: str
    stands: str
    instead: str
    test: str
    """Where it is and what it is called; all of its cases are run."""
    times: int = 1
    """How often the text stands in the file; each of them is replaced."""


_TURN = "gatectl/turn.py"
_TEST_RUNNER = "tests/test_runner.py"
_TEST_TURN = "tests/test_turn.py"
_TEST_JOURNAL = "tests/journal/test_journal.py"
_TEST_CONNECTION = "tests/test_transport_connection.py"

ACTS = (
    Measure(
        name="intent before act",
        without="The lines are sent, and the intent is written down afterwards.",
        file=_TURN,
        stands="""        self.run = self.run.after(self.recorder.record(intended))
        for line in task.act:
            self.stop.check()
            # Whoever slept since the intent may have lost the gate meanwhile.
            self.recorder.still_held()
            if not self._send(task, line):
                return
""",
        instead="""        for line in task.act:
            self._send(task, line)
        self.run = self.run.after(self.recorder.record(intended))
""",
        test=f"{_TEST_TURN}::test_the_intent_is_on_record_before_the_act_and_the_outcome_after_the_look",
    ),
    Measure(
        name="a second look decides",
        without="The device's Done is taken for the outcome.",
        file=_TURN,
        stands="return outcome_of_act(self._repeat(look_after, self.step.retry, again))",
        instead='return outcome_of_act(passed("it said Done"))',
        test=f"{_TEST_TURN}::test_an_answer_that_says_done_is_no_proof",
    ),
    Measure(
        name="what must change has changed",
        without="A restart is proven by the build alone.",
        file=_TURN,
        stands="return all_of((verdict, change))",
        instead="return verdict",
        test=f"{_TEST_TURN}::test_a_new_build_without_a_new_boot_time_is_no_restart",
    ),
    Measure(
        name="no act beside an earlier one",
        without="An install is begun while one is running.",
        file=_TURN,
        stands="busy = self._wait_until_idle(task)",
        instead='busy = passed("not looked at")',
        test=f"{_TEST_TURN}::test_an_act_waits_until_an_earlier_one_is_not_at_work_any_more",
    ),
    Measure(
        name="a doubtful step is looked at again",
        without="A step whose outcome is missing is performed as if it had not begun.",
        file="gatectl/core/sequencer.py",
        stands="            return Reobserve(step=step)\n",
        instead="            return Perform(step=step)\n",
        test="tests/core/test_sequencer.py::test_the_next_action",
    ),
    Measure(
        name="unknown is no pass",
        without="A look that gave no answer counts as one that holds.",
        file="gatectl/core/sequencer.py",
        stands="return Outcome.UNKNOWN, verdict",
        instead="return Outcome.ALREADY, verdict",
        test=f"{_TEST_TURN}::test_an_unknown_look_never_acts",
    ),
    Measure(
        name="a check can fail",
        without="A check that passes on what it must refuse is accepted.",
        file="gatectl/core/lint.py",
        stands="case Answer.FAIL:",
        instead="case Answer.FAIL | Answer.PASS:",
        test="tests/core/test_lint.py::test_a_check_that_cannot_fail_is_found",
    ),
    Measure(
        name="the first signal stops the run",
        without="A signal is remembered, and nobody asks for it.",
        file="gatectl/stop.py",
        stands="        if self.signal is not None:\n            name",
        instead="        if False:\n            name",
        test="tests/test_stop.py::test_a_signal_in_a_close_stops_it_between_two_commands",
    ),
    Measure(
        name="a resume adopts nothing by itself",
        without="A run goes on by a changed playbook without anybody's word.",
        file="gatectl/operation.py",
        stands="if adopt != run.plan.playbook or not reason.strip():",
        instead="if False:",
        test="tests/test_operation.py::test_a_resume_by_a_changed_playbook_waits_for_somebodys_word",
    ),
)

RIVALS = (
    Measure(
        name="an intent needs its lease, in one transaction",
        without="The journal takes an intent of whoever had the gate once.",
        file="gatectl/journal/journal.py",
        stands="                self.leases.check(rows, require)\n",
        instead="                pass\n",
        test=f"{_TEST_JOURNAL}::test_an_intent_needs_its_lease_in_the_same_transaction",
    ),
    Measure(
        name="a run's intents carry its lease",
        without="The journal is not told on which lease the run acts.",
        file="gatectl/journal/recorder.py",
        stands="require = LeaseCounts(gate=self.gate, token=self.lease)",
        instead="require = None",
        test="tests/journal/test_recorder.py::test_an_intent_is_refused_once_the_lease_is_lost_and_nobody_hears_it",
    ),
    Measure(
        name="the lease is looked at before each line",
        without="Whoever slept since its intent sends the next line all the same.",
        file=_TURN,
        stands="            self.recorder.still_held()\n            if not",
        instead="            if not",
        test=f"{_TEST_RUNNER}::test_a_run_that_lost_its_gate_sends_no_further_line",
    ),
    Measure(
        name="one holder at a time",
        without="A gate that somebody holds is given out again.",
        file="gatectl/journal/lease.py",
        stands="if stored is not None and stored.alive(now, host):",
        instead="if False:",
        test="tests/journal/test_lease.py::test_a_held_gate_tells_who_has_it",
    ),
    Measure(
        name="a lease ends by the boot-time clock",
        without="A holder that wakes up too late still has its gate.",
        file="gatectl/journal/lease.py",
        stands="if not stored.timed(now) or now.time_ns >= stored.until_boot_ns:",
        instead="if False:",
        test="tests/journal/test_lease.py::test_a_holder_that_wakes_up_too_late_has_lost_the_gate",
    ),
    Measure(
        name="a resume ends all other sessions",
        without="What the dead run sent last may still land.",
        file="gatectl/operation.py",
        stands="                self._execution.fence(nodes)\n",
        instead="                pass\n",
        test="tests/test_operation.py::test_a_resume_ends_other_sessions_before_it_looks",
    ),
    Measure(
        name="a close ends the sessions of whom it stops",
        without="A session that sleeps between intent and act lives on.",
        file="gatectl/execution.py",
        stands="                self._end_other_sessions(nodes)\n",
        instead="",
        test="tests/test_operation.py::test_close_never_waits_for_another_run",
    ),
)

SHUT = (
    Measure(
        name="the closure is saved",
        without="The closing steps leave the saved configuration as it was.",
        file="playbooks/close-acl.toml",
        stands="act     = '''save ns config'''",
        instead="act     = '''apply ns acls'''",
        times=3,
        test="tests/test_close_methods.py::test_closing_twice_writes_nothing_the_second_time",
    ),
    Measure(
        name="the end is in the rule",
        without="The rules that let people in have no time to live.",
        file="playbooks/reopen.toml",
        stands=" -TTL ${provisional.seconds}",
        instead="",
        times=6,
        test="tests/promises/test_deadman.py::test_a_killed_reopening_is_shut_again_in_its_time",
    ),
    Measure(
        name="nothing is saved before it is confirmed",
        without="The opening saves the configuration.",
        file="playbooks/reopen.toml",
        stands="-priority ${priority.open_tls}\napply ns acls\n",
        instead="-priority ${priority.open_tls}\napply ns acls\nsave ns config\n",
        test="tests/cli/test_runs.py::test_a_provisional_opening_is_not_saved",
    ),
    Measure(
        name="closing needs no journal",
        without="A journal that cannot be opened ends the closing too.",
        file="gatectl/cli/desk.py",
        stands="            if not closing:\n                raise\n",
        instead="            raise\n",
        test="tests/journal/test_emergency.py::test_close_works_whatever_is_wrong_with_the_journal",
    ),
    Measure(
        name="the emergency record is taken in",
        without="What was done without a journal stays in its file.",
        file="gatectl/cli/desk.py",
        stands="        take_in(journal, state)\n",
        instead="        pass\n",
        test="tests/journal/test_emergency.py::test_emergency_record_is_taken_in_by_the_next_start",
    ),
    Measure(
        name="nobody saws off his own branch",
        without="Whoever comes in through the gate may close it.",
        file="gatectl/core/readiness.py",
        stands="    if inside:\n",
        instead="    if False:\n",
        test="tests/core/test_readiness.py::test_whoever_comes_in_through_the_gate_does_not_close_it",
    ),
    Measure(
        name="the way to a node stays",
        without="A line that hides a node's own address is sent.",
        file="gatectl/core/readiness.py",
        stands="    if cuts:\n",
        instead="    if False:\n",
        test="tests/core/test_readiness.py::test_a_line_that_would_cut_gatectl_off_stops_the_plan",
    ),
    Measure(
        name="a failing control makes it unknown",
        without="Silence counts as shut although nothing else answers either.",
        file="gatectl/core/reach.py",
        stands="if report.control is not None and report.control.kind not in _CONTROL_ANSWERS:",
        instead="if False:",
        test="tests/core/test_reach.py::test_a_failing_control_is_never_shut",
    ),
    Measure(
        name="an open gate is not patched",
        without="Any interlock can be overridden.",
        file="gatectl/core/interlock.py",
        stands="allowed = set(overrides) - NEVER_OVERRIDDEN",
        instead="allowed = set(overrides)",
        test="tests/core/test_interlock.py::test_some_blockers_cannot_be_overridden",
    ),
)

REOPENING = (
    Measure(
        name="the interlocks are judged",
        without="A reopening goes on with whatever is not proven.",
        file="gatectl/operation.py",
        stands="        if standing_blockers(blockers, overrides):\n",
        instead="        if False:\n",
        test="tests/promises/test_freshness.py::test_what_was_verified_a_moment_ago_opens_nothing_after_a_change",
    ),
    Measure(
        name="proofs expire",
        without="A proof counts however old it is.",
        file="gatectl/core/interlock.py",
        stands="    if age_s > longest_s:\n",
        instead="    if False:\n",
        test="tests/core/test_interlock.py::test_each_rule_blocks_alone_when_its_proof_is_too_old_or_from_the_future",
    ),
    Measure(
        name="builds are compared inside a train",
        without="Builds of two trains are compared by their numbers.",
        file="gatectl/core/advisory.py",
        stands="        if self.train != other.train:\n",
        instead="        if False:\n",
        test="tests/core/test_advisory.py::test_two_trains_have_no_order",
    ),
    Measure(
        name="evidence before the first change",
        without="Evidence of the secondary alone is kept before a patch.",
        file="playbooks/patch.toml",
        stands='title   = "Keep evidence before a restart destroys it"\non      = "each-node"',
        instead='title   = "Keep evidence before a restart destroys it"\non      = "secondary"',
        test="tests/core/test_planning.py::test_patch_takes_evidence_of_each_node_before_anything_is_written",
    ),
    Measure(
        name="nothing seen is not clean",
        without="A collection with parts that could not be had is judged by the rest.",
        file="gatectl/core/indicators.py",
        stands="    doubts |= set(gaps(collection, exposed_since=exposed_since))\n",
        instead="",
        test="tests/core/test_indicators.py::test_missing_part_is_inconclusive",
    ),
    Measure(
        name="an approval is used once",
        without="A gate can be opened again on what it was opened on.",
        file="gatectl/core/approval.py",
        stands="    if used is not None:\n",
        instead="    if False:\n",
        test="tests/core/test_approval.py::test_each_change_since_makes_an_approval_void",
    ),
    Measure(
        name="the operator's own key does not count",
        without="Whoever opens may approve it himself.",
        file="gatectl/core/approval.py",
        stands="    if signature.fingerprint in policy.operator_keys or ",
        instead="    if False and ",
        test="tests/core/test_approval.py::test_each_objection_to_a_signature_stands_alone",
    ),
    Measure(
        name="one person counts once",
        without="Two signatures of one person are two approvals.",
        file="gatectl/core/approval.py",
        stands="elif signature.principal in people or signature.fingerprint in keys:",
        instead="elif False:",
        test="tests/core/test_approval.py::test_one_key_under_two_names_is_one_person",
    ),
)

WIRE = (
    Measure(
        name="writes do not leave over a transport that reads",
        without="The read-only wrapper passes every command.",
        file="gatectl/transport/readonly.py",
        stands="        _check(command)\n        return",
        instead="        return",
        test="tests/test_transport_readonly.py::test_a_write_does_not_leave_over_a_read_only_transport",
    ),
    Measure(
        name="whoever looks gets a transport that reads",
        without="Every verb gets sessions that can write.",
        file="gatectl/execution.py",
        stands="        if not read_only:\n            return self.desk.connect\n",
        instead="        return self.desk.connect\n",
        test="tests/test_operation.py::test_a_verb_that_says_it_looks_cannot_write",
    ),
    Measure(
        name="host keys are pinned",
        without="Any host key is taken.",
        file="gatectl/transport/connection.py",
        stands="        self._check_pin()\n",
        instead="",
        test=f"{_TEST_CONNECTION}::test_a_wrong_host_key_is_refused_before_any_password_leaves",
    ),
    Measure(
        name="the watchdog cuts",
        without="A deadline passes, and nothing is closed.",
        file="gatectl/watchdog.py",
        stands="        self._cut()\n",
        instead="",
        test="tests/test_watchdog.py::test_a_block_that_takes_too_long_is_cut_once_and_marked_first",
    ),
    Measure(
        name="a cut is marked before it is made",
        without="Whoever is cut takes it for a normal end.",
        file="gatectl/watchdog.py",
        stands="        self.expired = True\n        self._cut()\n",
        instead="        self._cut()\n        self.expired = True\n",
        test="tests/test_watchdog.py::test_a_block_that_takes_too_long_is_cut_once_and_marked_first",
    ),
    Measure(
        name="an answer has a limit",
        without="As much is read as is sent.",
        file="gatectl/transport/conversation.py",
        stands="if self._bytes_read > OUTPUT_BYTES_MAX:",
        instead="if False:",
        test=f"{_TEST_CONNECTION}::test_a_command_that_gets_no_whole_answer_is_cut_in_time",
    ),
    Measure(
        name="a question is not answered",
        without="A question that nobody planned is answered with yes.",
        file="gatectl/transport/conversation.py",
        stands="                # An answer nobody planned",
        instead="""                self._channel.sendall(b"y\\n")
                return False
                #""",
        test="tests/test_transport_conversation.py::test_an_unexpected_question_ends_the_session_unanswered",
    ),
    Measure(
        name="parameters are plain words",
        without="A value may have any characters.",
        file="gatectl/core/parameter.py",
        stands="if kind is not ParameterType.PATH and _SAFE_VALUE.fullmatch(value) is None:",
        instead="if False:",
        test="tests/core/test_parameter.py::test_a_value_is_refused_or_is_exactly_one_plain_token",
    ),
    Measure(
        name="secrets are hidden in every form",
        without="A secret in hexadecimal is not known for one.",
        file="gatectl/secret.py",
        stands="data.hex(), data.hex().upper(), ",
        instead="",
        test="tests/test_secret.py::test_a_secret_is_hidden_in_each_of_its_forms",
    ),
    Measure(
        name="what a device says is scrubbed",
        without="A device that repeats the password is quoted.",
        file="gatectl/transport/scrubbed.py",
        stands="text=scrub(reply.text, known),",
        instead="text=reply.text,",
        test="tests/promises/test_canary.py::test_a_device_that_repeats_the_password_is_not_quoted",
    ),
    Measure(
        name="every session is scrubbed",
        without="The sessions that verbs get give the answers as they came.",
        file="gatectl/keyring.py",
        stands="return Scrubbed(transport, self.known)",
        instead="return transport",
        test="tests/cli/test_desk.py::test_every_session_is_cleared_of_secrets",
    ),
    Measure(
        name="foreign text is made visible",
        without="Whatever comes in is shown as it came.",
        file="gatectl/core/visible.py",
        stands="kept = (plain and marks <= _COMBINING_MAX)",
        instead="kept = True",
        test="tests/core/test_visible.py::test_nothing_but_printable_characters_is_shown",
    ),
)

RECORD = (
    Measure(
        name="records are chained by their hashes",
        without="The hash beside a record is not compared with it.",
        file="gatectl/journal/chain.py",
        stands="return self.readable() and linked(str(self.previous), str(self.body)) == self.hash",
        instead="return self.readable()",
        test=f"{_TEST_JOURNAL}::test_a_changed_record_is_found_where_it_is",
    ),
    Measure(
        name="an anchor outside the journal",
        without="The anchor is not compared with where the journal ends.",
        file="gatectl/journal/chain.py",
        stands="elif anchor.sequence > self.sequence:",
        instead="elif False:",
        test=f"{_TEST_JOURNAL}::test_a_cut_off_end_is_found_with_the_anchor_alone",
    ),
    Measure(
        name="the database refuses changes",
        without="The triggers let records be changed and deleted.",
        file="gatectl/journal/schema.py",
        stands="SELECT RAISE(ABORT, '{REFUSAL}')",
        instead="SELECT 1",
        test="tests/journal/test_sqlitefile.py::test_rows_cannot_be_changed_or_deleted_by_a_slip",
    ),
    Measure(
        name="the folder is synchronised too",
        without="The database is opened with synchronous=FULL.",
        file="gatectl/journal/schema.py",
        stands='"synchronous": 3,',
        instead='"synchronous": 2,',
        test="tests/test_power_cut.py::test_the_journals_own_settings_lose_nothing_in_300_power_cuts",
    ),
    Measure(
        name="the settings are read back",
        without="A setting that SQLite ignores goes unnoticed.",
        file="gatectl/journal/schema.py",
        stands="        if found != wanted:\n",
        instead="        if False:\n",
        test="tests/journal/test_schema.py::test_a_setting_that_is_not_taken_is_refused",
    ),
    Measure(
        name="files are their owner's alone",
        without="Others may read the files that are made.",
        file="gatectl/storage.py",
        stands="descriptor = os.open(path, flags, 0o600)",
        instead="descriptor = os.open(path, flags, 0o644)",
        test="tests/test_storage.py::test_a_file_is_made_once_and_for_its_owner_alone",
    ),
    Measure(
        name="no journal on a network",
        without="A file system whose locks mean nothing is taken.",
        file="gatectl/storage.py",
        stands='if kind in _NETWORK or kind.startswith("fuse."):',
        instead="if False:",
        test="tests/test_storage.py::test_file_systems_that_forget_or_cannot_lock_are_refused",
    ),
    Measure(
        name="evidence is what was kept",
        without="A piece that was changed is given out.",
        file="gatectl/journal/evidence.py",
        stands="if digest.hexdigest() != evidence:",
        instead="if False:",
        test="tests/journal/test_evidence.py::test_a_changed_piece_is_not_given_out",
    ),
    Measure(
        name="evidence leaves room",
        without="Evidence fills the disk to its last byte.",
        file="gatectl/journal/evidence.py",
        stands="if disk.f_bavail * disk.f_frsize - len(chunk) < self._reserve_bytes:",
        instead="if False:",
        test="tests/journal/test_evidence.py::test_evidence_leaves_room_for_the_journal",
    ),
    Measure(
        name="nothing begins without a ballast",
        without="An act is intended where nothing could be told of it.",
        file="gatectl/journal/journal.py",
        stands="if begins and not self._engine.room_kept():",
        instead="if False:",
        test="tests/journal/test_ballast.py::test_nothing_begins_where_no_ballast_can_be_laid",
    ),
    Measure(
        name="a full disk ends the run on record",
        without="A run whose journal is full stops without a word in it.",
        file="gatectl/runner.py",
        stands="return self.end(known, ending, exc.sentence)",
        instead="return known",
        test=f"{_TEST_RUNNER}::test_a_full_journal_ends_the_run_on_record_before_the_next_act",
    ),
)

MEASURES = (*ACTS, *RIVALS, *SHUT, *REOPENING, *WIRE, *RECORD)
SAMPLE = frozenset({"a second look decides", "an anchor outside the journal"})
"""Those that are switched off in the quick part as well."""
