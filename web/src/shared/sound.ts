// The ring. Browsers keep sound locked until somebody touches the page, so the state is always known and shown.
import { computed, ref } from 'vue'

type Beep = [at: number, hertz: number, seconds: number]
interface Pattern {
  beeps: Beep[]
  every: number
  shape: OscillatorType
}

const PATTERNS = {
  // a call for help: cannot be taken for anything else
  p1: { every: 2.2, shape: 'square', beeps: [[0, 880, 0.16], [0.2, 1175, 0.16], [0.4, 880, 0.16], [0.6, 1175, 0.16], [0.8, 880, 0.16], [1, 1175, 0.3]] },
  p2: { every: 4, shape: 'triangle', beeps: [[0, 740, 0.22], [0.32, 740, 0.22]] },
  p3: { every: 12, shape: 'sine', beeps: [[0, 560, 0.3]] },
  // the connection is gone: falling, low
  lost: { every: 3, shape: 'sawtooth', beeps: [[0, 330, 0.28], [0.34, 262, 0.28], [0.68, 196, 0.5]] },
  test: { every: 0, shape: 'triangle', beeps: [[0, 659, 0.14], [0.18, 784, 0.14], [0.36, 1047, 0.28]] },
  accepted: { every: 0, shape: 'sine', beeps: [[0, 660, 0.07], [0.09, 880, 0.09]] },
  refused: { every: 0, shape: 'sine', beeps: [[0, 300, 0.1], [0.14, 220, 0.16]] },
} satisfies Record<string, Pattern>
export type Ring = 'p1' | 'p2' | 'p3' | 'lost'

let context: AudioContext | undefined
let loop: ReturnType<typeof setInterval> | undefined
let playing: Ring | undefined

const state = ref<AudioContextState | 'none'>('none')
const muted = ref(false)

/** `locked` until somebody touches the page; `muted` when somebody chose silence. */
export const sound = computed(() => (state.value !== 'running' ? 'locked' : muted.value ? 'muted' : 'on'))

/** Call it from a key or a click: only then does a browser let go of the sound. */
export async function unlock(): Promise<void> {
  if (context?.state === 'running') return
  if ('userActivation' in navigator && !navigator.userActivation.isActive) return // Esc and Tab do not count
  if (!context) {
    context = new AudioContext()
    context.onstatechange = () => (state.value = context?.state ?? 'none')
  }
  await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 500))])
  state.value = context.state
}

export function mute(silent: boolean): void {
  muted.value = silent
}

export function play(name: keyof typeof PATTERNS): void {
  if (!context || context.state !== 'running' || muted.value) return
  const { beeps, shape } = PATTERNS[name] as Pattern
  for (const [at, hertz, seconds] of beeps) beep(context, shape, context.currentTime + at, hertz, seconds)
}

function beep(audio: AudioContext, shape: OscillatorType, at: number, hertz: number, seconds: number): void {
  const tone = audio.createOscillator()
  const volume = audio.createGain()
  tone.type = shape
  tone.frequency.value = hertz
  volume.gain.setValueAtTime(0.0001, at)
  volume.gain.exponentialRampToValueAtTime(shape === 'square' || shape === 'sawtooth' ? 0.18 : 0.35, at + 0.015)
  volume.gain.setValueAtTime(shape === 'square' || shape === 'sawtooth' ? 0.18 : 0.35, at + seconds - 0.03)
  volume.gain.exponentialRampToValueAtTime(0.0001, at + seconds)
  tone.connect(volume).connect(audio.destination)
  tone.start(at)
  tone.stop(at + seconds + 0.02)
}

/** Repeats a ring until told otherwise; undefined is silence. */
export function ring(name: Ring | undefined): void {
  if (name === playing) return
  clearInterval(loop)
  playing = name
  if (!name) return
  play(name)
  loop = setInterval(() => play(name), PATTERNS[name].every * 1000)
}

/** A suspended context does not always say so: look once a second. */
export function watchSound(): () => void {
  const timer = setInterval(() => (state.value = context?.state ?? 'none'), 1000)
  return () => clearInterval(timer)
}
