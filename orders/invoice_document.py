"""The document of an invoice as an answer, the same from the API and from the pages."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse

from orders.models import Invoice


def document_answer(invoice: Invoice) -> FileResponse:
    """Return the PDF to be saved, kept by no cache."""
    answer = FileResponse(
        (Path(settings.MEDIA_ROOT) / invoice.document_path).open("rb"),
        as_attachment=True,
        filename=f"{invoice.number}.pdf",
        content_type="application/pdf",
    )
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
