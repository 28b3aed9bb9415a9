// Spans are said by their largest unit, and days are counted on the calendar.
import { expect, it } from 'vitest'
import { daysBetween, parts } from './words'

it('says minutes, hours up to two days, then days', () => {
  expect([59_000, 61 * 60_000, 47 * 3_600_000, 49 * 3_600_000, -5].map((span) => parts(span))).toEqual([
    { word: 'minutes', n: 0, rest: 0 },
    { word: 'hours', n: 1, rest: 1 },
    { word: 'hours', n: 47, rest: 0 },
    { word: 'days', n: 2, rest: 0 },
    { word: 'minutes', n: 0, rest: 0 },
  ])
})

it('counts days across a month', () => {
  expect(daysBetween('2026-11-28', '2026-12-02')).toBe(4)
})
