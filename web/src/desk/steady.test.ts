// A key pressed just as the queue re-sorts picks nothing rather than somebody else.
import { effectScope, ref } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SETTLES_MS, useSteady } from './steady'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('takes a place only when the same alarm has stood there for a while', () => {
  const scope = effectScope()
  const order = ref([7, 8])
  const steady = scope.run(() => useSteady(() => order.value)) as (place: number) => boolean
  expect(steady(0)).toBe(false)
  vi.advanceTimersByTime(SETTLES_MS)
  expect([steady(0), steady(1), steady(2)]).toEqual([true, true, false])
  order.value = [9, 7, 8] // a graver one rings
  expect([steady(0), steady(1)]).toEqual([false, false])
  vi.advanceTimersByTime(SETTLES_MS)
  order.value = [9, 7] // the last one is claimed: the others stay where they are
  expect([steady(0), steady(1), steady(2)]).toEqual([true, true, false])
  scope.stop()
})
