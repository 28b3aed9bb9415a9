import { describe, expect, it } from 'vitest'
import { extent, line, scale, stretches, ticks, type Point } from './chart'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 23, 8, minute)).toISOString()
const points: Point[] = [0, 10, 20, 90, 100].map((minute) => ({ at: at(minute), least: 60, mean: 70, most: 80 }))

describe('a chart of vitals', () => {
  it('is not joined where nothing was measured', () => {
    expect(stretches(points, 1800).map((some) => some.length)).toEqual([3, 2])
    expect(stretches([], 60)).toEqual([])
  })
  it('holds the band of the rule as well as the points', () => {
    const [low, high] = extent(points, [45, null])
    expect(low).toBeLessThan(45)
    expect(high).toBeGreaterThan(80)
  })
  it('goes from the left edge to the right one', () => {
    const { x, y } = scale(at(0), at(100), 0, 100, 200, 50)
    expect([x(at(0)), x(at(100)), y(0), y(100)]).toEqual([0, 200, 50, 0])
    expect(line(points.slice(0, 2), { x, y })).toBe('M0.0 15.0L20.0 15.0')
  })
  it('is marked at whole hours of the local clock, and at midnights where it is long', () => {
    expect(ticks('2026-11-22T09:34:00Z', '2026-11-23T09:34:00Z').map((one) => one.slice(5, 16))).toEqual(['11-22T10:00', '11-22T16:00', '11-22T22:00', '11-23T04:00'])
    expect(ticks('2026-11-16T09:34:00Z', '2026-11-23T09:34:00Z').map((one) => one.slice(11, 16))).toEqual(Array(7).fill('16:00'))
    expect(ticks('2026-10-24T09:34:00Z', '2026-11-23T09:34:00Z')).toHaveLength(6)
  })
})
