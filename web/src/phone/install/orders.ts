// What she is to put up: asked from the server, and what she has typed kept in the phone until it is there.
import { computed, ref, shallowRef } from 'vue'
import { api, ask, type onceKey } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { components } from '@/shared/api/schema'
import { setServerTime } from '@/shared/clock'

type Schemas = components['schemas']
export type Installation = Schemas['PhoneInstallation']
export type Item = Schemas['PhoneItem']
export type Progress = Schemas['Progress']
export type Lookup = Schemas['Lookup']

/** What was entered for one device and has not reached the server. */
export interface Draft {
  wire_id: string
  spot: string
}

const KEPT = 'yinling.install'
const SCANNED = 'yinling.scanned'
const list = shallowRef<Installation[]>([])
const offline = ref(false)
const problem = ref<string | null>(null)
const busy = ref(false)
const scanned = ref(sessionStorage.getItem(SCANNED))

/** The phone's own scanner has opened the label's address: the number waits here until a device is to be named. */
export function takeLabel(search: string): void {
  const number = new URLSearchParams(search).get('device')
  if (!number) return
  sessionStorage.setItem(SCANNED, number)
  scanned.value = number
  history.replaceState(null, '', location.pathname + location.hash)
}

/** The number on a label: the address on a QR code of ours, or the bare number of any other code. */
export function numberOn(text: string): string {
  try {
    return new URL(text).searchParams.get('device') ?? text.trim()
  } catch {
    return text.trim()
  }
}

function drafts(): Record<string, Draft> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Record<string, Draft>
  } catch {
    return {}
  }
}

export function draftOf(item: number): Draft {
  return drafts()[item] ?? { wire_id: '', spot: '' }
}

export function keepDraft(item: number, draft: Draft | null): void {
  const others = Object.entries(drafts()).filter(([id]) => id !== String(item))
  localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(draft ? [...others, [item, draft]] : others)))
}

function put(one: Installation): void {
  list.value = list.value.map((other) => (other.id === one.id ? one : other))
}

/** One thing at a time; what cannot be done is said in the server's words, and no signal is called so. */
async function attempt<T>(doing: () => Promise<T>): Promise<T | undefined> {
  if (busy.value) return undefined
  busy.value = true
  problem.value = null
  try {
    const answer = await doing()
    offline.value = false
    return answer
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    offline.value = error.status === 0
    problem.value = error.status === 0 ? null : error.kind
    return undefined
  } finally {
    busy.value = false
  }
}

async function load(): Promise<void> {
  try {
    const answer = await ask(api.GET('/api/phone/installations'))
    setServerTime(answer.server_time)
    list.value = answer.items
    offline.value = false
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    offline.value = error.status === 0
  }
}

const order = (id: number) => ({ params: { path: { installation_id: id } } })
const item = (id: number) => ({ params: { path: { item_id: id } } })

export function useInstallations() {
  return {
    list,
    open: computed(() => list.value.filter(({ ended_at }) => !ended_at)),
    scanned,
    offline,
    problem,
    busy,
    load,
    forgetScan: () => {
      sessionStorage.removeItem(SCANNED)
      scanned.value = null
    },
    arrive: (id: number) => attempt(async () => put(await ask(api.POST('/api/phone/installations/{installation_id}/arrive', order(id))))),
    fail: (id: number, reason: string) =>
      attempt(async () => put(await ask(api.POST('/api/phone/installations/{installation_id}/fail', { ...order(id), body: { reason } })))),
    lookup: (id: number, wire_id: string) =>
      attempt(() => ask(api.GET('/api/phone/installation-items/{item_id}/lookup', { params: { path: { item_id: id }, query: { wire_id } } }))),
    place: (id: number, draft: Draft) =>
      attempt(async () => {
        put(await ask(api.POST('/api/phone/installation-items/{item_id}/device', { ...item(id), body: draft })))
        keepDraft(id, null)
        return true
      }),
    test: (id: number, key: ReturnType<typeof onceKey>) =>
      attempt(() => ask(api.POST('/api/phone/installation-items/{item_id}/test', { params: { path: { item_id: id }, header: { 'idempotency-key': key['Idempotency-Key'] } } }))),
    progress: (id: number) => ask(api.GET('/api/phone/installation-items/{item_id}/progress', item(id))),
    giveUp: (id: number, reason: string) =>
      attempt(async () => put(await ask(api.POST('/api/phone/installation-items/{item_id}/give-up', { ...item(id), body: { reason } })))),
  }
}
