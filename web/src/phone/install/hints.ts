// What to look at while nothing comes, in the order in which it usually is: what the server knows goes first.
import type { Progress } from './orders'
import { timeWithSeconds } from '@/shared/words'

export interface Hint {
  key: 'aside' | 'offline' | 'never_heard' | 'heard_before' | 'battery' | 'press_long' | 'signal' | 'gateway'
  facts: Record<string, string | number>
}

const SOON_S = 12
const LATE_S = 35

export function hintsFor(at: Progress, waited: number): Hint[] {
  const found: Hint[] = []
  const aside = at.aside[0]
  if (aside) found.push({ key: 'aside', facts: { time: timeWithSeconds(aside.at), reason: aside.reason } })
  if (waited < SOON_S) return found
  if (at.link === 'offline') found.push({ key: 'offline', facts: {} })
  if (at.battery !== null && at.battery <= 15) found.push({ key: 'battery', facts: { n: Math.round(at.battery) } })
  found.push({ key: 'press_long', facts: {} })
  if (waited < LATE_S) return found
  if (at.device_seen_at) found.push({ key: 'heard_before', facts: { time: timeWithSeconds(at.device_seen_at) } })
  else found.push({ key: 'never_heard', facts: {} })
  return [...found, { key: 'signal', facts: {} }, { key: 'gateway', facts: {} }]
}
