// The calls that ring or are spoken now, held once for the whole desk, and what an operator does with one.
import { computed, shallowRef } from 'vue'
import { api, ask } from '@/shared/api/client'
import type { Call } from '@/shared/api/types'
import { useLive } from '@/shared/live'
import { useSession } from '@/shared/session'
import { useTry } from '@/shared/toast'
import { DESK } from '../pages'

type Result = NonNullable<Call['result']>

/** What an operator says came of a call, with the key that says so. */
export const RESULTS: { result: Result; key: string }[] = [
  { result: 'answered', key: 'Y' },
  { result: 'no_answer', key: 'N' },
  { result: 'busy', key: 'B' },
  { result: 'wrong_number', key: 'W' },
  { result: 'voicemail', key: 'V' },
]

const calls = shallowRef<Call[]>([])
let asking: Promise<void> | undefined
let again = false
/** One question at a time, however many parts of the page want to know; a change meanwhile asks once more. */
function load(): Promise<void> {
  again = asking !== undefined
  return (asking ??= askOnce().finally(() => {
    asking = undefined
    if (again) void load()
  }))
}
async function askOnce(): Promise<void> {
  if (!DESK.includes(useSession().me.value?.role ?? '')) return // nobody else hears of calls
  try {
    calls.value = (await ask(api.GET('/api/calls', { params: { query: { open: true } } }))).items
  } catch (error) {
    console.warn('calls', error) // the pop-up is a help; the queue tells of a lost connection
  }
}

export function useLine() {
  const attempt = useTry()
  void load()
  useLive(['calls'], load)
  const path = (call_id: number) => ({ params: { path: { call_id } } })
  const done = async (doing: Promise<unknown>) => {
    const answer = await attempt(() => doing)
    await load()
    return answer
  }
  return {
    calls,
    inbound: computed(() => calls.value.filter(({ direction }) => direction === 'inbound')),
    /** Dialled from the desk by me, about no alarm: an alarm's calls stand in its case. */
    mine: computed(() => calls.value.find(({ mine, direction, alarm_id }) => mine && direction === 'outbound' && !alarm_id)),
    answer: (id: number) => done(ask(api.POST('/api/calls/{call_id}/answer', path(id)))),
    hangUp: (id: number) => done(ask(api.POST('/api/calls/{call_id}/hang-up', path(id)))),
    record: (id: number, result: Result) => done(ask(api.POST('/api/calls/{call_id}/result', { ...path(id), body: { result } }))),
    dial: (body: { elder_id?: number; contact_id?: number; caregiver_id?: number; missed_id?: number }) => attempt(() => ask(api.POST('/api/calls', { body }))).then(async (made) => (await load(), made)),
    link: (id: number, elder_id: number, more: { contact_id?: number | null; who?: string } = {}) => done(ask(api.POST('/api/calls/{call_id}/link', { ...path(id), body: { elder_id, ...more } }))),
    dismiss: (id: number, reason: string) => done(ask(api.POST('/api/calls/{call_id}/dismiss', { ...path(id), body: { reason } }))),
  }
}
