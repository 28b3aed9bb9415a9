// How large the words are and how hard the contrast is: chosen once on this phone and remembered.
import { ref } from 'vue'

export const SIZES = { usual: 1, large: 1.15, largest: 1.3 } as const
export type Size = keyof typeof SIZES
const SIZE = 'yinling.size'
const SUN = 'yinling.sun'

export const size = ref<Size>('usual')
/** Black on white with hard edges, for the street at noon. */
export const sun = ref(false)

function show(): void {
  document.documentElement.style.setProperty('--zoom', String(SIZES[size.value]))
  document.documentElement.toggleAttribute('data-sun', sun.value)
}

export function startLook(): void {
  const kept = localStorage.getItem(SIZE)
  if (kept && kept in SIZES) size.value = kept as Size
  sun.value = localStorage.getItem(SUN) === 'yes'
  show()
}

export function resize(to: Size): void {
  localStorage.setItem(SIZE, to)
  size.value = to
  show()
}

export function shine(on: boolean): void {
  localStorage.setItem(SUN, on ? 'yes' : 'no')
  sun.value = on
  show()
}
