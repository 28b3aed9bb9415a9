// Care plans on the screen: RFC 5545 rules as a person picks them, and back into words.
import type { CarePlanLine } from '@/shared/api/types'

export const WEEK = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const
export type Weekday = (typeof WEEK)[number]

/** What the editor's fields hold of a rule; `raw` when somebody wrote one the fields cannot hold. */
export interface Picked {
  every: 'day' | 'week' | 'month_day' | 'month_week' | 'raw'
  interval: number
  days: Weekday[]
  nth: number
  monthDay: number
  until: string
  raw: string
}

export const fresh = (): Picked => ({ every: 'week', interval: 1, days: ['MO'], nth: 1, monthDay: 1, until: '', raw: '' })

export function written(picked: Picked): string {
  if (picked.every === 'raw') return picked.raw.trim()
  const parts: string[] = []
  if (picked.every === 'day') parts.push('FREQ=DAILY')
  else if (picked.every === 'week') parts.push('FREQ=WEEKLY')
  else parts.push('FREQ=MONTHLY')
  if (picked.interval > 1) parts.push(`INTERVAL=${picked.interval}`)
  if (picked.every === 'week') parts.push(`BYDAY=${WEEK.filter((day) => picked.days.includes(day)).join(',')}`)
  if (picked.every === 'month_day') parts.push(`BYMONTHDAY=${picked.monthDay}`)
  if (picked.every === 'month_week') parts.push(`BYDAY=${picked.nth}${picked.days[0] ?? 'MO'}`)
  if (picked.until) parts.push(`UNTIL=${picked.until.replaceAll('-', '')}`)
  return parts.join(';')
}

/** The fields of a rule; whatever they cannot hold stays as it was written. */
export function read(rule: string): Picked {
  const given = new Map(rule.split(';').map((part) => part.split('=') as [string, string]))
  const until = given.get('UNTIL') ?? ''
  const picked = { ...fresh(), interval: Number(given.get('INTERVAL') ?? 1), until: until && `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6)}`, days: [] as Weekday[] }
  const byDay = given.get('BYDAY')
  const nth = /^(-?\d)(\w\w)$/.exec(byDay ?? '')
  if (given.get('FREQ') === 'DAILY') picked.every = 'day'
  else if (given.get('FREQ') === 'WEEKLY') Object.assign(picked, { every: 'week', days: (byDay ?? '').split(',') })
  else if (given.has('BYMONTHDAY')) Object.assign(picked, { every: 'month_day', monthDay: Number(given.get('BYMONTHDAY')) })
  else if (nth) Object.assign(picked, { every: 'month_week', nth: Number(nth[1]), days: [nth[2]] })
  return written(picked) === rule ? picked : { ...picked, every: 'raw', raw: rule }
}

type Translate = (key: string, named?: Record<string, unknown>) => string

/** `每 2 周的周一、周四`, `每月第二个周三`. */
export function inWords(rule: string, t: Translate): string {
  const picked = read(rule)
  const days = picked.days.map((day) => t(`care_plans.day.${day}`)).join(t('care_plans.and'))
  const said = {
    day: () => t(picked.interval > 1 ? 'care_plans.rule.day' : 'care_plans.rule.daily', { n: picked.interval }),
    week: () => t(picked.interval > 1 ? 'care_plans.rule.weeks' : 'care_plans.rule.week', { n: picked.interval, days }),
    month_day: () => (picked.monthDay < 0 ? t('care_plans.rule.month_end') : t('care_plans.rule.month_day', { n: picked.monthDay })),
    month_week: () => t('care_plans.rule.month_week', { nth: t(`care_plans.nth.${picked.nth}`), days }),
    raw: () => rule,
  }[picked.every]()
  return picked.until ? `${said} ${t('care_plans.rule.until', { day: picked.until })}` : said
}

export type LineDraft = Omit<CarePlanLine, 'item_zh' | 'item_en' | 'aid' | 'key'> & { key: string | null }

/** Monday of the week a day lies in. */
export function monday(day: string): string {
  const at = new Date(`${day}T12:00:00Z`)
  return new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10)
}

interface NotServed {
  elder_id: number
  day: string
  why: string
  short_cents: number | null
  most_self_pay_cents: number
}
interface Remedied<One extends NotServed> {
  elder_id: number
  why: One['why']
  days: One[]
  short: number
  most: number
}
/** Days that were not ordered by elder and cause, the nearest first; `short` is what her own limit lacks at least. */
export function remedied<One extends NotServed>(days: One[]): Remedied<One>[] {
  const groups = new Map<string, Remedied<One>>()
  for (const one of days) {
    const { elder_id, why, most_self_pay_cents } = one
    const group: Remedied<One> = groups.get(`${elder_id} ${why}`) ?? { elder_id, why, days: [], short: 0, most: most_self_pay_cents }
    group.days.push(one)
    group.short = Math.max(group.short, one.short_cents ?? 0)
    groups.set(`${elder_id} ${why}`, group)
  }
  return [...groups.values()]
}
