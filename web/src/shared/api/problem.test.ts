// A refusal reaches people as a sentence.
import { expect, it } from 'vitest'
import { inWords, Problem } from './problem'

const known: Record<string, string> = { 'shared.problem.Locked': 'wait {minutes}' }
const words = { te: (key: string) => key in known, t: (key: string, named: Record<string, unknown>) => (known[key] ?? '').replace('{minutes}', String(named.minutes)) }

it('says it in our words where we have them, with minutes for seconds', () => {
  const locked = new Problem({ type: '/problems/Locked', title: 'Locked', status: 429, detail: 'x', retry_after: 61 })
  expect(inWords(locked, words)).toBe('wait 2')
})
it('names several things as people list them', () => {
  const file = new Problem({ type: '/problems/NoSuchColumn', title: 'x', status: 422, detail: 'x', columns: ['账号', '金额'] })
  expect(inWords(file, { t: (_, named) => String(named.columns), te: () => true })).toBe('账号、金额')
})
it("says the server's words otherwise", () => {
  const odd = new Problem({ type: '/problems/Odd', title: 'Odd', status: 409, detail: 'Something odd.' })
  expect(inWords(odd, words)).toBe('Something odd.')
})
it('knows what only the desk meets', () => {
  const free = new Problem({ type: '/problems/NotFree', title: 'x', status: 409, detail: 'x' })
  expect(inWords(free, { t: (key) => key, te: (key) => key === 'refusals.NotFree' })).toBe('refusals.NotFree')
})
it('reads an answer that is no problem document', async () => {
  const problem = await Problem.of(new Response('<html>', { status: 502, statusText: 'Bad Gateway' }))
  expect([problem.kind, problem.status]).toEqual(['Unavailable', 502])
})
