// What the phone hears from the server and says to it.
import { api, ask } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'
import { BOOT } from './outbox/ids'
import type { Kind, PhoneEvent } from './outbox/events'
import type { Answer } from './outbox/send'

type Schemas = components['schemas']
export type Days = Schemas['Days']
export type Day = Schemas['PhoneDay']
export type Visit = Schemas['PhoneVisit']
export type Task = Schemas['PhoneTask']
export type Reading = Schemas['ReadingOut']
export type Grade = Schemas['GradeOut']

export const askDays = (): Promise<Days> => ask(api.GET('/api/phone/days'))

const clockMs = (): number => Math.round(performance.now())

/** Places and clocks as the server reads them: `offset_ms` is how long ago it was by a clock that may sleep, where it still runs. */
export function told<E extends PhoneEvent>({ fix, ticks, boot, data, off, ...event }: E) {
  return {
    ...event,
    offset_ms: boot === BOOT ? Math.max(0, clockMs() - ticks) : null,
    clock_off_ms: off ?? null,
    place: fix && 'lat' in fix ? { ...fix, datum: 'wgs84' as const } : null,
    data: fix && 'none' in fix ? { ...data, no_place: fix.none } : data,
  }
}

type VisitEvent = PhoneEvent & { kind: Exclude<Kind, 'welfare' | 'ride'> }
/** What happened at visits; welfare visits and rides have doors of their own. */
export const ofVisit = (event: PhoneEvent): event is VisitEvent => event.kind !== 'welfare' && event.kind !== 'ride'

export async function post(device: string, events: VisitEvent[]): Promise<Answer<Days>> {
  const body = {
    device,
    sent_at: new Date().toISOString(),
    events: events.map(told),
  }
  return ask(api.POST('/api/phone/events', { body, params: { header: { 'idempotency-key': keyOf(events) } } }))
}

/** The unsent come in order and only leave from the front: first, last and how many name the batch, also when sent again. */
export const keyOf = (events: PhoneEvent[]): string => [events[0]?.id, events.at(-1)?.id, events.length].join('+')
