// The steps of a case as rows: the server's pattern says what is done, what is next and why; the contacts stand where the tree is climbed.
import type { AlarmCase, Contact } from '@/shared/api/types'
import { callsOf, type Call } from './calls'

export type ScriptStep = AlarmCase['steps'][number]
export type StepId = string

export interface Step {
  /** The row: the step's key, or `contact-7` for one of the people the tree calls. */
  id: StepId
  /** Whom a call of this row goes to, as calls are named. */
  callee: string | null
  /** Its key, shown on the button. */
  key: string
  server: ScriptStep
  done: boolean
  now: boolean
  possible: boolean
  calls: Call[]
  contact?: Contact
}

const KEYS: Record<string, string> = { claim: 'C', speak: 'V', call_elder: 'E', call_worker: 'E', ask: 'G', climb: '⇧1', send: 'D', ambulance: '0', fire: '9', police: '8', inform: 'I', arrive: 'A', check: 'T', note: 'N', call_back: 'F', close: 'X' }
const CALLEES: Record<string, string> = { speak: 'device', call_elder: 'elder', call_worker: 'worker', ambulance: 'ambulance', fire: 'fire', police: 'police' }
/** What is told when it is due, and is no row before. */
const WHEN_DUE = ['inform', 'ambulance', 'fire', 'police', 'ask', 'call_back']

export function stepsOf(alarm: AlarmCase): Step[] {
  const calls = callsOf(alarm)
  const next = alarm.next_step
  return alarm.steps
    .filter((step) => step.status !== 'out' && !(step.status === 'waiting' && WHEN_DUE.includes(step.do)))
    .flatMap((server): Step[] => {
      const isNext = next?.key === server.key
      const over = ['done', 'skipped'].includes(server.status)
      const possible = alarm.possible.includes(server.event) && (!over || server.event === 'call' || server.do === 'send') && server.status !== 'skipped'
      const row = (id: StepId, key: string, callee: string | null, contact?: Contact): Step => {
        const made = callee ? calls.filter((one) => one.step === callee) : []
        return { id, key, callee, server, contact, calls: made, done: contact ? made.some(({ result }) => result !== null) : over, now: isNext && (!contact || contact.id === server.contact_id), possible }
      }
      if (server.do === 'climb') {
        const people = alarm.contacts.slice(0, 9).map((contact, i) => row(`contact-${contact.id}`, `⇧${i + 1}`, `contact-${contact.id}`, contact))
        const others = ['open', 'doing'].includes(server.status) && server.contact_id === null
        return others ? [row('climb', '', calls.find(({ id }) => id === server.call_id)?.step ?? server.turn?.target ?? null), ...people] : people
      }
      const callee = server.do === 'inform' ? `contact-${server.contact_id}` : (CALLEES[server.do] ?? null)
      return [row(server.key, KEYS[server.do] ?? '', callee)]
    })
}

/** The district's own words in the reader's language, else in Chinese; none where the screen has its usual ones. */
export function inLanguage(words: Record<string, string>, locale: string): string | undefined {
  return words[locale] ?? words['zh-CN']
}

/** The question that is to be asked now. */
export function questionOf(step: Step): ScriptStep['questions'][number] | undefined {
  return step.server.status === 'open' ? step.server.questions.find(({ key }) => key === step.server.question) : undefined
}
