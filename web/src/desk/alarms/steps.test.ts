// The rows of a case: the server's steps in order, the contacts where the tree is climbed, one of them next.
import { describe, expect, it } from 'vitest'
import type { AlarmCase } from '@/shared/api/types'
import { inLanguage, questionOf, stepsOf } from './steps'

const EVENTS: Record<string, string> = { claim: 'claim', speak: 'call', climb: 'call', inform: 'call', send: 'dispatch', ask: 'step', close: 'close' }
function step(key: string, status: string, more: object = {}) {
  return { key, do: key, event: EVENTS[key], status, why: 'in_order', questions: [], question: null, contact_id: null, words: {}, ...more }
}
function aCase(steps: object[], next: string | null, over: object = {}): AlarmCase {
  return {
    state: 'contacting',
    possible: ['call', 'dispatch', 'close', 'step'],
    contacts: [{ id: 7, name: '周慧' }, { id: 8, name: '陈涛' }],
    timeline: [{ at: '2026-11-23T06:06:01Z', kind: 'call', by: '赵敏', text: null, facts: { target: 'contact', contact_id: 7, result: 'no_answer' } }],
    steps,
    next_step: next && { key: next },
    ...over,
  } as unknown as AlarmCase
}

describe('the rows of a case', () => {
  it('put the contacts where the tree is climbed, and frame the one to call', () => {
    const rows = stepsOf(aCase([step('claim', 'done'), step('climb', 'open', { contact_id: 8 }), step('close', 'waiting')], 'climb'))
    expect(rows.map(({ id, now, done }) => [id, now, done])).toEqual([
      ['claim', false, true],
      ['contact-7', false, true],
      ['contact-8', true, false],
      ['close', false, false],
    ])
  })
  it('put the tree itself first where it calls none of her people next, and keep its call', () => {
    const [tree, first] = stepsOf(aCase([step('climb', 'open', { turn: { kind: 'ambulance', target: 'ambulance' } })], 'climb'))
    expect([tree?.id, tree?.callee, tree?.now, first?.now]).toEqual(['climb', 'ambulance', true, false])
    const called = { at: '2026-11-23T06:06:09Z', kind: 'call', by: '赵敏', text: null, facts: { target: 'elder', call_id: 3, result: null } }
    const [doing] = stepsOf(aCase([step('climb', 'doing', { call_id: 3, turn: null })], 'climb', { timeline: [called] }))
    expect([doing?.callee, doing?.now]).toEqual(['elder', true])
  })
  it('leave out what cannot be done here and what is not due', () => {
    expect(stepsOf(aCase([step('speak', 'out'), step('inform', 'waiting'), step('send', 'open')], 'send')).map(({ id }) => id)).toEqual(['send'])
  })
  it('offer a button only for what this operator may do', () => {
    const [send, close] = stepsOf(aCase([step('send', 'open'), step('close', 'open')], 'send', { possible: ['dispatch'] }))
    expect([send?.possible, close?.possible]).toEqual([true, false])
  })
  it('ask the open question, in the language of the screen or in Chinese', () => {
    const questions = [{ key: 'hear', words: { 'zh-CN': '听得见吗？', en: 'Can you hear me?' }, answers: [] }]
    const [row] = stepsOf(aCase([step('ask', 'open', { questions, question: 'hear' })], 'ask'))
    expect(row && inLanguage(questionOf(row)?.words ?? {}, 'en')).toBe('Can you hear me?')
    expect(inLanguage({ 'zh-CN': '好' }, 'fr')).toBe('好')
  })
})
