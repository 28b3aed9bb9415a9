// A number key means what the operator saw: one whose alarm has just changed under the finger does nothing.
import { watch } from 'vue'

export const SETTLES_MS = 700 // longer than from seeing to pressing

/** Answers whether the thing at a place has stood there long enough to be meant. */
export function useSteady(places: () => readonly number[]): (place: number) => boolean {
  const since = new Map<number, { id: number; at: number }>()
  watch(
    () => places().join(),
    () => {
      for (const [place, id] of places().entries()) if (since.get(place)?.id !== id) since.set(place, { id, at: performance.now() })
      for (const place of [...since.keys()]) if (place >= places().length) since.delete(place)
    },
    { immediate: true, flush: 'sync' },
  )
  return (place) => performance.now() - (since.get(place)?.at ?? Infinity) >= SETTLES_MS
}
