// A page of hers as it was shown last, sealed beside her day: read at once and without a network, with its time.
import { onMounted, ref, shallowRef } from 'vue'
import { Problem } from '@/shared/api/problem'
import { usePhone } from './phone'

interface Kept<T> {
  at: number
  value: T
}

/** `name`: which page, as it is now (a week, a month); `asked` throws Problem where there is no way to the server. */
export function useKept<T>(name: () => string, asked: () => Promise<T>) {
  const { recall, remember } = usePhone()
  const shown = shallowRef<T | null>(null)
  /** When what is shown was true, where that is not now. */
  const since = ref<number | null>(null)
  const failed = ref(false)

  function take(value: T): void {
    shown.value = value
    since.value = null
    failed.value = false
    void remember(name(), { at: Date.now(), value } satisfies Kept<T>)
  }
  async function load(): Promise<void> {
    const wanted = name()
    const old = await recall<Kept<T>>(wanted)
    if (wanted !== name()) return
    shown.value = old?.value ?? null
    since.value = old?.at ?? null
    try {
      const value = await asked()
      if (wanted === name()) take(value)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      failed.value = wanted === name()
    }
  }
  onMounted(load)
  return { shown, since, failed, take, load }
}
