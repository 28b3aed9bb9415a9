import { describe, expect, it } from 'vitest'
import zh from '@/locales/zh-CN/monitoring.json'
import { firedOf, readingsInWords, ruleInWords, type Fired } from './cause'

const find = (key: string): unknown => key.split('.').slice(1).reduce<unknown>((inner, step) => (inner as Record<string, unknown> | undefined)?.[step], zh)
const t = (key: string, named: Record<string, unknown> = {}): string => String(find(key)).replace(/\{(\w+)\}/g, (_, name: string) => String(named[name]))
const te = (key: string): boolean => typeof find(key) === 'string'
const told = (fired: Fired): string[] => readingsInWords(fired, t, te, String, (at) => at.slice(11, 16))
const fired: Fired = {
  rule: 'heart_rate',
  version: 2,
  scope: 'all',
  params: { low: null, high: 120, minutes: 5 },
  readings: ['14:00', '14:02', '14:05'].map((at, i) => ({ metric: 'heart_rate', value: 130 + i, at: `2026-11-23T${at}:00Z` })),
}

describe('the cause of an alarm', () => {
  it('names the rule, its version, whose it is and what it asks', () => {
    expect(ruleInWords(fired, t)).toBe('规则「心率」第 2 版（全区）：心率高于 120 持续 5 分钟')
  })
  it('tells each reading with its time and unit', () => {
    expect(told(fired)).toEqual(['14:00 心率 130 次/分', '14:02 心率 131 次/分', '14:05 心率 132 次/分'])
  })
  it('tells what is no number as what happened', () => {
    const happened = ['bed', 'unanswered', 'door'].map((metric, value) => ({ metric, value, at: '2026-11-23T02:00:00Z' }))
    expect(told({ ...fired, readings: happened })).toEqual(['02:00 离床', '02:00 电话未接', '02:00 门开着'])
  })
  it('leaves out the middle of many', () => {
    expect(told({ ...fired, readings: Array(8).fill(fired.readings?.[0]) })).toHaveLength(5)
  })
  it('is nothing where a device rang by itself', () => {
    expect(firedOf({ said: { heartRate: 131 } })).toBeNull()
    expect(firedOf({})).toBeNull()
  })
})
