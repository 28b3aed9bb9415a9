"""The web process: the JSON API, the live stream and the built pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI

from app import live_api, pages, problems
from app.access import api as access
from app.alarms import api as alarms
from app.alarms import cases_api as cases
from app.alarms import climbing_api as climbing
from app.alarms import duty_api as duty
from app.alarms import forwarded_api as forwarding
from app.alarms import handing_api as handing
from app.alarms import handover_api as handover
from app.alarms import inbox_api as inbox
from app.alarms import models_api as models
from app.alarms import patterns_api as patterns
from app.alarms import sending_api as sending
from app.alarms import steps_api as steps
from app.alarms import testing_api as tests
from app.alarms import windows_api as windows
from app.allowances import api as allowances
from app.allowances import elders_api as recipients
from app.allowances import lines_api as payouts
from app.allowances import returns_api as returned_payments
from app.allowances import schedule_api as payout_schedule
from app.assessments import api as assessments
from app.calls import api as calls
from app.calls import hooks_api as hooks
from app.calls import messages_api as messages
from app.care_plans import api as care_plans
from app.care_plans import reminders_api as reminders
from app.catalogue import api as catalogue
from app.catalogue import keeping_api as catalogue_keeping
from app.commands import api as commands
from app.desk import cards_api as cards
from app.desk import elders
from app.desk import imports_api as imports
from app.desk import wall_api as wall
from app.equipment import api as equipment
from app.equipment import installing_api as installations
from app.equipment import presence_api as presence
from app.equipment import testing_api as testing
from app.equipment import upkeep_api as upkeep
from app.escalation import api as escalation
from app.family import api as family
from app.funding import api as programs
from app.life_events import api as life_events
from app.live import Hub
from app.logs import RequestLog, configure
from app.meal_rounds import api as meal_rounds
from app.meals import api as meals
from app.meals import keeping_api as canteens
from app.meals import standing_api as standing_meals
from app.monitoring import api as monitoring
from app.orders import api as orders
from app.performance import api as figures
from app.phone import api as phone
from app.phone import exceptions_api as exceptions
from app.phone import installing_api as installer
from app.phone import photos_api as sent_photos
from app.phone import responding_api as responding
from app.phone import rides_api as rides
from app.phone import sos_api as sos
from app.phone import week_api as week
from app.phone import welfare_api as rounds
from app.places import api as places
from app.planning import api as planning
from app.planning import changing_api as changes
from app.planning import replan_api as replanning
from app.planning import views_api as plan_views
from app.rental import api as rental
from app.rental import keeping_api as aids
from app.rostering import api as rostering
from app.settlement import api as settlement
from app.settlement import outputs_api as outputs
from app.stock import api as stock
from app.stock import import_api as stock_imports
from app.stock import models_api as stock_models
from app.supervision import api as supervision
from app.visits import api as visits
from app.visits import appeals_api as appeals
from app.visits import clashes_api as clashes
from app.visits import photos_api as photos
from app.visits import proof_api as proofs
from app.visits import set_aside_api as set_aside
from app.welfare import api as welfare
from app.what_if import api as what_ifs
from app.workers import api as workers

ROUTERS = (
    access.router,
    places.router,
    catalogue.router,
    catalogue_keeping.router,
    orders.router,
    changes.router,
    care_plans.of_elder,
    care_plans.router,
    reminders.router,
    canteens.router,
    meals.router,
    meal_rounds.router,
    standing_meals.router,
    aids.router,
    rental.router,
    elders.router,
    cards.router,
    wall.router,
    assessments.router,
    planning.router,
    replanning.router,
    plan_views.router,
    rostering.router,
    visits.router,
    photos.router,
    proofs.rules_router,
    proofs.incidents_router,
    proofs.tags_router,
    clashes.router,
    set_aside.router,
    appeals.router,
    appeals.terms_router,
    settlement.router,
    supervision.router,
    outputs.router,
    phone.router,
    sent_photos.router,
    responding.router,
    sos.router,
    week.router,
    rounds.router,
    rides.router,
    welfare.router,
    workers.router,
    exceptions.router,
    installer.router,
    alarms.router,
    steps.router,
    sending.router,
    cases.record,
    handing.router,
    handover.router,
    patterns.router,
    windows.windows,
    windows.elders,
    climbing.router,
    tests.router,
    duty.shift,
    inbox.aside,
    forwarding.forwarded,
    inbox.ingest,
    equipment.router,
    stock_models.router,
    stock_imports.router,
    imports.router,
    allowances.router,
    payout_schedule.router,
    payouts.router,
    returned_payments.router,
    recipients.router,
    stock.router,
    upkeep.router,
    commands.router,
    installations.router,
    testing.tests,
    testing.loans,
    testing.router,
    escalation.of_elder,
    escalation.router,
    monitoring.of_elder,
    monitoring.router,
    presence.router,
    models.router,
    figures.router,
    calls.router,
    hooks.hooks,
    messages.outbox,
    messages.receipts,
    programs.router,
    programs.runs,
    programs.of_elder,
    life_events.of_elder,
    life_events.router,
    what_ifs.router,
    family.of_elder,
    family.router,
)


MAX_BODY = 2 * 1024 * 1024  # bytes; a phone that was away for days sends a tenth of it


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = 40  # as many as the pool has connections
    hub: Hub = app.state.hub
    reader = asyncio.create_task(hub.run())
    yield
    reader.cancel()
    await hub.close()


def create_app() -> FastAPI:
    """The application; uvicorn runs it as `app.main:create_app` (factory)."""
    configure("web")
    app = FastAPI(
        title="银铃 Yinling",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_life,
        max_body_size=MAX_BODY,
        generate_unique_id_function=lambda route: f"{route.tags[0] if route.tags else 'ops'}_{route.name}",
    )
    app.state.hub = Hub()
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(live_api.router)
    pages.install(app)
    app.add_middleware(RequestLog)
    return app
