// The order of the queue on the screen: what rings, what somebody has, what waits. Worked out when something changes,
// not with every tick of the clock.
import { computed, type ComputedRef } from 'vue'
import type { AlarmRow } from '@/shared/api/types'
import { useNow } from '@/shared/clock'
import { turn, waits } from './age'

/** All rows in turn, and the same in two parts; within each turn the server's order holds. */
export function useOrder(rows: () => AlarmRow[]): Record<'inOrder' | 'active' | 'waiting', ComputedRef<AlarmRow[]>> {
  const now = useNow()
  const settled = computed(() => rows().filter((row) => row.state === 'follow_up' || row.suspended_until !== null))
  // as text: it stays the same until a suspension ends
  const asleep = computed(() => settled.value.filter((row) => waits(row, now.value)).map((row) => row.id).join())
  const split = computed(() => {
    const later = new Set(asleep.value.split(',').map(Number))
    const turns: [AlarmRow[], AlarmRow[], AlarmRow[]] = [[], [], []]
    for (const row of rows()) turns[turn({ state: row.state, suspended_until: later.has(row.id) ? row.suspended_until : null }, 0)].push(row)
    return turns
  })
  return {
    inOrder: computed(() => split.value.flat()),
    active: computed(() => [...split.value[0], ...split.value[1]]),
    waiting: computed(() => split.value[2]),
  }
}
