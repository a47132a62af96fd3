"""A journal in a PostgreSQL server, for several operator machines.

`server` is the engine: transactions one after the other, leases by the server's clock. `link` is
one connection, with an end to every wait, and made again when it was lost. `tables` are the
statements that make the tables and the guards that are looked for; `rights` is what a role could do
to them; `refusal` stops the driver's exceptions. Nothing here is imported unless a configuration
names a server: the driver is an extra.
"""
