// The lunches she rides out with: her trips of today, kept on the phone, and what she tells of them on its way to the server.
import { computed, ref, shallowRef, type Ref } from 'vue'
import { api, ask } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'
import { day } from '@/shared/words'
import { behind } from '../outbox/clock'
import type { Entry, PhoneEvent } from '../outbox/events'
import type { Result } from '../outbox/send'
import type { Store } from '../outbox/store'
import { bring } from '../spare'
import { keyOf, told } from '../wire'

type Schemas = components['schemas']
export type Rides = Schemas['Rides']
type Record = Schemas['RideRecordIn']
/** What she writes down of a trip or of a door; it is the event's data, as the server reads it. */
export type Ridden = Required<Pick<Record, 'what' | 'trip_id' | 'portion_ids' | 'receiver' | 'why'>>

const AGAIN_MS = 30 * 60_000 // whoever rides from tomorrow on finds out without starting the page anew
const served = shallowRef<Rides | null>(null)
const asked = ref(0)

/** Her pages are no part of the first load: they come with her first list, and stay. */
export const pages = () => bring(() => import('./riding'))

async function show(store: Store, rides: Rides): Promise<void> {
  served.value = rides
  await store.keep('rides', rides)
  if (rides.rides || rides.trips.length) void pages().catch((error: unknown) => console.warn('rides', error))
}

/** Yesterday's trips are nobody's business at a door of today. */
export async function recallRides(store: Store): Promise<void> {
  const kept = await store.recall<Rides>('rides')
  served.value = kept && day(kept.server_time) === day(Date.now() + (behind() ?? 0)) ? kept : null
}
export function forgetRides(): void {
  served.value = null
  asked.value = 0
}

/** Now and then for everybody; each time for those who ride. */
export async function followRides(store: Store): Promise<void> {
  if (Date.now() - asked.value < AGAIN_MS && !served.value?.rides && !served.value?.trips.length) return
  await show(store, await ask(api.GET('/api/phone/rides')))
  asked.value = Date.now()
}

export async function tellRides(store: Store, device: string, events: PhoneEvent[]): Promise<Result[]> {
  const body = { device, sent_at: new Date().toISOString(), records: events.map(recordOf) }
  const answer = await ask(api.POST('/api/phone/rides/records', { body, params: { header: { 'idempotency-key': keyOf(events) } } }))
  await show(store, answer.list)
  return answer.results
}

function recordOf(event: PhoneEvent): Record {
  const { id, seq, at, offset_ms, clock_off_ms, place } = told(event)
  return { id, seq, at, offset_ms, clock_off_ms, place, ...(event.data as unknown as Ridden) }
}

/** Whose meals a record is of, where they are still on the phone. */
export function eatersOf({ event }: Entry): string[] {
  const told = event.data as unknown as Ridden
  const meals = served.value?.trips.flatMap(({ stops }) => stops.flatMap(({ portions }) => portions)) ?? []
  return meals.filter(({ id }) => told.portion_ids.includes(id)).map(({ elder_name }) => elder_name)
}

export function useServed(entries: Ref<Entry[]>) {
  const mine = computed(() => entries.value.filter(({ event }) => event.kind === 'ride'))
  return { served, mine }
}
