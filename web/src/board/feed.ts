// Asks for the board's figures every two seconds, for weeks: one question at a time, one timer, nothing that grows.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { Wall } from '@/shared/api/types'
import { setServerTime } from '@/shared/clock'
import { setZone } from '@/shared/words'

export const EVERY_MS = 2000
const GIVE_UP_MS = 4000
const AFTER_FAILURE_MS = [1000, 2000, 5000]
const REFUSED_MS = 30_000
export const STALE_AFTER_MS = 8000
const DAY_MS = 24 * 3600 * 1000

export type Asked = (signal: AbortSignal) => Promise<Wall>

export const over = (key: string): Asked => (signal) =>
  ask(api.GET('/api/wall', { signal, params: { header: { authorization: `Bearer ${key}` } } }))

/** `reload` takes in a new version of the page: once a day, right after a good answer in which nothing is open. */
export function useFeed(question: Asked, reload: () => void = () => location.reload()) {
  const wall = shallowRef<Wall | null>(null)
  const refused = ref(false)
  const heardAt = ref(performance.now())
  const now = ref(performance.now())
  const began = performance.now()
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  async function turn(): Promise<void> {
    const wait = await once()
    if (!stopped) timer = setTimeout(turn, wait)
  }

  async function once(): Promise<number> {
    const asked = performance.now()
    try {
      const answer = await question(AbortSignal.timeout(GIVE_UP_MS))
      setZone(answer.timezone)
      setServerTime(answer.server_time, performance.now() - asked)
      wall.value = answer
      refused.value = false
      failures = 0
      heardAt.value = now.value = performance.now()
      const quiet = answer.ringing + answer.handled + answer.alarms.length === 0
      if (quiet && heardAt.value - began > DAY_MS) reload()
      return EVERY_MS
    } catch (error) {
      console.warn('wall', error)
      if (error instanceof Problem && error.status === 403) {
        wall.value = null // whoever took the key back wants the screen dark
        refused.value = true
        return REFUSED_MS
      }
      return AFTER_FAILURE_MS[Math.min(failures++, AFTER_FAILURE_MS.length - 1)] as number
    }
  }

  void turn()
  const second = setInterval(() => (now.value = performance.now()), 500)
  onScopeDispose(() => {
    stopped = true
    clearTimeout(timer)
    clearInterval(second)
  })

  return {
    wall,
    refused,
    /** Milliseconds since the last good answer. */
    silent: computed(() => now.value - heardAt.value),
    /** What is shown may no longer be true. */
    stale: computed(() => !refused.value && now.value - heardAt.value > STALE_AFTER_MS),
  }
}
