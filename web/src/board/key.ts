// The key of this screen: it comes behind the `#` of the link, which no server sees, and is kept for the next start.
const KEPT = 'yinling.wall'

/** The key, taken out of the address, so that nobody photographs it from the screen. */
export function takeKey(address: Location = location, kept: Storage = localStorage): string {
  const given = address.hash.slice(1)
  if (given) {
    kept.setItem(KEPT, given)
    history.replaceState(null, '', address.pathname + address.search)
  }
  return given || (kept.getItem(KEPT) ?? '')
}
