// What the caregiver sees at once: the server's last days with her unsent events played over them.
import { readingOf } from './measuring'
import type { Kind, PhoneEvent } from './outbox/events'
import type { Days, Task, Visit } from './wire'

type State = Visit['state']

/** The one place where the phone knows the life of an attendance: for as long as the server cannot be asked. */
const AFTER: Partial<Record<Kind, State>> = {
  accept: 'accepted',
  decline: 'declined',
  depart: 'on_the_way',
  arrive: 'arrived',
  start: 'in_service',
  finish: 'finished',
  not_delivered: 'finished',
}
const POSSIBLE: Partial<Record<State, Kind[]>> = {
  accepted: ['decline', 'depart', 'arrive', 'start'],
  on_the_way: ['arrive', 'start', 'not_delivered'],
  arrived: ['start', 'not_delivered'],
  in_service: ['finish', 'not_delivered', 'task'],
}
/** The way through a visit; the first that is possible is the big button. */
export const STEPS = ['accept', 'depart', 'arrive', 'start', 'finish'] as const
export type Step = (typeof STEPS)[number]

export function nextStep(possible: string[]): Step | undefined {
  return STEPS.find((step) => possible.includes(step))
}

export function replay(days: Days, events: PhoneEvent[]): Days {
  if (events.length === 0) return days
  const of = grouped(events)
  return {
    ...days,
    days: days.days.map((day) => ({
      ...day,
      visits: day.visits.map((visit) => (of.get(visit.attendance_id) ?? []).reduce((so_far, event) => after(so_far, event, days.measuring), visit)),
    })),
  }
}

function grouped(events: PhoneEvent[]): Map<number, PhoneEvent[]> {
  const groups = new Map<number, PhoneEvent[]>()
  for (const event of events) groups.set(event.attendance_id, [...(groups.get(event.attendance_id) ?? []), event])
  return groups
}

/** The times of the door that the server keeps, by its own names. */
const STAMPS: Partial<Record<Kind, 'arrive' | 'start' | 'finish'>> = { arrive: 'arrive', start: 'start', finish: 'finish', not_delivered: 'finish' }

function after(visit: Visit, event: PhoneEvent, measuring: Days['measuring']): Visit {
  if (event.kind === 'reading') {
    const reading = readingOf(event, measuring)
    return reading ? { ...visit, readings: [...visit.readings, reading] } : visit
  }
  if (event.kind === 'task') {
    const tasks = visit.tasks.map((task) => (task.code === event.data.task ? { ...task, ...outcome(event) } : task))
    return { ...visit, tasks }
  }
  const [state, stamp] = [AFTER[event.kind], STAMPS[event.kind]]
  if (!state) return visit
  return { ...visit, state, possible: POSSIBLE[state] ?? [], times: stamp ? { ...visit.times, [stamp]: event.at } : visit.times, ...(event.kind === 'not_delivered' ? { visit_state: 'not_delivered' } : {}) }
}

function outcome({ data }: PhoneEvent): Pick<Task, 'outcome' | 'reason'> {
  return { outcome: (data.outcome as Task['outcome'] | undefined) ?? null, reason: (data.reason as string | undefined) ?? null }
}
