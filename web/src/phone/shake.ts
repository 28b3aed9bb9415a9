// A word to the hand: what was done, what is asked. A browser forbids it, and complains, before the page was ever touched.
export function shake(pattern: number | number[]): void {
  if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(pattern)
}
