// Of several windows one rings; when it goes or falls silent, another takes over.
import { effectScope, nextTick, ref } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useOneWindow } from './oneWindow'

/** The browser's lock manager, as far as it is needed: one holder, a line of waiting, abortable. */
function locks() {
  let held = false
  const line: (() => void)[] = []
  return {
    request: (_name: string, { signal }: { signal: AbortSignal }, work: () => Promise<void>) =>
      new Promise<void>((done, fail) => {
        const run = () => {
          if (signal.aborted) return next()
          held = true
          void work().then(() => ((held = false), done(), next()))
        }
        const next = () => line.shift()?.()
        signal.addEventListener('abort', () => fail(new Error('aborted')))
        if (held) line.push(run)
        else run()
      }),
  }
}
const settle = async () => {
  await nextTick()
  await new Promise((done) => setTimeout(done))
}
beforeEach(() => void vi.stubGlobal('navigator', { locks: locks() }))
afterEach(() => void vi.unstubAllGlobals())

function aWindow(able = ref(true)) {
  const scope = effectScope()
  return { scope, able, mine: scope.run(() => useOneWindow(() => 'ring.1', able)) as ReturnType<typeof useOneWindow> }
}

it('lets one window ring, and the next when it closes', async () => {
  const [one, two] = [aWindow(), aWindow()]
  await settle()
  expect([one.mine.value, two.mine.value]).toEqual([true, false])
  one.scope.stop()
  await settle()
  expect([one.mine.value, two.mine.value]).toEqual([false, true])
  two.scope.stop()
})

it('passes over a window that has no sound, and comes back in its turn', async () => {
  const [one, two] = [aWindow(), aWindow()]
  await settle()
  one.able.value = false
  await settle()
  expect([one.mine.value, two.mine.value]).toEqual([false, true])
  one.able.value = true
  await settle()
  expect([one.mine.value, two.mine.value]).toEqual([false, true])
  one.scope.stop()
  two.scope.stop()
})

it('rings everywhere where the browser knows no locks', async () => {
  vi.stubGlobal('navigator', {})
  const [one, two] = [aWindow(), aWindow()]
  await settle()
  expect([one.mine.value, two.mine.value]).toEqual([true, true])
  one.scope.stop()
  two.scope.stop()
})
