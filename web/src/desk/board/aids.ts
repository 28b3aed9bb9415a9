// The colour of each of the six aids, on the lanes and on the map. Red stays with calls for help: an errand is none.
import type { Tone } from '@/shared/map/types'
import type { BoardVisit } from './model'

const TONES: Record<string, Tone> = { meal: 'meal', cleaning: 'clean', bathing: 'bath', medical: 'med', mobility: 'walk' }

export const toneOf = (visit: BoardVisit): Tone => (visit.item_code === 'URGENT' ? 'urgent' : (TONES[visit.aid] ?? 'ink'))
export const colourOf = (visit: BoardVisit): string => `var(--${toneOf(visit)})`
