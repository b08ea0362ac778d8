"""The console's pages of the messages that customers get."""

from chalice.app import Response

from dunwell_aws.console.site import Site

MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https:; frame-ancestors 'none'; base-uri 'none'"
"""A mail has its style in its elements, as mail programs want it; nothing in it runs."""


def add_message_pages(site: Site) -> None:
    """Adds the pages to the console. What renders messages is imported when somebody looks at one."""

    @site.route("/messages", "GET")
    def show_messages() -> Response:
        """Every message of the policy in one language."""
        from dunwell_aws.console.messages import messages_values

        who, parts = site.agent(), site.parts
        values = messages_values(parts.renderer(), parts.policy(), site.query("language"), parts.today)
        return site.page("messages.html", who, page="messages", **values)

    @site.route("/messages/{language}/{stage}", "GET")
    def show_mail(language: str, stage: str) -> Response:
        """One e-mail as its page."""
        from dunwell_aws.console.messages import mail_html

        site.agent()
        parts = site.parts
        html = mail_html(parts.renderer(), parts.policy(), language, stage, parts.today)
        return site.document(html, "text/html; charset=utf-8", **{"Content-Security-Policy": MAIL_POLICY})
