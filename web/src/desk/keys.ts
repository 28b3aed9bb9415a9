// Keys of the desk: each action has one, shown beside it; `?` lists those that work now.
import { computed, onScopeDispose, ref, shallowReactive, toValue, type MaybeRefOrGetter } from 'vue'

export interface Key {
  /** As printed on it: `D`, `1`, `⇧1`, `空格` is `Space`, `Esc`. */
  key: string
  does: () => unknown
  label: string
  /** Works while somebody types, too. */
  always?: boolean
}

const KEY = 'yinling.single-keys'
const scopes = shallowReactive<MaybeRefOrGetter<Key[]>[]>([])

/** Single keys can be switched off (WCAG 2.1.4): some people's voice input types letters. */
export const singleKeys = ref(localStorage.getItem(KEY) !== 'off')
export function switchSingleKeys(on: boolean): void {
  singleKeys.value = on
  localStorage.setItem(KEY, on ? 'on' : 'off')
}

/** Every key that works now, once: the page's before the frame's, and what a later part took over is not an earlier one's. */
export const workingKeys = computed(() => {
  const found = new Map<string, Key>()
  for (const one of [...scopes].reverse().flatMap((keys) => toValue(keys))) if (!found.has(one.key)) found.set(one.key, one)
  return [...found.values()]
})

export function useKeys(keys: MaybeRefOrGetter<Key[]>): void {
  scopes.push(keys)
  onScopeDispose(() => scopes.splice(scopes.indexOf(keys), 1))
}

const NAMED: Record<string, string> = { Space: 'Space', Esc: 'Escape', Enter: 'Enter', '↑': 'ArrowUp', '↓': 'ArrowDown', '←': 'ArrowLeft', '→': 'ArrowRight', '/': 'Slash', '?': 'Slash' }

/** By the place of the key, not the letter: an input method in Chinese mode reports letters as `Process`. */
export function matches(event: KeyboardEvent, spec: string): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  const shifted = spec.startsWith('⇧') || spec === '?'
  const key = spec.replace('⇧', '')
  if (event.shiftKey !== shifted) return false
  if (NAMED[key]) return event.code === NAMED[key]
  return /\d/.test(key) ? event.code === `Digit${key}` || event.code === `Numpad${key}` : event.code === `Key${key}`
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select, [role=combobox]'))
}

/** What the Tab key led to. The browser's own word for it, `:focus-visible`, comes true with the very key that is asked about. */
let tabbed: EventTarget | null = null
let tabbing = false

/** A control that was reached by the Tab key keeps its own Space and Enter; one that was clicked does not. Space does nothing to a link. */
export function ownsKey(event: KeyboardEvent): boolean {
  if (event.target !== tabbed || !(event.target instanceof HTMLElement)) return false
  return event.target.matches(event.code === 'Enter' ? 'button, a, summary' : event.code === 'Space' ? 'button, summary' : ':not(*)')
}

function listen(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.repeat) return
  if (document.querySelector('dialog[open]')) return // a dialog has its own keys
  const found = workingKeys.value.find((key) => matches(event, key.key))
  if (!found || (typing(event.target) && !found.always) || ownsKey(event)) return
  if (!singleKeys.value && !found.always && found.key.length === 1) return
  event.preventDefault()
  found.does()
}

export function startKeys(): void {
  window.addEventListener('keydown', ({ code }) => (tabbing = code === 'Tab'), { capture: true })
  window.addEventListener('pointerdown', () => (tabbing = false), { capture: true })
  window.addEventListener('focusin', ({ target }) => (tabbed = tabbing ? target : null), { capture: true })
  window.addEventListener('keydown', listen)
}
