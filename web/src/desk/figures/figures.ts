// Seconds, shares and periods as the page of figures says them.
import { useI18n } from 'vue-i18n'
import { dayPlus } from '@/shared/words'

export type Clock = 'receipt' | 'human' | 'decision' | 'arrival'
export const CLOCKS: Clock[] = ['receipt', 'human', 'decision', 'arrival']

/** `0.20 s`, `7.4 s`, `3:05`: exact where it is short. */
export function seconds(value: number | null | undefined): string {
  if (value == null) return '—'
  if (value < 10) return `${value.toFixed(value < 1 ? 2 : 1)} s`
  if (value < 100) return `${Math.round(value)} s`
  const whole = Math.round(value)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** First and last day of a choice: so many days until today, or a calendar month (`2026-11`). */
export function span(choice: number | string, today: string): { first: string; last: string } {
  if (typeof choice === 'number') return { first: dayPlus(today, 1 - choice), last: today }
  const [year, month] = choice.split('-').map(Number) as [number, number]
  const last = new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
  return { first: `${choice}-01`, last: last > today ? today : last }
}

export function useShares() {
  const { n } = useI18n()
  const percent = (share: number | null | undefined, digits = 1): string => (share == null ? '—' : `${n(100 * share, { maximumFractionDigits: digits })} %`)
  return { percent }
}
