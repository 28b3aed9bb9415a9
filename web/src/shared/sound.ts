// The ring. Browsers keep sound locked until somebody touches the page, so the state is always known and shown.
import { computed, ref, watch } from 'vue'
import { samples, type Ring, type Tone } from './tones'

export type { Ring } from './tones'
const HEARD = 'yinling.heard'

let context: AudioContext | undefined
let wanted: Ring | undefined
let source: AudioBufferSourceNode | undefined
const buffers = new Map<Tone, AudioBuffer>()

const state = ref<AudioContextState | 'none'>('none')
const muted = ref(false)
const heard = ref(sessionStorage.getItem(HEARD) === 'yes')

/**
 * `locked` until somebody touches the page, or when the browser took it back; `muted` when somebody chose silence;
 * `unheard` while nobody has confirmed that the test tone came out of a loudspeaker.
 */
export const sound = computed(() => (state.value !== 'running' ? 'locked' : muted.value ? 'muted' : heard.value ? 'on' : 'unheard'))

/** Silence is chosen for an operator, not for one of their windows. */
const others = 'BroadcastChannel' in globalThis ? new BroadcastChannel('yinling.sound') : undefined
if (others) others.onmessage = ({ data }: MessageEvent<boolean>) => (muted.value = data)
export function mute(silent: boolean): void {
  muted.value = silent
  others?.postMessage(silent)
}

/** The operator has said that the test tone was heard here, or that it was not. */
export function confirmHeard(yes: boolean): void {
  heard.value = yes
  sessionStorage.setItem(HEARD, yes ? 'yes' : 'no')
}

/** Call it from a key or a click: only then does a browser let go of the sound. */
export async function unlock(): Promise<void> {
  if (context?.state === 'running') return
  if ('userActivation' in navigator && !navigator.userActivation.isActive) return // Esc and Tab do not count
  if (!context) {
    context = new AudioContext()
    context.onstatechange = look
  }
  await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 500))])
  look()
}

function look(): void {
  state.value = context?.state ?? 'none'
}

/** A suspended context does not always say so: look once a second. */
export function watchSound(): () => void {
  const timer = setInterval(look, 1000)
  return () => clearInterval(timer)
}

function start(name: Tone, loop: boolean): AudioBufferSourceNode | undefined {
  if (!context || context.state !== 'running' || muted.value) return undefined
  let buffer = buffers.get(name)
  if (!buffer) {
    const round = samples(name, context.sampleRate)
    buffer = context.createBuffer(1, round.length, context.sampleRate)
    buffer.copyToChannel(round, 0)
    buffers.set(name, buffer)
  }
  const node = context.createBufferSource()
  node.buffer = buffer
  node.loop = loop
  node.connect(context.destination)
  node.start()
  return node
}

export function play(name: Tone): void {
  start(name, false)
}

/** Repeats a ring until told otherwise; undefined is silence. A busy page or a slowed-down tab does not interrupt it. */
export function ring(name: Ring | undefined): void {
  if (name === wanted) return
  wanted = name
  again()
}

function again(): void {
  source?.stop()
  source?.disconnect()
  source = wanted && start(wanted, true)
}
watch([state, muted], again)
