// How long she has been there, and whether that is what the item asks for.
import type { Visit } from './wire'

export const ENOUGH = 0.9

/** Whole minutes since the start; undefined before it. */
export function minutesGiven(visit: Visit, now: number): number | undefined {
  if (!visit.started_at) return undefined
  return Math.max(0, Math.floor((Date.parse(visit.finished_at ?? new Date(now).toISOString()) - Date.parse(visit.started_at)) / 60_000))
}

export function tooShort(visit: Visit, now: number): boolean {
  return (minutesGiven(visit, now) ?? 0) < visit.minutes * ENOUGH
}
