// Times and money read as people say them.
import { beforeEach, describe, expect, it } from 'vitest'
import { day, dayInWords, dayPlus, instant, lasting, metres, placeInWords, setZone, span, time, timeOrDay, timeWithSeconds, yuan } from './words'

describe('in Shanghai', () => {
  beforeEach(() => setZone('Asia/Shanghai'))

  it('tells the local time, also just after midnight', () => {
    expect(time('2026-11-23T06:06:31Z')).toBe('14:06')
    expect(timeWithSeconds('2026-11-22T16:00:05Z')).toBe('00:00:05')
    expect(day('2026-11-22T16:00:05Z')).toBe('2026-11-23')
  })
  it('names a day, from an instant or from the calendar', () => {
    expect(dayInWords('2026-11-23', 'zh-CN')).toBe('11月23日 周一')
    expect(dayInWords('2026-11-22T16:00:05Z', 'en')).toBe('Mon 23 Nov')
    expect(timeOrDay('2026-11-23T06:06:00Z', '2026-11-23T07:00:00Z', 'en')).toBe('14:06')
    expect(timeOrDay('2026-11-22T06:06:00Z', '2026-11-23T07:00:00Z', 'en')).toBe('Sun 22 Nov 14:06')
    expect(dayPlus('2026-02-28', 1)).toBe('2026-03-01')
  })
  it('says from which day to which', () => {
    expect(span('2026-11-01', '2026-11-30', 'zh-CN')).toBe('11月1日–11月30日')
    expect(span('2026-11-23', '2026-12-02', 'en')).toBe('23 Nov – 2 Dec')
    expect(span('2026-11-01', '2026-11-01', 'zh-CN')).toBe('11月1日')
  })
  it('turns a wall clock into an instant', () => {
    expect(instant('2026-11-23', '14:30')).toBe('2026-11-23T06:30:00Z')
  })
})

it('turns a wall clock into an instant on the day the clocks change', () => {
  setZone('Europe/Berlin')
  expect(instant('2026-10-25', '12:00')).toBe('2026-10-25T11:00:00Z')
  expect(instant('2026-10-25', '01:30')).toBe('2026-10-24T23:30:00Z')
  setZone('Asia/Shanghai')
})

it('counts seconds, minutes and hours', () => {
  expect([lasting(23_400), lasting(3_599_000), lasting(11_100_000), lasting(-5)]).toEqual(['00:23', '59:59', '3:05:00', '00:00'])
})

it('says money without needless cents', () => {
  expect([yuan(12_000), yuan(8_350), yuan(120_405), yuan(-50)]).toEqual(['120', '83.50', '1,204.05', '−0.50'])
})

it('says a place once', () => {
  expect(placeInWords('小营村', '小营村 30号')).toBe('小营村 30号')
  expect(placeInWords('河运社区', '东港新村 3-1-201')).toBe('河运社区 东港新村 3-1-201')
  expect(placeInWords('河运社区', '')).toBe('河运社区')
})

it('says distances short', () => {
  expect([metres(380.4), metres(2440)]).toEqual(['380 m', '2.4 km'])
})
