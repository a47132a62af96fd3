"""Many gates at once, with one process that writes everything down.

`rollout` says which gates go first, how many at a time, and when no more are begun; `workplaces`
where the work is done: in threads here, in processes (`workforce`) or on a Dask cluster
(`cluster`). An `errand` is what a worker is given; over a `channel` it asks the `coordinator`
before each act, by way of `remote`; what it may ask for is in `visit`. `elsewhere` sees to it that
a lost worker's gate is looked at before anybody goes on.
"""
