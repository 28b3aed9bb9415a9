// The colour of each of the six aids.
const TOKENS: Record<string, string> = { meal: 'meal', cleaning: 'clean', bathing: 'bath', medical: 'med', urgent: 'urgent', mobility: 'walk' }

export const colourOf = (aid: string): string => `var(--${TOKENS[aid] ?? 'brand'})`
