// A press of the help button as the phone keeps it: beside the outbox, so that it overtakes whatever waits there.
export interface Press {
  id: string
  at: string
  owner: number
}

const KEPT = 'yinling.sos'

/** Written before anything is sent: it survives a reload, a restart, an empty battery. */
export function keep(press: Press, memory: Storage = localStorage): void {
  memory.setItem(KEPT, JSON.stringify(press))
}

export function kept(memory: Storage = localStorage): Press | null {
  try {
    const found = JSON.parse(memory.getItem(KEPT) ?? 'null') as Partial<Press> | null
    return found?.id && found.at && found.owner ? (found as Press) : null
  } catch {
    return null
  }
}

/** It has arrived, or was taken back; a newer press stays. */
export function drop(id: string, memory: Storage = localStorage): void {
  if (kept(memory)?.id === id) memory.removeItem(KEPT)
}

/** A text message for where there is no data, only a mobile network: who, when, and where if it is known. */
export function messageOf(words: string, place: { lat: number; lon: number } | null): string {
  return place ? `${words} ${place.lat.toFixed(5)},${place.lon.toFixed(5)}` : words
}

/** iOS and Android read different forms of the same link; `?&body=` is understood by both. */
export const smsTo = (number: string, body: string): string => `sms:${number.replace(/[^\d+]/g, '')}?&body=${encodeURIComponent(body)}`
