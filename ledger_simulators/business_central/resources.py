"""The resources of the API v2.0 that are simulated: their properties, what can be written, and what lies below them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

NO_DATE = "0001-01-01"
NO_ID = "00000000-0000-0000-0000-000000000000"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """What lies below a resource: the rows of `entity_set` whose `link` is the id of the row above."""

    entity_set: str
    link: str


@dataclass(frozen=True, slots=True)
class Resource:
    """`properties` with their values where nothing is set; `writable` ones may be in a request, texts of at most
    `lengths` characters. `methods` as the vendor's tables state them."""

    entity: str
    properties: Mapping[str, Any]
    writable: frozenset[str] = frozenset()
    lengths: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    methods: frozenset[str] = frozenset({"GET"})

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.properties)


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, "")


_ALL = frozenset({"GET", "POST", "PATCH", "DELETE"})
_ADDRESS = tuple(
    f"{whose}{part}"
    for whose in ("buyFrom", "payTo")
    for part in ("AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode")
)
_SHIP_TO = tuple(
    f"shipTo{part}"
    for part in ("Name", "Contact", "AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode")
)
_AMOUNTS = {
    "pricesIncludeTax": False,
    "discountAmount": ZERO,
    "discountAppliedBeforeTax": True,
    "totalAmountExcludingTax": ZERO,
    "totalTaxAmount": ZERO,
    "totalAmountIncludingTax": ZERO,
    "status": "Draft",
    "lastModifiedDateTime": None,
}
_PAY_TO = ("payToName", "payToVendorId", "payToVendorNumber")
_DOCUMENT_LINE: dict[str, Any] = {
    **_texts("id", "documentId"),
    "sequence": 0,
    "itemId": NO_ID,
    "accountId": NO_ID,
    "lineType": "_x0020_",
    "lineObjectNumber": "",
    "description": "",
    "unitOfMeasureId": NO_ID,
    "unitOfMeasureCode": "",
    **dict.fromkeys(("unitCost", "quantity", "discountAmount", "discountPercent"), ZERO),
    "discountAppliedBeforeTax": True,
    "amountExcludingTax": ZERO,
    "taxCode": "",
    **dict.fromkeys(("taxPercent", "totalTaxAmount", "amountIncludingTax", "invoiceDiscountAllocation"), ZERO),
    **dict.fromkeys(("netAmount", "netTaxAmount", "netAmountIncludingTax"), ZERO),
    "itemVariantId": NO_ID,
    "locationId": NO_ID,
}
_LINE_WRITABLE = frozenset(
    {"sequence", "accountId", "lineType", "lineObjectNumber", "description", "unitCost", "quantity", "taxCode"}
)
_LINE_LENGTHS = {"description": 100, "description2": 50, "lineObjectNumber": 20, "taxCode": 20}
_DIMENSIONS = Part("dimensionSetLines", "parentId")
_FILES = Part("attachments", "parentId")
_PAYMENT_LINE_WRITABLE = {"lineNumber", "postingDate", "documentNumber", "externalDocumentNumber", "amount"}
_TEXT_LENGTHS = {"documentNumber": 20, "externalDocumentNumber": 35, "description": 100, "comment": 250}
_JOURNAL_LENGTHS = {"code": 10, "displayName": 100}
_STAMP = {"lastModifiedDateTime": None}

RESOURCES: dict[str, Resource] = {
    "companies": Resource(
        "company",
        _texts("id", "systemVersion", "name", "displayName", "businessProfileId")
        | {"timestamp": 0}
        | _texts("systemCreatedAt", "systemCreatedBy", "systemModifiedAt", "systemModifiedBy"),
    ),
    "companyInformation": Resource(
        "companyInformation",
        _texts("id", "displayName", "addressLine1", "addressLine2", "city", "state", "country", "postalCode")
        | _texts("phoneNumber", "faxNumber", "email", "website", "taxRegistrationNumber", "currencyCode")
        | {"currentFiscalYearStartDate": NO_DATE, "industry": "", "picture": None, "experience": "", **_STAMP},
    ),
    "accounts": Resource(
        "account",
        _texts("id", "number", "displayName", "category", "subCategory")
        | {"blocked": False, "accountType": "Posting", "directPosting": True, "netChange": ZERO}
        | {"consolidationTranslationMethod": "Average_x0020_Rate_x0020__x0028_Manual_x0029_"}
        | _texts("consolidationDebitAccount", "consolidationCreditAccount")
        | {"excludeFromConsolidation": False, **_STAMP},
    ),
    "bankAccounts": Resource(
        "bankAccount",
        {**_texts("id", "number", "displayName"), **_STAMP, "bankAccountNumber": "", "blocked": False}
        | {"currencyCode": "", "currencyId": NO_ID, "iban": "", "intercompanyEnabled": False},
    ),
    "dimensions": Resource(
        "dimension",
        {**_texts("id", "code", "displayName", "consolidationCode"), **_STAMP},
        parts={"dimensionValues": Part("dimensionValues", "dimensionId")},
    ),
    "dimensionValues": Resource(
        "dimensionValue", {**_texts("id", "code", "dimensionId", "displayName", "consolidationCode"), **_STAMP}
    ),
    "taxGroups": Resource("taxGroup", {**_texts("id", "code", "displayName"), "taxType": "VAT", **_STAMP}),
    "currencies": Resource(
        "currency",
        {**_texts("id", "code", "displayName", "symbol"), "amountDecimalPlaces": "2:2"}
        | {"amountRoundingPrecision": Decimal("0.01"), **_STAMP},
    ),
    "employees": Resource(
        "employee",
        {**_texts("id", "number", "displayName", "givenName", "middleName", "surname", "jobTitle"), **_STAMP}
        | {"status": "Active", "email": ""},
    ),
    "vendors": Resource(
        "vendor",
        _texts("id", "number", "displayName", "addressLine1", "addressLine2", "city", "state", "country", "postalCode")
        | _texts("phoneNumber", "email", "website", "taxRegistrationNumber")
        | {"currencyId": NO_ID, "currencyCode": "", "irs1099Code": "", "paymentTermsId": NO_ID}
        | {"paymentMethodId": NO_ID, "taxLiable": False, "blocked": "_x0020_", "balance": ZERO, **_STAMP},
        writable=frozenset(
            {"number", "displayName", "taxRegistrationNumber", "email", "blocked", "country", "currencyCode"}
        ),
        lengths={"number": 20, "displayName": 100, "taxRegistrationNumber": 20, "email": 80}
        | {"country": 10, "currencyCode": 10},
        methods=_ALL,
    ),
    "accountingPeriods": Resource(
        "accountingPeriod",
        {"id": "", "startingDate": NO_DATE, "name": "", "newFiscalYear": False, "closed": False}
        | {"dateLocked": False, **_STAMP},
    ),
    "generalLedgerSetup": Resource(
        "generalLedgerSetup",
        {"id": "", "allowPostingFrom": NO_DATE, "allowPostingTo": NO_DATE}
        | _texts("additionalReportingCurrency", "localCurrencyCode", "localCurrencySymbol")
        | {**_STAMP, "allowQueryFromConsolidation": False}
        | _texts(*(f"shortcutDimension{number}Code" for number in range(1, 9))),
    ),
    "generalLedgerEntries": Resource(
        "generalLedgerEntry",
        {"id": "", "entryNumber": 0, "postingDate": NO_DATE, "documentNumber": "", "documentType": "_x0020_"}
        | {"accountId": NO_ID, "accountNumber": "", "description": "", "debitAmount": ZERO, "creditAmount": ZERO}
        | {"additionalCurrencyDebitAmount": ZERO, "additionalCurrencyCreditAmount": ZERO, **_STAMP},
        parts={"dimensionSetLines": _DIMENSIONS, "attachments": _FILES},
    ),
    "journals": Resource(
        "journal",
        {**_texts("id", "code", "displayName", "templateDisplayName"), **_STAMP}
        | {"balancingAccountId": NO_ID, "balancingAccountNumber": ""},
        writable=frozenset({"code", "displayName", "templateDisplayName", "balancingAccountId"}),
        lengths=_JOURNAL_LENGTHS,
        parts={"journalLines": Part("journalLines", "journalId")},
        methods=_ALL,
    ),
    "journalLines": Resource(
        "journalLine",
        {**_texts("id", "journalId", "journalDisplayName"), "lineNumber": 0}
        | {"accountType": "G_x002F_L_x0020_Account", "accountId": NO_ID, "accountNumber": "", "postingDate": NO_DATE}
        | {**_texts("documentNumber", "externalDocumentNumber"), "amount": ZERO}
        | {**_texts("description", "comment", "taxCode"), "balanceAccountType": "G_x002F_L_x0020_Account"}
        | {"balancingAccountId": NO_ID, "balancingAccountNumber": "", **_STAMP},
        writable=frozenset(
            _PAYMENT_LINE_WRITABLE
            | {"accountType", "accountId", "accountNumber", "description", "comment", "taxCode"}
            | {"balanceAccountType", "balancingAccountId", "balancingAccountNumber"}
        ),
        lengths=_TEXT_LENGTHS | {"accountNumber": 20, "taxCode": 20, "balancingAccountNumber": 20},
        parts={"dimensionSetLines": _DIMENSIONS, "attachments": _FILES},
        methods=_ALL,
    ),
    "vendorPaymentJournals": Resource(
        "vendorPaymentJournal",
        {**_texts("id", "code", "displayName"), "balancingAccountId": NO_ID, "balancingAccountNumber": "", **_STAMP},
        writable=frozenset({"code", "displayName", "balancingAccountId"}),
        lengths=_JOURNAL_LENGTHS,
        parts={"vendorPayments": Part("vendorPayments", "journalId")},
        methods=_ALL,
    ),
    "vendorPayments": Resource(
        "vendorPayment",
        {**_texts("id", "journalId", "journalDisplayName"), "lineNumber": 0, "vendorId": NO_ID, "vendorNumber": ""}
        | {"postingDate": NO_DATE, **_texts("documentNumber", "externalDocumentNumber"), "amount": ZERO}
        | {"appliesToInvoiceId": NO_ID, **_texts("appliesToInvoiceNumber", "description", "comment"), **_STAMP},
        writable=frozenset(
            _PAYMENT_LINE_WRITABLE
            | {"vendorId", "vendorNumber", "appliesToInvoiceId", "appliesToInvoiceNumber", "description", "comment"}
        ),
        lengths=_TEXT_LENGTHS | {"vendorNumber": 20},
        parts={"dimensionSetLines": _DIMENSIONS},
        methods=_ALL,
    ),
    "dimensionSetLines": Resource(
        "dimensionSetLine",
        {**_texts("id", "code", "consolidationCode", "parentId"), "parentType": "_x0020_", "displayName": ""}
        | {"valueId": NO_ID, **_texts("valueCode", "valueConsolidationCode", "valueDisplayName")},
        writable=frozenset({"code", "valueCode"}),
        lengths={"code": 20, "valueCode": 20},
        methods=_ALL,
    ),
    "purchaseInvoices": Resource(
        "purchaseInvoice",
        {**_texts("id", "number"), "postingDate": NO_DATE, "invoiceDate": NO_DATE, "dueDate": NO_DATE}
        | {"vendorInvoiceNumber": "", "vendorId": NO_ID, **_texts("vendorNumber", "vendorName", "payToContact")}
        | _texts(*_PAY_TO, *_SHIP_TO, *_ADDRESS, "shortcutDimension1Code", "shortcutDimension2Code")
        | {"currencyId": NO_ID, "currencyCode": "", "orderId": NO_ID, "orderNumber": "", "purchaser": "", **_AMOUNTS},
        writable=frozenset(
            {"postingDate", "invoiceDate", "dueDate", "vendorInvoiceNumber", "vendorId", "vendorNumber", *_SHIP_TO}
            | {"currencyCode", "shortcutDimension1Code", "shortcutDimension2Code"}
            | {name for name in _ADDRESS if name.startswith("buyFrom")}
        ),
        lengths={"vendorInvoiceNumber": 35, "vendorNumber": 20, "shipToContact": 100, "shipToName": 100}
        | {"shipToAddressLine2": 50, "buyFromAddressLine2": 50, "currencyCode": 10},
        parts={"purchaseInvoiceLines": Part("purchaseInvoiceLines", "documentId")}
        | {"dimensionSetLines": _DIMENSIONS, "attachments": _FILES},
        methods=_ALL,
    ),
    "purchaseInvoiceLines": Resource(
        "purchaseInvoiceLine",
        _DOCUMENT_LINE | {"description2": "", "expectedReceiptDate": NO_DATE},
        writable=_LINE_WRITABLE | {"description2"},
        lengths=_LINE_LENGTHS,
        parts={"dimensionSetLines": _DIMENSIONS},
        methods=_ALL,
    ),
    "purchaseCreditMemos": Resource(
        "purchaseCreditMemo",
        {**_texts("id", "number"), "creditMemoDate": NO_DATE, "postingDate": NO_DATE, "dueDate": NO_DATE}
        | {"vendorId": NO_ID, **_texts("vendorNumber", "vendorName", "vendorCreditMemoNumber")}
        | _texts(*_PAY_TO, *_ADDRESS, "shortcutDimension1Code", "shortcutDimension2Code")
        | {"currencyId": NO_ID, "currencyCode": "", "paymentTermsId": NO_ID, "shipmentMethodId": NO_ID}
        | {"purchaser": "", **_AMOUNTS, "invoiceId": NO_ID, "invoiceNumber": "", "vendorReturnReasonId": NO_ID},
        writable=frozenset(
            {"postingDate", "creditMemoDate", "dueDate", "vendorCreditMemoNumber", "vendorId", "vendorNumber"}
            | {"currencyCode", "invoiceId", "invoiceNumber", "shortcutDimension1Code", "shortcutDimension2Code"}
            | {name for name in _ADDRESS if name.startswith("buyFrom")}
        ),
        lengths={"vendorCreditMemoNumber": 35, "vendorNumber": 20, "buyFromAddressLine2": 50, "currencyCode": 10},
        parts={"purchaseCreditMemoLines": Part("purchaseCreditMemoLines", "documentId")}
        | {"dimensionSetLines": _DIMENSIONS, "attachments": _FILES},
        methods=_ALL,
    ),
    "purchaseCreditMemoLines": Resource(
        "purchaseCreditMemoLine",
        _DOCUMENT_LINE,
        writable=_LINE_WRITABLE,
        lengths=_LINE_LENGTHS,
        parts={"dimensionSetLines": _DIMENSIONS},
        methods=_ALL,
    ),
    "attachments": Resource(
        "attachment",
        {"id": "", "parentId": NO_ID, "fileName": "", "byteSize": 0, "attachmentContent": None, **_STAMP}
        | {"parentType": "_x0020_"},
        writable=frozenset({"parentId", "fileName", "parentType"}),
        lengths={"fileName": 250},
        methods=_ALL,
    ),
}
