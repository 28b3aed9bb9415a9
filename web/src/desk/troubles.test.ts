// The desk knows when it is cut off, deaf or silent, and does not cry about what is well.
import { describe, expect, it } from 'vitest'
import { HIDDEN_AFTER_MS, NOTICED, troublesOf } from './troubles'

const part = (name: string, well = true) => ({ name, well, at: null, facts: {} })
const queue = (...parts: ReturnType<typeof part>[]) => ({ parts, nobody_on_duty: false })
const WELL = { lost: false, queue: queue(part('listener-1'), part('listener-2'), part('clock')), hears: true, sound: 'on' as const, hidden: 0 }

describe('the desk', () => {
  it('is quiet when all is well', () => expect(troublesOf(WELL)).toEqual([]))
  it('is loud about a lost connection, whatever else', () => {
    expect(troublesOf({ ...WELL, lost: true, queue: queue(part('clock', false)) })).toEqual(['lost'])
  })
  it('tells one silent listener from being deaf', () => {
    expect(troublesOf({ ...WELL, queue: queue(part('listener-1', false), part('listener-2')) })).toEqual(['ill'])
    expect(troublesOf({ ...WELL, queue: queue(part('listener-1', false), part('listener-2', false)) })).toEqual(['deaf'])
    expect(troublesOf({ ...WELL, queue: queue(part('clock', false)) })).toEqual(['deaf'])
  })
  it.each(['locked', 'muted', 'unheard'] as const)('says when its sound is %s, to those who answer', (sound) => {
    expect(troublesOf({ ...WELL, sound })).toEqual([sound])
    expect(troublesOf({ ...WELL, sound, hears: false })).toEqual([])
    expect(NOTICED).toContain(sound)
  })
  it('says when nobody looks at it for long', () => {
    expect(troublesOf({ ...WELL, hidden: HIDDEN_AFTER_MS })).toEqual([])
    expect(troublesOf({ ...WELL, hidden: HIDDEN_AFTER_MS + 1 })).toEqual(['hidden'])
  })
})
