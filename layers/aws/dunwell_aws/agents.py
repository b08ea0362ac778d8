"""Agents of the console: sign-in against the Cognito user pool, and who a token belongs to."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from dunwell.accounts.access import SignInRequiredError
from dunwell.errors import InvalidInputError, RefusedError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

AGENTS_GROUP = "agents"
SUPERVISORS_GROUP = "supervisors"
"""Agents who may also approve what goes beyond an agent's authority."""
_REFUSED = {
    "NotAuthorizedException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "PasswordResetRequiredException",
    "InvalidParameterException",
}
_WRONG = "The e-mail address or the password is wrong."
_RULES = "Choose a password of at least 12 characters with capital and small letters and digits."


class WrongCredentialsError(RefusedError):
    """Sign-in failed; the same words whichever part was wrong, and whether or not there is such a user."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who works on cases; ``name`` is their e-mail address."""

    name: str
    is_supervisor: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that succeeded: an access token and the seconds it lives."""

    access_token: str
    life_seconds: int


@dataclass(frozen=True, slots=True)
class NewPasswordNeeded:
    """The password was right but temporary; what setting a new one needs."""

    user: str
    session: str


class CognitoAgents:
    """The user pool's answers, as types."""

    def __init__(self, client: "CognitoIdentityProviderClient", client_id: str) -> None:
        self._client = client
        self._client_id = client_id

    def sign_in(self, email: str, password: str) -> SignedIn | NewPasswordNeeded:
        """Sign in with a password.

        Raises:
            WrongCredentialsError: they are not an agent's, in the same words whatever was wrong.
            UnavailableError: the user pool does not answer, or has had too many requests.
        """
        with _translated(WrongCredentialsError(_WRONG)):
            answer: Any = self._client.initiate_auth(
                AuthFlow="USER_PASSWORD_AUTH",
                ClientId=self._client_id,
                AuthParameters={"USERNAME": email, "PASSWORD": password},
            )
        if answer.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            return NewPasswordNeeded(answer["ChallengeParameters"]["USER_ID_FOR_SRP"], answer["Session"])
        return _signed_in(answer)

    def set_new_password(self, needed: NewPasswordNeeded, password: str) -> SignedIn:
        """Replace a temporary password and sign in.

        Raises:
            InvalidInputError: the pool's rules refuse the password.
            WrongCredentialsError: the sign-in took too long and has to start again.
            UnavailableError: the user pool does not answer.
        """
        with _translated(WrongCredentialsError("That took too long. Sign in again with the temporary password.")):
            answer: Any = self._client.respond_to_auth_challenge(
                ClientId=self._client_id,
                ChallengeName="NEW_PASSWORD_REQUIRED",
                Session=needed.session,
                ChallengeResponses={"USERNAME": needed.user, "NEW_PASSWORD": password},
            )
        return _signed_in(answer)

    def agent(self, access_token: str) -> Agent:
        """Whose token it is. The pool is asked each time, so that a revoked token ends at once.

        Raises:
            SignInRequiredError: it is no token of our client, or it has ended.
            RefusedError: its user is not one of the agents.
            UnavailableError: the user pool does not answer.
        """
        claims = _claims(access_token)
        # The pool's service answers for the tokens of every client in the region: only ours counts.
        if claims.get("token_use") != "access" or claims.get("client_id") != self._client_id:
            raise SignInRequiredError("Please sign in.")
        with _translated(SignInRequiredError("Please sign in again.")):
            user = self._client.get_user(AccessToken=access_token)
        groups = claims.get("cognito:groups", [])
        if AGENTS_GROUP not in groups:
            raise RefusedError("Your account may not use the console. Ask an administrator to make you an agent.")
        attributes = {pair["Name"]: pair.get("Value", "") for pair in user["UserAttributes"]}
        return Agent(attributes.get("email") or user["Username"], SUPERVISORS_GROUP in groups)

    def sign_out(self, access_token: str) -> None:
        """End every session of the token's user, also in other browsers; one that ended already counts as done.

        Raises:
            UnavailableError: the user pool does not answer, and the session is still alive.
        """
        try:
            with _translated(SignInRequiredError("It has ended.")):
                self._client.global_sign_out(AccessToken=access_token)
        except SignInRequiredError:
            return


def _signed_in(answer: Any) -> SignedIn:
    result = answer.get("AuthenticationResult")
    if not result:
        raise RefusedError("Your account needs a second factor, which the console does not ask for yet.")
    return SignedIn(result["AccessToken"], result["ExpiresIn"])


def _claims(token: str) -> dict[str, Any]:
    """What a token says of itself, unverified: the pool judges it next."""
    try:
        payload = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


@contextmanager
def _translated(refusal: Exception) -> Iterator[None]:
    try:
        yield
    except ParamValidationError as error:
        raise refusal from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code == "InvalidPasswordException":
            raise InvalidInputError(_RULES, field="password") from error
        if code in _REFUSED:
            raise refusal from error
        raise UnavailableError("The sign-in service does not answer. Try again in a minute.") from error
    except BotoCoreError as error:
        raise UnavailableError("The sign-in service does not answer. Try again in a minute.") from error
