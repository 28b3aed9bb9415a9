// What is typed into the form is what is sent.
import { expect, it } from 'vitest'
import { bands, cents, inWords, listed } from './terms'

const say = (key: string, named?: Record<string, unknown>): string => (named ? `${key} ${Object.values(named).join(' ')}` : key)

it('reads yuan, bands and lists', () => {
  expect([cents('260'), cents('3.5'), cents(''), cents(null)]).toEqual([26_000, 350, null, null])
  expect(bands('60=3 80=5.5，')).toEqual([{ from_age: 60, cents: 300 }, { from_age: 80, cents: 550 }])
  expect(listed(' CLEAN、BATH  MEAL ')).toEqual(['CLEAN', 'BATH', 'MEAL'])
})

it('says levels with the same amount together', () => {
  expect(inWords('amounts', { intact: 20_000, mild: 20_000, severe: 32_000 }, say)).toBe('enums.level.intact、enums.level.mild ¥200.00；enums.level.severe ¥320.00')
  expect(inWords('aids', [], say)).toBe('money.all')
  expect(inWords('line_cap_cents', null, say)).toBe('money.no_limit')
})
