// From points to a line that stops where nothing was measured. Pure; the charts only draw.
import type { Curve } from '@/shared/api/types'
import { day, dayPlus, instant } from '@/shared/words'

export type Point = Curve['points'][number]

export interface Scale {
  x: (at: string | number) => number
  y: (value: number) => number
}

export function scale(since: string, until: string, low: number, high: number, wide: number, tall: number): Scale {
  const [from, to] = [Date.parse(since), Date.parse(until)]
  const span = high - low || 1
  return {
    x: (at) => ((typeof at === 'number' ? at : Date.parse(at)) - from) / (to - from || 1) * wide,
    y: (value) => tall - ((value - low) / span) * tall,
  }
}

/** Stretches without a gap. */
export function stretches(points: readonly Point[], gapSeconds: number): Point[][] {
  const found: Point[][] = []
  let last = -Infinity
  for (const point of points) {
    const at = Date.parse(point.at)
    if (at - last > gapSeconds * 1000) found.push([])
    found[found.length - 1]?.push(point)
    last = at
  }
  return found
}

/** A line through the means. */
export function line(points: readonly Point[], { x, y }: Scale): string {
  return points.map(({ at, mean }, i) => `${i ? 'L' : 'M'}${x(at).toFixed(1)} ${y(mean).toFixed(1)}`).join('')
}

/** The room between the least and the most. */
export function room(points: readonly Point[], { x, y }: Scale): string {
  const up = points.map(({ at, most }) => `${x(at).toFixed(1)} ${y(most).toFixed(1)}`)
  const down = [...points].reverse().map(({ at, least }) => `${x(at).toFixed(1)} ${y(least).toFixed(1)}`)
  return `M${[...up, ...down].join('L')}Z`
}

/** Limits with some air, that hold the band too. */
export function extent(points: readonly Point[], band: readonly (number | null)[]): [number, number] {
  const values = [...points.flatMap(({ least, most }) => [least, most]), ...band.filter((one) => one !== null)]
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const air = Math.max((high - low) * 0.08, 1)
  return [Math.floor(low - air), Math.ceil(high + air)]
}

/** Where the axis is marked: every six hours of a day by the local clock, midnights of a week, every fifth of a month. */
export function ticks(since: string, until: string): string[] {
  const days: string[] = []
  for (let one = day(since); one <= day(until); one = dayPlus(one, 1)) days.push(one)
  const clocks = days.length <= 3 ? ['00:00', '06:00', '12:00', '18:00'] : ['00:00']
  const step = days.length > 10 ? 5 : 1
  const found = days.filter((_, i) => (days.length - 1 - i) % step === 0).flatMap((one) => clocks.map((clock) => instant(one, clock)))
  return found.filter((at) => Date.parse(at) > Date.parse(since) && Date.parse(at) < Date.parse(until))
}
