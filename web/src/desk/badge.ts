// How many ring, on the tab itself: its picture carries the number, red for a grave one.
const BELL = 'M9 20v-6a7 7 0 0 1 14 0v6l2.5 2.5h-19zM13.5 25.5h5'
let plain: string | undefined

/** The tab's picture: the bell, or a number on red or amber, or a warning sign. */
export function badge(count: number, tone: 'sos' | 'late' | 'warn'): string {
  const text = tone === 'warn' ? '!' : count > 99 ? '99' : String(count)
  const colour = tone === 'late' ? '#9a5700' : '#c81e1e'
  return (
    'data:image/svg+xml,' +
    encodeURIComponent(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colour}"/>` +
        `<path d="${BELL}" fill="none" stroke="#fff" stroke-opacity=".25" stroke-width="2.4"/>` +
        `<text x="16" y="23" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="${text.length > 1 ? 18 : 22}" fill="#fff">${text}</text></svg>`,
    )
  )
}

export function showBadge(href: string | undefined): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  if (!link) return
  plain ??= link.href
  if (link.href !== (href ?? plain)) link.href = href ?? plain
}
