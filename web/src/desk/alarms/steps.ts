// The script of a case: who is called in which order, what comes next. The server says what is possible; this says what is wise.
import type { AlarmCase, Contact } from '@/shared/api/types'
import { callsOf, DANGERS, REACHED, type Call } from './calls'

export type StepId = 'claim' | 'device' | 'elder' | `contact-${number}` | 'send' | 'arrive' | 'follow_up' | 'close'

export interface Step {
  id: StepId
  /** Its key, shown on the button. */
  key: string
  done: boolean
  now: boolean
  possible: boolean
  calls: Call[]
  contact?: Contact
}

/** The rungs in order, with what was done on each. */
export function stepsOf(alarm: AlarmCase): Step[] {
  const calls = callsOf(alarm)
  const can = (event: AlarmCase['possible'][number]) => alarm.possible.includes(event)
  const call = (id: StepId, key: string, contact?: Contact): Step => {
    const made = calls.filter((one) => one.step === id)
    return { id, key, contact, calls: made, done: made.length > 0, now: false, possible: can('call') }
  }
  const steps: Step[] = [
    { id: 'claim', key: 'C', done: alarm.state !== 'ringing', now: false, possible: can('claim'), calls: [] },
    ...(alarm.device?.speaks ? [call('device', 'V')] : []),
    ...(alarm.elder?.phone ? [call('elder', 'E')] : []),
    ...alarm.contacts.slice(0, 9).map((contact, i) => call(`contact-${contact.id}`, `⇧${i + 1}`, contact)),
    { id: 'send', key: 'D', done: alarm.responder !== null, now: false, possible: can('dispatch'), calls: calls.filter(({ step }) => step === 'ambulance') },
    { id: 'arrive', key: 'A', done: alarm.timeline.some(({ kind }) => kind === 'arrive'), now: false, possible: can('arrive'), calls: [] },
    { id: 'follow_up', key: 'F', done: ['follow_up', 'closed'].includes(alarm.state), now: false, possible: can('follow_up'), calls: [] },
    { id: 'close', key: 'X', done: alarm.state === 'closed', now: false, possible: can('close'), calls: [] },
  ]
  const next = nextOf(alarm, steps, calls)
  return steps.map((step) => ({ ...step, now: step.id === next }))
}

/** Exactly one step is next. Nobody reached means somebody is sent, never that the case is closed. */
function nextOf(alarm: AlarmCase, steps: Step[], calls: Call[]): StepId | undefined {
  const possible = (id: StepId) => steps.find((step) => step.id === id)?.possible
  const take = (...ids: StepId[]) => ids.find(possible)
  const last = calls.findLast(({ result }) => result !== null)
  if (alarm.state === 'ringing') return take('claim')
  if (alarm.state === 'follow_up') return take('close')
  if (alarm.state === 'on_site') return take('follow_up', 'close')
  if (last?.result === 'safe') return take('close', 'follow_up')
  if (alarm.state === 'dispatched') return take('arrive')
  if (last?.result === 'help') return take('send', 'arrive')
  const tried = calls.filter(({ step, result }) => step !== 'ambulance' && result !== null)
  const nobody = tried.length > 0 && !tried.some(({ result }) => REACHED.includes(result))
  if (nobody && DANGERS.includes(alarm.kind)) return take('send')
  const untried = steps.find((step) => step.possible && !step.done && (step.id === 'device' || step.id === 'elder' || step.contact))
  return untried?.id ?? take('send', 'close')
}
