"""The API's part about agreements, disputes, preferences and saved methods."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus

from dunwell.accounts.choices import choose
from dunwell.accounts.contact_points import Channel, PartOfDay
from dunwell.arrangements.making import made_plan
from dunwell.arrangements.policy import Authority, Frequency
from dunwell.arrangements.recommend import debts_of, recommend, why_none
from dunwell.arrangements.schedule import PlanTerms
from dunwell.arrangements.worth import outlook_of
from dunwell.errors import NotFoundError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.disputing import DisputeReason, dispute
from dunwell.ledger.update import update
from dunwell.outreach.requests import clean_text, request_task
from dunwell_aws.api import ApiModel, Call, Operation, page_of
from dunwell_aws.portal import api_models as models
from dunwell_aws.portal.consent import Consent
from dunwell_aws.portal.deals import CUSTOMER, agreement_of, offer_words, plan_words, shown_agreements, standing
from dunwell_aws.portal.means import Means
from dunwell_aws.portal.method_pages import shown_methods
from dunwell_aws.portal.plan_pages import plan_rules
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.portal.why_words import obstacle_words, plan_reasons

METHOD = "api"
"""How a consent is known that came through the API."""
_MOST_KEY = 64


class DealsApi:
    """The operations over the portal.

    Args:
        site: gives the portal; visitor: gives whose session a call is of.
    """

    def __init__(self, site: Callable[[], Site], visitor: Callable[[Call], Visitor]) -> None:
        self._site = site
        self._visitor = visitor

    # --- agreements ---

    def list_agreements(self, call: Call) -> ApiModel:
        """The agreements, newest first."""
        visitor = self._visitor(call)
        ordered = sorted(shown_agreements(visitor.account).values(), key=_age)
        part, cursor = page_of(ordered, _age, call.query)
        return models.AgreementsOut(items=[self._shown(visitor, one) for one in part], next_cursor=cursor)

    def show_agreement(self, call: Call) -> ApiModel:
        """One agreement and how far it is kept."""
        visitor = self._visitor(call)
        return self._shown(visitor, agreement_of(visitor, call.path["agreement_id"]))

    def recommend_plans(self, call: Call) -> ApiModel:
        """Plans that fit what the customer can afford, best first."""
        site, visitor = self._site(), self._visitor(call)
        plan_rules(site)
        body, say, today = call.body, site.say(visitor), site.parts.today
        needs = Means(body.currency, body.most_minor, Frequency(body.frequency), body.payday).needs
        policy = site.parts.arrangements().policy
        outlook = outlook_of(site.parts.assessments().assessment(visitor.customer_id), body.currency)
        found = recommend(visitor.account, body.currency, policy, outlook, needs, today)
        obstacle = None if found else why_none(visitor.account, body.currency, policy, needs, today)
        plans = [
            models.RecommendedPlan(
                terms=models.PlanTermsIn(
                    currency=body.currency,
                    instalments=one.terms.instalments,
                    frequency=one.terms.frequency.value,
                    first_on=one.terms.first_on,
                    first_minor=one.terms.first_minor,
                    anchor_on=one.terms.anchor_on,
                ),
                instalments=[
                    models.InstalmentOut(
                        number=part.number,
                        due_on=part.due_on,
                        amount_minor=part.amount_minor,
                        left_minor=part.amount_minor,
                    )
                    for part in one.draft.instalments
                ],
                total_minor=one.draft.total_minor,
                charges_minor=one.draft.charges_minor,
                reasons=list(plan_reasons(one.sayings, say)),
            )
            for one in found
        ]
        return models.Recommendations(plans=plans, why_none=obstacle_words(obstacle.saying, say) if obstacle else "")

    def propose_plan(self, call: Call) -> ApiModel:
        """A plan to agree to, or to be approved when it is beyond the limits and that was asked for."""
        site, visitor, body = self._site(), self._visitor(call), call.body
        plan_rules(site)
        desk, today = site.parts.arrangements(), site.parts.today
        debts = debts_of(visitor.account, body.currency, today, None)
        terms = PlanTerms(
            body.currency,
            body.instalments,
            Frequency(body.frequency),
            body.first_on,
            body.first_minor,
            body.anchor_on,
            tuple(one.invoice_id for one in debts) or None,
        )
        made = made_plan(visitor.account, desk.policy, terms, CUSTOMER, Authority.CUSTOMER, today, call.now)
        if made.approval and not body.ask_for_approval:
            raise RefusedError(
                "This plan is beyond the limits: set ask_for_approval to ask a person.", code="beyond_limits"
            )
        agreed = desk.propose_plan(visitor.customer_id, terms, who=CUSTOMER, authority=Authority.CUSTOMER, at=call.now)
        return self._shown(self._visitor(call), agreed)

    def authorise(self, call: Call) -> ApiModel:
        """The proposal stands, with the words as evidence."""
        site, visitor = self._site(), self._visitor(call)
        agreement = agreement_of(visitor, call.path["agreement_id"])
        if agreement.is_standing:
            return self._shown(visitor, agreement)
        ways = self._ways(visitor, agreement)
        way = next((one for one in ways if one.method_id == call.body.method_id), None)
        if way is None:
            raise RefusedError("This may not be agreed to now. Look at its `ways` again.", code="other_words")
        words = way.agreed(Consent(call.body.words).digest)
        proof = Authorisation(words, call.now, METHOD, CUSTOMER, call.address, way.method_id)
        agreed = site.parts.arrangements().authorise(visitor.customer_id, agreement.agreement_id, proof)
        return self._shown(self._visitor(call), agreed)

    def promise(self, call: Call) -> ApiModel:
        """An amount by a day; it stands at once."""
        visitor, body, customer = self._visitor(call), call.body, Authority.CUSTOMER
        desk = self._site().parts.arrangements()
        made = desk.promise(
            visitor.customer_id,
            body.currency,
            body.amount_minor,
            body.by,
            who=CUSTOMER,
            authority=customer,
            at=call.now,
        )
        return self._shown(self._visitor(call), made)

    def cancel(self, call: Call) -> None:
        """The agreement or the proposal ends; again changes nothing."""
        visitor = self._visitor(call)
        agreement = agreement_of(visitor, call.path["agreement_id"])
        desk = self._site().parts.arrangements()
        desk.cancel(visitor.customer_id, agreement.agreement_id, who=CUSTOMER, at=call.now)

    def _shown(self, visitor: Visitor, agreement: Agreement) -> models.AgreementOut:
        found = standing(self._site(), visitor, agreement)
        return models.AgreementOut(
            agreement_id=agreement.agreement_id,
            kind=agreement.kind.value,
            status=agreement.status.value,
            currency=agreement.currency,
            amount_minor=agreement.amount_minor,
            charges_minor=agreement.charges_minor,
            forgiven_minor=agreement.forgiven_minor,
            apr_permille=agreement.apr_permille,
            invoice_numbers=[debt.number for debt in agreement.debts],
            instalments=[
                models.InstalmentOut(
                    number=one.number, due_on=one.due_on, amount_minor=one.amount_minor, left_minor=one.left_minor
                )
                for one in found.parts
            ],
            paid_minor=found.paid_minor,
            made_on=agreement.made_at.date(),
            expires_on=agreement.expires_on,
            waits_for_approval=bool(agreement.approval),
            ways=[models.WayOut(method_id=one.method_id, words=one.words) for one in self._ways(visitor, agreement)],
        )

    def _ways(self, visitor: Visitor, agreement: Agreement) -> list[Consent]:
        """How a proposal may be agreed to, each way with its words; none when it may not be."""
        site = self._site()
        expired = agreement.expires_on is not None and site.parts.today > agreement.expires_on
        if agreement.status is not AgreementStatus.PROPOSED or agreement.approval or expired:
            return []
        if agreement.kind is not AgreementKind.PLAN:
            return [offer_words(site, visitor, agreement)]
        saved = [one for one in shown_methods(visitor.account) if one.is_usable]
        by_method = [plan_words(site, visitor, agreement, one, new=False) for one in saved]
        return [*by_method, plan_words(site, visitor, agreement, None, new=False)]

    # --- disputes, preferences, methods ---

    def raise_dispute(self, call: Call) -> None:
        """Notes the dispute, stops asking, and gives an agent the task of looking into it."""
        parts, visitor, body = self._site().parts, self._visitor(call), call.body
        invoice_id, reason, text = (
            call.path["invoice_id"],
            DisputeReason(body.reason),
            clean_text(body.text, required=False),
        )
        if invoice_id not in visitor.account.invoices:
            raise NotFoundError("There is no such invoice on your account.", code="no_invoice")
        key = call.key[:_MOST_KEY]
        update(
            parts.ledger,
            visitor.customer_id,
            lambda account: dispute(
                account, invoice_id, body.amount_minor, reason, key=key, note=text, on=parts.today, at=call.now
            ),
        )
        told = f"{reason.value}\n\n{text}"
        parts.tasks.open_task(request_task(visitor.customer_id, "dispute", key, told, call.now, (invoice_id,)))

    def show_preferences(self, call: Call) -> ApiModel:
        """How the customer wants to hear from the creditor."""
        customer = self._visitor(call).customer
        return models.PreferencesOut(
            language=customer.language,
            channel=customer.preferred_channel.value if customer.preferred_channel else "",
            hours=customer.preferred_hours.value if customer.preferred_hours else "",
            refused=sorted(one.value for one in customer.opted_out),
        )

    def change_preferences(self, call: Call) -> ApiModel:
        """Keeps language, channel and part of the day."""
        visitor, body = self._visitor(call), call.body
        customer = visitor.customer
        channel = (
            customer.preferred_channel if body.channel is None else Channel(body.channel) if body.channel else None
        )
        hours = customer.preferred_hours if body.hours is None else PartOfDay(body.hours) if body.hours else None
        choose(self._site().parts.ledger, visitor.customer_id, body.language or customer.language, channel, hours)
        return self.show_preferences(call)

    def list_methods(self, call: Call) -> ApiModel:
        """The saved payment methods, newest first."""
        return models.MethodsOut(
            items=[
                models.MethodOut(
                    method_id=one.method_id,
                    kind=one.kind.value,
                    label=one.label,
                    usable=one.is_usable,
                    autopay=one.autopay,
                )
                for one in shown_methods(self._visitor(call).account)
            ]
        )


def deal_operations(api: DealsApi, base: str) -> list[Operation]:
    """What there is to ask for beside the account and its payment."""
    return [*_of_agreements(api, base), *_of_proposals(api, base), *_of_wishes(api, base)]


def _of_agreements(api: DealsApi, base: str) -> list[Operation]:
    agreement, deals = f"{base}/agreements/{{agreement_id}}", "agreements"
    return [
        Operation(
            "GET",
            f"{base}/agreements",
            "listAgreements",
            "Plans, promises, settlements and discounts, newest first",
            deals,
            api.list_agreements,
            models.AgreementsOut,
            query=models.AgreementsQuery,
            problems=(404,),
        ),
        Operation("GET", agreement, "showAgreement", "One agreement", deals, api.show_agreement, models.AgreementOut),
        Operation(
            "DELETE",
            agreement,
            "cancelAgreement",
            "End an agreement or a proposal",
            deals,
            api.cancel,
            status=HTTPStatus.NO_CONTENT,
            problems=(403, 409),
        ),
        Operation(
            "POST",
            f"{agreement}/authorisation",
            "authoriseAgreement",
            "Agree to a proposal with its exact words",
            deals,
            api.authorise,
            models.AgreementOut,
            models.Authorise,
            repeatable=True,
            problems=(403, 409),
        ),
    ]


def _of_proposals(api: DealsApi, base: str) -> list[Operation]:
    deals, created, problems = "agreements", HTTPStatus.CREATED, (403, 404)
    return [
        Operation(
            "POST",
            f"{base}/plan-recommendations",
            "recommendPlans",
            "Plans that fit what the customer can afford",
            deals,
            api.recommend_plans,
            models.Recommendations,
            models.Needs,
            problems=problems,
        ),
        Operation(
            "POST",
            f"{base}/plans",
            "proposePlan",
            "Propose a plan; it stands once it is agreed to",
            deals,
            api.propose_plan,
            models.AgreementOut,
            models.PlanTermsIn,
            status=created,
            repeatable=True,
            problems=problems,
        ),
        Operation(
            "POST",
            f"{base}/promises",
            "promise",
            "Promise an amount by a day",
            deals,
            api.promise,
            models.AgreementOut,
            models.PromiseIn,
            status=created,
            repeatable=True,
            problems=problems,
        ),
    ]


def _of_wishes(api: DealsApi, base: str) -> list[Operation]:
    """Disputes, the saved methods and the preferences."""
    gone = (404,)
    return [
        Operation(
            "POST",
            f"{base}/invoices/{{invoice_id}}/disputes",
            "raiseDispute",
            "Contest an invoice, whole or in part; files are added on the portal's page, not here",
            "account",
            api.raise_dispute,
            body=models.DisputeIn,
            status=HTTPStatus.NO_CONTENT,
            repeatable=True,
            problems=(403,),
        ),
        Operation(
            "GET",
            f"{base}/payment-methods",
            "listPaymentMethods",
            "The saved payment methods",
            "paying",
            api.list_methods,
            models.MethodsOut,
            problems=gone,
        ),
        Operation(
            "GET",
            f"{base}/preferences",
            "showPreferences",
            "How the customer wants to hear from the creditor",
            "account",
            api.show_preferences,
            models.PreferencesOut,
            problems=gone,
        ),
        Operation(
            "PATCH",
            f"{base}/preferences",
            "changePreferences",
            "Change language, channel or part of the day",
            "account",
            api.change_preferences,
            models.PreferencesOut,
            models.PreferencesIn,
            problems=gone,
        ),
    ]


def _age(agreement: Agreement) -> str:
    """Newest first: the days count down."""
    return f"{date.max.toordinal() - agreement.made_at.toordinal():07d}#{agreement.agreement_id}"
