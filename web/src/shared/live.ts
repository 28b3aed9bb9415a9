// The live stream: «alarms/17 changed» from the server, so that screens ask again at once instead of later.
import { onScopeDispose, ref } from 'vue'

type Listener = (topics: string[]) => void
const RETRY_MS = [500, 1000, 2000, 5000]
const SILENCE_MS = 15_000 // the server pings every 5 s; a dead connection says nothing

/** Whether the stream stands; the browser resumes it by Last-Event-ID, we open a new one when it gave up. */
export const streaming = ref(false)

const listeners = new Set<Listener>()
let source: EventSource | undefined
let failures = 0
let timer: ReturnType<typeof setTimeout> | undefined
let watchdog: ReturnType<typeof setTimeout> | undefined

/** Everybody asks again: a gap, a new server, a new stream. */
function reset(): void {
  for (const listener of listeners) listener(['*'])
}

function open(): void {
  clearTimeout(timer)
  const stream = (source = new EventSource('/api/live'))
  let opened = false
  const heard = () => {
    clearTimeout(watchdog)
    watchdog = setTimeout(giveUp, SILENCE_MS)
  }
  const giveUp = () => {
    stream.close()
    streaming.value = false
    if (source === stream) timer = setTimeout(open, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)])
  }
  heard()
  stream.onopen = () => {
    heard()
    streaming.value = true
    if (!opened && failures > 0) reset() // a new stream has no Last-Event-ID: what was missed is unknown
    opened = true
    failures = 0
  }
  stream.onerror = () => {
    streaming.value = false
    if (stream.readyState === EventSource.CLOSED) giveUp()
  }
  stream.addEventListener('ping', heard)
  stream.addEventListener('change', (event: MessageEvent<string>) => {
    heard()
    const { topics } = JSON.parse(event.data) as { topics: string[] }
    for (const listener of listeners) listener(topics)
  })
  stream.addEventListener('reset', reset)
}

function close(): void {
  clearTimeout(timer)
  clearTimeout(watchdog)
  source?.close()
  source = undefined
  streaming.value = false
}

/** Whether a notice concerns one of these: `alarms` hears `alarms/17`, `alarms/17` hears itself; a reset is for all. */
export function concerns(topics: string[], wanted: string[]): boolean {
  return topics.some((topic) => topic === '*' || wanted.some((name) => topic === name || topic.startsWith(`${name}/`)))
}

/** Calls `changed` whenever something under the wanted topics has changed, until the component goes. */
export function useLive(wanted: string[] | (() => string[]), changed: (topics: string[]) => unknown): void {
  const listener: Listener = (topics) => {
    if (concerns(topics, typeof wanted === 'function' ? wanted() : wanted)) changed(topics)
  }
  listeners.add(listener)
  if (!source && !timer) open()
  onScopeDispose(() => {
    listeners.delete(listener)
    if (listeners.size === 0) {
      close()
      timer = undefined
    }
  })
}
