// The order in which a form is filled, and what an arrow says.
import { expect, it } from 'vitest'
import { choiceKey, nextUnanswered, trend } from './choices'

const ITEMS = ['eating', 'walking', 'memory']

it('goes on with the next unanswered item, round the end, and stops when all are answered', () => {
  expect(nextUnanswered(ITEMS, {}, null)).toBe('eating')
  expect(nextUnanswered(ITEMS, { walking: 0 }, 'eating')).toBe('memory')
  expect(nextUnanswered(ITEMS, { memory: 4 }, 'memory')).toBe('eating')
  expect(nextUnanswered(ITEMS, { eating: 0, walking: 0, memory: 0 }, 'eating')).toBeNull()
})

it('says better for more points, and nothing where there is nothing to compare', () => {
  expect([trend(4, 2), trend(0, 1), trend(3, 3), trend(undefined, 3), trend(3, undefined)]).toEqual(['better', 'worse', 'same', null, null])
})

it('gives an item its own words where it has some', () => {
  expect(choiceKey('stairs', 3)).toBe('assessments.choice.stairs.3')
  expect(choiceKey('eating', 3)).toBe('assessments.choice.doing.3')
})
