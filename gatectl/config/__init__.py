"""Every file that is read before a run, and the only way from a file to the types of `core`.

`document` reads one TOML file and knows the line of each key; nothing else imports tomllib.
`values` turns what was read into a type, or objects in words; `problem` says all objections at
once, each with file, line and key. `written` is the configuration as a person wrote it,
`consistency` what must agree between its keys, `settings` and `gates` what becomes of it, and
`configuration` finds and reads it. `playbooks` finds and reads playbooks, `shipped` the bulletins
and indicators that come with gatectl, `bulletins` these and a site's own together (by `readlate`,
each when it is needed), and `pins` changes the one thing that gatectl changes in a configuration:
the accepted host keys of a node.
"""
