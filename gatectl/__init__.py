"""Close, patch, prove and reopen remote access through a NetScaler gateway.

config + playbook + advisories -> **plan** (what shall be) · journal -> **run** (what has been) ·
**sequencer** compares the two and names the next action · **runner** performs it and records it ·
**report** tells it. `gatectl.core` decides, everything else acts.
"""

__version__ = "0.1.0"
