// Keys are known by their place, and never taken from somebody who types.
import { effectScope } from 'vue'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { matches, startKeys, switchSingleKeys, useKeys } from './keys'

const press = (code: string, more: KeyboardEventInit = {}, target: EventTarget = document.body) =>
  target.dispatchEvent(new KeyboardEvent('keydown', { code, bubbles: true, cancelable: true, ...more }))

describe('a key', () => {
  beforeAll(startKeys)
  afterEach(() => switchSingleKeys(true))

  it('is known whatever the input method calls it', () => {
    expect(matches(new KeyboardEvent('keydown', { code: 'KeyD', key: 'Process' }), 'D')).toBe(true)
    expect(matches(new KeyboardEvent('keydown', { code: 'Numpad1' }), '1')).toBe(true)
    expect(matches(new KeyboardEvent('keydown', { code: 'Digit1', shiftKey: true }), '⇧1')).toBe(true)
    expect(matches(new KeyboardEvent('keydown', { code: 'Digit1', shiftKey: true }), '1')).toBe(false)
    expect(matches(new KeyboardEvent('keydown', { code: 'KeyC', ctrlKey: true }), 'C')).toBe(false)
  })
  it('does its work once, the newest scope first, until the scope ends', () => {
    const [frame, page] = [vi.fn(), vi.fn()]
    const [outer, inner] = [effectScope(), effectScope()]
    outer.run(() => useKeys([{ key: 'A', label: '', does: frame }]))
    inner.run(() => useKeys([{ key: 'A', label: '', does: page }]))
    press('KeyA')
    press('KeyA', { repeat: true })
    expect([frame.mock.calls.length, page.mock.calls.length]).toEqual([0, 1])
    inner.stop()
    press('KeyA')
    expect(frame).toHaveBeenCalledOnce()
    outer.stop()
  })
  it('belongs to whoever types, and may be switched off', () => {
    const does = vi.fn()
    const scope = effectScope()
    scope.run(() => useKeys([{ key: 'N', label: '', does }]))
    const input = document.body.appendChild(document.createElement('input'))
    press('KeyN', {}, input)
    switchSingleKeys(false)
    press('KeyN')
    expect(does).not.toHaveBeenCalled()
    switchSingleKeys(true)
    press('KeyN')
    expect(does).toHaveBeenCalledOnce()
    scope.stop()
  })
  it('belongs to a button the Tab key led to, and not to one that was clicked', () => {
    const does = vi.fn()
    const scope = effectScope()
    scope.run(() => useKeys([{ key: 'Space', label: '', does }, { key: 'Enter', label: '', does }]))
    const button = document.body.appendChild(document.createElement('button'))
    const link = document.body.appendChild(document.createElement('a'))
    link.href = '#'
    button.dispatchEvent(new Event('pointerdown', { bubbles: true }))
    button.focus()
    press('Space', {}, button)
    expect(does).toHaveBeenCalledOnce()
    button.blur()
    press('Tab')
    button.focus()
    press('Space', {}, button)
    press('Enter', {}, button)
    expect(does).toHaveBeenCalledOnce()
    press('Tab', {}, button)
    link.focus()
    press('Enter', {}, link)
    expect(does).toHaveBeenCalledOnce()
    press('Space', {}, link) // which does nothing to a link
    expect(does).toHaveBeenCalledTimes(2)
    scope.stop()
  })
})
