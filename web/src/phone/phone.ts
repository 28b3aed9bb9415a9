// The phone's state: who carries it, her days, her outbox, and how it stands with the server. One for the whole page.
import { computed, ref, shallowRef } from 'vue'
import { Problem } from '@/shared/api/problem'
import { useSession } from '@/shared/session'
import { serverNow, setServerTime } from '@/shared/clock'
import { setZone } from '@/shared/words'
import type { Me } from '@/shared/api/types'
import { followBeside, forgetBeside, recallBeside, sendAll } from './beside'
import { placeDeadline, unsent, type Action, type Entry, type Fix } from './outbox/events'
import { behind, met } from './outbox/clock'
import { BOOT, uuid } from './outbox/ids'
import { keepPhoto, sendPhotos, type Photo, type PhotoKind } from './outbox/photos'
import { here } from './outbox/place'
import { drain, type Stopped } from './outbox/send'
import { openStore, type Store } from './outbox/store'
import { replay } from './replay'
import { tellAll, type Wish } from './wishes'
import { shake } from './shake'
import { askDays, type Days } from './wire'

/** Who carries the phone: what is needed of the session while offline. */
export type Carrier = Pick<Me, 'id' | 'login' | 'name' | 'role' | 'hotline' | 'timezone' | 'demo'>
type Reach = Stopped | 'starting'
type WishWords = Wish extends infer One ? (One extends Wish ? Omit<One, 'id' | 'at'> : never) : never

const RETRY_S = [2, 5, 10, 30, 60]
const ASK_AGAIN_S = 30
/** The place of an arrival still being found, so that the check-in can carry it, too. */
const arriving = new Map<number, Promise<Fix>>()

/** An operator's or manager's login: right password, wrong screen. */
export class NotForThePhone extends Error {}

const session = useSession()
let store: Store
let opened: (store: Store) => void
const memory = new Promise<Store>((open) => (opened = open))
let failures = 0
let timer: ReturnType<typeof setTimeout> | undefined

const carrier = shallowRef<Carrier | null>(null)
const served = shallowRef<Days | null>(null)
const entries = shallowRef<Entry[]>([])
const photos = shallowRef<Photo[]>([])
const wishes = shallowRef<Wish[]>([])
const reach = ref<Reach>('starting')
const lastSync = ref<number | null>(null)
const syncing = ref(false)
/** Set while a record is in the page only: the disk is full, or the browser forbids it. */
const unwritable = computed(() => entries.value.some((entry) => entry.unwritten && unsent(entry)))
/** Everything the server has not got yet. */
const left = computed(() => entries.value.filter(unsent).length + photos.value.filter(unsent).length + wishes.value.length)

const days = computed(() => served.value && replay(served.value, entries.value.filter(unsent).map((entry) => entry.event)))

async function show(person: Carrier): Promise<void> {
  setZone(person.timezone)
  carrier.value = person
  await look()
}

/** What is on the shelves now. */
async function look(): Promise<void> {
  const owner = carrier.value?.id
  if (owner === undefined) return
  ;[entries.value, photos.value, wishes.value] = await Promise.all([store.entries(owner), store.photos(owner), store.wishes<Wish>(owner)])
}

/** Opens the phone's memory, shows what it holds, and asks the server. */
async function start(): Promise<void> {
  store = await openStore()
  opened(store)
  const [person, kept] = await Promise.all([store.recall<Carrier>('me'), store.recall<Days>('days')])
  if (person) {
    await show(person)
    served.value = kept ?? null
    await recallBeside(store)
  }
  for (const event of ['online', 'focus']) addEventListener(event, () => void sync())
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void sync())
  addEventListener('beforeunload', (event) => unwritable.value && event.preventDefault())
  await sync()
}

/** One at a time, also among tabs; who comes meanwhile is served by the next round. */
async function sync(): Promise<void> {
  if (syncing.value || !store) return
  syncing.value = true
  clearTimeout(timer)
  try {
    reach.value = await (navigator.locks ? navigator.locks.request('yinling-phone', talk) : talk())
    failures = reach.value === 'done' ? 0 : failures + 1
  } finally {
    syncing.value = false
    await look()
    const wait = left.value || reach.value !== 'done' ? (RETRY_S[Math.min(failures, RETRY_S.length - 1)] ?? 60) : ASK_AGAIN_S
    timer = setTimeout(() => void sync(), wait * 1000)
  }
}

async function talk(): Promise<Stopped> {
  try {
    const left = await store.hasLeft()
    if (left === undefined) return 'logged_out' // nobody has ever logged in here
    const me = await session.resume()
    if (me && left) await session.logOut() // she logged out where there was no server to tell
    if (left) await store.leave(undefined)
    if (!me || left) return 'logged_out'
    await take(me)
    const device = await store.device()
    const { stopped, days: answered } = await drain(store, me.id, (events) => sendAll(store, device, events))
    const newest = answered ?? (stopped === 'done' ? await askDays() : undefined)
    if (newest) {
      setServerTime(newest.server_time)
      met(newest.server_time)
      served.value = newest
      lastSync.value = Date.now()
      await store.keep('days', newest)
      await store.forgetOld(me.id, Date.now())
    }
    if (stopped === 'done') await followBeside(store)
    await store.settle()
    if (stopped === 'done') await tellAll(await store.wishes<Wish>(me.id), async ({ id }) => store.keepWishes(me.id, (await store.wishes<Wish>(me.id)).filter((one) => one.id !== id)))
    if (stopped !== 'done') return stopped
    return (await sendPhotos(store, me.id)) ? 'done' : 'busy'
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.status === 403) loadAgain()
    if (error.status === 401 || error.status === 403) return 'logged_out'
    return error.status === 0 ? 'unreachable' : 'busy'
  }
}

/** The page is out of date: a stale token, a part that is gone. Everything is written down, so simply start again. */
export function loadAgain(): void {
  const last = Number(sessionStorage.getItem('yinling.reloaded') ?? 0)
  if (Date.now() - last < 60_000) return
  sessionStorage.setItem('yinling.reloaded', String(Date.now()))
  location.reload()
}

/** Somebody else's days leave this phone before hers come. */
async function take(me: Me): Promise<void> {
  if (carrier.value?.id === me.id) return
  if (carrier.value) await store.forgetPeople(carrier.value.id)
  served.value = null
  forgetBeside()
  const { id, login, name, role, hotline, timezone, demo } = me
  await show({ id, login, name, role, hotline, timezone, demo })
  await store.keep('me', carrier.value)
  void navigator.storage?.persist?.()
}

/** Writes down what she did: safe when this returns, sent as soon as there is a way. The place follows if it comes. */
async function act(action: Action): Promise<void> {
  const person = carrier.value
  if (!person) return
  const place = placeOf(action)
  const now = Date.now()
  const event = {
    ...action,
    ...(place ? { fix: { none: 'timeout' } satisfies Fix } : {}),
    id: uuid(),
    at: new Date(now).toISOString(),
    ticks: Math.round(performance.now()),
    boot: BOOT,
    off: behind(),
  }
  entries.value = [...entries.value, await store.add(event, person.id, place ? placeDeadline(now) : undefined)]
  shake(30)
  if (place)
    void place
      .then((fix) => store.complete(event.id, fix))
      .finally(sync)
  else void sync()
}

/** A word beside her visits, kept until the server has it; sent at once where there is a way. */
async function wish(said: WishWords): Promise<void> {
  const person = carrier.value
  if (!person) return
  const made = { ...said, id: uuid(), at: new Date(serverNow()).toISOString() } as Wish // which day it was, whatever this clock says
  await store.keepWishes(person.id, [...(await store.wishes<Wish>(person.id)), made])
  await look()
  await sync()
}

/** Keeps a photo for good and sends it when there is a way; the answer is what an event refers to. Throws NoRoom. */
async function savePhoto(blob: Blob, kind: PhotoKind, visitId: number, consent?: boolean): Promise<string> {
  const person = carrier.value
  if (!person) throw new Error('nobody is logged in')
  const hash = await keepPhoto(store, person.id, blob, { visit: visitId, kind, consent })
  photos.value = await store.photos(person.id)
  void sync()
  return hash
}

/** Taken when she arrives and when she finishes. The check-in at that same door carries the arrival's, if there was one. */
function placeOf({ kind, attendance_id, data }: Action): Promise<Fix> | undefined {
  if (kind === 'welfare') return data.way === 'home' ? here() : undefined
  if (kind === 'ride') return data.what === 'back' ? undefined : here()
  if (kind === 'start') {
    const before = entries.value.findLast(({ event }) => event.attendance_id === attendance_id && event.kind === 'arrive')?.event.fix
    return arriving.get(attendance_id) ?? (before && 'lat' in before ? Promise.resolve(before) : here())
  }
  if (kind !== 'arrive' && kind !== 'finish') return undefined
  const found = here()
  if (kind === 'arrive') arriving.set(attendance_id, found)
  return found
}

async function logIn(login: string, password: string): Promise<void> {
  const me = await session.logIn(login, password)
  if (me.caregiver_id === null) {
    await session.logOut()
    throw new NotForThePhone()
  }
  await store.leave(false)
  await take(me)
  await sync()
}

/** The people on this phone are forgotten; unsent records stay, sealed, until she logs in again. */
async function logOut(): Promise<void> {
  const person = carrier.value
  if (!person) return
  await sync()
  await store.forgetPeople(person.id)
  await store.leave(true)
  carrier.value = null
  served.value = null
  forgetBeside()
  entries.value = []
  photos.value = []
  wishes.value = []
  await sync()
}

export function usePhone() {
  return { carrier, days, entries, photos, left, reach, syncing, lastSync, unwritable, start, sync, act, savePhoto, logIn, logOut, wish, wishes, recall: async <T>(name: string) => (await memory).recall<T>(name), remember: async (name: string, value: unknown) => (await memory).keep(name, value) }
}
