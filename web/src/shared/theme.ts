// Light or dark: as the system says until somebody chooses.
import { ref } from 'vue'

export type Theme = 'light' | 'dark'
const KEY = 'yinling.theme'

function initial(): Theme {
  const chosen = localStorage.getItem(KEY)
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export const theme = ref<Theme>('light')

/** Element Plus listens to the class `dark`, our tokens to `data-theme`. */
function show(next: Theme): void {
  theme.value = next
  document.documentElement.dataset.theme = next
  document.documentElement.classList.toggle('dark', next === 'dark')
}

export function startTheme(): void {
  show(initial())
}

export function choose(next: Theme): void {
  localStorage.setItem(KEY, next)
  show(next)
}
