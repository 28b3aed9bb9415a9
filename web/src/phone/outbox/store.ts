// The phone's own memory (IndexedDB): the outbox, the sealed days, the keys. It survives reloads, restarts and a dead battery.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Action, Entry, Fix, PhoneEvent, Standing } from './events'
import { canSeal, newKey, open, seal } from './seal'

export interface Sealed {
  iv: Uint8Array<ArrayBuffer>
  box: ArrayBuffer
}
type Body = Pick<PhoneEvent, 'at' | 'ticks' | 'boot'> & Action

interface Row {
  id: string
  seq: number
  owner: number
  standing: Standing
  tries: number
  problem?: string
  until?: number
  body: Sealed | Body
}

interface Schema extends DBSchema {
  events: { key: string; value: Row; indexes: { seq: number } }
  /** `seq`, and what is sealed with the key `days`: the days and who is logged in */
  kept: { key: string; value: unknown }
  keys: { key: string; value: CryptoKey }
}

const KEPT_ACCEPTED_MS = 2 * 86_400_000
const NAME = 'yinling-phone'

export type Store = Awaited<ReturnType<typeof openStore>>

export async function openStore(name = NAME) {
  const db = await openDB<Schema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('events', { keyPath: 'id' }).createIndex('seq', 'seq', { unique: true })
      fresh.createObjectStore('kept')
      fresh.createObjectStore('keys')
    },
  })

  async function sealed(owner: number, body: Body): Promise<Sealed | Body> {
    const key = await keyNamed(db, `outbox:${owner}`)
    return key ? seal(key, body) : body
  }
  async function plainOf({ owner, body }: Row): Promise<Body | undefined> {
    if (!('box' in body)) return body
    const key = await keyNamed(db, `outbox:${owner}`)
    return key && open<Body>(key, body)
  }

  return {
    /** Written down for good when this returns; throws where the disk is full, then nothing was written. */
    async add(event: Omit<PhoneEvent, 'seq'>, owner: number, until?: number): Promise<Entry> {
      const { id, ...plain } = event
      const body = await sealed(owner, plain) // first: a transaction does not wait for the crypto
      const rest = { owner, standing: 'saved' as const, tries: 0, ...(until === undefined ? {} : { until }) }
      const work = db.transaction(['events', 'kept'], 'readwrite', { durability: 'strict' })
      const seq = (((await work.objectStore('kept').get('seq')) as number | undefined) ?? 0) + 1
      await Promise.all([
        work.objectStore('kept').put(seq, 'seq'),
        work.objectStore('events').add({ id, seq, body, ...rest }),
        work.done,
      ])
      return { event: { ...event, seq }, ...rest }
    },

    /** The place has come, or will not: the event may go. One that has gone already stays as it was. */
    async complete(id: string, fix: Fix): Promise<void> {
      const before = await db.get('events', id)
      if (before?.until === undefined || before.standing !== 'saved') return
      const plain = await plainOf(before)
      const body = plain && (await sealed(before.owner, { ...plain, fix }))
      const work = db.transaction('events', 'readwrite', { durability: 'strict' })
      const row = await work.store.get(id)
      if (row?.standing === 'saved' && body) {
        delete row.until
        await work.store.put({ ...row, body })
      }
      await work.done
    },

    /** In the order they were made; another login's stay where they are. */
    async entries(owner: number): Promise<Entry[]> {
      const rows = (await db.getAllFromIndex('events', 'seq')).filter((row) => row.owner === owner)
      const opened = await Promise.all(
        rows.map(async (row): Promise<Entry | undefined> => {
          const { id, seq, owner, standing, tries, problem, until } = row
          const plain = await plainOf(row)
          return plain && { owner, standing, tries, problem, until, event: { ...plain, id, seq } }
        }),
      )
      return opened.filter((entry) => entry !== undefined)
    },

    async mark(id: string, change: Partial<Pick<Entry, 'standing' | 'tries' | 'problem'>>): Promise<void> {
      const work = db.transaction('events', 'readwrite')
      const row = await work.store.get(id)
      if (row) await work.store.put({ ...row, ...change })
      await work.done
    },

    /** Old accepted events go; what is not accepted never does. */
    async forgetOld(owner: number, now: number): Promise<void> {
      for (const { event, standing } of await this.entries(owner))
        if (standing === 'accepted' && Date.parse(event.at) < now - KEPT_ACCEPTED_MS) await db.delete('events', event.id)
    },

    /** Sealed personal data under a name; without WebCrypto nothing is kept. */
    async keep(name: string, value: unknown): Promise<void> {
      const key = await keyNamed(db, 'days')
      if (key) await db.put('kept', await seal(key, value), name)
    },
    async recall<T>(name: string): Promise<T | undefined> {
      const [key, sealed] = await Promise.all([db.get('keys', 'days'), db.get('kept', name) as Promise<Sealed | undefined>])
      return key && sealed ? open<T>(key, sealed) : undefined
    },

    /** Logout: the people on this phone are gone with their key. Unsent events keep theirs until the server has them. */
    async forgetPeople(owner: number): Promise<void> {
      const rows = (await db.getAll('events')).filter((row) => row.owner === owner)
      await db.delete('keys', 'days')
      await Promise.all(['days', 'me'].map((name) => db.delete('kept', name)))
      if (rows.some((row) => row.standing === 'saved' || row.standing === 'sent')) return
      await Promise.all(rows.filter((row) => row.standing === 'accepted').map((row) => db.delete('events', row.id)))
      if (rows.every((row) => row.standing === 'accepted')) await db.delete('keys', `outbox:${owner}`)
    },

    /** Logged out with no server to hear it: told as soon as there is one. */
    leave: (left: boolean | undefined) => db.put('kept', left, 'left'),
    hasLeft: () => db.get('kept', 'left') as Promise<boolean | undefined>,

    close: () => db.close(),
  }
}

/** The key of that name, made on first use; undefined where this browser cannot seal. */
async function keyNamed(db: IDBPDatabase<Schema>, name: string): Promise<CryptoKey | undefined> {
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
