// Her trips as she sees them at once: the server's with what it has not heard yet, and how late each door is likely to be.
import type { components } from '@/shared/api/schema'
import type { PhoneEvent } from '../outbox/events'
import type { Ridden, Rides } from './list'

type Schemas = components['schemas']
export type Trip = Schemas['RideTrip']
export type Stop = Schemas['RideStop']
export type Portion = Schemas['RoundPortion']
export const RECEIVERS = ['elder', 'family', 'neighbour', 'door'] as const
export const MISSED = ['not_home', 'no_answer', 'refused', 'unwell'] as const

const OVER = new Set<Portion['state']>(['done', 'held', 'verified', 'not_delivered', 'cancelled'])

export const toBring = (stop: Stop): Portion[] => stop.portions.filter(({ state }) => !OVER.has(state))
export const doorsOf = (trip: Trip): Stop[] => [...trip.stops].sort((one, other) => one.position - other.position)
export const openDoors = (trip: Trip): Stop[] => doorsOf(trip).filter((stop) => toBring(stop).length)
export const mealsOf = (trip: Trip): Portion[] => openDoors(trip).flatMap(toBring)

/** The trip she is at: the first she is not back from. */
export const tripNow = (trips: Trip[]): Trip | undefined => trips.find(({ back_at }) => !back_at)

export function withTold(rides: Rides, events: PhoneEvent[]): Rides {
  return { ...rides, trips: rides.trips.map((trip) => events.reduce(after, trip)) }
}

/** As the server takes it: who is at a door has left, whatever she forgot to say. */
function after(trip: Trip, { data, at }: PhoneEvent): Trip {
  const told = data as unknown as Ridden
  const hers = told.trip_id === trip.id
  const left = hers && told.what !== 'back' ? { left_at: trip.left_at ?? at } : {}
  if (told.what === 'back') return hers ? { ...trip, left_at: trip.left_at ?? at, back_at: at } : trip
  if (told.what === 'pick_up') return { ...trip, ...left }
  const stops = trip.stops.map((stop) => ({ ...stop, portions: stop.portions.map((meal) => (told.portion_ids.includes(meal.id) && !OVER.has(meal.state) ? ended(meal, told, at) : meal)) }))
  return { ...trip, ...left, stops }
}
function ended(meal: Portion, { what, receiver, why }: Ridden, at: string): Portion {
  return what === 'hand_over' ? { ...meal, state: 'verified', receiver, handed_at: at } : { ...meal, state: 'not_delivered', why }
}

/** Until when what is aboard is hot and in time. */
export function limitOf(trip: Trip): number {
  return Math.min(Date.parse(trip.till), Date.parse(trip.left_at ?? trip.leaves_at) + trip.ride_minutes * 60_000)
}

/** When she is likely at each door that is open: as planned, moved by how late she is at the last one, and never in the past. */
export function expected(trip: Trip, now: number): Map<number, number> {
  const open = openDoors(trip)
  const first = open[0]
  if (!first) return new Map()
  const ahead = Math.max(drift(trip), now - Date.parse(trip.left_at ? first.arrives_at : trip.leaves_at), trip.left_at ? -Infinity : 0)
  return new Map(open.map((stop) => [stop.id, Date.parse(stop.arrives_at) + ahead]))
}
function drift(trip: Trip): number {
  const handed = doorsOf(trip).flatMap((stop) => stop.portions.flatMap(({ handed_at }) => (handed_at ? [{ at: Date.parse(handed_at), planned: Date.parse(stop.arrives_at) }] : [])))
  const last = handed.sort((one, other) => one.at - other.at).at(-1)
  if (last) return last.at - last.planned
  return trip.left_at ? Date.parse(trip.left_at) - Date.parse(trip.leaves_at) : 0
}

/** What goes into the box: how many of each dish, most first. */
export function boxOf(trip: Trip): [dish: string, n: number][] {
  const counts = new Map<string, number>()
  for (const { dish } of mealsOf(trip)) counts.set(dish, (counts.get(dish) ?? 0) + 1)
  return [...counts].sort(([one, few], [other, many]) => many - few || one.localeCompare(other))
}
