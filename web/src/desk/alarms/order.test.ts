// The queue's order: what rings first, an elder's alarms together, a thousand of them in no time.
import { expect, it } from 'vitest'
import type { AlarmRow } from '@/shared/api/types'
import { active, gravity, tally, waiting } from './order'

let ids = 0
const row = (given: Partial<AlarmRow>): AlarmRow =>
  ({ id: ++ids, state: 'ringing', priority: 1, test: false, elder_id: ids, raised_at: '2026-11-23T05:59:00Z', suspended_until: null, call_back_at: null, ...given }) as AlarmRow

it('puts what rings before what somebody has, and keeps the order of the server within', () => {
  const [claimed, first, second] = [row({ state: 'claimed' }), row({}), row({ priority: 2 })]
  expect(active([claimed, first, second]).map((one) => one.row.id)).toEqual([first.id, second.id, claimed.id])
})
it('shows the smoke of an elder under her fall', () => {
  const [fall, other, smoke, nobody, nobodys] = [row({ elder_id: 7 }), row({}), row({ elder_id: 7, priority: 2 }), row({ elder_id: null }), row({ elder_id: null })]
  expect(active([fall, other, smoke, nobody, nobodys]).map(({ row: { id }, linked }) => [id, linked])).toEqual([
    [fall.id, false],
    [smoke.id, true],
    [other.id, false],
    [nobody.id, false],
    [nobodys.id, false],
  ])
})
it('keeps apart what waits, the soonest first', () => {
  const [late, soon] = [row({ state: 'contacting', suspended_until: '2026-11-23T07:00:00Z' }), row({ state: 'contacting', suspended_until: '2026-11-23T06:10:00Z' })]
  expect(waiting([late, soon])).toEqual([soon, late])
})
it('counts what rings by gravity, tests apart', () => {
  expect(tally([row({}), row({ priority: 0 }), row({ priority: 3 }), row({ priority: 9, test: true }), row({ state: 'claimed' })])).toEqual([
    { gravity: 'p1', n: 2 },
    { gravity: 'p3', n: 1 },
    { gravity: 'test', n: 1 },
  ])
  expect(gravity({ priority: 0, test: false })).toBe('p1')
})
