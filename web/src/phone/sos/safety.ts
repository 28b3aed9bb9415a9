// Her own safety: the press that must arrive, the timer over her, and where she is while, and only while, she calls for help.
import { computed, ref, shallowRef } from 'vue'
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { components } from '@/shared/api/schema'
import { uuid } from '../outbox/ids'
import { here } from '../outbox/place'
import { shake } from '../shake'
import { drop, keep, kept, type Press } from './press'

export type Safety = components['schemas']['SafetyOut']
export type Word = components['schemas']['SosWord']

const RETRY_MS = 2_000
const LOOK_MS = { busy: 4_000, idle: 30_000 }
const PLACE_MS = 15_000

const safety = shallowRef<Safety | null>(null)
const unsent = shallowRef<Press | null>(kept())
/** Set once a try has failed: then the mobile network is offered beside. */
const stuck = ref(false)
const lastPlace = shallowRef<{ lat: number; lon: number } | null>(null)
const NEAR_M = 150 // of a door she names, where her phone knows no place
const opened = ref(unsent.value !== null)

let owner: number | null = null
let timer: ReturnType<typeof setTimeout> | undefined
let placedAt = 0
let following: number | undefined

const calling = computed(() => unsent.value !== null || !!safety.value?.call)
const asked = computed(() => (safety.value?.timer?.state === 'asked' ? safety.value.timer : null))

/** Saved first, sent at once, tried again every two seconds until it has arrived. */
function press(): void {
  if (owner === null) return
  const made = { id: uuid(), at: new Date().toISOString(), owner }
  unsent.value = made
  opened.value = true
  try {
    keep(made)
  } catch {
    stuck.value = true // a full disk must not keep it from being sent
  }
  navigator.vibrate?.([200, 80, 200])
  void turn()
}

async function send(made: Press): Promise<void> {
  const { id, at } = made
  take(await ask(api.POST('/api/phone/sos', { body: { at }, params: { header: { 'idempotency-key': `sos-${id}` } } })))
  drop(id)
  if (unsent.value?.id === id) unsent.value = null
  stuck.value = false
}

/** One look: what waits goes first, then how it stands. */
async function turn(): Promise<void> {
  clearTimeout(timer)
  try {
    const made = unsent.value
    if (made && made.owner === owner) await send(made)
    else if (owner !== null && document.visibilityState === 'visible') take(await ask(api.GET('/api/phone/safety')))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    stuck.value = unsent.value !== null
  } finally {
    clearTimeout(timer)
    const wait = unsent.value ? RETRY_MS : calling.value || asked.value ? LOOK_MS.busy : LOOK_MS.idle
    timer = setTimeout(() => void turn(), wait)
  }
}

function take(newest: Safety): void {
  const before = safety.value
  safety.value = newest
  if (newest.call && !before?.call) opened.value = true
  if (newest.timer?.state === 'asked' && before?.timer?.state !== 'asked') shake([300, 150, 300, 150, 300])
  if (newest.call) follow()
  else leave()
}

/** Her place goes to the desk while the call is open. */
function follow(): void {
  if (following !== undefined || !('geolocation' in navigator)) return
  following = navigator.geolocation.watchPosition(
    ({ coords }) => {
      const { latitude: lat, longitude: lon, accuracy } = coords
      lastPlace.value = { lat, lon }
      if (Date.now() - placedAt < PLACE_MS) return
      placedAt = Date.now()
      void ask(api.POST('/api/phone/sos/place', { body: { lat, lon, accuracy_m: Math.round(accuracy), datum: 'wgs84' } })).then(take, () => (placedAt = 0))
    },
    () => undefined, // no place is no reason not to come
    { enableHighAccuracy: true, maximumAge: 5_000 },
  )
}

function leave(): void {
  if (following !== undefined) navigator.geolocation.clearWatch(following)
  following = undefined
  placedAt = 0
}

async function act(doing: Promise<Safety>): Promise<boolean> {
  try {
    take(await doing)
    return true
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return false
  }
}

export function useSafety() {
  return {
    safety, unsent, stuck, calling, asked, opened, lastPlace, press,
    say: (word: Word) => act(ask(api.POST('/api/phone/sos/word', { body: { word } }))),
    /** She names a door of her day: as good as a place for whoever is sent. */
    near: (door: { lat: number; lon: number }) => act(ask(api.POST('/api/phone/sos/place', { body: { ...door, accuracy_m: NEAR_M, datum: 'wgs84' } }))),
    startTimer: (minutes: number, attendance_id?: number) => act(ask(api.POST('/api/phone/timer', { body: { minutes, attendance_id } }))),
    well: (minutes: number) => act(ask(api.POST('/api/phone/timer/well', { body: { minutes } }))),
    endTimer: () => act(ask(api.DELETE('/api/phone/timer'))),
    everyVisit: (on: boolean) => act(ask(api.PUT('/api/phone/timer/every-visit', { body: { on } }))),
    /** A place for the text message, asked for only once help was called for. */
    findPlace: async () => {
      const fix = await here()
      if ('lat' in fix) lastPlace.value = fix
    },
    /** Whoever carries the phone now; nobody after logout. */
    watchOver: (person: number | null) => {
      if (owner === person) return
      owner = person
      safety.value = null
      leave()
      if (person !== null) void turn()
    },
    look: () => void turn(),
  }
}

addEventListener('online', () => void turn())
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void turn())
