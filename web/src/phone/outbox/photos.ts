// Photos on their way: beside the outbox, sealed like it, named by their hash, sent in pieces that may break off anywhere.
import { api, ask } from '@/shared/api/client'
import type { components } from '@/shared/api/schema'
import { Problem } from '@/shared/api/problem'
import type { Store } from './store'

export type PhotoKind = components['schemas']['PhotoKind']
type PhotoState = components['schemas']['PhotoState']
type Type = components['schemas']['PhotoType']

/** `saved`, `sent` (some of it), `accepted` (whole, and gone from the phone), or it needs somebody's attention. */
export interface Photo {
  hash: string
  owner: number
  visit: number
  kind: PhotoKind
  type: Type
  size: number
  /** bytes the server has, by its own word */
  received: number
  standing: 'saved' | 'sent' | 'accepted' | 'attention'
  problem?: string
  consent?: boolean
  at: string
}

export interface Server {
  announce: (photo: Photo) => Promise<PhotoState>
  send: (id: number, start: number, piece: Blob) => Promise<PhotoState>
}

const PIECE = 128 * 1024
const LONG_SIDE = 1600
const QUALITY = 0.72
const UNREADABLE = new Set([400, 404, 413, 422])

/** The photo as it is kept: small enough for a slow line, and drawn anew, so that no place and no model of phone travels along. */
async function redrawn(blob: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' })
  const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height))
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)))
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  return canvas.convertToBlob(blob.type === 'image/png' ? { type: 'image/png' } : { type: 'image/jpeg', quality: QUALITY })
}

async function hashOf(bytes: ArrayBuffer): Promise<string> {
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Written down for good when this returns; the hash is what an event refers to. Throws where the disk is full. */
export async function keepPhoto(store: Store, owner: number, blob: Blob, about: Pick<Photo, 'visit' | 'kind' | 'consent'>): Promise<string> {
  const small = await redrawn(blob)
  const bytes = await small.arrayBuffer()
  const hash = await hashOf(bytes)
  await store.addPhoto(
    { ...about, hash, owner, type: small.type as Type, size: bytes.byteLength, received: 0, standing: 'saved', at: new Date().toISOString() },
    bytes,
  )
  return hash
}

/** Sends what this owner has, one after the other, each from where the server says; true when nothing is left to send. */
export async function sendPhotos(store: Store, owner: number, server: Server = theServer): Promise<boolean> {
  for (const photo of await store.photos(owner)) {
    if (photo.standing !== 'saved' && photo.standing !== 'sent') continue
    try {
      await sendOne(store, photo, server)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (!UNREADABLE.has(error.status)) return false // later; the others would fare no better
      await store.markPhoto(photo, { standing: 'attention', problem: error.kind })
    }
  }
  return true
}

async function sendOne(store: Store, photo: Photo, server: Server): Promise<void> {
  const bytes = await store.bytesOf(photo)
  if (!bytes) return store.markPhoto(photo, { standing: 'attention', problem: 'unsealed' })
  const body = new Blob([bytes])
  let state = await server.announce(photo)
  for (let damaged = 0; !state.whole; ) {
    const start = state.received
    state = await server.send(state.id, start, body.slice(start, start + PIECE))
    await store.markPhoto(photo, { standing: 'sent', received: state.received })
    if (!state.whole && state.received <= start && ++damaged > 2) throw new Problem({ type: '/problems/Damaged', title: '', status: 422, detail: '' })
  }
  await store.markPhoto(photo, { standing: 'accepted', received: photo.size })
}

const theServer: Server = {
  announce: ({ visit, hash, kind, type, size, at, consent }) =>
    ask(api.POST('/api/phone/photos', { body: { visit_id: visit, sha256: hash, kind, type, size, taken_at: at, consent: consent ?? null } })),
  send: (photo_id, start, piece) =>
    ask(
      api.PUT('/api/phone/photos/{photo_id}/bytes', {
        params: { path: { photo_id }, query: { start } },
        body: '', // the type knows bytes as text; what goes out is the piece
        bodySerializer: () => piece,
        headers: { 'Content-Type': 'application/octet-stream' },
      }),
    ),
}
