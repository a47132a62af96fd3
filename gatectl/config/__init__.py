"""Every file that is read before a run, and the only way from a file to the types of `core`.

`document` reads one TOML file and knows the line of each key; nothing else imports tomllib.
`values` turns what was read into a type, or objects in words; `problem` says all objections at
once, each with file, line and key. `written` is the configuration as a person wrote it,
`consistency` what must agree between its keys, `settings` and `gates` what becomes of it, and
`configuration` finds and reads it. `playbooks` finds and reads playbooks, `shipped` the bulletins
and indicators that come with gatectl, and `pins` changes the one thing that gatectl changes in a
configuration: the accepted host keys of a node.

The names below are the door; the rest of the program needs no others.
"""

from gatectl.config.configuration import (
    Configuration,
    configuration_schema,
    example_configuration,
    find_configuration,
    find_pinless_configuration,
    read_configuration,
)
from gatectl.config.document import read_toml
from gatectl.config.pins import pin_host_keys
from gatectl.config.playbooks import (
    lint_playbook,
    list_playbooks,
    playbook_folders,
    playbook_schema,
    read_playbook,
)
from gatectl.config.settings import Settings
from gatectl.config.shipped import read_advisories, read_indicators

__all__ = [
    "Configuration",
    "Settings",
    "configuration_schema",
    "example_configuration",
    "find_configuration",
    "find_pinless_configuration",
    "lint_playbook",
    "list_playbooks",
    "pin_host_keys",
    "playbook_folders",
    "playbook_schema",
    "read_advisories",
    "read_configuration",
    "read_indicators",
    "read_playbook",
    "read_toml",
]
