// What is odd about a visit, as a sentence with its figures.
import { useI18n } from 'vue-i18n'
import type { Flaw } from '@/shared/api/types'
import { metres } from '@/shared/words'
import { comma } from '@/shared/i18n'

export function useFlaws() {
  const { t, te } = useI18n()
  /** Where she was instead, and from when to when. */
  function gone({ away, since, until, ended }: Flaw['facts']): string {
    if (ended) return t('desk.review.gone.ended')
    const why = te(`money.life.kind.${String(away)}`) ? t(`money.life.kind.${String(away)}`) : String(away ?? '')
    return since ? t(until ? 'desk.review.gone.until' : 'desk.review.gone.since', { why, since: String(since), until: String(until) }) : why
  }
  return function sentence({ flaw, facts }: Pick<Flaw, 'flaw' | 'facts'>): string {
    const end = facts.end === 'start' || facts.end === 'finish' ? t(`desk.review.end.${facts.end}`) : ''
    const distance = typeof facts.distance_m === 'number' ? metres(facts.distance_m) : ''
    const tasks = Array.isArray(facts.tasks) ? facts.tasks.join(comma()) : ''
    const skill_word = typeof facts.skill === 'string' ? t(`enums.skill.${facts.skill}`) : ''
    return t(`desk.review.flaw.${flaw}`, { ...facts, skill_word, grade_word: String(facts.grade ?? '').toUpperCase(), least_word: String(facts.least ?? '').toUpperCase(), gone: flaw === 'elder_gone' ? gone(facts) : '', least: String(facts.least_minutes ?? facts.item_minutes ?? ''), end, distance, tasks })
  }
}

/** How a flaw was settled: the platform's code, and after it what somebody said. */
export function useSettled() {
  const { t, te } = useI18n()
  return function words(resolution: string): string {
    const [code = '', ...said] = resolution.split(': ')
    const key = `desk.review.settled.${code.replaceAll(' ', '_')}`
    return [te(key) ? t(key) : code, ...said].join(' · ')
  }
}

/** Why a visit came to where it is: the platform's codes in words, what people said as they said it. */
export function useBecause() {
  const { t, te } = useI18n()
  return function words(reason: string): string {
    if (!/^[a-z_, ]+$/.test(reason)) return reason
    const keys = reason.split(',').map((code) => `desk.review.because.${code.trim().replaceAll(' ', '_')}`)
    return keys.every((key) => te(key)) ? keys.map((key) => t(key)).join(comma()) : reason
  }
}

/** What stopped a task, as the platform wrote it down (`systolic 185 mmHg, …`), in the reader's words; a person's words as they are. */
export function useMeasured() {
  const { t, te } = useI18n()
  return function words(said: string): string {
    return said.replace(/\b(systolic|diastolic|pulse|temperature|glucose|oxygen|water) (?=\d)/g, (found, name: string) => (te(`enums.reading_value.${name}`) ? `${t(`enums.reading_value.${name}`)} ` : found))
  }
}
