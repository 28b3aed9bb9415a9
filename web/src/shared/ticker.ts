// A timer that also keeps its pace in a hidden tab, where browsers let the page's own timers fall asleep.
const listeners = new Map<number, Set<() => unknown>>() // by pace: the worker beats once for all of the same
let worker: Worker | undefined

function beats(): Worker {
  if (!worker) {
    worker = new Worker(new URL('./ticker.worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<number>) => listeners.get(data)?.forEach((does) => does())
  }
  return worker
}

/** Calls again and again, every so many milliseconds, until the answer is called. */
export function every(ms: number, does: () => unknown): () => void {
  if (!('Worker' in globalThis)) {
    const timer = setInterval(does, ms)
    return () => clearInterval(timer)
  }
  const call = () => does() // the same function twice is two timers
  const paced = listeners.get(ms) ?? new Set()
  if (!listeners.has(ms)) {
    listeners.set(ms, paced)
    beats().postMessage(ms)
  }
  paced.add(call)
  return () => paced.delete(call)
}
