// What a tag says, read or typed: slips are caught where there is no network.
import { expect, test } from 'vitest'
import { homeOf, tagIn, typedTag } from './tag'

const TOKEN = `17.2.${'a'.repeat(40)}`

test('an address of ours carries a token, anything else none', () => {
  expect(tagIn(`https://care.example/phone/?tag=${TOKEN}`)).toBe(TOKEN)
  expect(homeOf(TOKEN)).toBe(17)
  for (const other of ['https://u.wechat.com/abc', 'WIFI:T:WPA;S:home;;', '', 'https://care.example/phone/?tag=17.2.x']) expect(tagIn(other)).toBeUndefined()
})

test('digits are read however they are written, and no slip passes', () => {
  const good = '48219034'
  expect(['4821 9034', '4821-9034', '４８２１９０３４'].map(typedTag)).toEqual([good, good, good])
  for (let place = 0; place < 8; place++)
    for (let digit = 0; digit < 10; digit++) {
      const typed = good.slice(0, place) + String(digit) + good.slice(place + 1)
      expect(typedTag(typed)).toBe(typed === good ? good : undefined)
    }
  expect(typedTag('4821903')).toBeUndefined()
})
