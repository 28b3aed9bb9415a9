// What a phone carries beside the visits: welfare visits and rides with lunch, each with its own list and its own door.
import type { Kind, PhoneEvent } from './outbox/events'
import type { Answer, Result } from './outbox/send'
import type { Store } from './outbox/store'
import * as rides from './rides/list'
import * as welfare from './welfare/list'
import { ofVisit, post, type Days } from './wire'

type Door = (store: Store, device: string, events: PhoneEvent[]) => Promise<Result[]>
const DOORS: Partial<Record<Kind, Door>> = { welfare: welfare.tellRounds, ride: rides.tellRides }

/** What is on the phone from before, where there is no server to ask. */
export async function recallBeside(store: Store): Promise<void> {
  await Promise.all([welfare.recallList(store), rides.recallRides(store)])
}
export async function followBeside(store: Store): Promise<void> {
  await welfare.follow(store)
  await rides.followRides(store)
}
export function forgetBeside(): void {
  welfare.forgetList()
  rides.forgetRides()
}

/** Each kind of event to its door; answers come back as one. */
export async function sendAll(store: Store, device: string, events: PhoneEvent[]): Promise<Answer<Days>> {
  const results: Result[] = []
  for (const [kind, door] of Object.entries(DOORS)) {
    const theirs = events.filter((event) => event.kind === kind)
    if (theirs.length) results.push(...(await door(store, device, theirs)))
  }
  const visits = events.filter(ofVisit)
  if (!visits.length) return { results }
  const answer = await post(device, visits)
  return { ...answer, results: [...results, ...answer.results] }
}
