// How pressing an alarm looks: by its priority, its state and its age. Colours only; the server decides what is late.
import type { AlarmRow } from '@/shared/api/types'

const AMBER_AFTER_S: Record<number, number> = { 2: 60, 3: 300 }
const RED_AFTER_S: Record<number, number> = { 2: 300, 3: 900 }

export function ageTone(row: Pick<AlarmRow, 'state' | 'priority' | 'raised_at'>, now: number): 'sos' | 'late' | 'info' | 'calm' {
  if (row.state === 'follow_up' || row.state === 'closed') return 'calm'
  if (row.state !== 'ringing') return 'info'
  if (row.priority <= 1) return 'sos'
  const age = (now - Date.parse(row.raised_at)) / 1000
  if (age >= (RED_AFTER_S[row.priority] ?? 1800)) return 'sos'
  return age >= (AMBER_AFTER_S[row.priority] ?? 600) ? 'late' : 'calm'
}

/** Suspended until a time that has not come, or only a call-back is owed. */
export function waits(row: Pick<AlarmRow, 'state' | 'suspended_until'>, now: number): boolean {
  if (row.state === 'ringing') return false
  return row.state === 'follow_up' || (row.suspended_until !== null && Date.parse(row.suspended_until) > now)
}

/** Whose turn it is on the screen: what rings, what somebody has, what waits. Within each the server's order holds. */
export function turn(row: Pick<AlarmRow, 'state' | 'suspended_until'>, now: number): 0 | 1 | 2 {
  if (row.state === 'ringing') return 0
  return waits(row, now) ? 2 : 1
}
