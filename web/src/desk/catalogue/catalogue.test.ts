import { expect, it } from 'vitest'
import { byHead, current, draftOf, empty, filled } from './catalogue'

it('shows heads in the order of the standard and what has ended last', () => {
  const items = [{ ...empty(), id: 1, head: 'agency' as const }, { ...empty(), id: 2 }, { ...empty(), id: 3, ended_at: '2026-11-01T00:00:00Z' }]
  expect(byHead(items).map((group) => [group.head, group.items.map(({ id }) => id)])).toEqual([['living', [2]], ['agency', [1]], ['ended', [3]]])
})

it('knows the price that holds everywhere on a day', () => {
  const price = (id: number, starts: string, ends: string | null, area = '') => ({ id, unit: 'visit' as const, cents: id, area, starts, ends })
  const prices = [price(1, '2026-01-01', '2026-12-31'), price(2, '2027-01-01', null), price(3, '2026-06-01', null, '370503001')]
  expect(current(prices, '2026-11-23')?.id).toBe(1)
  expect(current(prices, '2027-01-01')?.id).toBe(2)
  expect(current(prices, '2025-01-01')).toBeUndefined()
})

it('gives the form a copy and leaves empty levels out', () => {
  const item = empty()
  draftOf(item).windows.push(['19:00', '20:00'])
  expect(item.windows).toHaveLength(1)
  expect(filled({ default: 60, severe: null, total: 75 })).toEqual({ default: 60, total: 75 })
})
