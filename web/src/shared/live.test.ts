// A notice concerns whoever asked for its kind, its thing, or when everything must be asked again.
import { expect, it } from 'vitest'
import { concerns } from './live'

it('knows whom a notice concerns', () => {
  expect(concerns(['alarms/17'], ['alarms'])).toBe(true)
  expect(concerns(['alarms/17'], ['alarms/17'])).toBe(true)
  expect(concerns(['alarms/170'], ['alarms/17'])).toBe(false)
  expect(concerns(['visits/4'], ['alarms'])).toBe(false)
  expect(concerns(['*'], ['alarms'])).toBe(true)
})
