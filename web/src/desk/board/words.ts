// Broken rules and ways out as sentences.
import { comma, semicolon } from '@/shared/i18n'
import type { Board, BoardVisit, Fault } from './model'

interface Translator {
  t: (key: string, named?: Record<string, unknown>) => string
  te: (key: string) => boolean
}

/** A tick, seconds from local midnight, as hours and minutes; before midnight it is the evening before. */
function clock(tick: unknown): string {
  const minutes = ((Math.floor(Number(tick ?? 0) / 60) % 1440) + 1440) % 1440
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** The server's rule names in words, with whom and what. */
export function faultInWords({ rule, caregiver_id, facts }: Fault, board: Board, { t, te }: Translator): string {
  const name = board.caregivers.find(({ id }) => id === caregiver_id)?.name ?? ''
  const part = rule === 'shift' && 'leaves' in facts ? '_before' : rule === 'shift' && 'returns' in facts ? '_after' : ''
  const key = `board.rule.${rule}${part}`
  if (!te(key)) return t('board.rule.unknown', { rule })
  const missing = Array.isArray(facts.missing) ? facts.missing.map((skill) => t(`enums.skill.${String(skill)}`)).join(comma()) : ''
  const minutes = (seconds: unknown): number => Math.round(Number(seconds ?? 0) / 60)
  return t(key, { name, missing, travel: minutes(facts.travel), gap: minutes(Number(facts.start ?? 0) - Number(facts.free ?? 0)), work: minutes(facts.work), limit: minutes(facts.limit), out: clock(facts.leaves), begins: clock(facts.begins), back: clock(facts.returns), ends: clock(facts.ends) })
}

/** Why nobody comes, from the data: how many caregivers which rule keeps away. Names and languages are ours to put in. */
export function reasonInWords({ reason }: BoardVisit, language: string, { t, te }: Translator): string {
  if (!reason) return ''
  const counts = new Map<string, number>()
  for (const rule of Object.values(reason.blocking)) counts.set(String(rule), (counts.get(String(rule)) ?? 0) + 1)
  if (!counts.size) return language === 'en' ? reason.en : reason.zh
  const word = (rule: string): string => (te(`board.blocks.${rule}`) ? t(`board.blocks.${rule}`) : rule)
  return [...counts].sort((a, b) => b[1] - a[1]).map(([rule, n]) => t('board.blocked', { n, rule: word(rule) })).join(semicolon())
}

interface Remedy {
  kind?: string
  facts?: { ticks?: number; rule?: string; like?: string }
}

/** The cheapest change that would let a visit in; the server has tried it. A tick is a second. */
export function remedyInWords({ reason }: BoardVisit, board: Board, { t, te }: Translator): string {
  const { kind, facts = {} } = (reason?.remedy ?? {}) as Remedy
  const key = kind === 'waive' ? `board.remedy.waive_${facts.rule}` : `board.remedy.${kind}`
  if (!kind || !te(key)) return ''
  const like = board.caregivers.find(({ id }) => `c${id}` === facts.like)?.name ?? ''
  return t(key, { minutes: Math.round((facts.ticks ?? 0) / 60), like })
}
