// Statements: types by their short names, money as ¥1,234.50, months in words.
import { useI18n } from 'vue-i18n'
import { api, ask } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']
export type Row = Schemas['StatementRow']
export type Whole = Schemas['StatementWhole']
export type Line = Schemas['StatementLineOut']
export type Trace = Schemas['TraceOut']
export type Run = Schemas['RunOut']
export type Contract = Schemas['ContractOut']
export type ContractTerms = Contract['terms'][number]
export type Dispute = Whole['disputes'][number]
export type Sample = Whole['samples'][number]
export type CallBack = Schemas['SampleOut']
export type Event = Whole['possible'][number]
export type Reconciled = Schemas['ReconciledOut']

const FORMAT = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** Whole cents as `¥1,234.50`, what is taken back as `−¥100.00`. */
export const money = (cents: number): string => `${cents < 0 ? '−' : ''}¥${FORMAT.format(Math.abs(cents) / 100)}`

export function useMonths() {
  const { locale } = useI18n()
  return (month: string): string => {
    const [year, number] = month.split('-').map(Number)
    if (locale.value !== 'en') return `${year}年${number}月`
    return new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${month.slice(0, 7)}-01T12:00:00Z`))
  }
}

export const TONE: Record<Row['state'], string> = { draft: '', issued: 'info', agreed: 'info', checked: 'late', approved: 'done', locked: 'ink' }

export const happen = (statement_id: number, event: Event, reason?: string) => ask(api.POST('/api/settlement/statements/{statement_id}/events', { params: { path: { statement_id } }, body: { event, reason } }))

export const SAID = ['confirmed', 'denied', 'unreached'] as const

/** What the elder said of a visit drawn by lot. */
export const write = ({ statement_id, visit_id }: Sample, state: Sample['state'], note?: string): Promise<unknown> => ask(api.POST('/api/settlement/statements/{statement_id}/samples/{visit_id}', { params: { path: { statement_id, visit_id } }, body: { state, note: note || undefined } }))

/** A statement's visits for other systems, all batches in one. */
export async function visitsOf(statement_id: number, tell: (done: number) => void) {
  const batch = (cursor: number) => ask(api.GET('/api/settlement/statements/{statement_id}/visits.json', { params: { path: { statement_id }, query: { cursor } } }))
  const whole = await batch(0)
  while (whole.next) {
    tell(whole.Visits.length)
    const following = await batch(Number(whole.next))
    whole.Visits.push(...following.Visits)
    whole.next = following.next
  }
  return whole
}

/** Hands the browser a file to keep. */
export function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

/** Visits the bureau has yet to answer for: nobody disputes them twice at a time. */
export const waiting = (disputes: Pick<Dispute, 'visit_id' | 'state'>[]): Set<number | null> =>
  new Set(disputes.filter(({ state }) => state === 'open').map(({ visit_id }) => visit_id))
