// Welfare visits on the phone: who is due, her round of today, and what she has told that the server has not heard yet.
import { computed, ref, shallowRef, type Ref } from 'vue'
import { api, ask } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'
import { day } from '@/shared/words'
import { unsent, type Entry, type PhoneEvent } from '../outbox/events'
import type { Result } from '../outbox/send'
import type { Store } from '../outbox/store'
import { keyOf, told } from '../wire'

type Schemas = components['schemas']
export type WelfareList = Schemas['WelfareList']
export type Person = Schemas['WelfarePerson']
type Record = Schemas['WelfareRecordIn']
export const WAYS = ['home', 'phone', 'video'] as const
export type Way = (typeof WAYS)[number]
export const TOPICS = ['health', 'mood', 'food', 'home', 'equipment', 'family'] as const
export type Topic = (typeof TOPICS)[number]
export const LEVELS = ['fine', 'concern', 'urgent'] as const
export type Level = (typeof LEVELS)[number]
export type Outcome = Record['outcome']

/** What she writes down of one visit; it is the event's data, as the server reads it. */
export interface Told {
  elder_id: number
  way: Way
  outcome: Outcome
  topics: Partial<globalThis.Record<Topic, Level>>
  wish: string
  words: string
  policy: boolean
  urged: boolean
}

const served = shallowRef<WelfareList | null>(null)
const asked = ref(false)

async function show(store: Store, list: WelfareList): Promise<void> {
  served.value = list
  if (list.kind) await store.keep('welfare', list)
}

/** What is on the phone from before, where there is no server to ask. */
export async function recallList(store: Store): Promise<void> {
  served.value = (await store.recall<WelfareList>('welfare')) ?? null
}
export function forgetList(): void {
  served.value = null
  asked.value = false
}

/** Once for everybody; again for those who go. */
export async function follow(store: Store): Promise<void> {
  if (asked.value && !served.value?.kind) return
  await show(store, await ask(api.GET('/api/phone/welfare')))
  asked.value = true
}

/** These are hers today; needs the server, since two must not go to one door and each door opened is on record. */
export async function takeRound(elder_ids: number[]): Promise<void> {
  served.value = await ask(api.POST('/api/phone/welfare/round', { body: { elder_ids } }))
}

/** What she wrote down of welfare visits, to their own door. */
export async function tellRounds(store: Store, device: string, events: PhoneEvent[]): Promise<Result[]> {
  const body = { device, sent_at: new Date().toISOString(), records: events.map(recordOf) }
  const answer = await ask(api.POST('/api/phone/welfare/records', { body, params: { header: { 'idempotency-key': keyOf(events) } } }))
  await show(store, answer.list)
  return answer.results
}

function recordOf(event: PhoneEvent): Record {
  const { elder_id, way, outcome, ...form } = event.data as unknown as Told
  const { id, seq, at, offset_ms, clock_off_ms, place, data } = told({ ...event, data: form })
  return { id, seq, at, offset_ms, clock_off_ms, place, data, elder_id, way, outcome }
}

/** The list with what she has told meanwhile: seen today is no longer due, a try is counted. */
export function withTold(list: WelfareList, events: PhoneEvent[]): WelfareList {
  return { ...list, people: list.people.map((person) => events.filter(({ data }) => data.elder_id === person.elder_id).reduce(after, person)) }
}
function after(person: Person, { data, at }: PhoneEvent): Person {
  if (data.outcome === 'no_answer') return { ...person, tries: person.tries + 1 }
  return data.outcome === 'seen' ? { ...person, tries: 0, late_days: 0, last_on: day(at) } : { ...person, tries: 0 }
}

export function useRounds(entries: Ref<Entry[]>) {
  const mine = computed(() => entries.value.filter(({ event }) => event.kind === 'welfare'))
  const list = computed(() => served.value && withTold(served.value, mine.value.filter(unsent).map(({ event }) => event)))
  /** The last she told of somebody on this phone, and how far it has come. */
  const toldOf = (elder: number): Entry | undefined => mine.value.findLast(({ event }) => event.data.elder_id === elder)
  return { list, toldOf }
}
