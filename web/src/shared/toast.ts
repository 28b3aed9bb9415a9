// Short messages that do not interrupt: what went wrong, what was done. Shown by ToastStack, read aloud politely.
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { inWords } from './api/problem'

export interface Toast {
  id: number
  tone: 'problem' | 'done' | 'info'
  text: string
}

export const toasts = ref<Toast[]>([])
let last = 0

export function tell(text: string, tone: Toast['tone'] = 'done'): void {
  const toast = { id: ++last, tone, text }
  toasts.value = [...toasts.value.filter((other) => other.text !== text), toast].slice(-4)
  setTimeout(() => dismiss(toast.id), tone === 'problem' ? 9000 : 4000)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

/** Runs something and shows its problem as a sentence; undefined when it failed. */
export function useTry() {
  const { t, te } = useI18n()
  return async function attempt<T>(doing: () => Promise<T>): Promise<T | undefined> {
    try {
      return await doing()
    } catch (error) {
      console.warn(error)
      tell(inWords(error, { t, te }), 'problem')
      return undefined
    }
  }
}
