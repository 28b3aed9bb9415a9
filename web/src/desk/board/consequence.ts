// What taking a candidate means, in a line: how far out of the way, and how many others start later.
import type { Candidate } from './model'

export function consequence({ travel_seconds, delays }: Candidate, t: (key: string, named?: Record<string, unknown>) => string): string {
  const others = delays.length ? t('board.move.delays', { n: delays.length }) : t('board.move.no_delays')
  return [t('board.move.travel', { n: Math.round(travel_seconds / 60) }), others].join(' · ')
}
