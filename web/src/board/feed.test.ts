// The board says within seconds that it is deaf, comes back by itself, and goes dark when its key is taken.
import { effectScope, type EffectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '@/shared/api/problem'
import type { Wall } from '@/shared/api/types'
import { EVERY_MS, STALE_AFTER_MS, useFeed, type Asked } from './feed'
import { takeKey } from './key'

const QUIET = { alarms: [], ringing: 0, handled: 0, timezone: 'Asia/Shanghai', server_time: '2026-11-23T02:00:00Z' } as unknown as Wall
const RINGING = { ...QUIET, ringing: 1 } as Wall
let scope: EffectScope

function started(question: Asked, reload = vi.fn()) {
  scope = effectScope()
  return { ...(scope.run(() => useFeed(question, reload)) as ReturnType<typeof useFeed>), reload }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})
afterEach(() => {
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  vi.restoreAllMocks()
})

it('asks again and again, one question at a time', async () => {
  const question = vi.fn<Asked>().mockResolvedValue(QUIET)
  const { wall, stale } = started(question)
  await vi.advanceTimersByTimeAsync(10 * EVERY_MS)
  expect(question.mock.calls.length).toBe(11)
  expect([wall.value?.ringing, stale.value]).toEqual([0, false])
})

it('is loud when the server is silent, keeps trying, and calms down by itself', async () => {
  const question = vi.fn<Asked>().mockResolvedValueOnce(RINGING).mockRejectedValue(new TypeError('network'))
  const { wall, stale } = started(question)
  await vi.advanceTimersByTimeAsync(STALE_AFTER_MS + 1000)
  expect([wall.value?.ringing, stale.value]).toEqual([1, true])
  question.mockResolvedValue(QUIET)
  await vi.advanceTimersByTimeAsync(6000)
  expect([wall.value?.ringing, stale.value]).toEqual([0, false])
})

it('goes dark when its key is taken back', async () => {
  const refusal = new Problem({ type: '/problems/NoSuchScreen', title: '', status: 403, detail: '' } as never)
  const question = vi.fn<Asked>().mockResolvedValueOnce(RINGING).mockRejectedValue(refusal)
  const { wall, refused, stale } = started(question)
  await vi.advanceTimersByTimeAsync(EVERY_MS + 100)
  expect([wall.value, refused.value, stale.value]).toEqual([null, true, false])
})

it('takes in a new version once a day, and never while something is open', async () => {
  const question = vi.fn<Asked>().mockResolvedValue(RINGING)
  const { reload } = started(question)
  await vi.advanceTimersByTimeAsync(EVERY_MS)
  const now = performance.now()
  vi.spyOn(performance, 'now').mockReturnValue(now + 25 * 3600 * 1000)
  await vi.advanceTimersByTimeAsync(EVERY_MS)
  expect(reload).not.toHaveBeenCalled()
  question.mockResolvedValue(QUIET)
  await vi.advanceTimersByTimeAsync(EVERY_MS)
  expect(reload).toHaveBeenCalled()
})

it('keeps the key and takes it out of the address', () => {
  scope = effectScope()
  history.replaceState(null, '', '/board/?lang=en#abc')
  expect([takeKey(), location.hash, location.search, takeKey()]).toEqual(['abc', '', '?lang=en', 'abc'])
})
