"""A simulated NetScaler pair: SSH in, text out, and state that a gateway can be served from.

It knows the device and nothing of the rest of gatectl, so that a parser and the fake that feeds
it cannot share a mistake; both are held against recorded texts in tests/transcripts.

- `switches`, `scheduler`, `builds`, `texts`: what can be chosen, when things happen, names, words.
- `configuration`, `acl`, `expression`, `policy`: the running configuration and what it decides.
- `dialect`, `command`, `commands_*`, `shows*`, `commandline`: the CLI, from a line to a reply.
- `filesystem`, `tree`, `firmware`, `shell*`, `installer`, `devicelog`: the FreeBSD side.
- `appliance`, `serving`, `power`, `pair`: one box, what it lets in, its boots, its peer.
- `user_session`, `history`, `disturbance`: who is signed in, what came in, what goes wrong.
- `ssh`, `login`, `dialogue`, `terminal`, `sftp`, `scp`, `hostkeys`: the management side's wire.
- `gateway*`, `web`, `dtls`, `worker`, `certificates`: the data plane that the world sees.
- `faults`, `traces`, `rehearsal`, `fleet`: a whole site, what can happen to it, and many of them.

A line travels ssh -> login -> dialogue -> commandline -> dialect -> commands -> appliance -> pair.
A visitor's request travels gateway -> serving (may it in?) -> policy (an answer?) -> web.
"""
