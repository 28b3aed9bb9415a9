// Each priority has a sound of its own that repeats, without clicks and never silent for a whole round.
import { expect, it } from 'vitest'
import { PATTERNS, samples, type Ring } from './tones'

const RATE = 8000
const RINGS: Ring[] = ['p1', 'p2', 'p3', 'lost']
const loudness = (round: Float32Array) => Math.sqrt(round.reduce((sum, one) => sum + one * one, 0) / round.length)

it('rings the louder the graver it is, again and again', () => {
  const [p1, p2, p3] = RINGS.map((name) => loudness(samples(name, RATE))) as [number, number, number]
  expect(p1).toBeGreaterThan(p2)
  expect(p2).toBeGreaterThan(p3)
  expect(p3).toBeGreaterThan(0)
  for (const name of RINGS) expect(samples(name, RATE).length).toBe(PATTERNS[name].every * RATE)
})

it('tells its rings apart by rhythm and pitch', () => {
  expect(new Set(RINGS.map((name) => JSON.stringify(PATTERNS[name].beeps))).size).toBe(RINGS.length)
})

it.each(Object.keys(PATTERNS) as (keyof typeof PATTERNS)[])('%s begins and ends softly and is never too loud', (name) => {
  const round = samples(name, RATE)
  expect(Math.abs(round[0] as number)).toBeLessThan(0.01)
  expect(Math.abs(round.at(-1) as number)).toBeLessThan(0.02)
  expect(Math.max(...round.map(Math.abs))).toBeLessThanOrEqual(0.36)
})
