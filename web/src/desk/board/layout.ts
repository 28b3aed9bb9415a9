// Where things stand on the lanes: hours to per cent, rows for what overlaps, gaps between bars.
import { crewOf, type Bar, type Board, type Lane } from './model'

const HOUR = 3_600_000
const SNAP = 300_000

export interface Axis {
  from: number
  to: number
}

/** Whole hours that hold every shift and visit of the day; `noon` is the day's own, in the district. */
export function axisOf(board: Board, noon: number): Axis {
  const ends = [
    ...board.caregivers.flatMap(({ shifts }) => shifts.flatMap((shift) => [shift.starts_at, shift.ends_at])),
    ...board.visits.flatMap((visit) => crewOf(visit).flatMap((going) => [going.starts_at, going.ends_at])),
  ].map((at) => Date.parse(at))
  const from = Math.min(noon - 4 * HOUR, ...ends)
  const to = Math.max(noon + 5 * HOUR, ...ends)
  return { from: noon + Math.floor((from - noon) / HOUR) * HOUR, to: noon + Math.ceil((to - noon) / HOUR) * HOUR }
}

export const ticks = ({ from, to }: Axis): number[] => Array.from({ length: Math.round((to - from) / HOUR) }, (_, i) => from + i * HOUR)

export const share = (axis: Axis, at: number): number => ((at - axis.from) / (axis.to - axis.from)) * 100

/** `left` and `width` in per cent. */
export function span(axis: Axis, from: number, to: number): { left: string; width: string } {
  const left = Math.max(0, share(axis, from))
  return { left: `${left}%`, width: `${Math.max(0, Math.min(100, share(axis, to)) - left)}%` }
}

/** The moment under a place of the lane, on five minutes. */
export function moment(axis: Axis, part: number): number {
  const at = axis.from + Math.min(1, Math.max(0, part)) * (axis.to - axis.from)
  return Math.round(at / SNAP) * SNAP
}

/** Bars that overlap share the height: an alarm may call somebody away from a visit. */
export function rows(bars: Bar[]): { bar: Bar; row: number }[] {
  const ends: number[] = []
  return bars.map((bar) => {
    const free = ends.findIndex((end) => end <= bar.from)
    const row = free === -1 ? ends.length : free
    ends[row] = bar.to
    return { bar, row }
  })
}

/** The times between two bars in which she must travel, or may rest. */
export function gaps(bars: Bar[]): { from: number; to: number }[] {
  return bars.slice(1).flatMap((bar, i) => {
    const from = bars[i]?.to ?? bar.from
    return bar.from > from ? [{ from, to: bar.from }] : []
  })
}

/** Rests between the parts of a split shift. */
export function rests(lane: Lane): { from: number; to: number }[] {
  const { shifts } = lane.caregiver
  return shifts.slice(1).map((shift, i) => ({ from: Date.parse(shifts[i]?.ends_at ?? shift.starts_at), to: Date.parse(shift.starts_at) }))
}

/** The ways between bars of one stretch of work: over the midday rest nobody travels for us. */
export function ways(lane: Lane): { from: number; to: number }[] {
  const off = rests(lane)
  return gaps(lane.bars).filter((gap) => !off.some((rest) => gap.from < rest.to && rest.from < gap.to))
}

export type Way = 'left' | 'right' | 'up' | 'down'

/** The bar an arrow key leads to: along the lane, or the nearest in time on the next lane that has one. */
export function neighbour(lanes: Lane[], key: string, way: Way): Bar | undefined {
  const at = lanes.findIndex(({ bars }) => bars.some((bar) => bar.key === key))
  const here = lanes[at]?.bars.find((bar) => bar.key === key)
  if (!here) return lanes.find(({ bars }) => bars.length)?.bars[0]
  const own = lanes[at]?.bars ?? []
  if (way === 'left' || way === 'right') return own[own.indexOf(here) + (way === 'right' ? 1 : -1)] ?? here
  const beyond = way === 'down' ? lanes.slice(at + 1) : lanes.slice(0, at).reverse()
  const target = beyond.find(({ bars }) => bars.length)
  if (!target) return here
  return target.bars.reduce((best, bar) => (Math.abs(bar.from - here.from) < Math.abs(best.from - here.from) ? bar : best))
}
