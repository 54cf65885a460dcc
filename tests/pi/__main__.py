"""``make pi``: an emulated Raspberry Pi to log in to, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from tests.pi.device import Pi
from tests.pi.userland import UserlandError, build

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> None:
    """Builds the userland, switches the device on and says how it is reached."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        userland = build(REPOSITORY / ".cache", *sys.argv[1:])
        with tempfile.TemporaryDirectory() as folder, Pi(userland, Path(folder)) as pi:
            print(
                f"{userland.suite} is on, until Ctrl-C. With its ssh in front, in another terminal:\n"
                f"  export PATH={pi.login.bin}:$PATH\n"
                f"  ssh -p {pi.port} root@{pi.host}\n"
                f"  edgekit bench MODEL --on {pi.target}",
                flush=True,
            )
            signal.pause()
    except KeyboardInterrupt:
        print()
    except UserlandError as error:
        sys.exit(f"No emulated Raspberry Pi: {error}")


if __name__ == "__main__":
    main()
