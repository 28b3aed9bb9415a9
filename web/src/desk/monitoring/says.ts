// What a rule asks, as a sentence people would say.
import type { Version } from '@/shared/api/types'

type T = (key: string, named?: Record<string, unknown>) => string
interface Band {
  low?: number | null
  high?: number | null
  minutes?: number
}

function band(p: Band, what: string, t: T): string {
  const sides = [p.high != null ? t('monitoring.says.above', { what, high: p.high }) : '', p.low != null ? t('monitoring.says.below', { what, low: p.low }) : '']
  return sides.filter(Boolean).join(t('monitoring.says.or'))
}

const clock = (at: unknown): string => String(at ?? '').slice(0, 5)

export function says({ kind, params, off }: Pick<Version, 'kind' | 'params' | 'off'>, t: T): string {
  if (off) return t('monitoring.says.off')
  const p = params as Record<string, unknown>
  switch (kind) {
    case 'blood_pressure':
      return t('monitoring.says.blood_pressure', {
        times: p.times,
        systolic: band(p.systolic as Band, t('monitoring.metric.systolic'), t),
        diastolic: band(p.diastolic as Band, t('monitoring.metric.diastolic'), t),
      })
    case 'fence':
      return t('monitoring.says.fence', { n: (p.areas as unknown[]).length, minutes: p.minutes })
    case 'no_movement':
    case 'not_up':
    case 'out_of_bed':
    case 'door_at_night':
      return t(`monitoring.says.${kind}`, { ...p, opens: clock(p.opens), closes: clock(p.closes) })
    case 'smoke_no_answer':
      return t('monitoring.says.smoke_no_answer', p)
    default: {
      const words = band(p as Band, t(`monitoring.rule.${kind}`), t)
      return p.minutes ? t('monitoring.says.for', { band: words, minutes: p.minutes }) : t('monitoring.says.at_once', { band: words })
    }
  }
}

/** What a new rule of a kind begins with. */
export function usual(kind: Version['kind'], home: { lat: number; lon: number } | null): Record<string, unknown> {
  const night = { opens: '22:00', closes: '06:00' }
  const begin: Record<Version['kind'], Record<string, unknown>> = {
    heart_rate: { low: 45, high: 120, minutes: 5, hysteresis: 5 },
    spo2: { low: 90, high: null, minutes: 5, hysteresis: 1 },
    respiration: { low: 8, high: 30, minutes: 5, hysteresis: 1 },
    body_temperature: { low: 35, high: 38.5, minutes: 0, hysteresis: 0.3 },
    room_temperature: { low: 12, high: 35, minutes: 30, hysteresis: 1 },
    blood_pressure: { systolic: { low: 90, high: 180 }, diastolic: { low: 50, high: 110 }, times: 2, within_hours: 24 },
    no_movement: { opens: '07:00', closes: '21:00', hours: 4 },
    not_up: { opens: '05:00', closes: '09:30' },
    out_of_bed: { ...night, minutes: 30 },
    door_at_night: { ...night, minutes: 5 },
    smoke_no_answer: { minutes: 3, calls: 2 },
    fence: { areas: [{ shape: 'circle', lat: home?.lat ?? 0, lon: home?.lon ?? 0, radius_m: 500 }], minutes: 10, margin_m: 30, datum: 'wgs84' },
  }
  return begin[kind]
}
