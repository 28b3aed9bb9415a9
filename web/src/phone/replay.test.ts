// What she sees before the server knows: her unsent steps over its last answer.
import { describe, expect, it } from 'vitest'
import type { Kind, PhoneEvent } from './outbox/events'
import { guarded, stopping } from './measuring'
import { nextStep, replay } from './replay'
import type { Days, Task, Visit } from './wire'

const AT = '2026-11-23T06:02:00Z'
const TASKS = [{ code: 'pressure', zh: '测血压', en: 'Blood pressure', evidence: 'reading', reading: 'blood_pressure', outcome: null, reason: null }]

function days(more: Partial<Visit> = {}): Days {
  const visit = { attendance_id: 3, state: 'accepted', possible: ['decline', 'depart'], tasks: TASKS, gate: { task: 'pressure', guards: ['wash'] }, readings: [], times: {}, ...more }
  const upper = { name: 'systolic', unit: 'mmHg', least: 50, most: 260, step: 1, needed: true, low: 90, high: 159, outside: 'stop' }
  return { days: [{ day: '2026-11-23', visits: [visit as unknown as Visit] }], measuring: { kinds: { blood_pressure: [upper] } } } as unknown as Days
}
function event(kind: Kind, data = {}, attendance_id = 3): PhoneEvent {
  return { id: kind, kind, attendance_id, seq: 1, at: AT, ticks: 0, boot: 'b', data }
}
const after = (...events: PhoneEvent[]): Visit | undefined => replay(days(), events).days[0]?.visits[0]

describe('a reading without signal', () => {
  const wash = { code: 'wash' } as Task
  const taken = (systolic: number) => event('reading', { kind: 'blood_pressure', values: { systolic }, task: 'pressure' })
  it('stops the bath at once, and lets it begin after a better one', () => {
    expect(guarded(days().days[0]?.visits[0] as Visit, wash)).toBe(true) // nothing measured yet
    const stopped = after(taken(182)) as Visit
    expect([stopping(stopped)?.verdict, guarded(stopped, wash)]).toEqual(['stop', true])
    const rested = after(taken(182), taken(148)) as Visit
    expect([stopping(rested), guarded(rested, wash)]).toEqual([undefined, false])
  })
})

describe('unsent steps', () => {
  it('move the visit on and offer the next button', () => {
    expect(nextStep(after(event('depart'))?.possible ?? [])).toBe('arrive')
    expect(nextStep(after(event('depart'), event('arrive'))?.possible ?? [])).toBe('start')
    const served = after(event('depart'), event('arrive'), event('start'))
    expect([served?.state, served?.times.start, nextStep(served?.possible ?? [])]).toEqual(['in_service', AT, 'finish'])
  })
  it('end the visit, done or not', () => {
    expect(after(event('finish'))).toMatchObject({ state: 'finished', times: { finish: AT }, possible: [] })
    expect(after(event('not_delivered', { reason: 'no_one_home' }))).toMatchObject({ state: 'finished', possible: [] })
    expect(after(event('decline', { reason: 'sick' }))).toMatchObject({ state: 'declined', possible: [] })
  })
  it('fill in the task they speak of, the last word counting', () => {
    const twice = after(event('task', { task: 'pressure', outcome: 'refused', reason: 'not_well' }), event('task', { task: 'pressure', outcome: 'done' }))
    expect(twice?.tasks).toEqual([{ ...TASKS[0], outcome: 'done', reason: null }])
  })
  it('leave every other visit and the server’s answer itself as they were', () => {
    const served = days()
    expect(replay(served, [event('depart', {}, 99)])).toEqual(served)
    replay(served, [event('depart')])
    expect(served.days[0]?.visits[0]?.state).toBe('accepted')
  })
})

it('makes accepting the big button before setting off, whatever order the server lists them in', () => {
  expect(nextStep(['decline', 'depart', 'accept'])).toBe('accept')
  expect(nextStep(['not_delivered'])).toBeUndefined()
})
