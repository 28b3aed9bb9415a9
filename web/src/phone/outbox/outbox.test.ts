// The outbox under what phones go through: lost answers, reloads, quick thumbs, a server that cannot read one record.
import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/shared/api/problem'
import type { Kind, PhoneEvent } from './events'
import { drain, type Post } from './send'
import { openStore, type Store } from './store'

const LIU = 7
const MA = 8
let store: Store
let name = ''
let count = 0

function event(kind: Kind, more: Partial<PhoneEvent> = {}): Omit<PhoneEvent, 'seq'> {
  return { id: `e${++count}`, kind, attendance_id: 1, at: '2026-11-23T06:00:00Z', ticks: 0, boot: 'b', data: {}, ...more }
}
const offline: Post<string> = () => Promise.reject(Problem.unreachable('no signal'))
const answering = (heard: string[], outcome: 'accepted' | 'attention' = 'accepted'): Post<string> => (events) => {
  heard.push(...events.map(({ id }) => id))
  return Promise.resolve({ results: events.map(({ id }) => ({ id, outcome })), days: 'fresh' })
}
const standings = async (owner = LIU) => (await store.entries(owner)).map(({ standing }) => standing)

beforeEach(async () => {
  name = `phone-${++count}`
  store = await openStore(name)
})

describe('what was saved', () => {
  it('survives a reload, in order', async () => {
    await store.add(event('depart'), LIU)
    await store.add(event('arrive'), LIU)
    store.close()
    store = await openStore(name)
    expect((await store.entries(LIU)).map(({ event: { kind, seq } }) => [kind, seq])).toEqual([
      ['depart', 1],
      ['arrive', 2],
    ])
  })

  it('keeps every one of many quick actions under its own number', async () => {
    await Promise.all(Array.from({ length: 12 }, () => store.add(event('task'), LIU)))
    expect((await store.entries(LIU)).map((entry) => entry.event.seq)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
  })

  it('is unreadable on the disk', async () => {
    await store.add(event('note', { data: { text: '皮肤发红' } }), LIU)
    await store.keep('days', { name: '牟玉兰' })
    const open = indexedDB.open(name)
    await new Promise((resolve) => (open.onsuccess = resolve))
    const work = open.result.transaction(['events', 'kept'])
    const read = (from: string) => new Promise<unknown>((resolve) => {
      const asked = work.objectStore(from).getAll()
      asked.onsuccess = () => resolve(asked.result)
    })
    expect(JSON.stringify([await read('events'), await read('kept')])).not.toMatch(/皮肤|牟玉兰|note/)
    open.result.close()
  })

  it('belongs to its login: two may share a phone', async () => {
    await store.add(event('depart'), LIU)
    await store.add(event('arrive'), MA)
    expect(await store.entries(MA)).toHaveLength(1)
  })
})

describe('the way to the server', () => {
  it('loses nothing without signal, and sends it in order when there is', async () => {
    const kept = [await store.add(event('depart'), LIU), await store.add(event('arrive'), LIU)].map((entry) => entry.event.id)
    expect(await drain(store, LIU, offline)).toEqual({ stopped: 'unreachable', days: undefined })
    expect(await standings()).toEqual(['sent', 'sent']) // may have arrived: the answer was lost
    const heard: string[] = []
    expect(await drain(store, LIU, answering(heard))).toEqual({ stopped: 'done', days: 'fresh' })
    expect(heard).toEqual(kept)
    expect(await standings()).toEqual(['accepted', 'accepted'])
  })

  it('stops at a login that has ended and keeps the records', async () => {
    await store.add(event('depart'), LIU)
    const ended: Post<string> = () => Promise.reject(new Problem({ type: '/problems/NotLoggedIn', title: '', status: 401, detail: '' }))
    expect((await drain(store, LIU, ended)).stopped).toBe('logged_out')
    expect(await standings()).toEqual(['sent'])
  })

  it('shows what clashes with the plan and does not send it again', async () => {
    await store.add(event('start'), LIU)
    await drain(store, LIU, answering([], 'attention'))
    expect(await standings()).toEqual(['attention'])
    const heard: string[] = []
    await drain(store, LIU, answering(heard))
    expect(heard).toEqual([])
  })

  it('sets aside the one record the server cannot read, and the others arrive', async () => {
    for (const kind of ['depart', 'note', 'arrive'] as const) await store.add(event(kind), LIU)
    const picky: Post<string> = (events) =>
      events.some(({ kind }) => kind === 'note')
        ? Promise.reject(new Problem({ type: '/problems/Unreadable', title: '', status: 422, detail: 'too long' }))
        : answering([])(events)
    expect((await drain(store, LIU, picky)).stopped).toBe('done')
    expect(await standings()).toEqual(['accepted', 'attention', 'accepted'])
    expect((await store.entries(LIU))[1]?.problem).toBe('too long')
  })

  it('holds an arrival for its place, and what follows it, but not for ever', async () => {
    const { event: arrival } = await store.add(event('arrive'), LIU, Date.now() + 9000)
    await store.add(event('start'), LIU)
    const heard: string[] = []
    await drain(store, LIU, answering(heard))
    expect(heard).toEqual([])
    await store.complete(arrival.id, { lat: 37.46, lon: 118.53, accuracy_m: 18 })
    expect((await store.entries(LIU))[0]?.event.fix).toEqual({ lat: 37.46, lon: 118.53, accuracy_m: 18 })
    await drain(store, LIU, answering(heard))
    expect(heard).toHaveLength(2)
  })

  it('sends an arrival whose place never came', async () => {
    await store.add(event('arrive', { fix: { none: 'timeout' } }), LIU, Date.now() - 1)
    const heard: string[] = []
    await drain(store, LIU, answering(heard))
    expect(heard).toHaveLength(1)
  })
})

describe('logging out', () => {
  it('destroys the people and keeps what the server has not heard', async () => {
    await store.keep('days', { name: '牟玉兰' })
    await store.add(event('depart'), LIU)
    await store.forgetPeople(LIU)
    expect(await store.recall('days')).toBeUndefined()
    const heard: string[] = []
    await drain(store, LIU, answering(heard))
    expect(heard).toHaveLength(1)
  })

  it('leaves nothing once everything is accepted', async () => {
    await store.add(event('depart'), LIU)
    await drain(store, LIU, answering([]))
    await store.forgetPeople(LIU)
    expect(await store.entries(LIU)).toEqual([])
  })
})

describe('a full disk', () => {
  const full = () => vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })

  it('keeps what she does in the page, in order, sends it, and writes down the rest when there is room', async () => {
    await store.add(event('depart'), LIU)
    const noRoom = full()
    expect((await store.add(event('arrive'), LIU)).unwritten).toBe(true)
    expect((await store.add(event('start'), LIU)).unwritten).toBe(true)
    expect((await store.entries(LIU)).map(({ event: { kind, seq } }) => [kind, seq])).toEqual([['depart', 1], ['arrive', 2], ['start', 3]])
    noRoom.mockRestore()
    const heard: string[] = []
    await drain(store, LIU, answering(heard))
    expect(heard).toHaveLength(3)
    await store.settle()
    store.close()
    store = await openStore(name)
    expect(await standings()).toEqual(['accepted', 'accepted', 'accepted'])
  })

  it('does not stop what was written before from being sent', async () => {
    await store.add(event('depart'), LIU)
    const noRoom = full()
    const heard: string[] = []
    expect((await drain(store, LIU, answering(heard))).stopped).toBe('done')
    expect(await standings()).toEqual(['accepted'])
    noRoom.mockRestore()
    expect(heard).toHaveLength(1)
  })

  it('lets accepted records go for new ones', async () => {
    await store.add(event('depart'), LIU)
    await drain(store, LIU, answering([]))
    const put = IDBObjectStore.prototype.put
    let refused = false
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...given) {
      if (refused) return put.apply(this, given)
      refused = true
      throw new DOMException('full', 'QuotaExceededError')
    })
    expect((await store.add(event('arrive'), LIU)).unwritten).toBeUndefined()
    vi.restoreAllMocks()
    expect((await store.entries(LIU)).map(({ event: { kind } }) => kind)).toEqual(['arrive'])
  })
})

it('forgets accepted records after two days, and no others', async () => {
  await store.add(event('depart', { at: '2026-11-20T06:00:00Z' }), LIU)
  await drain(store, LIU, answering([]))
  await store.add(event('arrive', { at: '2026-11-20T06:10:00Z' }), LIU)
  await store.forgetOld(LIU, Date.parse('2026-11-23T06:00:00Z'))
  expect((await store.entries(LIU)).map((entry) => entry.event.kind)).toEqual(['arrive'])
})
