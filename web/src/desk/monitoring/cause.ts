// Which rule raised an alarm, and the readings that made it, in words.
import type { Version } from '@/shared/api/types'
import { says } from './says'

type T = (key: string, named?: Record<string, unknown>) => string

/** What the log of alarms keeps of a firing. */
export interface Fired {
  rule: Version['kind']
  version: number
  scope?: 'elder' | 'model' | 'all'
  params: Record<string, unknown>
  readings?: { metric: string; value: number; at: string }[]
}

const MOST = 5
const YES_NO = ['bed', 'movement', 'door', 'smoke', 'gas', 'water', 'fall', 'alarm', 'answered', 'unanswered']

/** Of a step of the timeline, where a rule made it. */
export function firedOf(facts: Record<string, unknown>): Fired | null {
  const said = facts.said
  return said && typeof said === 'object' && 'rule' in said && 'version' in said && 'params' in said ? (said as Fired) : null
}

/** `规则「心率」第 2 版（全区）：心率高于 120 持续 5 分钟`. */
export function ruleInWords({ rule, version, scope, params }: Fired, t: T): string {
  const whose = scope ? t('monitoring.cause.whose', { scope: t(`monitoring.cause.${scope}`) }) : ''
  return t('monitoring.cause.rule', { rule: t(`monitoring.rule.${rule}`), version, whose, says: says({ kind: rule, params, off: false }, t) })
}

/** `14:02 心率 131 次/分`, the first and the last ones where there are many. */
export function readingsInWords({ readings = [] }: Fired, t: T, te: (key: string) => boolean, n: (value: number) => string, time: (at: string) => string): string[] {
  const told = readings.map(({ metric, value, at }) => {
    if (YES_NO.includes(metric)) return `${time(at)} ${t(`monitoring.heard.${metric}.${value ? 'yes' : 'no'}`)}`
    if (metric === 'location') return `${time(at)} ${t('monitoring.heard.location', { metres: n(value) })}`
    const unit = te(`monitoring.unit.${metric}`) ? ` ${t(`monitoring.unit.${metric}`)}` : ''
    return `${time(at)} ${t(`monitoring.metric.${metric}`)} ${n(value)}${unit}`
  })
  return told.length > MOST ? [...told.slice(0, 2), '…', ...told.slice(-2)] : told
}
