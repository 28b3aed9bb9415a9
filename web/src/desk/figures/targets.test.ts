import { describe, expect, it } from 'vitest'
import { problemOf } from './targets'

describe('targets of a clock', () => {
  it('rise in seconds and never fall in share', () => {
    expect(problemOf([{ seconds: 10, percent: 95 }, { seconds: 60, percent: 98.5 }])).toBeNull()
    expect(problemOf([{ seconds: 10, percent: 95 }, { seconds: 60, percent: 95 }])).toBeNull()
    expect(problemOf([{ seconds: 60, percent: 95 }, { seconds: 10, percent: 98 }])).toBe('rising')
    expect(problemOf([{ seconds: 10, percent: 98 }, { seconds: 60, percent: 95 }])).toBe('rising')
  })
  it('are whole seconds of a day and a share that can be reached', () => {
    expect(problemOf([])).toBe('number')
    expect(problemOf([{ seconds: 1.5, percent: 90 }])).toBe('number')
    expect(problemOf([{ seconds: 10, percent: 101 }])).toBe('number')
    expect(problemOf([{ seconds: Number.NaN, percent: 90 }])).toBe('number')
  })
})
