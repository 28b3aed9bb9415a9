import { expect, it } from 'vitest'
import { fresh, inWords, monday, read, remedied, written } from './plans'

it.each([
  'FREQ=DAILY;INTERVAL=3',
  'FREQ=WEEKLY;BYDAY=MO,TH',
  'FREQ=WEEKLY;INTERVAL=2;BYDAY=WE;UNTIL=20261231',
  'FREQ=MONTHLY;BYMONTHDAY=-1',
  'FREQ=MONTHLY;BYDAY=2MO',
])('reads %s into fields and writes it back', (rule) => {
  expect(read(rule).every).not.toBe('raw')
  expect(written(read(rule))).toBe(rule)
})

it('keeps a rule its fields cannot hold as it was written', () => {
  const rule = 'FREQ=MONTHLY;BYDAY=1MO,3MO'
  expect(read(rule)).toMatchObject({ every: 'raw', raw: rule })
  expect(written(read(rule))).toBe(rule)
})

it('writes weekdays in the order of the week', () => {
  expect(written({ ...fresh(), days: ['TH', 'MO'] })).toBe('FREQ=WEEKLY;BYDAY=MO,TH')
})

it('says a rule in words', () => {
  const t = (key: string, named?: Record<string, unknown>) => `${key.split('.').pop()}${named ? JSON.stringify(named) : ''}`
  expect(inWords('FREQ=WEEKLY;BYDAY=MO', t)).toContain('week')
  expect(inWords('FREQ=MONTHLY;BYDAY=2MO', t)).toContain('month_week')
})

it('finds the Monday of a week', () => {
  expect(['2026-11-23', '2026-11-29', '2026-11-26'].map(monday)).toEqual(['2026-11-23', '2026-11-23', '2026-11-23'])
})

it('stands days that were not ordered together by elder and cause, with what is lacking at least', () => {
  const day = (elder_id: number, on: string, why: string, short_cents: number | null) => ({ elder_id, day: on, why, short_cents, most_self_pay_cents: 2000 })
  const groups = remedied([day(1, '2026-11-24', 'no_money', 1000), day(2, '2026-11-25', 'clash', null), day(1, '2026-11-28', 'no_money', 3000), day(1, '2026-12-01', 'no_money', 500)])
  expect(groups.map(({ elder_id, why, days, short }) => [elder_id, why, days.length, short])).toEqual([
    [1, 'no_money', 3, 3000],
    [2, 'clash', 1, 0],
  ])
})
