// The day on the board: asked for, kept fresh, drafted, published; says so when somebody else has changed it.
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { streaming, useLive } from '@/shared/live'
import { tell } from '@/shared/toast'
import * as door from './door'
import type { Board, Job } from './model'
import { refusedInWords } from './refused'

const WATCH_MS = 600
const POLL_MS = 20_000
const GATHER_MS = 400
const ENDED = new Set(['done', 'stopped', 'failed'])

export function useBoard(day: Ref<string>) {
  const { t, te } = useI18n()
  const board = shallowRef<Board | null>(null)
  const job = shallowRef<Job | null>(null)
  const problem = ref('')
  const busy = ref(false)
  let etag = ''
  let asked = 0
  let mine = false
  let gathering: ReturnType<typeof setTimeout> | undefined
  let watching: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    const turn = ++asked
    try {
      const answer = await door.askBoard(day.value)
      if (turn !== asked) return
      sayWhoChanged(board.value, answer.board)
      board.value = answer.board
      etag = answer.etag
      problem.value = ''
      if (answer.board.job && !drafting.value) follow(answer.board.job)
    } catch (error) {
      if (turn === asked) problem.value = refusedInWords(error, { t, te })
    }
  }

  /** Another dispatcher's hand on the same draft is worth a word; our own is not, nor is a draft that we watched. */
  function sayWhoChanged(before: Board | null, after: Board): void {
    const theirs = before?.day === after.day && before.draft && after.draft && !mine && before.draft.revision !== after.draft.revision
    if (theirs && before.draft?.id === after.draft?.id) tell(t('board.changed_by_other'), 'info')
    mine = false
  }

  const drafting = computed(() => job.value !== null && !ENDED.has(job.value.state))

  function follow(next: Job): void {
    job.value = next
    clearTimeout(watching)
    if (ENDED.has(next.state)) {
      mine = true
      if (next.state === 'failed') tell(t('board.draft.failed', { why: next.error ?? '' }), 'problem')
      void load()
    } else watching = setTimeout(() => void door.askJob(next.id).then(follow, () => (watching = setTimeout(() => follow(next), WATCH_MS * 3))), WATCH_MS)
  }

  /** Does something to the plan and shows the newest; a plan that changed meanwhile is shown, never overwritten. */
  async function change(doing: () => Promise<unknown>, done?: string): Promise<boolean> {
    busy.value = true
    try {
      await doing()
      if (done) tell(done)
      mine = true
      return true
    } catch (error) {
      tell(refusedInWords(error, { t, te }), 'problem')
      return false
    } finally {
      busy.value = false
      await load()
    }
  }

  watch(day, () => {
    board.value = null
    job.value = null
    clearTimeout(watching)
    void load()
  }, { immediate: true })
  useLive(() => [`board/${day.value}`, 'visits'], () => {
    clearTimeout(gathering)
    gathering = setTimeout(() => void load(), GATHER_MS) // a published day tells of each visit
  })
  const poll = setInterval(() => void (streaming.value ? undefined : load()), POLL_MS)
  onScopeDispose(() => {
    for (const timer of [poll, gathering, watching]) clearTimeout(timer)
  })

  return {
    board,
    job,
    drafting,
    problem,
    busy,
    load,
    change,
    draft: (seconds: number) =>
      change(async () => {
        follow(await door.askDraft(day.value, seconds))
      }),
    stop: async () => {
      if (job.value && drafting.value) await change(() => door.stopJob(job.value?.id ?? 0).then(follow))
    },
    publish: () => change(() => door.publish(day.value, etag), t('board.published_now')),
    discard: () => change(() => door.discard(day.value), t('board.discarded')),
  }
}
