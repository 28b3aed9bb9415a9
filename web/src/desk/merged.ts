// A queue and what has changed in it since, put together again in the server's order.
import type { AlarmRow } from '@/shared/api/types'

/** Gravest first, then oldest, as the server has it. */
function before(one: AlarmRow, other: AlarmRow): boolean {
  if (one.priority !== other.priority) return one.priority < other.priority
  const [mine, its] = [Date.parse(one.raised_at), Date.parse(other.raised_at)]
  return mine === its ? one.id < other.id : mine < its
}

/** The rows shown, without those that are gone, with those that changed; the very same where nothing did. */
export function merged(shown: AlarmRow[], changed: AlarmRow[], gone: number[]): AlarmRow[] {
  if (!changed.length && !gone.length) return shown
  const replaced = new Set([...gone, ...changed.map((row) => row.id)])
  const kept = shown.filter((row) => !replaced.has(row.id))
  const all: AlarmRow[] = []
  let next = 0
  for (const row of changed) {
    for (let other = kept[next]; other && before(other, row); other = kept[++next]) all.push(other)
    all.push(row)
  }
  return [...all, ...kept.slice(next)]
}
