// The order of the queue on the screen: whose turn it is, alarms of one elder together, counts by gravity. Worked out when
// something changes, not with every tick of the clock.
import { computed } from 'vue'
import type { AlarmRow } from '@/shared/api/types'
import { useNow } from '@/shared/clock'
import { waits } from './age'

export interface Entry {
  row: AlarmRow
  /** Belongs to the elder of the entry above it. */
  linked: boolean
}

/** What rings before what somebody has, in the server's order within; the others of an elder follow her gravest. */
export function active(rows: readonly AlarmRow[]): Entry[] {
  const ofElder = new Map<number, AlarmRow[]>()
  const inOrder = [...rows.filter(({ state }) => state === 'ringing'), ...rows.filter(({ state }) => state !== 'ringing')]
  for (const row of inOrder) {
    if (row.elder_id === null) continue
    const family = ofElder.get(row.elder_id)
    if (family) family.push(row)
    else ofElder.set(row.elder_id, [row])
  }
  const placed = new Set<number>()
  return inOrder.flatMap((row) => {
    if (placed.has(row.id)) return []
    const family = (row.elder_id !== null && ofElder.get(row.elder_id)) || [row]
    return family.map((one, i) => (placed.add(one.id), { row: one, linked: i > 0 }))
  })
}

/** What is put aside until a time or for a call-back, the soonest first. */
export function waiting(rows: readonly AlarmRow[]): AlarmRow[] {
  const due = (row: AlarmRow) => Date.parse(row.suspended_until ?? row.call_back_at ?? '') || Infinity
  return [...rows].sort((one, other) => due(one) - due(other))
}

export type Gravity = 'p1' | 'p2' | 'p3' | 'test'
export function gravity(row: Pick<AlarmRow, 'priority' | 'test'>): Gravity {
  if (row.test) return 'test'
  return row.priority <= 1 ? 'p1' : row.priority === 2 ? 'p2' : 'p3'
}
export const SIGNS: Record<Gravity, string> = { p1: '‼', p2: '!', p3: '·', test: '✎' }

/** How many ring of each gravity, the gravest first, none left out but zeros. */
export function tally(rows: readonly AlarmRow[]): { gravity: Gravity; n: number }[] {
  const ringing = rows.filter(({ state }) => state === 'ringing').map(gravity)
  return (Object.keys(SIGNS) as Gravity[]).map((one) => ({ gravity: one, n: ringing.filter((other) => other === one).length })).filter(({ n }) => n > 0)
}

/** The queue in turn, in its two parts, and all of it as the keys walk through it. */
export function useOrder(rows: () => AlarmRow[]) {
  const now = useNow()
  const settled = computed(() => rows().filter((row) => row.state === 'follow_up' || row.suspended_until !== null))
  // as text: it stays the same until a suspension ends
  const asleep = computed(() => settled.value.filter((row) => waits(row, now.value)).map((row) => row.id).join())
  const parts = computed(() => {
    const later = new Set(asleep.value.split(',').map(Number))
    return { entries: active(rows().filter(({ id }) => !later.has(id))), later: waiting(rows().filter(({ id }) => later.has(id))) }
  })
  return {
    entries: computed(() => parts.value.entries),
    later: computed(() => parts.value.later),
    inOrder: computed(() => [...parts.value.entries.map(({ row }) => row), ...parts.value.later]),
  }
}
