// How long something has lasted and how far away a day is, in the words of the screen.
import { useI18n } from 'vue-i18n'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A duration by its one or two largest units: which word it takes, and the numbers in it. */
export function parts(milliseconds: number): { word: 'minutes' | 'hours' | 'days'; n: number; rest: number } {
  const span = Math.max(0, milliseconds)
  if (span < HOUR) return { word: 'minutes', n: Math.floor(span / MINUTE), rest: 0 }
  if (span < 2 * DAY) return { word: 'hours', n: Math.floor(span / HOUR), rest: Math.floor((span % HOUR) / MINUTE) }
  return { word: 'days', n: Math.floor(span / DAY), rest: 0 }
}

/** Days from one calendar day to another; both `YYYY-MM-DD`. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY)
}

export function useSpans() {
  const { t } = useI18n()
  const lasts = (milliseconds: number): string => {
    const { word, n } = parts(milliseconds)
    return t(`devices.lasts.${word}`, { n })
  }
  return { lasts, since: (at: string, now: number) => lasts(now - Date.parse(at)) }
}
