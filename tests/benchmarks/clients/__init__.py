"""The same work by other clients: each file is a program for a Python that has its library.

Each takes the same words: `--port`, `--user`, `--key`, `--known-hosts` and `--commands`, sends the
commands of that file to 127.0.0.1 one after the other, and prints how many answers were right.
"""
