"""The only way from gatectl to an appliance or a vantage: SSH, one attempt a call.

`contract` says what a transport is; the runner knows no more. `readonly` wraps one so that a dry
run cannot write; `scrubbed` and `impatient` do so by way of `forwarding`, to take secrets out and
to leave a lost host alone for a while. `ssh` is the real one. It connects through `connection`
(deadlines, host keys and algorithms; `login` authenticates), talks through `conversation` (prompt
by prompt, or one exec request a command) and moves files through `files`. `hostkeys` shows the keys
of a host without logging in. Whatever paramiko or the system raises is translated here:
`Unreachable`, `Untrusted` and their like mean that nothing was sent, `ConversationCut` that the
outcome is not known.
"""
