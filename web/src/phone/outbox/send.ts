// Brings the outbox to the server: in order, in small batches, as often as it takes; nothing is dropped on the way.
import { Problem } from '@/shared/api/problem'
import { unsent, waiting, type Entry, type PhoneEvent } from './events'
import type { Store } from './store'

export interface Result {
  id: string
  outcome: 'accepted' | 'repeated' | 'attention'
  problem?: string | null
}
export interface Answer<Days> {
  results: Result[]
  days?: Days
}
export type Post<Days> = (events: PhoneEvent[]) => Promise<Answer<Days>>

/** What stopped it: nothing, no way to the server (later), a login that has ended, or a server that cannot now. */
export type Stopped = 'done' | 'unreachable' | 'logged_out' | 'busy'
export interface Drained<Days> {
  stopped: Stopped
  days?: Days
}

const BATCH = 40
const UNREADABLE = new Set([400, 413, 422])

/** Sends what this owner has; returns the newest days the server gave. */
export async function drain<Days>(store: Store, owner: number, post: Post<Days>): Promise<Drained<Days>> {
  let days: Days | undefined
  let size = BATCH
  for (;;) {
    const batch = ready(await store.entries(owner), Date.now()).slice(0, size)
    if (batch.length === 0) return { stopped: 'done', days }
    await Promise.all(batch.map((entry) => store.mark(entry.event.id, { standing: 'sent', tries: entry.tries + 1 })))
    try {
      const answer = await post(batch.map((entry) => entry.event))
      days = answer.days ?? days
      if ((await settle(store, batch, answer.results)) === 0) return { stopped: 'busy', days }
      size = BATCH
    } catch (error) {
      const stopped = reason(error)
      if (stopped !== 'unreadable') return { stopped, days }
      if (batch.length > 1) size = 1 // find the one the server cannot read; the others must not wait for it
      else await store.mark(first(batch).event.id, { standing: 'attention', problem: (error as Error).message })
    }
  }
}

/** What may go now: in order, up to the first that still waits for its place. */
function ready(entries: Entry[], now: number): Entry[] {
  const open = entries.filter(unsent)
  const wait = open.findIndex((entry) => waiting(entry, now))
  return wait === -1 ? open : open.slice(0, wait)
}

/** How many events got an answer. */
async function settle(store: Store, batch: Entry[], results: Result[]): Promise<number> {
  const sent = new Set(batch.map((entry) => entry.event.id))
  const answered = results.filter((result) => sent.has(result.id))
  for (const { id, outcome, problem } of answered)
    await store.mark(id, {
      standing: outcome === 'attention' ? 'attention' : 'accepted',
      ...(problem ? { problem } : {}),
    })
  return answered.length
}

function reason(error: unknown): Exclude<Stopped, 'done'> | 'unreadable' {
  if (!(error instanceof Problem)) throw error
  if (error.status === 0) return 'unreachable'
  if (error.status === 401 || error.status === 403) return 'logged_out'
  return UNREADABLE.has(error.status) && error.kind !== 'KeyReused' ? 'unreadable' : 'busy'
}

function first<T>(things: T[]): T {
  const [thing] = things
  if (thing === undefined) throw new Error('nothing to send')
  return thing
}
