// One form while somebody writes in it: every change is saved by itself, and the server says what it adds up to.
import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { Assessment } from '@/shared/api/types'
import { useLive } from '@/shared/live'
import { tell, useTry } from '@/shared/toast'

const SAVE_AFTER_MS = 350
const AGAIN_AFTER_MS = 3000

export type Draft = Assessment['answers'] & Pick<Assessment, 'assessed_on' | 'kind' | 'venue'> & { second_assessor_id: number | null }

export function draftOf(a: Assessment): Draft {
  return { ...structuredClone(a.answers), assessed_on: a.assessed_on, kind: a.kind, venue: a.venue, second_assessor_id: a.second?.id ?? null }
}

export function useForm(id: () => number | undefined) {
  const { t } = useI18n()
  const attempt = useTry()
  const form = shallowRef<Assessment | null>(null)
  const draft = reactive<Partial<Draft>>({})
  const saving = ref<'saved' | 'waiting' | 'failed'>('saved')
  let timer: ReturnType<typeof setTimeout> | undefined
  let sending: Promise<void> | undefined
  let dirty = false

  function take(a: Assessment): void {
    form.value = a
    if (!dirty) Object.assign(draft, draftOf(a))
  }
  async function load(): Promise<void> {
    const assessment_id = id()
    if (assessment_id === undefined) {
      form.value = null
      return
    }
    const answer = await attempt(() => ask(api.GET('/api/assessments/{assessment_id}', { params: { path: { assessment_id } } })))
    if (answer && assessment_id === id()) take(answer)
  }

  function change(patch: Partial<Draft>): void {
    if (!form.value?.may_write) return
    Object.assign(draft, patch)
    dirty = true
    saving.value = 'waiting'
    clearTimeout(timer)
    timer = setTimeout(() => void push(), SAVE_AFTER_MS)
  }

  async function push(): Promise<void> {
    clearTimeout(timer)
    if (sending) return sending
    if (!dirty || !form.value) return
    sending = send(form.value).finally(() => (sending = undefined))
    await sending
    if (dirty && saving.value !== 'failed') await push()
  }
  async function send(a: Assessment): Promise<void> {
    dirty = false
    try {
      const body = { ...(draft as Draft), version: a.version }
      const answer = await ask(api.PUT('/api/assessments/{assessment_id}', { params: { path: { assessment_id: a.id } }, body }))
      if (answer.id === id()) take(answer)
      saving.value = 'saved'
    } catch (error) {
      if (error instanceof Problem && error.facts.status && error.facts.status < 500) {
        saving.value = 'saved'
        tell(error.facts.status === 409 ? t('assessments.changed') : error.message, 'problem')
        return load()
      }
      dirty = true
      saving.value = 'failed'
      timer = setTimeout(() => void push(), AGAIN_AFTER_MS)
    }
  }

  /** Everything written is saved; false where it could not be. */
  async function settled(): Promise<boolean> {
    await push()
    return !dirty
  }
  /** Does something with the saved form and shows what came of it. */
  async function act(doing: (a: Assessment) => Promise<Assessment>): Promise<Assessment | undefined> {
    if (!(await settled()) || !form.value) return undefined
    const now = form.value
    const answer = await attempt(() => doing(now))
    if (answer) take(answer)
    else await load()
    return answer
  }

  watch(id, load, { immediate: true })
  useLive(
    () => (id() ? [`assessments/${id()}`] : []),
    () => !dirty && !sending && load(),
  )
  onScopeDispose(() => void push())
  return { form, draft: computed(() => (form.value ? (draft as Draft) : null)), saving, change, act, load }
}
