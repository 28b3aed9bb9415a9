// One batch out of the outbox holds everything she did: each kind goes to its own door, and every record gets its answer.
import 'fake-indexeddb/auto'
import { expect, it, vi } from 'vitest'
import type { Kind, PhoneEvent } from './outbox/events'
import { openStore } from './outbox/store'

const posted = vi.hoisted(() => [] as { path: string; ids: string[] }[])
vi.mock('@/shared/api/client', () => ({
  api: {
    POST: (path: string, { body }: { body: { events?: { id: string }[]; records?: { id: string }[] } }) => {
      const ids = (body.events ?? body.records ?? []).map(({ id }) => id)
      posted.push({ path, ids })
      return { results: ids.map((id) => ({ id, outcome: 'accepted' })), list: { trips: [] } }
    },
  },
  ask: (answer: unknown) => Promise.resolve(answer),
}))
const { sendAll } = await import('./beside')

const event = (id: string, kind: Kind, data = {}): PhoneEvent => ({ id, seq: 1, kind, attendance_id: 0, at: '2026-11-23T03:00:00Z', ticks: 0, boot: 'b', data })

it('brings rides, welfare visits and visits each to its door', async () => {
  const events = [event('v1', 'arrive'), event('r1', 'ride', { what: 'pick_up', trip_id: 7, portion_ids: [] }), event('w1', 'welfare', { elder_id: 1 }), event('r2', 'ride', { what: 'back', trip_id: 7, portion_ids: [] })]
  const { results } = await sendAll(await openStore('beside'), 'device', events)
  expect(Object.fromEntries(posted.map(({ path, ids }) => [path, ids]))).toEqual({
    '/api/phone/rides/records': ['r1', 'r2'],
    '/api/phone/welfare/records': ['w1'],
    '/api/phone/events': ['v1'],
  })
  expect(results.map(({ id }) => id).sort()).toEqual(['r1', 'r2', 'v1', 'w1'])
})
