// How far this phone's clock is behind the server's, by their last meeting: kept, so that a clock set in between is noticed.
const KEY = 'yinling.clock'

export function met(serverTime: string): void {
  localStorage.setItem(KEY, String(Date.parse(serverTime) - Date.now()))
}

export function behind(): number | undefined {
  const kept = localStorage.getItem(KEY)
  return kept === null ? undefined : Number(kept)
}
