"""The ways out, one file a channel: each is ``dunwell.outreach.dispatch.Sender``."""
