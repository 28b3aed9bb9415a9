// The board as its parts read it: a day's caregivers, its visits and the plan that joins them.
export interface Going {
  caregiver_id: number
  rank: number
  state: string
  starts_at: string
  ends_at: string
  urgent: boolean
}
export interface Fault {
  rule: string
  caregiver_id: number | null
}
export interface Reason {
  kind: string
  sentence: Record<string, string>
  remedy: { kind?: string; facts?: Record<string, unknown> } | null
}
export interface BoardVisit {
  id: number
  elder_id: number
  elder: string
  estate: string
  item: string
  aid: string
  minutes: number
  caregivers: number
  state: string
  possible: string[]
  opens: string
  closes: string
  starts_at: string | null
  crew: Going[]
  pin: { waived: string[] } | null
  faults: Fault[]
  reason: Reason | null
  needs: string[]
  sex: string
  place: { lat: number; lon: number } | null
}
export interface BoardCaregiver {
  id: number
  name: string
  sex: string
  skills: string[]
  mode: string
  base: { lat: number; lon: number } | null
  shifts: { starts_at: string; ends_at: string }[]
  absent: string | null
}
export interface BoardPlan {
  id: number
  version: number
  state: string
  possible: string[]
}
export interface Board {
  day: string
  plan: BoardPlan | null
  caregivers: BoardCaregiver[]
  visits: BoardVisit[]
}

/** One caregiver's part of a visit, as the lanes draw it. */
export interface Bar {
  key: string
  visit: BoardVisit
  going: Going
  from: number
  to: number
}
export interface Lane {
  caregiver: BoardCaregiver
  bars: Bar[]
}

/** Who works first, then who only has bars, then the absent; each with their bars in order of time. */
export function lanesOf(board: Board): Lane[] {
  const bars = new Map<number, Bar[]>()
  for (const visit of board.visits)
    for (const going of visit.crew) {
      const bar = { key: `${visit.id}-${going.caregiver_id}`, visit, going, from: Date.parse(going.starts_at), to: Date.parse(going.ends_at) }
      bars.set(going.caregiver_id, [...(bars.get(going.caregiver_id) ?? []), bar])
    }
  const rank = ({ caregiver, bars: theirs }: Lane): number => (theirs.length ? 0 : caregiver.shifts.length ? 1 : 2)
  return board.caregivers
    .map((caregiver) => ({ caregiver, bars: (bars.get(caregiver.id) ?? []).sort((a, b) => a.from - b.from) }))
    .sort((a, b) => rank(a) - rank(b) || (a.bars[0]?.from ?? 0) - (b.bars[0]?.from ?? 0))
}

const OPEN = new Set(['waiting', 'planned', 'published', 'under_way', 'done', 'held', 'verified', 'not_delivered'])

/** What the day asks for and what stands in the plan. */
export function tally(board: Board): { asked: number; placed: number; inWindow: number; pairs: number } {
  const asked = board.visits.filter(({ state }) => OPEN.has(state))
  const placed = asked.filter(({ crew, state }) => crew.length > 0 || !['waiting', 'planned'].includes(state))
  const timed = placed.filter(({ crew }) => crew.length > 0)
  return {
    asked: asked.length,
    placed: placed.length,
    inWindow: timed.length ? timed.filter(insideWindow).length / timed.length : 1,
    pairs: placed.filter(({ caregivers }) => caregivers > 1).length,
  }
}

function insideWindow({ crew, opens, closes }: BoardVisit): boolean {
  const start = Date.parse(crew[0]?.starts_at ?? opens)
  return Date.parse(opens) <= start && start <= Date.parse(closes)
}

/** Not in the plan, the impossible first, then what gave way, then what only waits. */
export function unplaced(board: Board): BoardVisit[] {
  const order = ({ reason }: BoardVisit): number => ['impossible', 'too_late', 'changed_meanwhile', 'sacrificed'].indexOf(reason?.kind ?? '') + 1 || 9
  return board.visits.filter(({ state, crew }) => state === 'waiting' && crew.length === 0).sort((a, b) => order(a) - order(b) || a.opens.localeCompare(b.opens))
}
