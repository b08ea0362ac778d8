"""A user pool in memory that answers as Cognito does, as far as the console asks."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

CLIENT_ID = "console-client"


def refused(operation: str, code: str) -> ClientError:
    """The error that boto3 raises for an answer of the service."""
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)


def access_token(email: str, groups: tuple[str, ...] = ("agents",), **claims: Any) -> str:
    """A token as the pool makes them, unsigned: this pool knows its tokens by heart."""
    body = {"token_use": "access", "client_id": CLIENT_ID, "username": email, "cognito:groups": list(groups)} | claims
    payload = base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


@dataclass
class InMemoryUserPool:
    """Users by e-mail with their passwords; those in ``temporary`` have to choose a new one."""

    passwords: dict[str, str] = field(default_factory=lambda: {"ada@example.com": "Correct-Horse-1"})
    groups: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"ada@example.com": ("agents",)})
    temporary: set[str] = field(default_factory=set)
    alive: dict[str, str] = field(default_factory=dict)
    down: bool = False

    def token(self, email: str, **claims: Any) -> str:
        """A living token of a user."""
        made = access_token(email, self.groups.get(email, ()), **claims)
        self.alive[made] = email
        return made

    def _result(self, email: str) -> dict[str, Any]:
        return {"AuthenticationResult": {"AccessToken": self.token(email), "ExpiresIn": 3600}}

    def initiate_auth(self, *, AuthFlow: str, ClientId: str, AuthParameters: dict[str, str]) -> dict[str, Any]:  # noqa: N803
        assert (AuthFlow, ClientId) == ("USER_PASSWORD_AUTH", CLIENT_ID)
        email = AuthParameters["USERNAME"]
        if self.down:
            raise refused("InitiateAuth", "InternalErrorException")
        if email not in self.passwords:
            raise refused("InitiateAuth", "UserNotFoundException")
        if self.passwords[email] != AuthParameters["PASSWORD"]:
            raise refused("InitiateAuth", "NotAuthorizedException")
        if email in self.temporary:
            challenge = {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "opaque"}
            return challenge | {"ChallengeParameters": {"USER_ID_FOR_SRP": email}}
        return self._result(email)

    def respond_to_auth_challenge(
        self,
        *,
        ClientId: str,  # noqa: N803
        ChallengeName: str,  # noqa: N803
        Session: str,  # noqa: N803
        ChallengeResponses: dict[str, str],  # noqa: N803
    ) -> dict[str, Any]:
        assert (ClientId, ChallengeName) == (CLIENT_ID, "NEW_PASSWORD_REQUIRED")
        email, password = ChallengeResponses["USERNAME"], ChallengeResponses["NEW_PASSWORD"]
        if Session != "opaque" or email not in self.temporary:
            raise refused("RespondToAuthChallenge", "NotAuthorizedException")
        if len(password) < 12 or password.isalpha():
            raise refused("RespondToAuthChallenge", "InvalidPasswordException")
        self.temporary.discard(email)
        self.passwords[email] = password
        return self._result(email)

    def get_user(self, *, AccessToken: str) -> dict[str, Any]:  # noqa: N803
        if AccessToken not in self.alive:
            raise refused("GetUser", "NotAuthorizedException")
        email = self.alive[AccessToken]
        return {"Username": email, "UserAttributes": [{"Name": "email", "Value": email}]}

    def global_sign_out(self, *, AccessToken: str) -> dict[str, Any]:  # noqa: N803
        email = self.alive.get(AccessToken)
        self.alive = {token: owner for token, owner in self.alive.items() if owner != email}
        return {}
