// What a reading means, worked out on the phone by the limits the server gave: a bath is stopped where there is no signal, too.
import type { PhoneEvent } from './outbox/events'
import type { Days, Reading, Task, Visit } from './wire'

export type Kind = Reading['kind']
export type Limits = Days['measuring']['kinds'][Kind]

export function verdictOf(values: Record<string, number>, limits: Limits): Reading['verdict'] {
  const outside = limits.filter(({ name, low, high }) => values[name] !== undefined && !(values[name] >= low && values[name] <= high))
  if (outside.some(({ outside: then }) => then === 'stop')) return 'stop'
  return outside.length ? 'note' : 'fine'
}

export function readingOf(event: PhoneEvent, measuring: Days['measuring']): Reading | undefined {
  const { kind, values } = event.data as { kind?: Kind; values?: Record<string, number> }
  const limits = kind && measuring.kinds[kind]
  return limits && values ? { at: event.at, attendance_id: event.attendance_id, kind, values, verdict: verdictOf(values, limits) } : undefined
}

/** The last reading of this kind, whoever of the two took it. */
export const lastOf = (visit: Visit, kind: Kind | null | undefined): Reading | undefined => (visit.readings as Reading[] | undefined)?.findLast((one) => one.kind === kind) // days kept by an older page know none

/** The reading that stops the visit now, if one does. */
export function stopping(visit: Visit): Reading | undefined {
  const gate = visit.tasks.find(({ code }) => code === visit.gate?.task)
  const last = lastOf(visit, gate?.reading)
  return last?.verdict === 'stop' ? last : undefined
}

/** Not to be begun yet: its reading is missing or beyond the limit. */
export function guarded(visit: Visit, task: Task): boolean {
  if (!visit.gate?.guards.includes(task.code)) return false
  const gate = visit.tasks.find(({ code }) => code === visit.gate?.task)
  const last = lastOf(visit, gate?.reading)
  return !last || last.verdict === 'stop'
}

export const shown = ({ kind, values }: Reading): string =>
  kind === 'blood_pressure' ? `${values.systolic} / ${values.diastolic}` : Object.values(values).join(' / ')
