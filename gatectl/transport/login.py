"""Logging in: one credential, one attempt, and no password for a question that is none."""

import re
from typing import assert_never

import paramiko
from paramiko.pkey import UnknownKeyType

from gatectl.core.gate import Host
from gatectl.errors import LoginRefused
from gatectl.secret import Agent, Credential, KeyFile, Secret

_AGENT_KEYS_MAX = 5
"""A host ends the connection after some wrong keys; six is OpenSSH's limit."""
_ANOTHER_QUESTION = re.compile(r"new|change|again|confirm|retype|old|token|code|otp", re.IGNORECASE)


def log_in(client: paramiko.Transport, host: Host, credential: Credential) -> None:
    """Log in or raise LoginRefused; connection trouble is left to the caller to name."""
    try:
        match credential:
            case Secret():
                remaining = _with_password(client, host, credential)
            case KeyFile():
                remaining = client.auth_publickey(host.username, _load(credential))
            case Agent():
                remaining = _with_agent(client, host)
            case _ as never:
                assert_never(never)
    except paramiko.AuthenticationException as exc:
        if not client.is_active():
            # The host went away; that says nothing about the credential.
            raise
        raise LoginRefused(f"{host.name} refuses {host.username}: {_reason(exc)}") from exc
    if remaining:
        raise LoginRefused(
            f"{host.name} wants more than one proof of {host.username}: {', '.join(remaining)}"
        )


def _reason(exc: paramiko.AuthenticationException) -> str:
    if isinstance(exc, paramiko.BadAuthenticationType):
        return f"it takes only {', '.join(exc.allowed_types)}"
    return "the credential is not accepted"


def _with_password(client: paramiko.Transport, host: Host, secret: Secret) -> list[str]:
    # The appliance asks through PAM. The plain method is tried only where a host lacks the
    # other: a second try with the same password would count towards a lock-out.
    asked: list[str] = []

    def answer(_title: str, _instructions: str, questions: list[tuple[str, bool]]) -> list[str]:
        if not questions:
            return []
        text = questions[0][0]
        if asked or len(questions) > 1 or _ANOTHER_QUESTION.search(text):
            asked.append(text)
            return [""] * len(questions)
        asked.append(text)
        return [secret.reveal()]

    try:
        remaining: list[str] = client.auth_interactive(host.username, answer)
    except paramiko.BadAuthenticationType as exc:
        if "password" not in exc.allowed_types:
            raise
        return list(client.auth_password(host.username, secret.reveal(), fallback=False))
    except paramiko.AuthenticationException as exc:
        if asked and _ANOTHER_QUESTION.search(asked[-1]):
            raise LoginRefused(
                f"{host.name} asks {asked[-1].strip()!r} at the login",
                hint="Log in by hand once and answer it; gatectl answers only for the password.",
            ) from exc
        raise
    return remaining


def _with_agent(client: paramiko.Transport, host: Host) -> list[str]:
    agent = paramiko.Agent()
    try:
        keys = agent.get_keys()[:_AGENT_KEYS_MAX]
        if not keys:
            raise LoginRefused(
                "the SSH agent has no key, or there is no agent",
                hint="`ssh-add -l` lists its keys; SSH_AUTH_SOCK says where it is.",
            )
        for key in keys[:-1]:
            try:
                return list(client.auth_publickey(host.username, key))
            except paramiko.AuthenticationException:
                if not client.is_active():
                    raise
        return list(client.auth_publickey(host.username, keys[-1]))
    finally:
        agent.close()


def _load(credential: KeyFile) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(credential.path)
    except (paramiko.SSHException, UnknownKeyType, OSError, ValueError, TypeError) as exc:
        # The key's own text may stand in the exception.
        raise LoginRefused(
            f"the key {credential.path} cannot be read: {type(exc).__name__}",
            hint="A key with a passphrase belongs in an agent.",
        ) from None
