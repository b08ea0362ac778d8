"""What every application of pages stands on: routes, errors as pages, cookies, redirects and files.

The routes are matched by ``dunwell_aws.routing``, the templates and headers are ``dunwell_aws.web.Pages``. An
application says what is its own: its address, its cookie of a session, and what its problem page looks like.
"""

import contextlib
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from chalice.app import Chalice, Request, Response

from dunwell.errors import NotFoundError, UnavailableError, WrongMethodError
from dunwell_aws.problems import Problem, answers_problems, problem_response
from dunwell_aws.routing import MISSING, WRONG_METHOD
from dunwell_aws.web import FORM_TYPE, Pages, cookie, read_cookie


class Parts(Protocol):
    """What each application is made of, beside what its own pages need."""

    @property
    def pages(self) -> Pages:
        """The templates."""
        ...


PartsT = TypeVar("PartsT", bound=Parts)


class BaseSite(Generic[PartsT]):
    """An application with what its areas share.

    An area is a module with one function ``add_..._pages(site)``, which registers its routes.

    Attributes:
        methods: those that the template lets in.
        same_site: of its cookies; see ``dunwell_aws.web.cookie``.

    Args:
        parts: gives the parts in use, composed at first use.
    """

    methods: tuple[str, ...] = ("GET", "POST")
    same_site = "Lax"

    def __init__(self, app: Chalice, parts: Callable[[], PartsT]) -> None:
        self.app = app
        self._parts = parts

    @property
    def parts(self) -> PartsT:
        """The parts in use."""
        return self._parts()

    @property
    @abstractmethod
    def base_url(self) -> str:
        """The application's public address. Raises UnavailableError: it cannot be known now."""

    # --- requests ---

    @property
    def request(self) -> Request:
        """The request that is answered."""
        assert self.app.current_request is not None
        return self.app.current_request

    def query(self, name: str) -> str:
        """A parameter of the address, or empty."""
        given: Mapping[str, str] = self.request.query_params or {}
        return given.get(name) or ""

    def cookie_value(self, name: str) -> str:
        """A cookie that the browser sent, or empty."""
        return read_cookie(self.request, name)

    def done(self) -> str:
        """What the form before this page did, when it led here: a code, or empty."""
        code = self.query("done")
        return code if code.isidentifier() else ""

    # --- routes ---

    def route(self, path: str, *methods: str, content_types: tuple[str, ...] = (FORM_TYPE,)) -> Callable[..., Any]:
        """A route whose errors are pages."""
        types = list(content_types) if "POST" in methods else ["*/*"]
        register = self.app.route(path, methods=list(methods), content_types=types)
        return lambda view: register(answers_problems(view, self._problem_answer))

    def add_fallbacks(self) -> None:
        """What answers for paths and methods that no area knows (``dunwell_aws.routing``)."""

        def missing() -> Response:
            raise NotFoundError("There is no such page.")

        def wrong_method() -> Response:
            raise WrongMethodError("This address does not take such a request.")

        for path, view in ((MISSING, missing), (WRONG_METHOD, wrong_method)):
            self.route(path, *self.methods, content_types=("*/*",))(view)

    # --- answers ---

    def redirect(self, path_or_url: str, *cookies: str) -> Response:
        """To another page, fetched by GET."""
        base_url = self.base_url
        location = base_url + path_or_url if path_or_url.startswith("/") else path_or_url
        return self.parts.pages.redirect(location, base_url, cookies)

    def cookie(self, name: str, value: str, max_age_seconds: int) -> str:
        """A cookie of the application."""
        return cookie(name, value, self.base_url, max_age_seconds, same_site=self.same_site)

    def document(self, content: str | bytes, media_type: str, **more: str) -> Response:
        """Something that is no page of templates, with the headers of all pages and more."""
        headers = self.parts.pages.headers(self.base_url) | {"Content-Type": media_type} | more
        return Response(content, dict(headers), 200)

    def file(self, content: str | bytes, media_type: str, name: str) -> Response:
        """A file to keep, under a name of which only plain letters, digits, dots and dashes are left."""
        plain = re.sub(r"[^A-Za-z0-9.-]+", "-", name)
        return self.document(content, media_type, **{"Content-Disposition": f'attachment; filename="{plain}"'})

    # --- problems ---

    @abstractmethod
    def problem_page(self, problem: Problem, base_url: str) -> Response:
        """A problem as a page.

        Args:
            base_url: empty when the addresses are what is broken: the page that says so does without them.
        """

    def is_for_programs(self) -> bool:
        """Whether who asks wants documents, not pages."""
        accepted = self.request.headers.get("accept", "")
        return "application/json" in accepted and "text/html" not in accepted

    def _problem_answer(self, problem: Problem) -> Response:
        if self.is_for_programs():
            return problem_response(problem)
        base_url = ""
        with contextlib.suppress(UnavailableError):
            base_url = self.base_url
        answer = self.problem_page(problem, base_url)
        answer.headers.update(problem.headers)
        return answer
