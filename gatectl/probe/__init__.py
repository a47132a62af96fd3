"""The door for looks at the gate: TCP, TLS, HTTP and DTLS through a dialler, bounded in time.

`stream` dials and speaks TLS, `trust` says with whom, `exchange` asks once and `datagram` does so
over UDP; `request` is one question with its answer, `visit` looks at one port and `survey` at all
of them from everywhere. `held` asks a connection from before a closing once more. Nothing is
retried and nothing is decided here: a look says what came, and `core.reach` what it means.
"""
