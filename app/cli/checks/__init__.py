"""The doctor's checks: each answers what it found, how bad that is, and what to do about it."""

from app.cli.checks.accounts import accounts
from app.cli.checks.broker import broker
from app.cli.checks.gateway import gateway
from app.cli.checks.machine import clock, disk, keys, pages, web
from app.cli.checks.stores import database, redis

CHECKS = (database, redis, broker, accounts, gateway, web, clock, keys, pages, disk)

__all__ = ["CHECKS"]
