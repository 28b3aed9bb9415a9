// How long she has been there, and whether that is what the item asks for.
import type { Visit } from './wire'

export const ENOUGH = 0.9

/** Whole minutes since the start; undefined before it. */
export function minutesGiven(visit: Visit, now: number): number | undefined {
  const { start, finish } = visit.times
  if (!start) return undefined
  return Math.max(0, Math.floor(((finish ? Date.parse(finish) : now) - Date.parse(start)) / 60_000))
}

export const TOO_LONG = 1.25

export function tooLong(visit: Visit, now: number): boolean {
  return (minutesGiven(visit, now) ?? 0) > visit.minutes * TOO_LONG
}

export function tooShort(visit: Visit, now: number): boolean {
  return (minutesGiven(visit, now) ?? 0) < visit.minutes * ENOUGH
}
