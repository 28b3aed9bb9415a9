import { expect, test } from 'vitest'
import type { AlarmRow } from '@/shared/api/types'
import { merged } from './merged'

const row = (id: number, priority: number, second: number, version = 1) =>
  ({ id, priority, version, raised_at: new Date(1_000 * second).toISOString() }) as AlarmRow
const ids = (rows: AlarmRow[]) => rows.map((one) => one.id)
const shown = [row(3, 1, 10), row(5, 1, 20), row(1, 2, 5), row(4, 3, 1)]

test('new rows find their place: the gravest first, then the oldest, then the lower number', () => {
  const news = [row(2, 0, 99), row(6, 1, 15), row(7, 1, 20), row(8, 3, 2)]
  expect(ids(merged(shown, news, []))).toEqual([2, 3, 6, 5, 7, 1, 4, 8])
})

test('a row that changed is shown as it is now, in its new place; one that is gone goes', () => {
  const now = merged(shown, [row(1, 0, 5, 2)], [5])
  expect(ids(now)).toEqual([1, 3, 4])
  expect(now[0]?.version).toBe(2)
})

test('where nothing changed nothing is drawn again', () => {
  expect(merged(shown, [], [])).toBe(shown)
})
