// The alarm queue, held for the whole desk: by the live stream at once, by asking every 3 seconds in any case. Asked is
// only what this screen does not know yet, so that a storm costs each desk its new rows and not the whole queue again.
import { computed, effectScope, ref, shallowRef, watch, type EffectScope } from 'vue'
import { api, ask, sessionEnded } from '@/shared/api/client'
import type { AlarmQueue, Me } from '@/shared/api/types'
import { setServerTime, useNow } from '@/shared/clock'
import { streaming, useLive } from '@/shared/live'
import { every } from '@/shared/ticker'
import { merged } from './merged'
import { DESK } from './pages'

const POLL_MS = 3000
const BREATH_MS = 100 // between two questions in a storm
const ALL_AGAIN_MS = 60_000 // an elder's new name is no change of her alarm
const GIVE_UP_MS = 4000
const LOST_AFTER_MS = 7000 // of 3 s questions; twice that for those who ask half as often

const queue = shallowRef<AlarmQueue | null>(null)
const rows = computed(() => queue.value?.items ?? [])
const ringing = computed(() => rows.value.filter((alarm) => alarm.state === 'ringing'))
let allAt = 0
const latency = ref<number | null>(null)
const heardAt = ref(performance.now())
const lost = ref(false)
let asking: Promise<void> | undefined
let scope: EffectScope | undefined
let watching = true

/** One question at a time; what comes meanwhile is asked afterwards, after a breath. */
let again = false
export function refreshQueue(): Promise<void> {
  if (asking) {
    again = true
    return asking
  }
  asking = askOnce().finally(() => {
    asking = undefined
    if (!again) return
    again = false
    asking = new Promise((rested) => setTimeout(rested, BREATH_MS)).then(() => {
      asking = undefined
      return refreshQueue()
    })
  })
  return asking
}

/** What changed, of the whole queue or only beside what is shown. */
async function askForChanges(signal: AbortSignal): Promise<AlarmQueue | null> {
  const all = performance.now() - allAt > ALL_AGAIN_MS || !queue.value
  const versions = all ? {} : Object.fromEntries(rows.value.map(({ id, version }) => [id, version]))
  const answer = await ask(api.POST('/api/alarms/changes', { body: { versions }, signal }))
  if (!answer) return null
  if (all) allAt = performance.now()
  const { gone, ...news } = answer
  return all ? news : { ...news, items: merged(rows.value, news.items, gone) }
}

async function askOnce(): Promise<void> {
  const started = performance.now()
  const signal = AbortSignal.timeout(GIVE_UP_MS)
  try {
    const answer = watching ? await askForChanges(signal) : ((await ask(api.GET('/api/session', { signal }))) as Me | null)
    if (answer === null) return sessionEnded()
    const travel = performance.now() - started
    latency.value = latency.value === null ? travel : latency.value * 0.6 + travel * 0.4
    heardAt.value = performance.now()
    lost.value = false
    setServerTime(answer.server_time, travel)
    if ('items' in answer) queue.value = answer
  } catch (error) {
    console.warn('queue', error)
  }
}

/** Runs from login to logout. Who does not work with alarms asks only whether the server is there. */
export function startQueue(role: string): void {
  stopQueue()
  watching = DESK.includes(role)
  heardAt.value = performance.now()
  scope = effectScope(true)
  scope.run(() => {
    useLive(['alarms', 'shift'], refreshQueue)
    const now = useNow()
    watch(now, () => (lost.value = performance.now() - heardAt.value > (watching ? 1 : 2) * LOST_AFTER_MS))
    const stop = every(watching ? POLL_MS : 2 * POLL_MS, refreshQueue)
    const back = () => document.visibilityState === 'visible' && void refreshQueue()
    document.addEventListener('visibilitychange', back)
    window.addEventListener('online', back)
    cleanUp = () => {
      stop()
      document.removeEventListener('visibilitychange', back)
      window.removeEventListener('online', back)
    }
  })
  void refreshQueue()
}
let cleanUp: (() => void) | undefined

export function stopQueue(): void {
  cleanUp?.()
  cleanUp = undefined
  scope?.stop()
  scope = undefined
  queue.value = null
  allAt = 0
  lost.value = false
}

export function useQueue() {
  return { queue, rows, ringing, lost, latency, streaming, heardAt }
}
