// The rounds of a meal as the desk draws them: riders over the hour, their trips, what is in none.
import type { components } from '@/shared/api/schema'
import type { Tone } from '@/shared/map/types'
import type { Axis } from '../../board/layout'

type Schemas = components['schemas']
export type Page = Schemas['RoundsPage']
export type Rounds = Schemas['RoundsOut']
export type Trip = Schemas['TripOut']
export type Stop = Schemas['StopOut']
export type Left = Schemas['DoorLeftOut']
export type Door = Stop | Left
export type Ridings = Schemas['Ridings']
export type Check = Schemas['MoveCheck']
export interface Wish {
  trip_id: number | null
  riding_id: number | null
  position: number
}

const QUARTER = 15 * 60_000
const TONES: Tone[] = ['bath', 'clean', 'med', 'walk', 'info', 'meal']

/** Riders in the order of their names' ids, each with her trips: every rider has a colour of her own. */
export interface Lane {
  caregiver: number
  riding: number
  name: string
  tone: Tone
  trips: Trip[]
}
export function lanesOf(trips: Trip[]): Lane[] {
  const lanes: Lane[] = []
  for (const trip of trips) {
    const known = lanes.find(({ caregiver }) => caregiver === trip.caregiver_id)
    if (known) known.trips.push(trip)
    else lanes.push({ caregiver: trip.caregiver_id, riding: trip.riding_id, name: trip.rider_name, tone: TONES[lanes.length % TONES.length] ?? 'brand', trips: [trip] })
  }
  return lanes
}

/** Whole quarters that hold every trip and the hour by which all must be there. */
export function axisOf(page: Page, trips: Trip[]): Axis {
  const ends = [page.delivery_from, page.delivery_till, ...trips.flatMap((trip) => [trip.leaves_at, trip.returns_at, trip.left_at, trip.back_at])]
  const at = ends.filter((one): one is string => !!one).map((one) => Date.parse(one))
  return { from: Math.floor(Math.min(...at) / QUARTER) * QUARTER, to: Math.ceil((Math.max(...at) + 1) / QUARTER) * QUARTER }
}
export const quarters = ({ from, to }: Axis): number[] => Array.from({ length: Math.round((to - from) / QUARTER) }, (_, i) => from + i * QUARTER)

/** Everything at a door has been said: handed over, not taken, or given up. */
export const said = (door: Door): boolean => door.portions.every(({ state }) => state !== 'waiting')
export const standing = ({ left_at, back_at }: Trip): 'planned' | 'out' | 'back' => (back_at ? 'back' : left_at ? 'out' : 'planned')
export const meals = (trips: Trip[]): number => trips.reduce((sum, { aboard }) => sum + aboard, 0)
