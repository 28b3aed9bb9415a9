// Reasons, remedies and broken rules as the dispatcher reads them.
import { createI18n } from 'vue-i18n'
import { expect, it } from 'vitest'
import chinese from '@/locales/zh-CN/board.json'
import enums from '@/locales/zh-CN/enums.json'
import type { Board, BoardVisit, Fault } from './model'
import { faultInWords, reasonInWords, remedyInWords } from './words'

const { t, te } = createI18n({ legacy: false, locale: 'zh-CN', messages: { 'zh-CN': { board: chinese, enums } } }).global
const words = { t: t as (key: string, named?: Record<string, unknown>) => string, te: te as (key: string) => boolean }
const board = { caregivers: [{ id: 12, name: '马丽' }] } as unknown as Board
const left = (reason: Partial<NonNullable<BoardVisit['reason']>>): BoardVisit =>
  ({ reason: { kind: 'impossible', zh: '已过时段。', en: 'Too late.', blocking: {}, remedy: {}, ...reason } }) as unknown as BoardVisit
const fault = (rule: string, facts: Record<string, unknown>): Fault => ({ rule, visit_id: 1, caregiver_id: 12, facts, accepted: false })

it('counts who is kept away by what, the most first', () => {
  expect(reasonInWords(left({ blocking: { 1: 'skills', 2: 'busy', 3: 'skills' } }), 'zh-CN', words)).toBe('2 人没有资质；1 人已有别的服务')
})

it('takes the server’s sentence where there is nothing to count', () => {
  expect(reasonInWords(left({ kind: 'too_late' }), 'en', words)).toBe('Too late.')
})

it('names the change that would help, with names and minutes', () => {
  expect(remedyInWords(left({ remedy: { kind: 'window', facts: { ticks: 1800 } } }), board, words)).toBe('时段放宽 30 分钟可排')
  expect(remedyInWords(left({ remedy: { kind: 'person', facts: { like: 'c12' } } }), board, words)).toContain('马丽')
  expect(remedyInWords(left({ remedy: { kind: 'waive', facts: { rule: 'sex' } } }), board, words)).toBe('老人同意换性别即可排')
  expect(remedyInWords(left({}), board, words)).toBe('')
})

it('says broken rules with their people and figures, and an unknown one by its name', () => {
  expect(faultInWords(fault('travel', { free: 36000, start: 36600, travel: 900 }), board, words)).toBe('马丽 赶不过来：路上要 15 分钟，只有 10 分钟')
  expect(faultInWords(fault('shift', { leaves: 7740, begins: 28800 }), board, words)).toBe('马丽 要 02:09 出门才赶得到，08:00 才上班')
  expect(faultInWords(fault('shift', { leaves: -600, begins: 0 }), board, words)).toContain('23:50')
  expect(faultInWords(fault('shift', { returns: 66000, ends: 63000 }), board, words)).toBe('马丽 要到 18:20 才做完，17:30 就下班了')
  expect(faultInWords(fault('shift', { start: 30000 }), board, words)).toBe('马丽 这时不在班')
  expect(faultInWords(fault('skills', { missing: ['bathing'] }), board, words)).toBe('马丽 没有有效资质：助浴')
  expect(faultInWords(fault('new_rule', {}), board, words)).toBe('违反规则：new_rule')
})
