// Colour by priority, state and age.
import { expect, it } from 'vitest'
import { ageTone, turn } from './age'

const raised_at = '2026-11-23T06:00:00Z'
const after = (seconds: number) => Date.parse(raised_at) + seconds * 1000

it('is red at once for a call for help, later for the rest', () => {
  expect(ageTone({ state: 'ringing', priority: 1, raised_at }, after(1))).toBe('sos')
  expect(ageTone({ state: 'ringing', priority: 0, raised_at }, after(1))).toBe('sos')
  expect([10, 90, 400].map((age) => ageTone({ state: 'ringing', priority: 2, raised_at }, after(age)))).toEqual(['calm', 'late', 'sos'])
  expect(ageTone({ state: 'contacting', priority: 1, raised_at }, after(900))).toBe('info')
})
it('puts what rings before what somebody has, and what waits last', () => {
  const suspended_until = '2026-11-23T06:30:00Z'
  expect(turn({ state: 'ringing', suspended_until: null }, after(0))).toBe(0)
  expect(turn({ state: 'claimed', suspended_until: null }, after(0))).toBe(1)
  expect(turn({ state: 'contacting', suspended_until }, after(0))).toBe(2)
  expect(turn({ state: 'contacting', suspended_until }, after(1801))).toBe(1)
})
