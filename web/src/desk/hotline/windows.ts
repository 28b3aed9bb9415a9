// When a visit may start, as the hotline offers it: the item's own windows, long days cut at noon.
import type { Item } from '@/shared/api/types'

export interface TimeSpan {
  from: string
  to: string
}

const DAY: [string, string][] = [['08:00', '18:00']]
const NOON = '12:00'

export function offered(item: Pick<Item, 'windows'> | undefined): TimeSpan[] {
  const windows = item?.windows.length ? item.windows : DAY
  return windows.flatMap(([from, to]) =>
    from < '11:00' && to > '13:00'
      ? [
          { from, to: NOON },
          { from: NOON, to },
        ]
      : [{ from, to }],
  )
}
