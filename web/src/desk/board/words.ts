// Broken rules and ways out as sentences.
import { time } from '@/shared/words'
import type { Board, BoardVisit, Fault } from './model'

interface Translator {
  t: (key: string, named?: Record<string, unknown>) => string
  te: (key: string) => boolean
}

/** The server's rule names in words, with whom and what. */
export function faultInWords({ rule, caregiver_id, facts }: Fault, board: Board, { t, te }: Translator): string {
  const name = board.caregivers.find(({ id }) => id === caregiver_id)?.name ?? ''
  const key = `board.rule.${rule}`
  if (!te(key)) return t('board.rule.unknown', { rule })
  const missing = Array.isArray(facts.missing) ? facts.missing.map((skill) => t(`enums.skill.${String(skill)}`)).join('、') : ''
  const minutes = (seconds: unknown): number => Math.round(Number(seconds ?? 0) / 60)
  return t(key, { name, missing, travel: minutes(facts.travel), gap: minutes(Number(facts.start ?? 0) - Number(facts.free ?? 0)), work: minutes(facts.work), limit: minutes(facts.limit) })
}

/** The cheapest change that would let a visit in; the server has tried it. */
export function remedyInWords({ reason }: BoardVisit, board: Board, { t, te }: Translator): string {
  const { kind, facts, caregiver_ids, starts_at } = (reason?.remedy ?? {}) as { kind?: string; facts?: Record<string, unknown>; caregiver_ids?: number[]; starts_at?: string }
  if (!kind || !te(`board.remedy.${kind}`)) return ''
  const words = [t(`board.remedy.${kind}`, { minutes: Number(facts?.minutes ?? 0) })]
  const names = (caregiver_ids ?? []).map((id) => board.caregivers.find((one) => one.id === id)?.name).filter(Boolean)
  if (starts_at) words.push(time(starts_at))
  if (names.length) words.push(names.join(' + '))
  return words.join(' · ')
}
