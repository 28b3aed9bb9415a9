// The script of a case: exactly one next step, and nobody reached never means closed.
import { describe, expect, it } from 'vitest'
import type { AlarmCase } from '@/shared/api/types'
import { stepsOf } from './steps'

type Timeline = AlarmCase['timeline']
const at = (second: number) => `2026-11-23T06:06:${String(second).padStart(2, '0')}Z`
const ATTENDED = ['call', 'dispatch', 'arrive', 'follow_up', 'close', 'release', 'note']

function aCase(over: Partial<AlarmCase>, calls: [target: string | number, result: string][] = []): AlarmCase {
  const timeline: Timeline = calls.map(([target, result], i) => ({
    at: at(i),
    kind: 'call',
    by: '赵敏',
    text: null,
    facts: typeof target === 'number' ? { target: 'contact', contact_id: target, result } : { target, result },
  }))
  return {
    kind: 'sos',
    state: 'contacting',
    possible: ATTENDED,
    device: { speaks: true },
    elder: { phone: '138****5521' },
    contacts: [{ id: 7, name: '周慧' }, { id: 8, name: '陈涛' }],
    responder: null,
    timeline,
    ...over,
  } as unknown as AlarmCase
}
const next = (one: AlarmCase) => stepsOf(one).filter(({ now }) => now).map(({ id }) => id)

describe('the next step', () => {
  it('is to claim what rings', () => {
    expect(next(aCase({ state: 'ringing', possible: ['claim', 'note'] }))).toEqual(['claim'])
  })
  it('goes down the list of people to call', () => {
    expect(next(aCase({ state: 'claimed' }))).toEqual(['device'])
    expect(next(aCase({}, [['device', 'no_answer']]))).toEqual(['elder'])
    expect(next(aCase({}, [['device', 'no_answer'], ['elder', 'busy']]))).toEqual(['contact-7'])
  })
  it('skips a device that cannot speak', () => {
    expect(next(aCase({ state: 'claimed', device: null }))).toEqual(['elder'])
  })
  it('is to send somebody when nobody was reached', () => {
    const nobody: [string | number, string][] = [['device', 'no_answer'], ['elder', 'no_answer'], [7, 'no_answer'], [8, 'busy']]
    expect(next(aCase({}, nobody))).toEqual(['send'])
  })
  it('does not wait for a second call after a fall', () => {
    expect(next(aCase({ kind: 'fall' }, [['device', 'no_answer']]))).toEqual(['send'])
  })
  it('is to send when help was asked for, to close when all is well', () => {
    expect(next(aCase({}, [['device', 'help']]))).toEqual(['send'])
    expect(next(aCase({}, [['device', 'safe']]))).toEqual(['close'])
  })
  it('follows whoever was sent to the door and back', () => {
    expect(next(aCase({ state: 'dispatched', responder: '刘洁' }, [['device', 'help']]))).toEqual(['arrive'])
    expect(next(aCase({ state: 'on_site', responder: '刘洁' }, [['device', 'help']]))).toEqual(['follow_up'])
    expect(next(aCase({ state: 'follow_up', responder: '刘洁' }, [['device', 'help']]))).toEqual(['close'])
  })
  it('is nothing while somebody else has the case', () => {
    expect(next(aCase({ possible: ['note', 'ring'] }))).toEqual([])
  })
})
