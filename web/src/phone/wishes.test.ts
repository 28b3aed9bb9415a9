// What she said beside her visits is told once, in order, and outlives a lost network, a logout and a reload.
import 'fake-indexeddb/auto'
import { expect, it } from 'vitest'
import { Problem } from '@/shared/api/problem'
import { openStore } from './outbox/store'
import { tellAll, type Wish } from './wishes'

const LIU = 7
const sick: Wish = { id: 'a', at: '2026-11-23T00:00:00Z', kind: 'sick', days: 2 }
const found: Wish = { id: 'b', at: '2026-11-23T00:05:00Z', kind: 'found', attendance: 3, found: 'helped', words: '已送医' }
const refuse = (status: number) => new Problem({ type: '', title: '', status, detail: '' })

it('keeps the rest when there is no way, and lets go of what the server refuses', async () => {
  const told: string[] = []
  const note = async ({ id }: Wish): Promise<void> => void told.push(id)
  await expect(tellAll([sick, found], note, async ({ id }) => { if (id === 'b') throw refuse(0) })).rejects.toThrow(Problem)
  expect(told).toEqual(['a'])
  await tellAll([found], note, async () => { throw refuse(404) })
  expect(told).toEqual(['a', 'b'])
  await expect(tellAll([sick], note, async () => { throw refuse(503) })).rejects.toThrow(Problem)
  expect(told).toEqual(['a', 'b'])
})

it('outlives a logout, sealed, and nobody else reads it', async () => {
  const store = await openStore('wishes')
  await store.keepWishes(LIU, [sick, found])
  await store.keep('week:0', { at: 1, value: 'her week' })
  await store.forgetPeople(LIU)
  expect(await store.wishes(LIU)).toEqual([sick, found])
  expect(await store.wishes(LIU + 1)).toEqual([])
  expect(await store.recall('week:0')).toBeUndefined()
  await store.keepWishes(LIU, [])
  expect(await store.wishes(LIU)).toEqual([])
  store.close()
})
