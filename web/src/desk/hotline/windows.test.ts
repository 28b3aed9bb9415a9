// What the hotline offers fits inside what the item allows.
import { expect, it } from 'vitest'
import { offered } from './windows'

it('keeps the windows of an item', () => {
  expect(offered({ windows: [['09:00', '11:00'], ['13:30', '16:30']] })).toEqual([
    { from: '09:00', to: '11:00' },
    { from: '13:30', to: '16:30' },
  ])
})
it('cuts a long day at noon', () => {
  expect(offered({ windows: [['08:30', '17:00']] })).toEqual([
    { from: '08:30', to: '12:00' },
    { from: '12:00', to: '17:00' },
  ])
})
it('offers a working day where the item says nothing', () => {
  expect(offered({ windows: [] })).toHaveLength(2)
})
