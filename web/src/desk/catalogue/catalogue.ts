// The catalogue's plain sums: items by head, the price of today, a form's contents.
import type { CatalogueItem, CataloguePrice } from '@/shared/api/types'

export const HEADS = ['living', 'basic_care', 'health', 'visiting', 'comfort', 'agency', 'home_adaptation'] as const
export const AIDS = ['meal', 'cleaning', 'bathing', 'medical', 'urgent', 'mobility'] as const
export const SKILLS = ['cleaning', 'meals', 'errands', 'bathing', 'rehab', 'nursing', 'escort', 'first_aid'] as const
export const LEVELS = ['default', 'intact', 'mild', 'moderate', 'severe', 'total'] as const

export type Draft = Omit<CatalogueItem, 'id' | 'prices' | 'ended_at' | 'minutes' | 'caregivers'> & { minutes: Numbers; caregivers: Numbers }
export type Numbers = { default: number } & Partial<Record<(typeof LEVELS)[number], number | null>>

/** Heads that have items, in the order of the standard; what has ended comes last. */
export function byHead(items: CatalogueItem[]): { head: string; items: CatalogueItem[] }[] {
  const groups = [...HEADS.map((head) => ({ head: head as string, items: items.filter((one) => !one.ended_at && one.head === head) })), { head: 'ended', items: items.filter((one) => one.ended_at) }]
  return groups.filter((group) => group.items.length)
}

/** What holds everywhere on a day. */
export function current(prices: CataloguePrice[], day: string): CataloguePrice | undefined {
  return prices.filter((one) => !one.area && one.starts <= day && (!one.ends || day <= one.ends)).sort((a, b) => b.starts.localeCompare(a.starts))[0]
}

export function empty(): CatalogueItem {
  return {
    id: 0, code: '', aid: 'cleaning', head: 'living', name_zh: '', name_en: '', minutes: { default: 60 }, caregivers: { default: 1 }, least_percent: 90,
    needs: [], same_sex: false, tasks: [], windows: [['08:30', '17:00']], approval: 'none', ended_at: null, version: 0, prices: [],
  }
}

/** The form's own copy: what it changes is nobody else's. */
export function draftOf(item: CatalogueItem): Draft {
  const { code, aid, head, name_zh, name_en, least_percent, same_sex, approval, version } = item
  const copy = JSON.parse(JSON.stringify({ minutes: item.minutes, caregivers: item.caregivers, needs: item.needs, tasks: item.tasks, windows: item.windows })) as Pick<CatalogueItem, 'needs' | 'tasks' | 'windows'> & { minutes: Numbers; caregivers: Numbers }
  return { code, aid, head, name_zh, name_en, least_percent, same_sex, approval, version, ...copy }
}

/** Levels without a number of their own are left out: the first line is theirs. */
export function filled(numbers: Numbers): Numbers {
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => typeof value === 'number')) as Numbers
}
