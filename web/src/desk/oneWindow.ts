// Several windows of one operator ring once: whoever holds the browser's lock makes the sound.
import { onScopeDispose, ref, watch, type Ref } from 'vue'

/**
 * Whether this window is the one, among those of this browser that are able. A window that closes, crashes or loses its
 * sound hands on. Where the browser knows no locks every able window is: better twice than never.
 */
export function useOneWindow(name: () => string | undefined, able: Ref<boolean>): Ref<boolean> {
  const mine = ref(false)
  let leave: (() => void) | undefined

  function letGo(): void {
    leave?.()
    leave = undefined
    mine.value = false
  }

  watch(
    [able, name],
    ([can, lock]) => {
      letGo()
      if (!can || !lock) return
      if (!('locks' in navigator)) {
        mine.value = true
        return
      }
      const gone = new AbortController()
      const until = new Promise<void>((done) => (leave = () => (gone.abort(), done())))
      navigator.locks
        .request(lock, { signal: gone.signal }, () => {
          mine.value = true
          return until
        })
        .catch((error: unknown) => {
          if (!gone.signal.aborted) {
            console.warn('lock', error)
            mine.value = true
          }
        })
    },
    { immediate: true },
  )
  onScopeDispose(letGo)
  return mine
}
