"""What lies on an appliance that nobody has touched: benign files of a plausible age."""

import time
from typing import Protocol

from gatectl.simulator.builds import build_time
from gatectl.simulator.filesystem import Entry, FileSystem, persistent
from gatectl.simulator.firmware import kernel

_DIRECTORIES = """
    /bin /dev /etc /flash/boot
    /flash/nsconfig/license /flash/nsconfig/ssh /flash/nsconfig/ssl /netscaler/ns_gui
    /netscaler/portal/scripts /netscaler/portal/templates /root /tmp
    /usr/bin /var/core /var/crash /var/cron/tabs
    /var/log /var/netscaler/logon/LogonPoint /var/ns_sys_backup /var/nsinstall
    /var/nslog /var/nstmp /var/nstrace /var/tmp/support
    /var/vpn/bookmark /var/vpn/themes
"""
DIRECTORIES = tuple(_DIRECTORIES.split())

HTTPD_CONF = """ServerRoot "/etc/httpd"
Listen 127.0.0.1:81
User nobody
Group nobody
DocumentRoot "/netscaler/ns_gui"
<Location /vpns/>
    SetHandler perl-script
    PerlResponseHandler NetScaler::Portal::Handler
    Options +ExecCGI
    Order deny,allow
    Deny from all
</Location>
"""

STATIC_FILES = {
    "/etc/httpd.conf": HTTPD_CONF,
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/master.passwd": "root:*:0:0::0:0:Charlie &:/root:/usr/bin/bash\n",
    "/etc/passwd": (
        "root:*:0:0:Charlie &:/root:/usr/bin/bash\n"
        "nsroot:*:0:0:Netscaler Root:/root:/netscaler/nssh\n"
        "daemon:*:1:1:Owner of many system processes:/root:/sbin/nologin\n"
        "nobody:*:65534:65534:Unprivileged user:/nonexistent:/sbin/nologin\n"
    ),
    "/etc/crontab": (
        "SHELL=/bin/sh\n"
        "PATH=/etc:/bin:/sbin:/usr/bin:/usr/sbin:/netscaler\n"
        "0\t*\t*\t*\t*\troot\tnewsyslog\n"
        "*/5\t*\t*\t*\t*\troot\t/netscaler/nsfsyncd_check.sh\n"
    ),
    "/etc/sshd_config": "Port 22\nProtocol 2\nSubsystem sftp /usr/libexec/sftp-server\n",
    "/netscaler/nsapimgr_wr.sh": '#!/bin/sh\nexec nsapimgr "$@"\n',
    "/netscaler/nssh": "#!/bin/sh\n",
    "/netscaler/portal/scripts/newbm.pl": "#!/usr/bin/perl -w\nuse NetScaler::Portal::Config;\n",
    "/netscaler/portal/scripts/rmbm.pl": "#!/usr/bin/perl -w\nuse NetScaler::Portal::Config;\n",
    "/netscaler/portal/scripts/themes.pl": "#!/usr/bin/perl -w\nuse NetScaler::Portal::Config;\n",
    "/netscaler/portal/templates/homepage.tmpl": "[% INCLUDE header.tmpl %]\n",
    "/netscaler/portal/templates/navthemes.tmpl": "[% INCLUDE header.tmpl %]\n",
    "/netscaler/ns_gui/index.html": "<html><head><title>Citrix ADC</title></head></html>\n",
    "/var/netscaler/logon/LogonPoint/index.html": "<html><title>Citrix Gateway</title></html>\n",
    "/var/vpn/themes/custom.css": "body { margin: 0 }\n",
    "/flash/nsconfig/rc.netscaler": "#!/bin/sh\n",
    "/flash/nsconfig/license/nsvpx.lic": "INCREMENT CNS_V3000_SERVER CITRIX 2027.0101 permanent\n",
    "/flash/nsconfig/ssh/authorized_keys": "",
}
EXECUTABLE = ("/netscaler/nsapimgr_wr.sh", "/netscaler/nssh", "/flash/nsconfig/rc.netscaler")

LINKS = {
    "/nsconfig": "/flash/nsconfig",
    "/var/netscaler/gui": "/netscaler/ns_gui",
}

LOGS = {
    "ns.log": "<local0.info> {nsip}  {gmt} GMT {name} 0-PPE-0 : default EVENT DEVICEUP 12 0 :"
    '  Device "server_vip_NSSVC_SSL_VPN" - State UP',
    "httpaccess.log": '127.0.0.1 - - [{apache}] "GET /admin_ui/common/css/ns/ui.css HTTP/1.1"'
    ' 200 5120 "-" "Mozilla/5.0"',
    "httpaccess-vpn.log": '203.0.113.77 -> 127.0.0.1 - - [{apache}] "GET /vpn/index.html HTTP/1.1"'
    ' 200 4321 "-" "Mozilla/5.0"',
    "httperror.log": "[{ctime}] [notice] Apache configured -- resuming normal operations",
    "httperror-vpn.log": "[{ctime}] [notice] Apache configured -- resuming normal operations",
    "sh.log": '{syslog} <local7.notice> {name} sh[1501]: nsroot on /dev/pts/0 shell_command="ls"',
    "bash.log": "{syslog} <local7.notice> {name} bash[1502]: nsroot on /dev/pts/0"
    ' shell_command="show ns version"',
    "nsvpn.log": "{syslog} <local0.info> {name} nsvpnd: started",
    "notice.log": "{syslog} <local7.notice> {name} bash[1502]: (null) on /dev/pts/0"
    ' shell_command="ls"',
    "messages": "{syslog} <kern.crit> {name} kernel: FreeBSD 8.4-NETSCALER amd64",
    "auth.log": "{syslog} <auth.info> {name} sshd[1420]: Accepted keyboard-interactive/pam for"
    " nsroot from 192.0.2.250 port 51022 ssh2",
    "cron": "{syslog} <cron.info> {name} /usr/sbin/cron[1399]: (root) CMD (newsyslog)",
}
SURVIVING_DAYS = 30


class PutFile(Protocol):
    """Something that writes one default file."""

    def __call__(self, path: str, content: str | bytes, *, at: float, mode: int = 0o644) -> None:
        """Write the file, unless it is not to be touched."""


def loader_conf(build: str) -> str:
    """Write the boot loader's settings that name a kernel."""
    return (
        'autoboot_delay="2"\n'
        f'kernel="/ns-{build}"\n'
        'vfs.root.mountfrom="ufs:/dev/md0c"\n'
        'console="vidconsole"\n'
    )


def _log_line(form: str, *, at: float, name: str, nsip: str) -> str:
    moment = time.gmtime(at)
    return form.format(
        name=name,
        nsip=nsip,
        gmt=time.strftime("%m/%d/%Y:%H:%M:%S", moment),
        apache=time.strftime("%d/%b/%Y:%H:%M:%S +0000", moment),
        ctime=time.asctime(moment),
        syslog=time.asctime(moment)[4:19],
    )


def plant(files: FileSystem, *, build: str, name: str, nsip: str, ram_only: bool = False) -> None:
    """Put the default content into a file system; `ram_only` is what a boot rebuilds."""
    made = float(build_time(build))

    def put(path: str, content: str | bytes, *, at: float, mode: int = 0o644) -> None:
        if ram_only and persistent(path):
            return
        raw = content.encode() if isinstance(content, str) else content
        files.place(path, Entry(kind="file", content=bytearray(raw), mode=mode, modified=at))

    for path in DIRECTORIES:
        if not files.exists(path):
            files.place(path, Entry(kind="dir", mode=0o755, modified=made))
    for path, target in LINKS.items():
        if not (ram_only and persistent(path)):
            files.place(path, Entry(kind="link", target=target, mode=0o777, modified=made))
    for path, content in STATIC_FILES.items():
        put(path, content, at=made, mode=0o755 if path in EXECUTABLE else 0o644)
    put(f"/flash/ns-{build}.gz", kernel(build), at=made)
    put("/flash/boot/loader.conf", loader_conf(build), at=made)
    _plant_logs(put_log=put, name=name, nsip=nsip)


def _plant_logs(*, put_log: PutFile, name: str, nsip: str) -> None:
    now = time.time()
    for file, form in LOGS.items():
        lines = [
            _log_line(form, at=now - days * 86_400, name=name, nsip=nsip)
            for days in range(SURVIVING_DAYS, 0, -3)
        ]
        put_log(f"/var/log/{file}", "\n".join(lines) + "\n", at=now - 3600)
