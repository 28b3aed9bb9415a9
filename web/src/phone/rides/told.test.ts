// A rider without signal: what she told counts at once, and how late the others will be follows from it.
import { describe, expect, it } from 'vitest'
import type { PhoneEvent } from '../outbox/events'
import type { Ridden, Rides } from './list'
import { boxOf, expected, limitOf, mealsOf, openDoors, tripNow, withTold, type Portion, type Stop, type Trip } from './told'

const at = (clock: string): string => `2026-11-23T${clock}:00Z`
const ms = (clock: string): number => Date.parse(at(clock))
const meal = (id: number, dish = '鱼'): Portion => ({
  id, elder_id: id, elder_name: `老人${id}`, dish, diets: [], note: null, bring_to: null, way: 'delivery', state: 'waiting', handed_at: null, receiver: null, why: null,
})
const door = (id: number, position: number, arrives: string, portions: Portion[]): Stop => ({
  id, position, arrives_at: at(arrives), estate: '河宁', address: `${id} 号`, access_note: null, floor: 1, lift: false, place: { lat: 37.4, lon: 118.5 }, phone: null, portions,
})
const trip = (more: Partial<Trip> = {}): Trip => ({
  id: 7, n: 1, canteen: '食堂', meal: 'lunch', kitchen: { lat: 37.4, lon: 118.5 }, leaves_at: at('03:00'), returns_at: at('04:00'), ride_minutes: 40, till: at('04:30'), left_at: null, back_at: null, aboard: 4,
  stops: [door(2, 2, '03:20', [meal(21), meal(22, '豆腐')]), door(1, 1, '03:10', [meal(11)]), door(3, 3, '03:30', [meal(31)])], ...more,
})
const rides = (...trips: Trip[]): Rides => ({ server_time: at('02:50'), rides: true, trips })
const tells = (clock: string, said: Partial<Ridden>): PhoneEvent => ({
  id: clock, seq: 1, kind: 'ride', attendance_id: 0, at: at(clock), ticks: 0, boot: 'b', data: { what: 'hand_over', trip_id: 7, portion_ids: [], receiver: null, why: null, ...said },
})
const after = (...events: PhoneEvent[]): Trip => {
  const [first] = withTold(rides(trip()), events).trips
  if (!first) throw new Error('no trip')
  return first
}

describe('what she told and the server has not heard', () => {
  it('counts at once: picked up, handed over, not taken, back', () => {
    expect(after(tells('03:02', { what: 'pick_up' })).left_at).toBe(at('03:02'))
    const half = after(tells('03:22', { portion_ids: [21], receiver: 'family' }), tells('03:23', { what: 'miss', portion_ids: [22], why: 'refused' }))
    expect(openDoors(half).map(({ id }) => id)).toEqual([1, 3])
    expect(half.stops[0]?.portions.map(({ state, receiver, why }) => [state, receiver, why])).toEqual([['verified', 'family', null], ['not_delivered', null, 'refused']])
    expect(after(tells('03:50', { what: 'back' })).back_at).toBe(at('03:50'))
  })

  it('says that she has left where she forgot to, and leaves other trips alone', () => {
    const both = withTold(rides(trip(), trip({ id: 8, stops: [] })), [tells('03:12', { portion_ids: [11], receiver: 'elder' })]).trips
    expect(both.map(({ left_at }) => left_at)).toEqual([at('03:12'), null])
  })

  it('does not undo what the canteen has said of a meal', () => {
    const cancelled = { ...meal(11), state: 'cancelled' as const }
    const [one] = withTold(rides(trip({ stops: [door(1, 1, '03:10', [cancelled])] })), [tells('03:12', { portion_ids: [11], receiver: 'elder' })]).trips
    expect(one?.stops[0]?.portions[0]?.state).toBe('cancelled')
  })
})

describe('the box and the order', () => {
  it('goes by position, counts dishes, and leaves out what is cancelled', () => {
    expect(openDoors(trip()).map(({ id }) => id)).toEqual([1, 2, 3])
    expect(boxOf(trip())).toEqual([['鱼', 3], ['豆腐', 1]])
    expect(mealsOf(trip({ stops: [door(1, 1, '03:10', [{ ...meal(11), state: 'cancelled' }])] }))).toEqual([])
  })

  it('is at the first trip she is not back from', () => {
    expect(tripNow([trip({ back_at: at('03:50') }), trip({ id: 8 })])?.id).toBe(8)
  })
})

describe('how late', () => {
  it('keeps to the plan before she leaves, and moves with the clock once that is past', () => {
    expect([...expected(trip(), ms('02:50')).values()]).toEqual([ms('03:10'), ms('03:20'), ms('03:30')])
    expect(expected(trip(), ms('03:05')).get(1)).toBe(ms('03:15'))
  })

  it('follows from the last door, also when she is early, but is never in the past', () => {
    const early = after(tells('03:00', { what: 'pick_up' }), tells('03:06', { portion_ids: [11], receiver: 'elder' }))
    expect(expected(early, ms('03:07')).get(2)).toBe(ms('03:16'))
    expect(expected(early, ms('03:25')).get(3)).toBe(ms('03:35'))
  })

  it('is over the limit of hot food, or of the promised hour, whichever is first', () => {
    expect(limitOf(trip())).toBe(ms('03:40'))
    expect(limitOf(trip({ left_at: at('03:08') }))).toBe(ms('03:48'))
    expect(limitOf(trip({ till: at('03:15') }))).toBe(ms('03:15'))
  })
})
