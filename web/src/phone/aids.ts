// The colour of each of the six aids. Red stays with calls for help: an errand is none.
import type { Visit } from './wire'

const TOKENS: Record<string, string> = { meal: 'meal', cleaning: 'clean', bathing: 'bath', medical: 'med', mobility: 'walk' }

export const colourOf = (visit: Visit): string => `var(--${visit.urgent ? 'urgent' : (TOKENS[visit.aid] ?? 'ink-2')})`
