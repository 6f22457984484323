# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS to RouterOS's service api-ssl: verified, pinned, unverified, or anonymous where the router has no certificate (private)."""

from __future__ import annotations

import hashlib
import socket
import ssl
import typing as t

from .._core.errors import RouterError, UnreachableError
from .api_options import ApiOptions

# A router without certificate offers anonymous Diffie-Hellman and nothing else; OpenSSL 3 has it at security level 0 only.
ANONYMOUS: t.Final = "ADH:AECDH:@SECLEVEL=0"


def secure(sock: socket.socket, options: ApiOptions) -> socket.socket:
    """The socket with TLS around it as `options.tls` says. Raises ssl.SSLError, OSError, or UnreachableError for a wrong pin."""
    if options.tls == "none":
        return sock
    wrapped = _context(options).wrap_socket(sock, server_hostname=options.host)
    if options.fingerprint is not None:
        found = hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()
        if found != options.fingerprint:
            wrapped.close()
            raise UnreachableError(
                f"api: the certificate of {options.host} is not the pinned one",
                wanted=options.fingerprint,
                found=found,
                remedy="If the router was given a new certificate on purpose, change api.fingerprint",
            )
    return wrapped


def _context(options: ApiOptions) -> ssl.SSLContext:
    if options.tls == "verified":
        return ssl.create_default_context(cafile=options.ca_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if options.tls == "anonymous":
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # TLS 1.3 has no anonymous key exchange
        context.set_ciphers(ANONYMOUS)
    return context


def explain_tls(error: Exception, options: ApiOptions) -> RouterError:
    """What went wrong between connecting and the first command."""
    if isinstance(error, RouterError):
        return error
    where = f"{options.host} port {options.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return UnreachableError(
            f"api: the certificate of {where} does not verify",
            found=error.verify_message,
            remedy="Give its CA with api.ca_path, or pin it with tls: pinned and api.fingerprint",
        )
    if isinstance(error, FileNotFoundError):
        return UnreachableError(f"api.ca_path: {options.ca_path} cannot be read", found=error.strerror or "", remedy="Check the path")
    if isinstance(error, ssl.SSLError):
        return UnreachableError(
            f"api: no TLS session with {where}",
            found=error.reason or str(error),
            remedy="A router without certificate needs tls: anonymous, which nobody vouches for; one with a certificate refuses it",
        )
    return UnreachableError(f"api: {where} did not answer", found=str(error), remedy="Check api.port: 8729 speaks TLS, 8728 does not")
