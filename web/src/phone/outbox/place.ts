// Where she is, once, at the door: asked for when she arrives and when she finishes, never between, and never in the way.
import type { Fix } from './events'

const ASKED: PositionOptions = { enableHighAccuracy: true, timeout: 8000, maximumAge: 0 }
const WHY = { 1: 'denied', 2: 'unavailable', 3: 'timeout' } as const

/** Always answers: with a place, or with why there is none. */
export function here(): Promise<Fix> {
  if (!('geolocation' in navigator)) return Promise.resolve({ none: 'unsupported' })
  return new Promise((resolve) => {
    const net = setTimeout(() => resolve({ none: 'timeout' }), 8500) // some phones never call back
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        clearTimeout(net)
        resolve({ lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.round(coords.accuracy * 10) / 10 })
      },
      ({ code }) => {
        clearTimeout(net)
        resolve({ none: WHY[code as 1 | 2 | 3] ?? 'unavailable' })
      },
      ASKED,
    )
  })
}
