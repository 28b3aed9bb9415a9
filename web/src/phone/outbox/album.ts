// The shelf of photos in the phone's memory: bytes sealed, let go once the server has them whole.
import type { Photo } from './photos'
import { canSeal, openBytes, sealBytes } from './seal'
import { keyNamed, outboxKey, type Memory, type PhotoRow } from './shelves'

/** So much stays free for records, which are worth more than photos. */
const RESERVE = 4 * 1024 * 1024

/** No room for a photo, or no way to seal it: said to her at once, and nothing was kept. */
export class NoRoom extends Error {}

const keyOf = ({ owner, visit, hash }: Pick<Photo, 'owner' | 'visit' | 'hash'>): string => `${owner}/${visit}/${hash}`

export function albumOf(db: Memory) {
  const change = async (photo: Photo, to: (row: PhotoRow) => PhotoRow): Promise<void> => {
    const work = db.transaction('photos', 'readwrite')
    const row = await work.store.get(keyOf(photo))
    if (row) await work.store.put(to(row))
    await work.done
  }
  return {
    /** Kept for good when this returns; the same photo again is the same one. Throws NoRoom. */
    async addPhoto(photo: Photo, bytes: ArrayBuffer): Promise<void> {
      const room = await navigator.storage?.estimate?.()
      if (!canSeal() || (room?.quota && room.quota - (room.usage ?? 0) - bytes.byteLength < RESERVE)) throw new NoRoom()
      const key = await keyNamed(db, outboxKey(photo.owner))
      if (!key) throw new NoRoom()
      const sealed = await sealBytes(key, bytes)
      const work = db.transaction('photos', 'readwrite', { durability: 'strict' })
      if (!(await work.store.get(keyOf(photo)))) await work.store.put({ ...photo, ...sealed, key: keyOf(photo) })
      await work.done
    },

    /** Oldest first, without their bytes; another login's stay where they are. */
    async photos(owner: number): Promise<Photo[]> {
      const rows = (await db.getAll('photos')).filter((row) => row.owner === owner)
      return rows.map(({ iv: _iv, box: _box, key: _key, ...photo }) => photo).sort((one, other) => one.at.localeCompare(other.at))
    },

    async bytesOf(photo: Photo): Promise<ArrayBuffer | undefined> {
      const [row, key] = await Promise.all([db.get('photos', keyOf(photo)), keyNamed(db, outboxKey(photo.owner))])
      return row?.box && row.iv && key ? openBytes(key, { iv: row.iv, box: row.box }) : undefined
    },

    /** How far it has come; what the server has whole needs no room here any more. */
    markPhoto: (photo: Photo, to: Partial<Pick<Photo, 'standing' | 'received' | 'problem'>>): Promise<void> =>
      change(photo, (row) => {
        const { iv, box, ...rest } = { ...row, ...to }
        return rest.standing === 'accepted' ? rest : { ...rest, iv, box }
      }),

    /** Accepted ones are named for as long as accepted records are. */
    async forgetPhotos(owner: number, before: number): Promise<void> {
      for (const row of await db.getAll('photos'))
        if (row.owner === owner && row.standing === 'accepted' && Date.parse(row.at) < before) await db.delete('photos', row.key)
    },
  }
}
