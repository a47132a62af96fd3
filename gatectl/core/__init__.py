"""The decisions: pure functions and values, without I/O, clock or randomness.

Read in this order. `gate` says what a gate is and how its states follow. `advisory` orders builds
and knows what a bulletin means for them. `check` compares what was seen with what was expected.
`reach` judges looks from inside and outside. `netscaler` knows the device's words. `playbook` is
what somebody wrote down to be done; `plan` is the playbook for one gate, filled in and digested.
`run` is what has happened, folded from events. `sequencer` compares plan and run and names the
next action. `interlock` says what must be proven before a gate is reopened. `indicators` judges
collected evidence. `report` tells it all.
"""
