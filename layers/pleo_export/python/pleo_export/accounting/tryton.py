"""The connector to Tryton 8.0 (or later): journal entries as moves, over REST with an API key.

Secret: {"token": the API key of a user in the group Accounting}, and if wanted the same user's {"user", "password"}.

What one `record_many` costs, besides look-ups of codes that are kept for the life of the connector: one call for the
periods, one to create all drafts, and to post them one each, for a key cannot post many at once; with user and
password two for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, partial
from typing import Any

from pleo_export.accounting.errors import (
    AccountingError,
    AuthenticationFailed,
    InvalidConfiguration,
    OutcomeUnknown,
    PeriodClosed,
    PermissionDenied,
    PossibleDuplicate,
    RateLimited,
    Rejected,
    Unavailable,
)
from pleo_export.accounting.port import Capabilities, DocumentRef, Outcome, PeriodState, State
from pleo_export.accounting.transport import Transport
from pleo_export.accounting.tryton_move import Account, Books, Codes, Currency, Tax, move
from pleo_export.accounting.tryton_rest import Record, TrytonRest, headers
from pleo_export.accounting.tryton_session import TrytonSession
from pleo_export.bookkeeping.documents import JournalEntry, Kind
from pleo_export.settings import TrytonSettings

MOVE = "account.move"
_MOVE_FIELDS = ("description", "number", "state", "date", "origin")
# Not about one document: the next would meet the same.
_CONNECTION = (AuthenticationFailed, PermissionDenied, InvalidConfiguration, RateLimited, Unavailable)


def connect(settings: TrytonSettings, secret: Mapping[str, str]) -> TrytonConnector:
    """Raises AuthenticationFailed if the secret has no `token`."""
    key = secret.get("token", "").strip()
    if not key:
        raise AuthenticationFailed("The connection has no API key for Tryton: connect again with its `token`.")
    url = str(settings.url)
    rest = TrytonRest(Transport("Tryton", url, headers(key, settings.company)), settings.database, settings.company)
    session = None
    if "password" in secret:
        login = secret.get("user", ""), secret["password"]
        session = TrytonSession(partial(Transport, "Tryton", url), settings.database, settings.company, *login)
    return TrytonConnector(settings, rest, session)


class TrytonConnector:
    capabilities = Capabilities(
        kinds=frozenset({Kind.JOURNAL_ENTRY}),
        drafts=frozenset({Kind.JOURNAL_ENTRY}),
        periods_readable=True,
        reference_length=100,
        text_length=500,
        max_batch=50,
        max_dimensions_per_line=None,
    )

    def __init__(self, settings: TrytonSettings, rest: TrytonRest, session: TrytonSession | None = None) -> None:
        self._settings = settings
        self._tryton = rest
        self._session = session
        self._link = f"{str(settings.web_url or settings.url).rstrip('/')}/#{settings.database}/model/{MOVE}/"

    def check(self) -> None:
        self._check_rights()
        _ = self._company, self._journal
        if self._session:
            self._session.log_in()

    def find_many(self, references: Collection[str]) -> Mapping[str, Outcome]:
        wanted = list(references)
        of_company = ["company", "=", self._settings.company]
        cancellation = ["origin.description", "in", wanted, MOVE]
        rows = self._tryton.search_read(
            MOVE, [of_company, ["OR", ["description", "in", wanted], cancellation]], _MOVE_FIELDS, [["id", "ASC"]]
        )
        void = _cancelled(rows)
        found: dict[str, list[DocumentRef]] = defaultdict(list)
        for row in rows:
            if not _cancels(row):
                found[row["description"]].append(self._document(row, void=row["id"] in void))
        return {reference: self._one_document(documents) for reference, documents in found.items()}

    def record_many(self, entries: Sequence[JournalEntry], state: State) -> Mapping[str, Outcome]:
        """Raises ValueError for too many entries, or for two with one reference."""
        if len(entries) > self.capabilities.max_batch or len({entry.reference for entry in entries}) < len(entries):
            raise ValueError("a batch has at most max_batch entries, each with its own reference")
        moves, outcomes = self._moves(entries)
        created, refused = self._create(moves)
        outcomes |= self._explain(refused, entries)
        if state is State.POSTED:
            return outcomes | self._post(created, new=True)
        dates = {entry.reference: entry.posting_date for entry in entries}
        drafts = {
            reference: self._ref(reference, id_, None, State.DRAFT, dates[reference])
            for reference, id_ in created.items()
        }
        return outcomes | drafts

    def finalise_many(self, documents: Sequence[DocumentRef]) -> Mapping[str, Outcome]:
        return self._post({document.reference: int(document.id) for document in documents}, new=False)

    def period_state(self, on: date) -> PeriodState:
        period = self._periods([on]).get(on)
        if period is None:
            return PeriodState.NONE
        return PeriodState.OPEN if period["state"] == "open" else PeriodState.CLOSED

    # Recording

    def _moves(self, entries: Sequence[JournalEntry]) -> tuple[dict[str, Record], dict[str, Outcome]]:
        """What to send, and the errors of the entries that need not be sent: Tryton would take an unbalanced draft."""
        books = self._books(entries)
        periods = self._periods({entry.posting_date for entry in entries})
        moves: dict[str, Record] = {}
        outcomes: dict[str, Outcome] = {}
        for entry in entries:
            try:
                _require_balance(entry)
                period = _open_period(entry.posting_date, periods)
                moves[entry.reference] = move(entry, period, books)
            except AccountingError as error:
                outcomes[entry.reference] = error
        return moves, outcomes

    def _create(self, moves: Mapping[str, Record]) -> tuple[dict[str, int], dict[str, AccountingError]]:
        """All at once; if Tryton refuses them together, nothing was stored, and each is tried for itself."""
        if not moves:
            return {}, {}
        try:
            return dict(zip(moves, self._tryton.create_many(MOVE, list(moves.values())), strict=True)), {}
        except OutcomeUnknown as unknown:
            return {}, dict.fromkeys(moves, unknown)
        except (Rejected, PermissionDenied):
            self._check_rights()
            return self._create_singly(moves)

    def _create_singly(self, moves: Mapping[str, Record]) -> tuple[dict[str, int], dict[str, AccountingError]]:
        created: dict[str, int] = {}
        refused: dict[str, AccountingError] = {}
        waiting = dict(moves)
        while waiting:
            reference = next(iter(waiting))
            values = waiting.pop(reference)
            try:
                created[reference] = self._tryton.create(MOVE, values)
            except Rejected as error:
                refused[reference] = error
            except OutcomeUnknown as unknown:
                refused[reference] = unknown
                refused |= dict.fromkeys(waiting, Unavailable("Tryton did not answer. This entry was not sent."))
                break
            except _CONNECTION as error:
                if not created:
                    raise
                refused |= dict.fromkeys([reference, *waiting], error)
                break
        return created, refused

    def _explain(
        self, refused: Mapping[str, AccountingError], entries: Iterable[JournalEntry]
    ) -> Mapping[str, AccountingError]:
        """Tryton refuses a closed period in words only; so after a refusal the period is looked at once more."""
        dates = {entry.reference: entry.posting_date for entry in entries}
        unclear = {dates[reference] for reference, error in refused.items() if type(error) is Rejected}
        if not unclear:
            return refused
        periods = self._periods(unclear)
        explained = dict(refused)
        for reference, error in refused.items():
            if type(error) is Rejected:
                try:
                    _open_period(dates[reference], periods)
                except PeriodClosed as closed:
                    explained[reference] = closed
        return explained

    def _post(self, drafts: Mapping[str, int], *, new: bool) -> dict[str, Outcome]:
        """`new`: the drafts are of this call, so that after a broken connection a search has to come first."""
        if self._session and len(drafts) > 1:
            try:
                self._session.press(MOVE, "post", list(drafts.values()))
            except OutcomeUnknown as unknown:
                return dict.fromkeys(drafts, unknown)
            except AccountingError:
                pass  # nothing was posted; tried one by one, each says why
            else:
                return self._read_posted(drafts)
        return self._post_singly(drafts, new=new)

    def _read_posted(self, posted: Mapping[str, int]) -> dict[str, Outcome]:
        try:
            rows = self._tryton.search_read(MOVE, [["id", "in", list(posted.values())]], _MOVE_FIELDS)
        except AccountingError as error:
            return dict.fromkeys(posted, OutcomeUnknown(f"Recorded, but not read back. {error.message}"))
        documents = {row["id"]: self._document(row) for row in rows}
        gone = Rejected("Deleted in Tryton while it was being recorded. Export it again.")
        return {reference: documents.get(id_, gone) for reference, id_ in posted.items()}

    def _post_singly(self, drafts: Mapping[str, int], *, new: bool) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        waiting = dict(drafts)
        while waiting:
            reference, id_ = next(iter(waiting.items()))
            try:
                outcomes[reference] = self._document(self._tryton.press(MOVE, id_, "post", _MOVE_FIELDS))
            except (Rejected, InvalidConfiguration) as error:
                outcomes[reference] = self._not_posted(reference, id_, error)
            except AccountingError as error:
                if not new and not outcomes and not isinstance(error, OutcomeUnknown):
                    raise
                outcomes |= dict.fromkeys(waiting, _left_as_draft(error) if new else error)
                break
            del waiting[reference]
        return outcomes

    def _not_posted(self, reference: str, id_: int, error: AccountingError) -> Outcome:
        """A person may have posted, or deleted, the draft; else it stays, and the next export finds it."""
        rows = self._tryton.search_read(MOVE, [["id", "=", id_]], _MOVE_FIELDS)
        if not rows:
            return Rejected(f"The draft of {reference} was deleted in Tryton before it was posted. Export it again.")
        if rows[0]["state"] == "posted":
            return self._document(rows[0])
        return Rejected(f"Kept as a draft, for Tryton does not post it: {error.message}", status=error.status)

    # Documents

    def _document(self, row: Record, *, void: bool = False) -> DocumentRef:
        state = State.VOID if void else State(row["state"])
        return self._ref(row["description"], row["id"], row["number"], state, row["date"])

    def _ref(self, reference: str, id_: int, number: str | None, state: State, on: date) -> DocumentRef:
        return DocumentRef(reference, Kind.JOURNAL_ENTRY, str(id_), number, state, on, f"{self._link}{id_}")

    def _one_document(self, documents: Sequence[DocumentRef]) -> Outcome:
        """A live one before a void one; two live ones are for a person to sort out."""
        live = [document for document in documents if document.state is not State.VOID]
        if len(live) > 1:
            names = " and ".join(document.number or f"draft {document.id}" for document in live)
            return PossibleDuplicate(
                f"Tryton holds this more than once: {names}. Cancel all but one, then export again."
            )
        return live[0] if live else documents[-1]

    # Look-ups, each made once

    def _check_rights(self) -> None:
        rights = self._tryton.access(MOVE)
        if not all(rights[right] for right in ("read", "write", "create")):
            raise PermissionDenied(
                "The user of the API key may not write entries in Tryton. Add it to the group Accounting there."
            )

    def _books(self, entries: Iterable[JournalEntry]) -> Books:
        lines = [line for entry in entries for line in entry.lines]
        codes = Codes(
            accounts=self._accounts,
            taxes=self._taxes if any(line.tax for line in lines) else {},
            dimensions=self._dimensions if any(line.dimensions for line in lines) else {},
        )
        foreign = {entry.currency for entry in entries} - {self._company["currency"]["code"]}
        currencies = self._currencies({self._company["currency"]["code"], *foreign}) if foreign else {}
        return Books(self._settings.company, self._journal, codes, self._company["currency"]["code"], currencies)

    @cached_property
    def _company(self) -> Record:
        fields = ["currency.code"]
        return self._the_only("company.company", ["id", "=", self._settings.company], fields, "company")

    @cached_property
    def _journal(self) -> int:
        found = self._the_only("account.journal", ["code", "=", self._settings.journal], ["code"], "journal")
        return int(found["id"])

    def _the_only(self, model: str, clause: Sequence[Any], fields: Sequence[str], setting: str) -> Record:
        rows = self._tryton.search_read(model, [clause], fields)
        if len(rows) != 1:
            raise InvalidConfiguration(
                f"Tryton has {len(rows) or 'no'} {setting} {clause[2]} that the user of the API key may use. "
                f"Correct accounting_system.{setting} in the settings."
            )
        return rows[0]

    @cached_property
    def _accounts(self) -> Mapping[str, Sequence[Account]]:
        domain = [["company", "=", self._settings.company], ["type", "!=", None], ["closed", "!=", True]]
        accounts: dict[str, list[Account]] = defaultdict(list)
        for row in self._tryton.search_read("account.account", domain, ["code", "type.statement"]):
            accounts[row["code"]].append(Account(row["id"], analytic=row["type"]["statement"] == "income"))
        return accounts

    @cached_property
    def _taxes(self) -> Mapping[str, Sequence[Sequence[Tax]]]:
        """By name: Tryton's taxes have no code."""
        fields = ["name", "parent", "invoice_account", "credit_note_account"]
        rows = self._tryton.search_read("account.tax", [["company", "=", self._settings.company]], fields)
        taxes: dict[str, list[Sequence[Tax]]] = defaultdict(list)
        for row in rows:
            if row["parent"] is None:
                taxes[row["name"]].append(_booking_taxes(row, rows))
        return taxes

    @cached_property
    def _dimensions(self) -> Mapping[tuple[str, str], Sequence[int]]:
        domain = [["company", "=", self._settings.company], ["type", "=", "normal"]]
        dimensions: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in self._tryton.search_read("analytic_account.account", domain, ["code", "root.code"]):
            dimensions[row["root"]["code"], row["code"]].append(row["id"])
        return dimensions

    def _currencies(self, codes: Collection[str]) -> Mapping[str, Currency]:
        """Read anew for each batch: a rate that was missing may have been entered."""
        domain = [["currency.code", "in", list(codes)]]
        rates: dict[str, Currency] = {}
        fields = ["date", "rate", "currency.code"]
        for row in self._tryton.search_read("currency.currency.rate", domain, fields, [["date", "DESC"]]):
            currency = row["currency"]
            known = rates.setdefault(currency["code"], Currency(currency["id"], currency["code"], []))
            known.rates.append((row["date"], row["rate"]))
        return rates

    def _periods(self, days: Collection[date]) -> Mapping[date, Record]:
        """The standard period of each day that has one, as it is now."""
        if not days:
            return {}
        company = ["company", "=", self._settings.company]
        span = [["start_date", "<=", max(days)], ["end_date", ">=", min(days)]]
        rows = self._tryton.search_read(
            "account.period", [company, ["type", "=", "standard"], *span], ["name", "state", "start_date", "end_date"]
        )
        return {day: row for day in days for row in rows if row["start_date"] <= day <= row["end_date"]}


def _require_balance(entry: JournalEntry) -> None:
    if not entry.lines or sum(line.amount for line in entry.lines) != 0:
        raise Rejected("This entry does not balance, so it was not sent to Tryton. Tell the integration's support.")


def _open_period(on: date, periods: Mapping[date, Record]) -> int:
    period = periods.get(on)
    if period is None:
        raise PeriodClosed(f"Tryton has no period for {on}. Create the fiscal year there, then export again.", on=on)
    if period["state"] != "open":
        raise PeriodClosed(
            f"The period {period['name']} is {period['state']} in Tryton, so that nothing can be booked on {on}. "
            "Reopen the period, then export again.",
            on=on,
        )
    return int(period["id"])


def _left_as_draft(error: AccountingError) -> OutcomeUnknown:
    message = f"Recorded as a draft; whether it was posted is not known yet. {error.message}"
    return OutcomeUnknown(message, status=error.status, code=error.code)


def _booking_taxes(tax: Record, taxes: Sequence[Record]) -> list[Tax]:
    """The tax itself, or the ones below it: Tryton books those of a group."""
    below = [each for each in taxes if each["parent"] == tax["id"]]
    if below:
        return [booking for each in below for booking in _booking_taxes(each, taxes)]
    accounts = frozenset(tax[field] for field in ("invoice_account", "credit_note_account") if tax[field])
    return [Tax(tax["id"], accounts)]


def _cancels(row: Record) -> int | None:
    """The move that this one takes back. Tryton's "Cancel" makes a reversed copy, description and all."""
    model, _, id_ = (row["origin"] or "").partition(",")
    return int(id_) if model == MOVE else None


def _cancelled(rows: Sequence[Record]) -> frozenset[int]:
    """A posted move is void once its cancellation is posted; a draft at once."""
    states = {row["id"]: row["state"] for row in rows}
    return frozenset(
        origin
        for row in rows
        if (origin := _cancels(row)) and (row["state"] == "posted" or states.get(origin) == "draft")
    )
