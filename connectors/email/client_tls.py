"""TLS towards servers: certificates are always checked."""

import ssl

from hub.domain.errors import Misconfigured


def client_context(ca_file: str) -> ssl.SSLContext:
    """The system's authorities, or only the given file's. Raises Misconfigured."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"The certificate authority file {ca_file} cannot be used ({error}): check ca_file, it must be PEM."
        ) from error


def certificate_problem(host: str, error: ssl.SSLCertVerificationError) -> Misconfigured:
    """What to tell about a certificate that does not hold."""
    return Misconfigured(
        f"The certificate of {host} is not valid here ({error.verify_message}): correct the server's certificate, "
        "set ca_file to its certificate authority, or use the host name that the certificate is for."
    )
