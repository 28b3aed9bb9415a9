// The board as the server tells it, and what its parts read out of it: lanes, tallies, what is not placed.
import type { components, operations } from '@/shared/api/schema'

type Schemas = components['schemas']
export type Board = Schemas['Board']
export type BoardVisit = Schemas['BoardVisit']
export type Caregiver = Schemas['Lane']
export type Attendance = Schemas['AttendanceOut']
export type Fault = BoardVisit['faults'][number]
export type Job = Schemas['JobOut']
export type Candidate = operations['planning_choices']['responses'][200]['content']['application/json']['items'][number]

/** A point of a job's progress: the best so far after so many seconds. */
export interface Progress {
  seconds: number
  cost: number
  unserved: number
}
export const progressOf = (job: Job): Progress[] =>
  job.progress.map(({ seconds, cost, unserved }) => ({ seconds: Number(seconds), cost: Number(cost), unserved: Number(unserved) }))

/** One caregiver's part of a visit, as the lanes draw it. */
export interface Bar {
  key: string
  visit: BoardVisit
  going: Attendance
  from: number
  to: number
}
export interface Lane {
  caregiver: Caregiver
  bars: Bar[]
}

const GONE = new Set(['declined', 'withdrawn'])
const OUT = new Set(['cancelled'])
const AHEAD = new Set(['waiting', 'planned'])

/** Who comes: the draft's wish while a draft is open, else whoever was promised and has not said no. */
export function crewOf(visit: BoardVisit): Attendance[] {
  return visit.proposed ?? visit.attendances.filter(({ state }) => !GONE.has(state))
}

/** Whether the draft wants something else than what was promised. */
export function differs(visit: BoardVisit): boolean {
  if (!visit.proposed || visit.state !== 'published') return false
  const key = (crew: Attendance[]): string => crew.map((one) => `${one.caregiver_id}@${one.starts_at}`).join()
  return key(visit.proposed) !== key(visit.attendances.filter(({ state }) => !GONE.has(state)))
}

export function itemOf(visit: BoardVisit, language: string): string {
  return language === 'en' ? visit.item_en : visit.item_zh
}

/** Who is needed first, then who is free, then the absent; each with their bars in order of time. */
export function lanesOf(board: Board): Lane[] {
  const bars = new Map<number, Bar[]>()
  for (const visit of board.visits) {
    if (OUT.has(visit.state)) continue
    for (const going of crewOf(visit)) {
      const bar = { key: `${visit.id}-${going.caregiver_id}`, visit, going, from: Date.parse(going.starts_at), to: Date.parse(going.ends_at) }
      bars.set(going.caregiver_id, [...(bars.get(going.caregiver_id) ?? []), bar])
    }
  }
  const rank = ({ caregiver, bars: theirs }: Lane): number => (theirs.length || caregiver.shifts.length ? 0 : 1)
  return board.caregivers
    .map((caregiver) => ({ caregiver, bars: (bars.get(caregiver.id) ?? []).sort((a, b) => a.from - b.from) }))
    .sort((a, b) => rank(a) - rank(b)) // otherwise the server's order, so that nobody's lane jumps about
}

export interface Tally {
  asked: number
  placed: number
  pairs: number
  /** share of placed visits that start inside the window the elder was offered */
  inWindow: number
  /** share of the working time spent on the way, where the plan's cost says so */
  travel: number | null
}

export function tally(board: Board): Tally {
  const asked = board.visits.filter(({ state }) => !OUT.has(state))
  const placed = asked.filter((visit) => crewOf(visit).length > 0 || !AHEAD.has(visit.state))
  const timed = placed.filter((visit) => crewOf(visit).length > 0)
  const served = timed.reduce((sum, visit) => sum + visit.minutes * 60 * crewOf(visit).length, 0)
  const way = (board.draft ?? board.published)?.cost.travel
  return {
    asked: asked.length,
    placed: placed.length,
    pairs: placed.filter(({ caregivers_needed }) => caregivers_needed > 1).length,
    inWindow: timed.length ? timed.filter(insideWindow).length / timed.length : 1,
    travel: way && served ? way / (way + served) : null,
  }
}

function insideWindow(visit: BoardVisit): boolean {
  const start = Date.parse(crewOf(visit)[0]?.starts_at ?? visit.opens)
  return Date.parse(visit.opens) <= start && start <= Date.parse(visit.closes)
}

const KINDS = ['impossible', 'too_late', 'changed_meanwhile', 'sacrificed']

/** Not in the plan: the impossible first, then what gave way, then what only waits. */
export function unplaced(board: Board): BoardVisit[] {
  const order = ({ reason }: BoardVisit): number => (KINDS.indexOf(reason?.kind ?? '') + KINDS.length + 1) % (KINDS.length + 1)
  return board.visits
    .filter((visit) => ['waiting', 'planned', 'published'].includes(visit.state) && crewOf(visit).length === 0)
    .sort((a, b) => order(a) - order(b) || a.opens.localeCompare(b.opens))
}
