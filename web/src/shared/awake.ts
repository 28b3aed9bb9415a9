// The screen stays on while it is wanted, where the browser allows it; nothing depends on it.
import { onScopeDispose, watch, type Ref } from 'vue'

export function useAwake(wanted: Ref<boolean>): void {
  let lock: WakeLockSentinel | undefined
  const take = async (): Promise<void> => {
    if (!wanted.value || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    lock = await navigator.wakeLock.request('screen').catch(() => undefined)
  }
  watch(wanted, (now) => (now ? void take() : void lock?.release()), { immediate: true })
  document.addEventListener('visibilitychange', take) // the lock ends whenever the page is hidden
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', take)
    void lock?.release()
  })
}
