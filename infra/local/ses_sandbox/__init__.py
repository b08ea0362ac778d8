"""A local Amazon SES v2: keeps whole messages, shows them on a page, and publishes what becomes of them.

The emulator's own SES drops headers, attachments and tags, has no suppression list, and publishes nothing for
a configuration set. Point AWS_ENDPOINT_URL_SESV2 here instead. Everything is in memory and bound to loopback.
"""

from infra.local.ses_sandbox.server import SesSandbox

__all__ = ["SesSandbox"]
