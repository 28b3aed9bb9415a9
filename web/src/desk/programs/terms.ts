// A programme's terms in words, and the form's plain text read back into terms.
import type { Terms } from '@/shared/api/types'
import { money } from '@/shared/words'
import { comma, semicolon } from '@/shared/i18n'

export const LEVELS = ['intact', 'mild', 'moderate', 'severe', 'total'] as const
export const LTCI_LEVELS = ['1', '2', '3', '4', '5'] as const
export const AIDS = ['meal', 'cleaning', 'bathing', 'medical', 'urgent', 'mobility'] as const
export const CATEGORIES = ['tekun', 'dibao', 'dibao_marginal', 'family_planning_special', 'veteran_benefit', 'living_alone', 'empty_nest', 'left_behind', 'dementia'] as const
export const REGISTERS = ['purchased_service', 'welfare_visits'] as const
export const STOPS = ['hospital', 'institution'] as const
export type Say = (key: string, named?: Record<string, unknown>) => string

export const EMPTY: Terms = {
  rank: 1, scale: 'ability', amounts: {}, cash: {}, share_percent: 100, line_cap_cents: null, bands: [], aids: [], items: [], canteens: [],
  registers: ['purchased_service'], min_age: null, max_age: null, any_category: [], no_category: [], divisions: [], enrolled: false,
  not_with: [], not_on_line_with: [], stopped_by: [], pro_rata: false, level_change: 'next_month', approval: 'none',
}

/** The fields in the order in which people ask: who, how much, what it pays, beside what. */
export const FIELDS = [
  'scale', 'amounts', 'cash', 'enrolled', 'registers', 'min_age', 'max_age', 'any_category', 'no_category', 'divisions', 'rank',
  'share_percent', 'line_cap_cents', 'bands', 'aids', 'items', 'canteens', 'not_with', 'not_on_line_with', 'stopped_by', 'pro_rata', 'level_change', 'approval',
] as const
export type Field = (typeof FIELDS)[number]

/** What a level is called on its scale. */
export function levelInWords(level: string, t: Say): string {
  return /^\d$/.test(level) ? t(`money.ltci.${level}`) : t(`enums.level.${level}`)
}

/** One field's value as people say it. */
export function inWords(field: string, value: unknown, t: Say): string {
  if (value === null || value === undefined) return t('money.no_limit')
  if (typeof value === 'boolean') return t(value ? 'money.yes' : 'money.no')
  if (field === 'line_cap_cents') return money(Number(value))
  if (field === 'share_percent') return `${Number(value)}%`
  if (field === 'level_change') return t(`money.level_change.${String(value)}`)
  if (field === 'approval') return t(`money.order_approval.${String(value)}`)
  if (field === 'scale') return t(`money.scale.${String(value)}`)
  if (field === 'amounts' || field === 'cash') return amountsInWords(value as Record<string, number>, t)
  if (field === 'bands') return (value as Terms['bands'])?.map(({ from_age, cents }) => t('money.age_from', { age: from_age, cents: money(cents) })).join(comma()) || t('money.nobody')
  if (!Array.isArray(value)) return String(value)
  if (!value.length) return t(['aids', 'items', 'canteens', 'divisions'].includes(field) ? 'money.all' : 'money.nobody')
  return value.map((one: string) => word(field, one, t)).join(comma())
}

function word(field: string, one: string, t: Say): string {
  if (field === 'aids') return t(`enums.aid.${one}`)
  if (field === 'any_category' || field === 'no_category') return t(`enums.category.${one}`)
  if (field === 'registers') return t(`money.register.${one}`)
  if (field === 'stopped_by') return t(`money.life.kind.${one}`)
  return one
}

/** Levels with the same amount are said together. */
function amountsInWords(amounts: Record<string, number>, t: Say): string {
  const by = new Map<number, string[]>()
  for (const level of [...LEVELS, ...LTCI_LEVELS]) {
    const cents = amounts[level]
    if (cents) by.set(cents, [...(by.get(cents) ?? []), levelInWords(level, t)])
  }
  return [...by].map(([cents, levels]) => `${levels.join(comma())} ${money(cents)}`).join(semicolon()) || t('money.nobody')
}

/** Cents of what somebody typed in yuan; null where nothing stands. */
export function cents(typed: string | number | null): number | null {
  const text = String(typed ?? '').trim()
  return text === '' ? null : Math.round(Number(text) * 100)
}

/** `60=3 80=5` as bands. */
export function bands(typed: string): { from_age: number; cents: number }[] {
  return typed
    .split(/[\s,，]+/)
    .map((pair) => pair.split('='))
    .filter(([age, yuan]) => age && yuan)
    .map(([age, yuan]) => ({ from_age: Number(age), cents: Math.round(Number(yuan) * 100) }))
}

export function listed(typed: string): string[] {
  return typed.split(/[\s,，、]+/).filter(Boolean)
}
