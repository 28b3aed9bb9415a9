// The rounds of one meal: asked for, kept fresh, drafted, changed by hand, published.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, ask } from '@/shared/api/client'
import { useLive } from '@/shared/live'
import { tell, useTry } from '@/shared/toast'
import { askJob } from '../../board/door'
import type { Job } from '../../board/model'
import type { Page, Wish } from './model'

const WATCH_MS = 600
/** A handful of doors is done in a moment; a full lunch is worth a little longer. */
const thinking = (doors: number): number => Math.min(20, 2 + Math.ceil(doors / 8))
const ENDED = new Set(['done', 'stopped', 'failed'])
const of = (rounds_id: number) => ({ params: { path: { rounds_id } } })
const door = (stop_id: number) => ({ params: { path: { stop_id } } })
export const check = (stop_id: number, body: Wish) => ask(api.POST('/api/meals/stops/{stop_id}/move/check', { ...door(stop_id), body }))

export function useRounds(menu_id: number) {
  const { t } = useI18n()
  const attempt = useTry()
  const at = { params: { path: { menu_id } } }
  const page = shallowRef<Page | null>(null)
  const job = shallowRef<Job | null>(null)
  const busy = ref(false)
  let watching: ReturnType<typeof setTimeout> | undefined
  const drafting = computed(() => job.value !== null && !ENDED.has(job.value.state))
  const head = computed(() => page.value?.shown?.head)

  async function load(): Promise<void> {
    const answer = await attempt(() => ask(api.GET('/api/meals/menus/{menu_id}/rounds', at)))
    if (!answer) return
    page.value = answer
    if (answer.job && !drafting.value && !ENDED.has(answer.job.state)) follow(answer.job)
  }
  function follow(next: Job): void {
    job.value = next
    clearTimeout(watching)
    if (ENDED.has(next.state)) {
      if (next.state === 'failed') tell(t('trips.failed', { why: next.error ?? '' }), 'problem')
      void load()
    } else watching = setTimeout(() => void askJob(next.id).then(follow, () => (watching = setTimeout(() => follow(next), WATCH_MS * 3))), WATCH_MS)
  }
  async function change(doing: () => Promise<unknown>, done?: string): Promise<boolean> {
    busy.value = true
    const answer = await attempt(doing)
    busy.value = false
    if (answer && done) tell(done)
    await load()
    return answer !== undefined
  }

  void load()
  useLive(['meal_rounds', 'portions', 'ridings'], load)
  onScopeDispose(() => clearTimeout(watching))
  return {
    page,
    job,
    drafting,
    busy,
    load,
    draft: () => change(async () => follow(await ask(api.POST('/api/meals/menus/{menu_id}/rounds', { ...at, body: { seconds: thinking(page.value?.doors ?? 0) } })))),
    stop: async () => {
      const rounds = job.value?.subject_id
      if (rounds) await attempt(async () => follow(await ask(api.POST('/api/meals/rounds/{rounds_id}/stop', of(rounds)))))
    },
    publish: () => change(() => ask(api.POST('/api/meals/rounds/{rounds_id}/publish', { ...of(head.value?.id ?? 0), body: { version: head.value?.version ?? 0 } })), t('trips.published_now')),
    discard: () => change(() => ask(api.POST('/api/meals/rounds/{rounds_id}/discard', of(head.value?.id ?? 0))), t('trips.discarded')),
    move: (stop_id: number, wish: Wish, accept: string[]) => change(() => ask(api.POST('/api/meals/stops/{stop_id}/move', { ...door(stop_id), body: { ...wish, accept, version: head.value?.version ?? 0 } })), t('trips.moved')),
  }
}
