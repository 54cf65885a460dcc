"""``edgekit serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit serve site
  edgekit serve site --lan
  edgekit serve site --lan --https
  edgekit serve site --port 8080 --json

\b
Without --lan nobody but this machine can reach the page. Over plain http from another device
browsers allow no camera, no WebGPU, no threads of WebAssembly and no offline use, since the
address is not secure; --https makes a certificate of this machine's own, of which the browser
warns once. Ctrl-C ends it.
"""


@click.command(epilog=EPILOG)
@click.argument("site", type=click.Path(path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), help="0: any that is free. [default: 8000, or the next free one]"
)
@click.option("--lan", is_flag=True, help="Let other devices in your network see it, too.")
@click.option("--https", is_flag=True, help="Encrypt, with a certificate that this machine signs itself.")
@console_options
def command(site: Path, port: int | None, lan: bool, https: bool, console: Console) -> int:
    """Show SITE, a folder that was written with --to browser, until Ctrl-C."""
    from edgekit.web.certificate import own_certificate
    from edgekit.web.network import own_addresses
    from edgekit.web.server import EVERY_NETWORK, THIS_MACHINE, SiteServer
    from edgekit.web.sites import check_site

    check_site(site)
    addresses = own_addresses() if lan else ()
    certificate = own_certificate(addresses) if https else None
    host = EVERY_NETWORK if lan else THIS_MACHINE
    with SiteServer(site, host, port, certificate.context if certificate else None) as server:
        network = [server.url_at(address) for address in addresses]
        document: dict[str, Any] = {"folder": str(site), "url": server.url, "network": network}
        document["fingerprint"] = certificate.fingerprint if certificate else None
        try:
            if console.as_json:
                console.show("", document)
                sys.stdout.flush()
            else:
                _tell(console, site, server.url, network, lan, document["fingerprint"])
            server.run()
        except KeyboardInterrupt:  # how it is meant to end
            if not console.as_json:
                click.echo("\nStopped.")
    return 0


def _tell(console: Console, site: Path, url: str, network: list[str], lan: bool, fingerprint: str | None) -> None:
    lines = [f"{site} is at {url}", ""]
    if network:
        lines[1:] = [f"In your network: {network[0]}", *(f"             or: {other}" for other in network[1:]), ""]
    elif lan:
        lines[1:] = ["This machine is in no network by which another device could reach it. Connect it to one.", ""]
    if network and fingerprint is None:
        lines += [
            "Other devices see it over plain http, which is no secure context: their browsers allow no camera, no",
            "WebGPU, no threads of WebAssembly and no offline use. With --https they do, but for offline use.",
            "",
        ]
    if fingerprint is not None:
        lines += [
            "Browsers warn of the certificate, since this machine has signed it itself. It is the right one where they",
            "show this SHA-256 fingerprint:",
            *(f"  {fingerprint[start : start + 48].rstrip(':')}" for start in range(0, len(fingerprint), 48)),
            "A page with such a certificate has camera, WebGPU and threads, but cannot be kept for offline use.",
            "",
        ]
    console.show("\n".join(lines), None)
    if network:
        _draw(network[0])
    click.echo("Ctrl-C ends it.")
    sys.stdout.flush()


def _draw(url: str) -> None:
    """The address as a QR code; its colours are the terminal's, so it does not go the way of other texts."""
    from edgekit.web.qr import has_qr, qr_lines

    if not has_qr():
        click.echo("(With the extra 'browser' a QR code stands here, for phones.)")
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo("\n".join([*qr_lines(url, encoding, colored=sys.stdout.isatty()), ""]))
