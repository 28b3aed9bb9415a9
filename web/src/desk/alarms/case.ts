// The case on the screen: kept fresh by the live stream and the queue, changed only by what the server answers.
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { AlarmCase, Candidate } from '@/shared/api/types'
import { useLive } from '@/shared/live'
import { play } from '@/shared/sound'
import { useTry } from '@/shared/toast'
import { refreshQueue, useQueue } from '../queue'

export function useCase(id: () => number | undefined) {
  const attempt = useTry()
  const { queue } = useQueue()
  const alarm = shallowRef<AlarmCase | null>(null)
  const candidates = shallowRef<Candidate[]>([])
  const busy = ref(false)
  const missing = ref(false)
  const failed = ref(false)
  let asked = 0

  async function load(): Promise<void> {
    const wanted = id()
    const turn = ++asked
    if (wanted === undefined) {
      alarm.value = null
      return
    }
    try {
      const answer = await ask(api.GET('/api/alarms/{alarm_id}', { params: { path: { alarm_id: wanted } } }))
      if (turn === asked) show(answer)
    } catch (error) {
      if (turn !== asked) return
      console.warn('case', error)
      missing.value = error instanceof Problem && [403, 404].includes(error.status)
      failed.value = !missing.value
      if (missing.value || alarm.value?.id !== wanted) alarm.value = null
    }
  }

  function show(answer: AlarmCase): void {
    missing.value = failed.value = false
    const first = alarm.value?.id !== answer.id
    const sent = alarm.value?.responder !== answer.responder // whoever has just been sent is no choice any more
    alarm.value = answer
    const sends = answer.possible.includes('dispatch')
    if (first || !sends) candidates.value = []
    if (sends && (first || sent || !candidates.value.length)) void loadCandidates()
  }

  async function loadCandidates(): Promise<void> {
    const wanted = id()
    if (wanted === undefined) return
    const answer = await attempt(() => ask(api.GET('/api/alarms/{alarm_id}/candidates', { params: { path: { alarm_id: wanted } } })))
    if (answer && wanted === id()) candidates.value = answer.items
  }

  /** One thing done at a time; the server's answer is the new truth, a refusal shows the latest state. */
  async function act(doing: (alarmId: number) => Promise<AlarmCase>): Promise<boolean> {
    const wanted = id()
    if (busy.value || wanted === undefined) return false
    if (alarm.value?.id !== wanted) return false // the key was meant for the case that was shown a moment ago
    busy.value = true
    const answer = await attempt(() => doing(wanted))
    busy.value = false
    play(answer ? 'accepted' : 'refused')
    if (answer && wanted === id()) {
      asked++
      show(answer)
    } else await load()
    void refreshQueue()
    return answer !== undefined
  }

  watch(id, load, { immediate: true })
  useLive(() => [`alarms/${id()}`], load)
  // beside the stream: whatever the queue says about this alarm has changed
  watch(() => JSON.stringify(queue.value?.items.find((row) => row.id === id()) ?? null), load)
  const slow = setInterval(loadCandidatesAgain, 30_000)
  function loadCandidatesAgain(): void {
    if (alarm.value?.possible.includes('dispatch')) void loadCandidates()
  }
  onScopeDispose(() => clearInterval(slow))

  return { alarm, candidates, busy, missing, failed, load, act }
}
