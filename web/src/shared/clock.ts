// The server's clock on this screen: timers count from it, whatever the computer believes the time is.
import { onScopeDispose, readonly, ref } from 'vue'
import { every } from './ticker'

const offset = ref(0)
const now = ref(Date.now())
let users = 0
let stop: (() => void) | undefined

/** The server said it was `at` when the answer left; half the journey is added by who measures it. */
export function setServerTime(at: string, travel_ms = 0): void {
  offset.value = Date.parse(at) + travel_ms / 2 - Date.now()
  now.value = serverNow()
}

export function serverNow(): number {
  return Date.now() + offset.value
}

/** Milliseconds of the server's clock, ticking while somebody looks. */
export function useNow() {
  if (users++ === 0) {
    stop = every(250, () => (now.value = serverNow()))
    now.value = serverNow()
  }
  onScopeDispose(() => {
    if (--users === 0) stop?.()
  })
  return readonly(now)
}
