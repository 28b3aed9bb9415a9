// Lanes, colours and the hours of the rounds.
import { describe, expect, it } from 'vitest'
import { axisOf, lanesOf, quarters, said, standing, type Door, type Page, type Trip } from './model'

const at = (clock: string) => `2026-11-23T${clock}:00Z`
const trip = (caregiver_id: number, leaves: string, returns: string, more: Partial<Trip> = {}): Trip =>
  ({ caregiver_id, riding_id: caregiver_id * 10, rider_name: `r${caregiver_id}`, leaves_at: at(leaves), returns_at: at(returns), left_at: null, back_at: null, stops: [], aboard: 3, ...more }) as unknown as Trip
const page = { delivery_from: at('02:00'), delivery_till: at('03:45') } as Page

describe('rounds', () => {
  it('gives each rider a lane and a colour, and her trips in order', () => {
    const lanes = lanesOf([trip(1, '02:00', '02:40'), trip(1, '02:45', '03:20'), trip(2, '02:10', '02:50')])
    expect(lanes.map(({ name, trips }) => [name, trips.length])).toEqual([['r1', 2], ['r2', 1]])
    expect(new Set(lanes.map(({ tone }) => tone)).size).toBe(2)
  })
  it('shows whole quarters around every trip, also one that came back late', () => {
    const axis = axisOf(page, [trip(1, '01:50', '02:40', { back_at: at('04:01') })])
    expect([new Date(axis.from).toISOString(), new Date(axis.to).toISOString()]).toEqual(['2026-11-23T01:45:00.000Z', '2026-11-23T04:15:00.000Z'])
    expect(quarters(axis)).toHaveLength(10)
  })
  it('knows when a door is done and how far a trip is', () => {
    const door = (...states: string[]) => ({ portions: states.map((state) => ({ state })) }) as unknown as Door
    expect([said(door('verified', 'not_delivered')), said(door('verified', 'waiting'))]).toEqual([true, false])
    expect([standing(trip(1, '02:00', '03:00')), standing(trip(1, '02:00', '03:00', { left_at: at('02:01') })), standing(trip(1, '02:00', '03:00', { left_at: at('02:01'), back_at: at('03:00') }))]).toEqual(['planned', 'out', 'back'])
  })
})
