"""How Business Central says no: a status, a code of its own, and a text in the language of the user."""

from __future__ import annotations

from uuid import UUID

# In the words of the real thing as far as its sources and pages show them; codes are the same in every language.
TEXTS = {
    "posting date": {
        "en": "Posting Date is not within your range of allowed posting dates in Gen. Journal Line Journal Template "
        "Name='{template}',Journal Batch Name='{batch}',Line No.='{line}'.",
        "da": "Bogføringsdato er ikke inden for perioden med tilladte bogføringsdatoer i Finanskladdelinje "
        "Kladdetypenavn='{template}',Kladdenavn='{batch}',Linjenr.='{line}'.",
        "de": "Buchungsdatum ist nicht innerhalb Ihres Bereichs zulässiger Buchungsdaten in Fibu Buch.-Blattzeile "
        "Buch.-Blattvorlagenname='{template}',Buch.-Blattname='{batch}',Zeilennr.='{line}'.",
    },
    "posting date of document": {
        "en": "Posting Date is not within your range of allowed posting dates.",
        "da": "Bogføringsdato er ikke inden for perioden med tilladte bogføringsdatoer.",
        "de": "Buchungsdatum ist nicht innerhalb Ihres Bereichs zulässiger Buchungsdaten.",
    },
    "balance": {
        "en": "Document No. {document} is out of balance by {amount}. Please check that Posting Date, Document Type, "
        "Document No. and Amount are correct for each line.",
        "da": "Bilagsnr. {document} stemmer ikke med {amount}. Kontroller, at Bogføringsdato, Bilagstype, Bilagsnr. og "
        "Beløb er korrekte på hver linje.",
        "de": "Belegnr. {document} ist nicht ausgeglichen um {amount}. Prüfen Sie, ob Buchungsdatum, Belegart, "
        "Belegnr. und Betrag in jeder Zeile richtig sind.",
    },
    "blocked account": {
        "en": "Blocked must be equal to 'No'  in G/L Account: No.={account}. Current value is 'Yes'.",
        "da": "Spærret skal være lig med 'Nej'  i Finanskonto: Nummer={account}. Den aktuelle værdi er 'Ja'.",
        "de": "Gesperrt muss 'Nein' sein  in Sachkonto: Nr.={account}. Aktueller Wert ist 'Ja'.",
    },
    "vendor blocked": {
        "en": "You cannot post this type of document when Vendor {vendor} is blocked with type {kind}.",
        "da": "Du kan ikke bogføre denne type bilag, når Kreditor {vendor} er spærret med typen {kind}.",
        "de": "Sie können diese Belegart nicht buchen, wenn Kreditor {vendor} mit dem Typ {kind} gesperrt ist.",
    },
    "duplicate invoice": {
        "en": "Purchase Invoice {number} already exists for this vendor.",
        "da": "Købs Faktura {number} findes allerede for denne kreditor.",
        "de": "Einkauf Rechnung {number} ist für diesen Kreditor bereits vorhanden.",
    },
    "nothing to post": {
        "en": "There is nothing to post.",
        "da": "Der er intet at bogføre.",
        "de": "Es ist nichts zu buchen.",
    },
    "nothing to post in document": {
        "en": "There is nothing to post because the document does not contain a quantity or amount.",
        "da": "Der er intet at bogføre, fordi bilaget ikke indeholder et antal eller et beløb.",
        "de": "Es gibt nichts zu buchen, da der Beleg keine Menge oder keinen Betrag enthält.",
    },
}


class Refusal(Exception):
    """An answer that is an error: nothing of the request was done."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self, correlation: UUID) -> dict[str, object]:
        """Return the body of the answer."""
        return {"error": {"code": self.code, "message": f"{self.message}  CorrelationId:  {correlation}."}}


def dialog(message: str) -> Refusal:
    """Return what a business rule answers."""
    return Refusal(400, "Application_DialogException", message)


def localised(language: str, text: str, **values: object) -> Refusal:
    """Return what a business rule of the base application answers, in the user's language."""
    texts = TEXTS[text]
    return dialog(texts.get(language, texts["en"]).format(**values))


def unknown_property(name: str, entity: str) -> Refusal:
    """Return the answer to a property that the resource does not have."""
    text = f"The property '{name}' does not exist on type 'Microsoft.NAV.{entity}'. Make sure to only use property "
    return Refusal(400, "BadRequest", text + "names that are defined by the type.")


def not_found(what: str) -> Refusal:
    return Refusal(404, "BadRequest_ResourceNotFound", f"Resource not found for the segment '{what}'.")


def record_not_found(entity: str, key: str) -> Refusal:
    text = f"The {entity} does not exist. Identification fields and values: Id='{key}'"
    return Refusal(404, "Internal_RecordNotFound", text)


def invalid_relation(field: str, table: str, value: object, related: str) -> Refusal:
    """Return the answer to a value that another table should have, and has not."""
    text = (
        f"The field {field} of table {table} contains a value ({value}) that cannot be found in the related table "
        f"({related})."
    )
    return Refusal(400, "Internal_InvalidTableRelation", text)


def too_long(field: str, most: int, value: str) -> Refusal:
    text = f"The length of the string is {len(value)}, but it must be less than or equal to {most} characters. "
    return Refusal(400, "Application_StringExceededLength", f"{text}Value: {field}")


def same_key(table: str, fields: str) -> Refusal:
    text = f"The record in table {table} already exists. Identification fields and values: {fields}"
    return Refusal(400, "Internal_EntityWithSameKeyExists", text)


def changed_meanwhile() -> Refusal:
    text = "Another user has already changed the record. Please retry the operation."
    return Refusal(409, "Request_EntityChanged", text)


def no_permission(table: str) -> Refusal:
    """Return the answer to a client whose permission sets lack a right."""
    text = (
        "You do not have the following permissions on TableData "
        f"{table}: Insert.\n\nTo view details about your permissions, see the Effective Permissions page."
    )
    return Refusal(403, "Internal_ClientPermissionError", text)
