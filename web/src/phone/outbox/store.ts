// The phone's own memory: the outbox, the sealed days, the keys. It survives reloads, restarts and a dead battery.
import { albumOf } from './album'
import type { Entry, Fix, PhoneEvent } from './events'
import { uuid } from './ids'
import { open, seal } from './seal'
import { keyNamed, openMemory, outboxKey, wishesOf, type Body, type Row, type Sealed } from './shelves'

const KEPT_ACCEPTED_MS = 2 * 86_400_000
const NAME = 'yinling-phone'
/** No person in them: they outlive whoever carries the phone. */
const FOR_GOOD = new Set(['seq', 'device', 'left'])

type Change = Partial<Pick<Entry, 'standing' | 'tries' | 'problem'>>
export type Store = Awaited<ReturnType<typeof openStore>>

export async function openStore(name = NAME) {
  const db = await openMemory(name)
  const album = albumOf(db)
  /** What the disk had no room for: kept here, sent like the rest, written down as soon as there is room. */
  const unwritten = new Map<string, Entry>()
  const unwrittenWishes = new Map<number, unknown[]>()
  /** How far records have come, where not even that could be written: forgotten with the page, and learned again by sending. */
  const marks = new Map<string, Change>()

  async function sealed(owner: number, body: Body): Promise<Sealed | Body> {
    const key = await keyNamed(db, outboxKey(owner))
    return key ? seal(key, body) : body
  }
  async function plainOf({ owner, body }: Row): Promise<Body | undefined> {
    if (!('box' in body)) return body
    const key = await keyNamed(db, outboxKey(owner))
    return key && open<Body>(key, body)
  }
  const lastUnwritten = (): number => Math.max(0, ...[...unwritten.values()].map(({ event }) => event.seq))

  /** One row for good, under the number it has or the next one; throws where the disk is full. */
  async function write({ event: { id, seq: numbered, ...plain }, owner, standing, tries, problem, until }: Entry): Promise<number> {
    const body = await sealed(owner, plain) // first: a transaction does not wait for the crypto
    const work = db.transaction(['events', 'kept'], 'readwrite', { durability: 'strict' })
    work.done.catch(() => undefined) // told below, once
    const last = ((await work.objectStore('kept').get('seq')) as number | undefined) ?? 0
    const seq = numbered || Math.max(last, lastUnwritten()) + 1
    const rest = { standing, tries, ...(problem === undefined ? {} : { problem }), ...(until === undefined ? {} : { until }) }
    await Promise.all([
      work.objectStore('kept').put(Math.max(last, seq), 'seq'),
      work.objectStore('events').put({ id, seq, owner, body, ...rest }),
      work.done,
    ])
    return seq
  }

  async function makeRoom(): Promise<void> {
    const rows = await db.getAll('events')
    await Promise.all(rows.filter((row) => row.standing === 'accepted').map((row) => db.delete('events', row.id)))
  }

  return {
    ...album,

    /** Written down for good when this returns; `unwritten` where the disk has no room even after what is accepted has gone. */
    async add(event: Omit<PhoneEvent, 'seq'>, owner: number, until?: number): Promise<Entry> {
      const entry: Entry = { event: { ...event, seq: 0 }, owner, standing: 'saved', tries: 0, until }
      for (const again of [makeRoom, undefined]) {
        try {
          entry.event.seq = await write(entry)
          return entry
        } catch (error) {
          console.warn('no room', error)
          await again?.().catch(() => undefined)
        }
      }
      const last = ((await db.get('kept', 'seq').catch(() => 0)) as number | undefined) ?? 0
      entry.event.seq = Math.max(last, lastUnwritten()) + 1
      entry.unwritten = true
      unwritten.set(event.id, entry)
      return entry
    },

    /** Tries to write down what had no room. */
    async settle(): Promise<void> {
      for (const [id, entry] of unwritten) {
        try {
          await write(entry)
          unwritten.delete(id)
        } catch {
          return
        }
      }
    },

    /** The place has come, or will not: the event may go. One that has gone already stays as it was. */
    async complete(id: string, fix: Fix): Promise<void> {
      const held = unwritten.get(id)
      if (held?.standing === 'saved') unwritten.set(id, { ...held, until: undefined, event: { ...held.event, fix } })
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
          return plain && { owner, standing, tries, problem, until, event: { ...plain, id, seq }, ...marks.get(id) }
        }),
      )
      const held = [...unwritten.values()].filter((entry) => entry.owner === owner)
      return [...opened.filter((entry) => entry !== undefined), ...held].sort((one, other) => one.event.seq - other.event.seq)
    },

    async mark(id: string, change: Change): Promise<void> {
      const held = unwritten.get(id)
      if (held) return void unwritten.set(id, { ...held, ...change })
      const whole = { ...marks.get(id), ...change }
      try {
        const work = db.transaction('events', 'readwrite')
        work.done.catch(() => undefined) // told below, once
        const row = await work.store.get(id)
        if (row) await work.store.put({ ...row, ...whole })
        await work.done
        marks.delete(id)
      } catch (error) {
        console.warn('no room', error)
        marks.set(id, whole)
      }
    },

    /** Old accepted events go; what is not accepted never does. */
    async forgetOld(owner: number, now: number): Promise<void> {
      for (const { event, standing } of await this.entries(owner))
        if (standing === 'accepted' && Date.parse(event.at) < now - KEPT_ACCEPTED_MS) await db.delete('events', event.id)
      await album.forgetPhotos(owner, now - KEPT_ACCEPTED_MS)
    },

    /** Sealed personal data under a name; without WebCrypto nothing is kept, and what there is no room for is not. */
    async keep(name: string, value: unknown): Promise<void> {
      const key = await keyNamed(db, 'days').catch(() => undefined)
      if (key) await db.put('kept', await seal(key, value), name).catch((error: unknown) => console.warn('no room', error))
    },
    async recall<T>(name: string): Promise<T | undefined> {
      const [key, sealed] = await Promise.all([db.get('keys', 'days'), db.get('kept', name) as Promise<Sealed | undefined>])
      return key && sealed ? open<T>(key, sealed) : undefined
    },

    /** What she said that waits for a signal, in her order; sealed like her records, and kept like them after a logout. */
    async wishes<T>(owner: number): Promise<T[]> {
      const held = unwrittenWishes.get(owner)
      if (held) return held as T[]
      const [key, sealed] = await Promise.all([keyNamed(db, outboxKey(owner)), db.get('kept', wishesOf(owner)) as Promise<Sealed | undefined>])
      return (key && sealed && (await open<T[]>(key, sealed))) || []
    },
    async keepWishes(owner: number, wishes: unknown[]): Promise<void> {
      unwrittenWishes.delete(owner)
      if (!wishes.length) return db.delete('kept', wishesOf(owner))
      try {
        const key = await keyNamed(db, outboxKey(owner))
        if (!key) throw new Error('cannot seal')
        await db.put('kept', await seal(key, wishes), wishesOf(owner))
      } catch (error) {
        console.warn('no room', error)
        unwrittenWishes.set(owner, wishes) // sent from the page, which lives until then
      }
    },

    /** Which phone this is: a number drawn once, without any person in it. */
    async device(): Promise<string> {
      const known = (await db.get('kept', 'device')) as string | undefined
      if (known) return known
      const work = db.transaction('kept', 'readwrite')
      const drawn = ((await work.store.get('device')) as string | undefined) ?? uuid() // two tabs: the first number stays
      await work.store.put(drawn, 'device')
      await work.done
      return drawn
    },

    /** Logout: the people on this phone are gone with their key. Unsent records keep theirs until the server has them. */
    async forgetPeople(owner: number): Promise<void> {
      const events = (await db.getAll('events')).filter((row) => row.owner === owner)
      const photos = (await db.getAll('photos')).filter(({ photo }) => photo.owner === owner)
      await db.delete('keys', 'days')
      const names = (await db.getAllKeys('kept')).filter((name) => !FOR_GOOD.has(name) && !name.startsWith('wishes:'))
      await Promise.all(names.map((name) => db.delete('kept', name)))
      const standings = [...events, ...photos.map(({ photo }) => photo)].map(({ standing }) => standing)
      if (standings.some((standing) => standing === 'saved' || standing === 'sent')) return
      for (const { id, standing } of events) if (standing === 'accepted') await db.delete('events', id)
      for (const { key, photo } of photos) if (photo.standing === 'accepted') await db.delete('photos', key)
      if (standings.every((standing) => standing === 'accepted') && !(await db.get('kept', wishesOf(owner)))) await db.delete('keys', outboxKey(owner))
    },

    /** Logged out with no server to hear it: told as soon as there is one. */
    leave: (left: boolean | undefined) => db.put('kept', left, 'left'),
    hasLeft: () => db.get('kept', 'left') as Promise<boolean | undefined>,

    close: () => db.close(),
  }
}
