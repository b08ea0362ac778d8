"""What the console shows of the messages that customers get: each of the policy, about a sample account."""

from datetime import date
from typing import Any

from dunwell.accounts.model import Channel, CustomerKind
from dunwell.errors import InvalidInputError, NotFoundError
from dunwell.outreach.policy import Policy, Stage
from dunwell.outreach.text_size import text_size
from dunwell_aws.message_sample import (
    Sample,
    channels_of,
    name_of,
    render,
    sample_message,
    stages_of,
    used_channels,
)
from dunwell_aws.messages import Renderer, Words

SAMPLE_URL = "https://example.com/l/sample"
STOP_URL = "https://example.com/stop/sample"


def messages_values(renderer: Renderer, policy: Policy, language: str, today: date) -> dict[str, Any]:
    """The values of ``messages.html``: what each stage says on each channel, in a language or else the creditor's."""
    chosen = language if language in renderer.languages else policy.creditor.language
    stages = [
        (name_of(stage), [_shown(renderer, policy, chosen, stage, one, today) for one in channels_of(stage)])
        for stage in stages_of(policy)
    ]
    return {"languages": renderer.languages, "language": chosen, "stages": stages, "version": policy.version}


def mail_html(renderer: Renderer, policy: Policy, language: str, stage: str, today: date) -> str:
    """The page of an e-mail.

    Raises:
        NotFoundError: there is no such language or stage.
    """
    found = {name_of(one): one for one in stages_of(policy)}
    if language not in renderer.languages or stage not in found:
        raise NotFoundError("There is no such message.")
    sample = Sample(policy, found[stage], Channel.EMAIL, language)
    return render(renderer, sample_message(sample, today), SAMPLE_URL, STOP_URL, attach=False).html


def _shown(
    renderer: Renderer, policy: Policy, language: str, stage: Stage | str, channel: Channel, today: date
) -> dict[str, Any]:
    sample = Sample(policy, stage, channel, language, kind=CustomerKind.BUSINESS)
    message = sample_message(sample, today)
    try:
        words = render(renderer, message, SAMPLE_URL, STOP_URL, attach=False)
    except InvalidInputError as problem:
        words = Words("", f"This message cannot be said: {problem}")
    size = text_size(words.text) if channel is Channel.SMS else None
    return {
        "channel": channel.value,
        "used": channel in used_channels(stage, policy),
        "tone": message.contact.tone.value,
        "words": words,
        "size": size,
    }
