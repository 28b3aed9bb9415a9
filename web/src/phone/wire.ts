// What the phone hears from the server and says to it.
import { api, ask, onceKey } from '@/shared/api/client'
import { BOOT } from './outbox/ids'
import type { PhoneEvent } from './outbox/events'
import type { Answer } from './outbox/send'

export interface Task {
  code: string
  name: string
  outcome: string | null
  reason: string | null
}
export interface Partner {
  name: string
  state: string
  phone: string | null
}
export interface Visit {
  attendance_id: number
  visit_id: number
  state: string
  possible: string[]
  starts_at: string
  ends_at: string
  minutes: number
  aid: string
  item: string
  elder: { name: string; sex: string; age: number; level: string | null; phone: string | null }
  contact: { name: string; relation: string; phone: string } | null
  address: string
  access_note: string | null
  place: { lat: number; lon: number } | null
  travel_minutes: number | null
  notes: string[]
  allergies: string[]
  health_gate: string | null
  partners: Partner[]
  tasks: Task[]
  arrived_at: string | null
  started_at: string | null
  finished_at: string | null
}
export interface Day {
  day: string
  visits: Visit[]
}
export interface Days {
  server_time: string
  days: Day[]
  hours: { today_minutes: number; week_minutes: number; week_limit_minutes: number }
}

export async function askDays(): Promise<Days> {
  return (await ask(api.GET('/api/phone/days' as never))) as Days
}

const clockMs = (): number => Math.round(performance.now())

/** Places and clocks as the server reads them: `offset_ms` is how long ago it was, where this page's clock still knows. */
export async function post(events: PhoneEvent[]): Promise<Answer<Days>> {
  const body = {
    sent_at: new Date().toISOString(),
    events: events.map(({ fix, ticks, boot, data, ...event }) => ({
      ...event,
      offset_ms: boot === BOOT ? Math.max(0, clockMs() - ticks) : null,
      place: fix && 'lat' in fix ? fix : null,
      data: fix && 'none' in fix ? { ...data, no_place: fix.none } : data,
    })),
  }
  return (await ask(api.POST('/api/phone/events' as never, { body, headers: onceKey() } as never))) as Answer<Days>
}
