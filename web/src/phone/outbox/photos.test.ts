// Photos over lines that break, to servers that lose pieces, on phones that are full.
import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/shared/api/problem'
import { NoRoom } from './album'
import { sendPhotos, type Photo, type Server } from './photos'
import { openStore, type Store } from './store'

const LIU = 7
let store: Store
let count = 0

const bytes = (size: number): ArrayBuffer => new Uint8Array(size).fill(7).buffer
const photo = (more: Partial<Photo> = {}): Photo => ({
  hash: `h${++count}`, owner: LIU, visit: 1, kind: 'work', type: 'image/jpeg', size: 300_000, received: 0, standing: 'saved', at: '2026-11-23T06:00:00Z', ...more,
})
const broken = (status: number): Problem => new Problem({ type: '/problems/X', title: '', status, detail: '' })

/** A server that keeps what it gets; `breaks` says before which piece the line goes. */
function server(breaks: number[] = []) {
  let here = new Blob()
  let pieces = 0
  const state = (size: number) => ({ id: 1, sha256: 'x', size, received: here.size, whole: here.size === size })
  let size = 0
  const one: Server = {
    announce: (told) => Promise.resolve(state((size = told.size))),
    send(_id, start, piece) {
      if (breaks.includes(++pieces)) return Promise.reject(Problem.unreachable('stairwell'))
      if (start === here.size) here = new Blob([here, piece])
      return Promise.resolve(state(size))
    },
  }
  return { one, got: () => here, pieces: () => pieces }
}

beforeEach(async () => {
  store = await openStore(`photos-${++count}`)
})

describe('a photo', () => {
  it('goes on where it broke off, and its bytes leave the phone once the server has them', async () => {
    const mine = photo()
    await store.addPhoto(mine, bytes(mine.size))
    const { one, got, pieces } = server([2])
    expect(await sendPhotos(store, LIU, one)).toBe(false)
    expect((await store.photos(LIU))[0]).toMatchObject({ standing: 'sent', received: 131_072 })
    expect(await sendPhotos(store, LIU, one)).toBe(true)
    expect(pieces()).toBe(4)
    expect(Buffer.from(await got().arrayBuffer()).equals(Buffer.from(bytes(mine.size)))).toBe(true)
    const [kept] = await store.photos(LIU)
    expect(kept?.standing).toBe('accepted')
    expect(kept && (await store.bytesOf(kept))).toBeUndefined()
  })

  it('asks for attention when the server will not have it, stays on the phone, and the next one goes', async () => {
    const [bad, good] = [photo({ visit: 1 }), photo({ visit: 2, at: '2026-11-23T06:01:00Z', size: 10 })]
    await store.addPhoto(bad, bytes(bad.size))
    await store.addPhoto(good, bytes(good.size))
    const { one } = server()
    const picky: Server = { ...one, announce: (told) => (told.visit === 1 ? Promise.reject(broken(404)) : one.announce(told)) }
    expect(await sendPhotos(store, LIU, picky)).toBe(true)
    expect((await store.photos(LIU)).map(({ standing }) => standing)).toEqual(['attention', 'accepted'])
    expect(await store.bytesOf(bad)).toBeDefined()
  })

  it('that arrives damaged again and again asks for attention instead of going round for ever', async () => {
    const mine = photo({ size: 10 })
    await store.addPhoto(mine, bytes(10))
    const never: Server = {
      announce: () => Promise.resolve({ id: 1, sha256: 'x', size: 10, received: 0, whole: false }),
      send: () => Promise.resolve({ id: 1, sha256: 'x', size: 10, received: 0, whole: false }),
    }
    await sendPhotos(store, LIU, never)
    expect((await store.photos(LIU))[0]).toMatchObject({ standing: 'attention', problem: 'Damaged' })
  })

  it('is not kept where it would leave no room for records', async () => {
    const estimate = vi.fn(() => Promise.resolve({ quota: 5_000_000, usage: 1_500_000 }))
    vi.stubGlobal('navigator', { storage: { estimate } })
    const mine = photo()
    await expect(store.addPhoto(mine, bytes(mine.size))).rejects.toBeInstanceOf(NoRoom)
    expect(await store.photos(LIU)).toEqual([])
    vi.unstubAllGlobals()
  })

  it('stays sealed on the phone after she logs out, until the server has it', async () => {
    const mine = photo({ size: 10 })
    await store.addPhoto(mine, bytes(10))
    await store.forgetPeople(LIU)
    expect(await sendPhotos(store, LIU, server().one)).toBe(true)
    await store.forgetPeople(LIU)
    expect(await store.photos(LIU)).toEqual([])
  })
})
