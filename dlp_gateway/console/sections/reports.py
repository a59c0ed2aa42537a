"""Reports: a month in figures, and the gateway's own entry in the record of processing; as pages and as PDF."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from dlp_gateway.audit.report import Month, month
from dlp_gateway.console.month_paper import month_paper
from dlp_gateway.console.pages import Page
from dlp_gateway.console.paper import Paper
from dlp_gateway.console.pdf import pdf
from dlp_gateway.console.processing import processing_paper
from dlp_gateway.console.roles import Right
from dlp_gateway.store import clocks, hours

_OFFERED = 36


def reports(request: Any) -> Any:
    """The month that is asked for, or the present one, with a choice of months."""
    present = Month.of(request.services.clock())
    wanted = _month(request.GET.get("month") or str(present), present)
    context = {
        "paper": _month_paper(request, wanted),
        "month": wanted,
        "months": _offered(present),
        "before": wanted.last,
        "after": wanted.next if wanted < present else None,
    }
    return render(request, "console/reports.html", context)


def report_pdf(request: Any, month: str) -> Any:
    """The month as a file."""
    wanted = _month(month, Month.of(request.services.clock()))
    return _file(_month_paper(request, wanted), f"report-{wanted}.pdf")


def processing(request: Any) -> Any:
    """The record of processing, and what the gateway stores for how long."""
    return render(request, "console/processing.html", {"paper": _processing(request)})


def processing_pdf(request: Any) -> Any:
    """The same as a file."""
    return _file(_processing(request), "processing.pdf")


def _month_paper(request: Any, wanted: Month) -> Paper:
    services = request.services
    return month_paper(month(wanted, services.clock()), services.configuration().policy.organisation.name)


def _processing(request: Any) -> Paper:
    services = request.services
    return processing_paper(services.settings, services.configuration().policy, clocks.stored(), services.clock())


def _month(text: str, present: Month) -> Month:
    try:
        wanted = Month.parse(text)
    except ValueError:
        raise Http404 from None
    if wanted > present or wanted.year < 2000:
        raise Http404
    return wanted


def _offered(present: Month) -> list[Month]:
    """The months with figures, the newest first."""
    first = hours.first()
    months = [present]
    while len(months) < _OFFERED and first is not None and months[-1].since > first:
        months.append(months[-1].last)
    return months


def _file(paper: Paper, name: str) -> HttpResponse:
    response = HttpResponse(pdf(paper), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


PAGES = (
    Page("reports", "reports/", reports, Right.READ_REPORTS, label="Reports", key="r"),
    Page("processing", "reports/processing/", processing, Right.READ_REPORTS),
    Page("processing_pdf", "reports/processing.pdf", processing_pdf, Right.READ_REPORTS),
    Page("report_pdf", "reports/<str:month>.pdf", report_pdf, Right.READ_REPORTS, example=(("month", "month"),)),
)
