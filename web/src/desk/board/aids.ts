// The colour of each of the six aids, on the lanes and on the map.
import type { Tone } from '@/shared/map/types'

const TONES: Record<string, Tone> = { meal: 'meal', cleaning: 'clean', bathing: 'bath', medical: 'med', urgent: 'urgent', mobility: 'walk' }

export const toneOf = (aid: string): Tone => TONES[aid] ?? 'brand'
export const colourOf = (aid: string): string => `var(--${toneOf(aid)})`
