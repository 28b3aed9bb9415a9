// The month's roster as the screens need it: who comes on which day, week by week.
import type { operations } from '@/shared/api/schema'
import type { Tone } from '@/shared/map/types'

type Answer<Name extends keyof operations> = operations[Name] extends { responses: { 200: { content: { 'application/json': infer Body } } } } ? Body : never
export type Rosters = Answer<'rostering_rosters'>
export type Head = Rosters['items'][number]
export type Roster = Answer<'rostering_roster'>
export type Line = Roster['lines'][number]
export type Gap = Roster['gaps'][number]
export type Fault = Answer<'rostering_check_move'>['faults'][number]
export interface Wish {
  caregiver_id: number
  at: string
  weekly: boolean
}

const TONES: Record<string, Tone> = { meal: 'meal', cleaning: 'clean', bathing: 'bath', medical: 'med', mobility: 'walk' }
export const colourOf = (aid: string | undefined): string => `var(--${TONES[aid ?? ''] ?? 'ink'})`

/** Lines by caregiver and day. */
export function grid(roster: Roster): Map<string, Line[]> {
  const cells = new Map<string, Line[]>()
  for (const line of roster.lines) {
    const key = `${line.caregiver_id} ${line.day}`
    cells.set(key, [...(cells.get(key) ?? []), line])
  }
  return cells
}

export interface Regular {
  key: string
  weekday: number
  at: string
  item: number
  who: { id: number; name: string; times: number; standsIn: boolean }[]
}

/** What one elder can rely on: weekday, hour and people, with how often each comes in the four weeks. */
export function regulars(roster: Roster, elder: number, names: Map<number, string>): Regular[] {
  const rows = new Map<string, Regular>()
  for (const line of roster.lines) {
    if (line.elder_id !== elder) continue
    const weekday = (new Date(`${line.day}T12:00:00Z`).getUTCDay() + 6) % 7
    const key = `${line.key} ${weekday} ${line.at}`
    const row = rows.get(key) ?? { key, weekday, at: line.at, item: line.item_id, who: [] }
    const known = row.who.find(({ id }) => id === line.caregiver_id)
    if (known) known.times += 1
    else row.who.push({ id: line.caregiver_id, name: names.get(line.caregiver_id) ?? '', times: 1, standsIn: !line.regular })
    rows.set(key, row)
  }
  return [...rows.values()].sort((a, b) => a.weekday - b.weekday || a.at.localeCompare(b.at))
}
