"""Promises that need real processes, a real disk or the whole command line to be shown."""
