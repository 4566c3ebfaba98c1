"""Take a screenshot of an alert's mail for the documentation.

Run: python -m tests.dashboards.alertmanager.mail_picture docs/mail.png
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from badbuzz.messages.text import example
from tests.dashboards.alertmanager.test_mails import TEAM, await_mails, send
from tests.support.alertmanager_server import AlertmanagerServer, Mailbox, body
from tests.support.browser import chromium


def main(path: str) -> None:
    """Send one mail and take a screenshot of it."""
    with tempfile.TemporaryDirectory() as folder, Mailbox() as mailbox:
        with AlertmanagerServer(Path(folder), mailbox) as server:
            send(server, example())
            await_mails(mailbox, TEAM, 1)
        html = body(mailbox.to(TEAM)[0])
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 680, "height": 400}, device_scale_factor=2)
        page.set_content(html)
        page.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    main(sys.argv[1])
