"""netmiko, with its own driver for this device."""

import netmiko

from tests.benchmarks.clients.words import ADDRESS, tell, words

asked = words()
with netmiko.ConnectHandler(
    device_type="netscaler",
    host=ADDRESS,
    port=asked.port,
    username=asked.user,
    use_keys=True,
    key_file=asked.key,
    alt_host_keys=True,
    alt_key_file=asked.known_hosts,
    ssh_strict=True,
) as connection:
    # Its driver takes ` Done` off the end of an answer that has it.
    tell(asked, lambda command: f"{connection.send_command(command)} Done")
