// What must not be missed about this desk itself: it is cut off, deaf, silent, or nobody looks at it.
import type { AlarmQueue } from '@/shared/api/types'

export type Trouble = 'lost' | 'deaf' | 'ill' | 'nobody' | 'locked' | 'muted' | 'unheard' | 'hidden'
/** Those that are also a notice of the operating system: whoever sits elsewhere must hear of them. */
export const NOTICED: Trouble[] = ['lost', 'deaf', 'locked', 'muted', 'unheard', 'hidden']
/** Amber instead of red: alarms still arrive and still ring. */
export const MILD: Trouble[] = ['ill', 'nobody', 'hidden']

export const HIDDEN_AFTER_MS = 30_000

interface Desk {
  lost: boolean
  queue: Pick<AlarmQueue, 'parts' | 'nobody_on_duty'> | null
  /** Of the role that answers, and not in the middle of starting the shift. */
  hears: boolean
  sound: 'on' | 'locked' | 'muted' | 'unheard'
  /** Milliseconds this window has been out of sight. */
  hidden: number
}

/** Parts that have fallen silent. */
export function illParts(queue: Desk['queue']): string[] {
  return (queue?.parts ?? []).filter(({ well }) => !well).map(({ name }) => name)
}

/** With all listeners, all gateways or the clock gone, alarms do not arrive or do not escalate. */
function isDeaf(queue: Desk['queue']): boolean {
  const parts = queue?.parts ?? []
  return ['listener', 'gateway', 'clock'].some((kind) => {
    const those = parts.filter(({ name }) => name.startsWith(kind))
    return those.length > 0 && those.every(({ well }) => !well)
  })
}

/** Everything that is wrong now, the worst first. */
export function troublesOf({ lost, queue, hears, sound, hidden }: Desk): Trouble[] {
  const found: Trouble[] = []
  if (lost) found.push('lost')
  else if (isDeaf(queue)) found.push('deaf')
  else if (illParts(queue).length) found.push('ill')
  if (queue?.nobody_on_duty && hears) found.push('nobody')
  if (hears && sound !== 'on') found.push(sound)
  if (hears && hidden > HIDDEN_AFTER_MS) found.push('hidden')
  return found
}
