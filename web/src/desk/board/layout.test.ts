// The lanes' arithmetic: axis, overlaps, arrows, snapping, and who is counted as placed.
import { describe, expect, it } from 'vitest'
import { axisOf, gaps, moment, neighbour, rests, rows, share, span, ticks, ways } from './layout'
import { crewOf, differs, lanesOf, tally, unplaced, type Attendance, type Board, type BoardVisit, type Caregiver } from './model'

const at = (clock: string): string => `2026-11-23T${clock}:00Z`
const NOON = Date.parse(at('12:00'))
const HOME = { lat: 37.4, lon: 118.5 }

function caregiver(id: number, ...shifts: [string, string][]): Caregiver {
  const split = shifts.map(([from, to]) => ({ starts_at: at(from), ends_at: at(to) }))
  return { id, name: `C${id}`, sex: 'female', provider_id: 1, skills: [], mode: 'ebike', responder: false, base: HOME, shifts: split, absent: null, minutes_left: 600, faults: [] }
}
function going([caregiver_id, from, to]: [number, string, string], rank: number): Attendance {
  return { id: rank + 1, caregiver_id, caregiver: '', rank: rank + 1, state: 'assigned', possible: [], starts_at: at(from), ends_at: at(to), urgent: false }
}
function visit(id: number, crew: [number, string, string][], more: Partial<BoardVisit> = {}): BoardVisit {
  return {
    id, elder_id: id, elder: `E${id}`, estate: '', place: HOME, item_code: 'BATH', item_zh: '助浴', item_en: 'Bath', aid: 'bathing', minutes: 60,
    caregivers_needed: Math.max(1, crew.length), needs: [], sex: '', opens: at('08:00'), closes: at('10:00'), starts_at: null, priority: 1,
    state: crew.length ? 'published' : 'waiting', possible: [], attendances: crew.map(going), proposed: null, pinned: false, faults: [], reason: null, ...more,
  }
}
const reason = (kind: string) => ({ kind, zh: '', en: '', blocking: {}, remedy: {} })
const board: Board = {
  day: '2026-11-23',
  possible: [],
  draft: null,
  published: null,
  job: null,
  caregivers: [caregiver(1, ['08:00', '12:00'], ['13:30', '17:30']), caregiver(2, ['07:30', '16:00']), caregiver(3)],
  visits: [
    visit(10, [[1, '09:00', '10:00'], [2, '09:00', '10:00']]),
    visit(11, [[1, '10:20', '11:20']]),
    visit(12, [[2, '13:00', '14:00']]),
    visit(13, [], { reason: reason('sacrificed') }),
    visit(14, [], { reason: reason('impossible') }),
    visit(16, []),
    visit(15, [], { state: 'cancelled' }),
  ],
}
const lanes = lanesOf(board)

describe('the axis', () => {
  const axis = axisOf(board, NOON)
  it('holds every shift in whole hours', () => {
    expect([axis.from, axis.to].map((ms) => new Date(ms).toISOString().slice(11, 16))).toEqual(['07:00', '18:00'])
    expect(ticks(axis)).toHaveLength(11)
  })
  it('turns times into places and back, on five minutes', () => {
    expect(share(axis, Date.parse(at('12:30')))).toBe(50)
    expect(span(axis, Date.parse(at('07:00')), Date.parse(at('12:30')))).toEqual({ left: '0%', width: '50%' })
    expect(moment(axis, share(axis, Date.parse(at('09:02'))) / 100)).toBe(Date.parse(at('09:00')))
    expect(moment(axis, -1)).toBe(axis.from)
  })
})

describe('the lanes', () => {
  it('show who works first and who is not here last', () => {
    expect(lanes.map((lane) => [lane.caregiver.id, lane.bars.length])).toEqual([[1, 2], [2, 2], [3, 0]])
  })
  it('put what overlaps into rows of its own', () => {
    const [first, second] = lanes[0]?.bars ?? []
    if (!first || !second) throw new Error('two bars')
    expect(rows([first, { ...second, from: first.from + 1 }, second]).map(({ row }) => row)).toEqual([0, 1, 0])
  })
  it('know the ways between bars and the rest of a split shift', () => {
    expect(gaps(lanes[0]?.bars ?? []).map(({ from, to }) => (to - from) / 60_000)).toEqual([20])
    expect(rests(lanes[0] ?? { caregiver: caregiver(9), bars: [] }).map(({ from, to }) => (to - from) / 60_000)).toEqual([90])
  })
  it('show no way across the midday rest', () => {
    const [morning] = lanes[0]?.bars ?? []
    if (!morning || !lanes[0]) throw new Error('a bar')
    const afternoon = { ...morning, from: Date.parse(at('14:00')), to: Date.parse(at('15:00')) }
    expect(ways({ ...lanes[0], bars: [morning, afternoon] })).toEqual([])
  })
  it('are walked by the arrows', () => {
    expect(neighbour(lanes, '10-1', 'right')?.key).toBe('11-1')
    expect(neighbour(lanes, '11-1', 'right')?.key).toBe('11-1')
    expect(neighbour(lanes, '11-1', 'down')?.key).toBe('10-2')
    expect(neighbour(lanes, '12-2', 'up')?.key).toBe('11-1')
    expect(neighbour(lanes, 'nothing', 'down')?.key).toBe('10-1')
  })
})

it('counts what is asked for, placed and inside its window', () => {
  expect(tally(board)).toEqual({ asked: 6, placed: 3, inWindow: 1 / 3, pairs: 1, travel: null })
})

it('lists the impossible before what gave way, and no cancelled ones', () => {
  expect(unplaced(board).map(({ id }) => id)).toEqual([14, 13, 16])
})

it('shows the draft’s wish over what was promised, and says where they differ', () => {
  const promised = visit(20, [[1, '09:00', '10:00']])
  expect(differs(promised)).toBe(false)
  expect(differs({ ...promised, proposed: [going([1, '09:00', '10:00'], 0)] })).toBe(false)
  const moved = { ...promised, proposed: [going([2, '09:00', '10:00'], 0)] }
  expect([differs(moved), crewOf(moved)[0]?.caregiver_id]).toEqual([true, 2])
})

it('leaves out who declined', () => {
  const declined = visit(21, [[1, '09:00', '10:00']])
  expect(crewOf({ ...declined, attendances: declined.attendances.map((one) => ({ ...one, state: 'declined' })) })).toEqual([])
})
