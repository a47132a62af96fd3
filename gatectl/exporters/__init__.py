"""What was found, in the words of other programs: JUnit, Nagios, Prometheus and SARIF.

Each module turns values into one text and decides nothing; only `prometheus` writes a file, because
whoever reads it must never see half of it.
"""
