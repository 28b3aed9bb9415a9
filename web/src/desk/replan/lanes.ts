// A proposed change on a line of time: one lane for each caregiver it touches, old places as ghosts, new ones filled.
import type { Change } from '@/shared/api/types'

const HOUR = 3_600_000

export interface Ghost {
  visit: number
  label: string
  from: number
  to: number
}
export interface Lane {
  id: number
  name: string
  was: Ghost[]
  will: Ghost[]
}
export interface Hours {
  from: number
  to: number
  ticks: number[]
}

type Slot = NonNullable<Change['changes'][number]['was']>

/** Caregivers in the order they first appear; what did not change is not drawn. */
export function laneOf(change: Change): Lane[] {
  const lanes = new Map<number, Lane>()
  const put = (slot: Slot | null, side: 'was' | 'will', visit: number, label: string): void => {
    slot?.caregiver_ids.forEach((id, i) => {
      const lane = lanes.get(id) ?? { id, name: slot.caregivers[i] ?? '', was: [], will: [] }
      lane[side].push({ visit, label, from: Date.parse(slot.starts_at), to: Date.parse(slot.ends_at) })
      lanes.set(id, lane)
    })
  }
  for (const { visit_id, elder, was, will } of change.changes) {
    put(was, 'was', visit_id, elder)
    put(will, 'will', visit_id, elder)
  }
  return [...lanes.values()]
}

/** Whole hours that hold every old and new place, at most eight of them named. */
export function hoursOf(change: Change): Hours {
  const ends = change.changes.flatMap(({ was, will }) => [was, will].flatMap((slot) => (slot ? [Date.parse(slot.starts_at), Date.parse(slot.ends_at)] : [])))
  const from = Math.floor(Math.min(...ends) / HOUR) * HOUR
  const to = Math.max(from + 2 * HOUR, Math.ceil(Math.max(...ends) / HOUR) * HOUR)
  const every = Math.ceil((to - from) / HOUR / 8) * HOUR
  return { from, to, ticks: Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => from + i * every) }
}

export const part = (hours: Hours, from: number, to: number): { left: string; width: string } => ({
  left: `${((from - hours.from) / (hours.to - hours.from)) * 100}%`,
  width: `${((to - from) / (hours.to - hours.from)) * 100}%`,
})
