"""The record of everything that happened: written before and after each act, and never changed.

`journal` is the record itself, in terms of an `engine`: a file (`sqlitefile`, with its `ballast`)
or a server's database (`postgres`), both with the tables of `schema`; `opening` chooses. `record`
is one event's written form, `chain` what links them by hashes, and `groupcommit` lets several
writers share one sync of the disk. `lease` says who may act on a gate. `recorder` writes a run's
events while its lease counts, `looking` those of a run that only looks, `emergency` those of a
closing that goes on without a journal. `history` and `mark` make a long record quick to read.
`lately` remembers what this process wrote itself. `anchor` keeps its head elsewhere, `verification`
finds every change, `excerpt` takes one gate out, and `evidence` keeps what was seen, by its hash.
"""
