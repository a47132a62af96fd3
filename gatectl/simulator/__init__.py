"""A simulated NetScaler pair: SSH in, text out, and state that a gateway can be served from.

It knows the device and nothing of the rest of gatectl, so that a parser and the fake that feeds
it cannot share a mistake; both are held against recorded texts in tests/transcripts.

- `switches`, `scheduler`, `builds`, `texts`: what can be chosen, when things happen, names, words.
- `configuration`, `acl`, `expression`: the running configuration and what it decides.
- `dialect`, `command`, `commands_*`, `shows`, `commandline`: the CLI, from a line to a reply.
- `filesystem`, `tree`, `firmware`, `shell`, `shell_*`, `installer`: the FreeBSD side.
- `appliance`, `pair`, `user_session`, `history`: one box, its peer, who is signed in, what came in.
- `ssh`, `terminal`, `sftp`, `scp`: the wire.

A line travels ssh -> terminal -> commandline -> dialect -> commands -> appliance -> pair.
"""
