// The shelf of photos in the phone's memory: bytes sealed, let go once the server has them whole.
import type { Photo } from './photos'
import { canSeal, openBytes, sealBytes } from './seal'
import { keyNamed, outboxKey, type Memory } from './shelves'

/** So much stays free for records, which are worth more than photos. */
const RESERVE = 4 * 1024 * 1024

/** No room for a photo, or no way to seal it: said to her at once, and nothing was kept. */
export class NoRoom extends Error {}

const keyOf = ({ owner, visit, hash }: Pick<Photo, 'owner' | 'visit' | 'hash'>): string => `${owner}/${visit}/${hash}`

export function albumOf(db: Memory) {
  return {
    /** Kept for good when this returns; the same photo again is the same one. Throws NoRoom. */
    async addPhoto(photo: Photo, bytes: ArrayBuffer): Promise<void> {
      const room = await navigator.storage?.estimate?.()
      if (!canSeal() || (room?.quota && room.quota - (room.usage ?? 0) - bytes.byteLength < RESERVE)) throw new NoRoom()
      const key = await keyNamed(db, outboxKey(photo.owner))
      if (!key) throw new NoRoom()
      const sealed = await sealBytes(key, bytes)
      const work = db.transaction('photos', 'readwrite', { durability: 'strict' })
      if (!(await work.store.get(keyOf(photo)))) await work.store.put({ key: keyOf(photo), photo, sealed })
      await work.done
    },

    /** Oldest first, without their bytes; another login's stay where they are. */
    async photos(owner: number): Promise<Photo[]> {
      const photos = (await db.getAll('photos')).map(({ photo }) => photo)
      return photos.filter((photo) => photo.owner === owner).sort((one, other) => one.at.localeCompare(other.at))
    },

    async bytesOf(photo: Photo): Promise<ArrayBuffer | undefined> {
      const [row, key] = await Promise.all([db.get('photos', keyOf(photo)), keyNamed(db, outboxKey(photo.owner))])
      return row?.sealed && key ? openBytes(key, row.sealed) : undefined
    },

    /** How far it has come; what the server has whole needs no room here any more. */
    async markPhoto({ owner, visit, hash }: Photo, to: Partial<Pick<Photo, 'standing' | 'received' | 'problem'>>): Promise<void> {
      const work = db.transaction('photos', 'readwrite')
      const row = await work.store.get(keyOf({ owner, visit, hash }))
      if (row) await work.store.put({ ...row, photo: { ...row.photo, ...to }, ...(to.standing === 'accepted' ? { sealed: undefined } : {}) })
      await work.done
    },

    /** Accepted ones are named for as long as accepted records are. */
    async forgetPhotos(owner: number, before: number): Promise<void> {
      for (const { key, photo } of await db.getAll('photos'))
        if (photo.owner === owner && photo.standing === 'accepted' && Date.parse(photo.at) < before) await db.delete('photos', key)
    },
  }
}
