// A line that is disputed already is not disputed again before it is answered.
import { expect, it } from 'vitest'
import { waiting } from './money'

it('waits for the answer to open disputes about visits only', () => {
  const disputes = [{ visit_id: 4, state: 'open' }, { visit_id: 5, state: 'refused' }, { visit_id: 6, state: 'withdrawn' }] as const
  const found = waiting([...disputes])
  expect([4, 5, 6, 7].map((one) => found.has(one))).toEqual([true, false, false, false])
})
