// A press that was not heard yet is never lost, and never takes a newer one with it.
import { describe, expect, it } from 'vitest'
import { drop, keep, kept, messageOf, smsTo } from './press'

function memory(): Storage {
  const held = new Map<string, string>()
  return { getItem: (key: string) => held.get(key) ?? null, setItem: (key: string, value: string) => void held.set(key, value), removeItem: (key: string) => void held.delete(key) } as Storage
}
const press = { id: 'a', at: '2026-11-23T06:00:00Z', owner: 7 }

describe('a press of the help button', () => {
  it('survives a reload until it has arrived', () => {
    const held = memory()
    keep(press, held)
    expect(kept(held)).toEqual(press)
    drop('a', held)
    expect(kept(held)).toBeNull()
  })
  it('is not dropped by the answer to an earlier one', () => {
    const held = memory()
    keep({ ...press, id: 'b' }, held)
    drop('a', held)
    expect(kept(held)?.id).toBe('b')
  })
  it('is none where the memory holds something else', () => {
    const held = memory()
    held.setItem('yinling.sos', '{broken')
    expect(kept(held)).toBeNull()
  })
  it('can be handed to the mobile network with the place in it', () => {
    expect(messageOf('求助', { lat: 37.889912, lon: 118.5 })).toBe('求助 37.88991,118.50000')
    expect(smsTo('0546-12349', '求助')).toBe(`sms:054612349?&body=${encodeURIComponent('求助')}`)
  })
})
