// A period and a duration mean what people mean by them.
import { expect, it } from 'vitest'
import { seconds, span } from './figures'

it('says seconds as exactly as they deserve', () => {
  expect([seconds(null), seconds(0.2), seconds(7.44), seconds(59.6), seconds(185)]).toEqual(['—', '0.20 s', '7.4 s', '60 s', '3:05'])
})

it('takes days up to today, and a month as far as it has come', () => {
  expect(span(7, '2026-11-23')).toEqual({ first: '2026-11-17', last: '2026-11-23' })
  expect(span('2026-11', '2026-11-23')).toEqual({ first: '2026-11-01', last: '2026-11-23' })
  expect(span('2026-02', '2026-11-23')).toEqual({ first: '2026-02-01', last: '2026-02-28' })
})
