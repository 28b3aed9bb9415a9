// Calls made for a case, read from its timeline, and what may come of one.
import type { AlarmCase } from '@/shared/api/types'

export type CallResult = 'safe' | 'help' | 'answered' | 'no_answer' | 'busy'
/** What the operator heard, with the key that records it and the word on it. */
export interface Heard {
  result: CallResult
  key: string
  word: string
}
const heard = (result: CallResult, key: string, word: string = result): Heard => ({ result, key, word: `alarms.result.${word}` })
const NOBODY = [heard('no_answer', 'N'), heard('busy', 'B')]
/** Of somebody who can tell how the elder is. */
const TELLING = [heard('safe', 'Y'), heard('help', 'W'), ...NOBODY]
/** Of somebody who is told and cannot say how the elder is: a son far away, 120. */
const TOLD = [heard('answered', 'Y', 'told'), ...NOBODY]
const CENTRE = [heard('answered', 'Y'), ...NOBODY]

export function resultsOf(callee: string, does?: string): Heard[] {
  if (['ambulance', 'fire', 'police'].includes(callee)) return CENTRE
  return does === 'inform' ? TOLD : TELLING
}

export const REACHED: (string | null)[] = ['answered', 'safe', 'help']

export interface Call {
  /** Whom: `device`, `elder`, `contact-7`, `ambulance` … */
  step: string
  at: string
  by: string | null
  /** The switchboard's or the operator's word; null while nobody has said. */
  result: string | null
  /** Where the line stands, as the switchboard says; null where none dials. */
  state: string | null
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
      state: typeof facts.call_state === 'string' ? facts.call_state : null,
    }))
    .sort((one, other) => one.at.localeCompare(other.at))
}
