// What lies where in the phone's memory (IndexedDB), and the keys it is sealed with.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Action, PhoneEvent, Standing } from './events'
import type { Photo } from './photos'
import { canSeal, newKey } from './seal'

export interface Sealed {
  iv: Uint8Array<ArrayBuffer>
  box: ArrayBuffer
}
export type Body = Pick<PhoneEvent, 'at' | 'ticks' | 'boot' | 'off'> & Action

export interface Row {
  id: string
  seq: number
  owner: number
  standing: Standing
  tries: number
  problem?: string
  until?: number
  body: Sealed | Body
}

/** `sealed`: its bytes; gone once the server has them. */
export interface PhotoRow {
  key: string
  photo: Photo
  sealed?: Sealed
}

export interface Shelves extends DBSchema {
  events: { key: string; value: Row; indexes: { seq: number } }
  photos: { key: string; value: PhotoRow }
  /** `seq`, `device`, and what is sealed with the key `days`: the days and who is logged in */
  kept: { key: string; value: unknown }
  keys: { key: string; value: CryptoKey }
}
export type Memory = IDBPDatabase<Shelves>

export async function openMemory(name: string): Promise<Memory> {
  return openDB<Shelves>(name, 2, {
    upgrade(fresh, before) {
      if (before < 1) {
        fresh.createObjectStore('events', { keyPath: 'id' }).createIndex('seq', 'seq', { unique: true })
        fresh.createObjectStore('kept')
        fresh.createObjectStore('keys')
      }
      fresh.createObjectStore('photos', { keyPath: 'key' })
    },
    blocking: (_mine, _wanted, event) => (event.target as IDBDatabase).close(), // a newer page in another tab
  })
}

/** The key of that name, made on first use; undefined where this browser cannot seal. */
export async function keyNamed(db: Memory, name: string): Promise<CryptoKey | undefined> {
  if (!canSeal()) return undefined
  const kept = await db.get('keys', name)
  if (kept) return kept
  const fresh = await newKey()
  const work = db.transaction('keys', 'readwrite') // two tabs: the first key stays
  const winner = (await work.store.get(name)) ?? fresh
  await work.store.put(winner, name)
  await work.done
  return winner
}

/** Words of hers that wait for a signal and are no events of a visit: one sealed list for each login. */
export const wishesOf = (owner: number): string => `wishes:${owner}`

/** Unsent records keep their key when somebody logs out, until the server has them. */
export const outboxKey = (owner: number): string => `outbox:${owner}`
