// Old and new places of a change stand on the lanes of the people they belong to.
import { expect, it } from 'vitest'
import type { Change } from '@/shared/api/types'
import { hoursOf, laneOf, part } from './lanes'

const slot = (id: number, name: string, from: string, to: string) => ({ caregiver_ids: [id], caregivers: [name], starts_at: `2026-11-23T${from}:00Z`, ends_at: `2026-11-23T${to}:00Z` })
const change = {
  changes: [
    { visit_id: 1, elder: '林桂芬', was: slot(7, '刘洁', '02:00', '03:00'), will: slot(8, '王芳', '02:30', '03:30') },
    { visit_id: 2, elder: '陈秀英', was: slot(7, '刘洁', '04:00', '05:00'), will: null },
  ],
} as unknown as Change

it('gives each caregiver a lane with ghosts and new places', () => {
  expect(laneOf(change).map(({ name, was, will }) => [name, was.length, will.length])).toEqual([['刘洁', 2, 0], ['王芳', 0, 1]])
})
it('shows whole hours, and places on them in per cent', () => {
  const hours = hoursOf(change)
  expect(hours.ticks.length).toBe(4)
  expect(part(hours, hours.from, hours.to)).toEqual({ left: '0%', width: '100%' })
})
