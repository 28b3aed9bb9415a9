import { describe, expect, it } from 'vitest'
import { extent, line, scale, stretches, type Point } from './chart'

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
})
