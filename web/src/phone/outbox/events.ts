// What a caregiver did, as the phone writes it down: one event, never changed, never dropped.
export const KINDS = ['accept', 'decline', 'depart', 'arrive', 'start', 'task', 'finish', 'not_delivered', 'note', 'where', 'tag', 'press', 'reading', 'signature', 'consent', 'incident', 'worse', 'welfare', 'ride'] as const
export type Kind = (typeof KINDS)[number]

/** saved on the phone → sent, no answer yet → accepted by the server, or it needs somebody's attention */
export type Standing = 'saved' | 'sent' | 'accepted' | 'attention'

/** Where she was; `none` says why there is no place, so that silence is never mistaken for a place. */
export type Fix = { lat: number; lon: number; accuracy_m: number } | { none: 'denied' | 'unavailable' | 'timeout' | 'unsupported' }

export interface Action {
  kind: Kind
  attendance_id: number
  data: Record<string, unknown>
  fix?: Fix
}

export interface PhoneEvent extends Action {
  id: string
  seq: number
  /** device time, UTC */
  at: string
  /** milliseconds since this device last started its monotonic clock, and which start that was */
  ticks: number
  boot: string
  /** how far this clock was behind the server's when last they met, milliseconds; unknown before they did */
  off?: number
}

/** An event beside how far it has come. `owner` is the login it belongs to: two may share a phone. */
export interface Entry {
  event: PhoneEvent
  owner: number
  standing: Standing
  tries: number
  problem?: string
  /** waits for its place until then (device time, milliseconds), so that the record is safe before the place is known */
  until?: number
  /** there was no room on the disk: it lives as long as the page does, or until it is sent */
  unwritten?: boolean
}

const PLACE_MS = 9_000

/** Waiting for its place; a clock set back does not make it wait for ever. */
export const waiting = (entry: Entry, now: number): boolean =>
  entry.until !== undefined && now < entry.until && entry.until < now + 2 * PLACE_MS
export const placeDeadline = (now: number): number => now + PLACE_MS

export const unsent = (entry: { standing: Standing }): boolean => entry.standing === 'saved' || entry.standing === 'sent'
