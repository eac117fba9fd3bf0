"""Files of documents: at most ten, no larger than Xero takes; one with the same name takes the place of the other."""

from __future__ import annotations

from urllib.parse import unquote

from flask import Request, Response

from ledger_simulators.xero.answers import envelope, not_found, validation_exception
from ledger_simulators.xero.books import KINDS, XeroBooks, XeroFile
from ledger_simulators.xero.limits import XeroLimits
from ledger_simulators.xero.wire import Json

FORBIDDEN = frozenset('<>:"/\\|?*')
TYPES = frozenset(
    [
        "7z",
        "bmp",
        "csv",
        "doc",
        "docx",
        "eml",
        "gif",
        "jpeg",
        "jpg",
        "msg",
        "ods",
        "odt",
        "pdf",
        "png",
        "ppt",
        "pptx",
        "rar",
        "rtf",
        "tif",
        "tiff",
        "txt",
        "xls",
        "xlsx",
        "zip",
    ]
)


class XeroFiles:
    """Answers the requests below `/<documents>/<id>/Attachments`."""

    def __init__(self, books: XeroBooks, limits: XeroLimits) -> None:
        self._books = books
        self._limits = limits

    def answer(self, request: Request, endpoint: str, id_: str, name: list[str]) -> Response:
        """Answer one request."""
        kind = KINDS.get(endpoint)
        held = self._books.documents[endpoint].get(id_) if kind else None
        if kind is None or held is None or not kind.attachable or len(name) > 1:
            return not_found()
        files = self._books.files[id_]
        if not name:
            return self._told([self._shown(endpoint, id_, each) for each in files])
        wanted = unquote(name[0])
        if request.method == "GET":
            found = next((each for each in files if wanted in (each.id, each.name)), None)
            return Response(found.content, content_type=found.media_type) if found else not_found()
        return self._put(request, endpoint, held, files, wanted)

    def _put(self, request: Request, endpoint: str, held: Json, files: list[XeroFile], name: str) -> Response:
        content = request.get_data()
        if len(content) > self._limits.file_bytes:
            return Response("<h1>Request Entity Too Large</h1>", 413, content_type="text/html")
        id_ = held[KINDS[endpoint].id]
        others = [each for each in files if each.name != name]
        if FORBIDDEN & set(name) or name.rpartition(".")[2].lower() not in TYPES:
            return validation_exception(
                [{"ValidationErrors": [{"Message": f"The file {name} is not of a valid type"}]}]
            )
        if len(others) >= self._limits.files:
            told = f"A maximum of {self._limits.files} attachments is allowed on a document"
            return validation_exception([{"ValidationErrors": [{"Message": told}]}])
        media_type = request.content_type or "application/octet-stream"
        made = XeroFile(self._books.ids.uuid("attachment"), name, media_type, content)
        self._books.files[id_] = [*others, made]
        held["HasAttachments"] = True
        self._books.note(id_, "Attached a file", f"Attached the file {name} through the Xero API using pleo-export")
        return self._told([self._shown(endpoint, id_, made)])

    def _shown(self, endpoint: str, id_: str, file: XeroFile) -> Json:
        return {
            "AttachmentID": file.id,
            "FileName": file.name,
            "Url": f"https://api.xero.com/api.xro/2.0/{endpoint}/{id_}/Attachments/{file.name}",
            "MimeType": file.media_type,
            "ContentLength": len(file.content),
        }

    def _told(self, rows: list[Json]) -> Response:
        return envelope(self._books.clock.now(), self._books.ids.uuid("answer"), "Attachments", rows)
