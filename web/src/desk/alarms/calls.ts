// Calls made for a case, read from its timeline, and what may come of one.
import type { AlarmCase } from '@/shared/api/types'

/** What the operator heard, with the key that records it. */
export const RESULTS = [
  { result: 'safe', key: 'Y' },
  { result: 'help', key: 'W' },
  { result: 'no_answer', key: 'N' },
  { result: 'busy', key: 'B' },
] as const
export type CallResult = (typeof RESULTS)[number]['result']

export const REACHED: (string | null)[] = ['answered', 'safe', 'help']

export interface Call {
  /** Whom: `device`, `elder`, `contact-7`, `ambulance` … */
  step: string
  at: string
  by: string | null
  /** The switchboard's or the operator's word; null while nobody has said. */
  result: string | null
  id: number | null
}

export function callsOf(alarm: AlarmCase): Call[] {
  return alarm.timeline
    .filter(({ kind }) => kind === 'call')
    .map(({ at, by, facts }) => ({
      id: typeof facts.call_id === 'number' ? facts.call_id : null,
      step: facts.contact_id ? `contact-${String(facts.contact_id)}` : String(facts.target),
      at,
      by,
      result: typeof facts.result === 'string' ? facts.result : null,
    }))
    .sort((one, other) => one.at.localeCompare(other.at))
}
