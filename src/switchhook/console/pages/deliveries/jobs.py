"""Jobs on all deliveries of a filter: how far each got, and its stop."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from switchhook.console.access import acts, shows
from switchhook.console.page import CurrentPage
from switchhook.domain.access.rights import ACT_ON_DELIVERIES, READ_DELIVERIES
from switchhook.operations.bulk_jobs import NoSuchJobError, list_jobs, show_job, stop_job
from switchhook.views.as_json import bulk_job

MOST = 2**62


@shows("/deliveries/jobs", READ_DELIVERIES)
async def jobs(page: CurrentPage) -> Response[bytes]:
    """List the latest, newest first."""
    found = await list_jobs(page.store, page.project)
    return page.render(
        "deliveries/jobs.html", title="Jobs on deliveries", jobs=[bulk_job(one) for one in found]
    )


@shows("/deliveries/jobs/{number:int}", READ_DELIVERIES)
async def job(page: CurrentPage, number: FromPath[int]) -> Response[bytes]:
    """Show how far a job got; of how many, where the page before counted them."""
    try:
        found = await show_job(page.store, page.project, number if 0 < number < MOST else 0)
    except NoSuchJobError:
        raise NotFoundException("there is no such job here") from None
    of = page.query().get("of", "")
    return page.render(
        "deliveries/job.html",
        title=f"Job {number}",
        job=bulk_job(found),
        of=int(of) if of.isdecimal() and len(of) < 9 else 0,
        may_act=page.may(ACT_ON_DELIVERIES),
    )


@acts("/deliveries/jobs/{number:int}/stop", ACT_ON_DELIVERIES)
async def stopped(page: CurrentPage, number: FromPath[int]) -> Response[bytes]:
    """Stop it; what was done stays done."""
    try:
        await stop_job(page.store, page.project, number if 0 < number < MOST else 0, now=page.now)
    except NoSuchJobError:
        raise NotFoundException("there is no such job here") from None
    return page.redirect(f"{page.base}/deliveries/jobs/{number}", told="The job is stopped.")
