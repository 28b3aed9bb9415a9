// The rosters of a district: asked for, kept fresh, drafted, published.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, ask } from '@/shared/api/client'
import { useLive } from '@/shared/live'
import { tell, useTry } from '@/shared/toast'
import { askJob } from '../board/door'
import type { Job } from '../board/model'
import type { Gap, Line, Roster, Rosters, Wish } from './model'

const WATCH_MS = 600
const THINK_SECONDS = 60
const ENDED = new Set(['done', 'stopped', 'failed'])
const of = (roster_id: number) => ({ params: { path: { roster_id } } })
const line = (roster_line_id: number) => ({ params: { path: { roster_line_id } } })
const gap = (roster_gap_id: number) => ({ params: { path: { roster_gap_id } } })
export const isGap = (one: Line | Gap): one is Gap => 'who' in one
export const check = (one: Line | Gap, body: Wish) =>
  ask(isGap(one) ? api.POST('/api/roster-gaps/{roster_gap_id}/fill/check', { ...gap(one.id), body }) : api.POST('/api/roster-lines/{roster_line_id}/move/check', { ...line(one.id), body }))
const put = (one: Line | Gap, body: Wish & { accept: string[] }) =>
  ask(isGap(one) ? api.POST('/api/roster-gaps/{roster_gap_id}/fill', { ...gap(one.id), body }) : api.POST('/api/roster-lines/{roster_line_id}/move', { ...line(one.id), body }))

export function useRosters() {
  const { t } = useI18n()
  const attempt = useTry()
  const all = shallowRef<Rosters | null>(null)
  const roster = shallowRef<Roster | null>(null)
  const job = shallowRef<Job | null>(null)
  const chosen = ref<number | null>(null)
  const busy = ref(false)
  let watching: ReturnType<typeof setTimeout> | undefined

  const drafting = computed(() => job.value !== null && !ENDED.has(job.value.state))

  async function load(): Promise<void> {
    const answer = await attempt(() => ask(api.GET('/api/rosters')))
    if (!answer) return
    all.value = answer
    if (answer.job && !drafting.value) follow(answer.job)
    const there = answer.items.some(({ id, state }) => id === chosen.value && state !== 'drafting')
    if (!there) chosen.value = (answer.items.find(({ state }) => state === 'draft') ?? answer.items.find(({ state }) => state === 'published'))?.id ?? null
    await show(chosen.value)
  }
  async function show(id: number | null): Promise<void> {
    chosen.value = id
    const found = id === null ? null : ((await attempt(() => ask(api.GET('/api/rosters/{roster_id}', of(id))))) ?? null)
    if (chosen.value === id) roster.value = found
  }

  function follow(next: Job): void {
    job.value = next
    clearTimeout(watching)
    if (ENDED.has(next.state)) {
      if (next.state === 'failed') tell(t('roster.failed', { why: next.error ?? '' }), 'problem')
      if (next.state === 'done') chosen.value = next.subject_id
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
  useLive(['rosters'], load)
  onScopeDispose(() => clearTimeout(watching))

  return {
    all,
    roster,
    job,
    drafting,
    busy,
    show,
    draft: (starts: string) => change(async () => follow(await ask(api.POST('/api/rosters', { body: { starts, seconds: THINK_SECONDS } })))),
    stop: async () => {
      const at = job.value?.subject_id
      if (at) await attempt(async () => follow(await ask(api.POST('/api/rosters/{roster_id}/stop', of(at)))))
    },
    publish: () => change(() => ask(api.POST('/api/rosters/{roster_id}/publish', { ...of(roster.value?.id ?? 0), body: { version: roster.value?.version ?? 0 } })), t('roster.published_now')),
    discard: () => change(() => ask(api.POST('/api/rosters/{roster_id}/discard', of(roster.value?.id ?? 0))), t('roster.discarded')),
    move: (one: Line | Gap, wish: Wish, accept: string[]) => change(() => put(one, { ...wish, accept }), t('roster.moved')),
  }
}
