// Keeps the phone's page and all its parts, so that it opens in a stairwell, at once; the newest is fetched behind it.
importScripts('/phone/push.js')

const SHELL = 'yinling-phone-shell'
const LATER = 'yinling-phone-later' // parts the page does not name: the reader of codes
const PAGE = '/phone/'

self.addEventListener('install', (event) => {
  event.waitUntil(fetchShell().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin || url.pathname.startsWith('/api/')) return
  if (request.mode === 'navigate') event.respondWith(page(event))
  else event.respondWith(part(event, url.pathname.startsWith('/assets/')))
})

/** A part that is kept; what comes later than the page is kept, too, where there is room. */
async function part(event, keeps) {
  const { request } = event
  const kept = await caches.match(request, { ignoreSearch: true })
  if (kept) return kept
  const answer = await fetch(request)
  if (keeps && answer.ok) {
    const copy = answer.clone()
    event.waitUntil(caches.open(LATER).then((later) => later.put(request, copy)).catch(() => undefined))
  }
  return answer
}

/** The kept page at once. A newer one is kept for the next time, and the page that is open hears of it. */
async function page(event) {
  const kept = await caches.match(PAGE)
  const fresh = fetchShell()
  if (!kept) return (await fresh).clone()
  const before = await kept.clone().text()
  event.waitUntil(fresh.then(async (answer) => (await answer.clone().text()) !== before && tell(event), () => undefined))
  return kept
}

async function tell(event) {
  const opened = await self.clients.get(event.resultingClientId)
  opened?.postMessage('newer')
}

/** The page with every part it names, kept together; parts have their hash in the name, so the old ones go when no page names them. */
async function fetchShell() {
  const answer = await fetch(PAGE, { cache: 'no-cache' })
  if (!answer.ok) throw new Error(`the page answered ${answer.status}`)
  const shell = await caches.open(SHELL)
  const html = await answer.clone().text()
  const parts = [...html.matchAll(/["\s](\/(?:assets|phone)\/[^"\s]+)/g)].map(([, path]) => path)
  const kept = new Set((await shell.keys()).map((request) => new URL(request.url).pathname))
  await shell.addAll(parts.filter((path) => !kept.has(path)))
  await shell.put(PAGE, answer.clone())
  const old = [...kept].filter((path) => path !== PAGE && !parts.includes(path))
  for (const path of old) await shell.delete(path)
  if (old.length) await caches.delete(LATER)
  return answer
}
