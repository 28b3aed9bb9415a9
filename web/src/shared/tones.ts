// The sounds of the desk as numbers: each ring is one round of samples that the audio thread repeats by itself.
type Beep = [at: number, hertz: number, seconds: number]
type Shape = 'sine' | 'triangle' | 'square' | 'sawtooth'
interface Pattern {
  beeps: Beep[]
  /** Seconds of a round; 0 for what sounds once. */
  every: number
  shape: Shape
}

export const PATTERNS = {
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
export type Tone = keyof typeof PATTERNS
export type Ring = 'p1' | 'p2' | 'p3' | 'lost'

/** One period of a wave at a phase of 0 to 1. */
const WAVES: Record<Shape, (phase: number) => number> = {
  sine: (phase) => Math.sin(2 * Math.PI * phase),
  triangle: (phase) => 1 - 4 * Math.abs(((phase + 0.25) % 1) - 0.5),
  square: (phase) => (phase < 0.5 ? 1 : -1),
  sawtooth: (phase) => 2 * phase - 1,
}
const LOUD: Record<Shape, number> = { sine: 0.35, triangle: 0.35, square: 0.18, sawtooth: 0.18 } // equally loud to the ear
const [SWELL, FADE] = [0.015, 0.03] // seconds, so that nothing clicks

/** The samples of one round of a sound. */
export function samples(name: Tone, rate: number): Float32Array<ArrayBuffer> {
  const { beeps, every, shape } = PATTERNS[name] as Pattern
  const long = every || Math.max(...beeps.map(([at, , seconds]) => at + seconds))
  const round = new Float32Array(Math.ceil(long * rate))
  for (const [at, hertz, seconds] of beeps) {
    const first = Math.round(at * rate)
    for (let i = 0; i < seconds * rate; i++) {
      const t = i / rate
      const swell = Math.min(1, t / SWELL, (seconds - t) / FADE)
      round[first + i] = LOUD[shape] * swell * WAVES[shape]((t * hertz) % 1)
    }
  }
  return round
}
