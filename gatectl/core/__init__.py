"""The decisions: pure functions and values, without I/O, clock or randomness.

Read in this order. `gate` says what a gate is and how its states follow. `advisory` orders builds
and knows what a bulletin says of them (`bulletinlint`, what is wrong in one); `exposure`,
`exposedtime` and `remedy` what it means for a gate, since when, and what to do; `safecheck` what
harmless requests show. `check` compares
what was seen with what was expected, `traffic` what a packet rule lets in, and `reach` judges looks
from inside and outside (`page` and `fingerprint` read what the gateway answers).

`netscaler` knows which commands only read, `framing` where an answer ends, `looks` what it says
(`shows`, `accessshows`, `usershows`, `shellshows` and `layout` are its parsers, `shell` the root
shell's own words), and `effects` what a refused line means. `visible` makes foreign text harmless.

`playbook` is what somebody wrote down to be done, `parameter` the words that fill it in, `lint`
what is wrong with it; `planning` makes a `plan` of it for one gate (`fitness`: which steps, where),
and `planfile` keeps one. `event` is what can be recorded; `run` is folded from events, and
`standing` is where a gate stands (`fold` and `checkpoint` make that quick; `moment` tells how old a
proof is, `sighting` of which boot of which box, `journalserver` where several machines keep the
record). `sequencer` compares plan and run and names the next action, `lanes` the next one for each
node, `course` how a run moves the gate and what its end is worth. `beginning` and `readiness` say
what must be so before a run begins, `interlock` before a gate reopens (`grounds`, `snapshot` and
`mitigation` are what it rests on besides proofs); `window`, `pace` and `startlimit` when it may.

`collection` is evidence, `indicators` judges it, `scanner` hears what a vendor's script says of it,
`devicelog` reads a device's logs. `drift`, `inspection` and their like compare a gate with what it
should be. `case`, `casework`, `advice`, `deadline`, `council` and their like answer for what was
done; `approval`, `agreement`, `signers` and `sshsig` are the agreement of others; `manifest` and
`vex` what is handed over. `report` tells runs and timelines.
"""
