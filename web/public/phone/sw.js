// Keeps the phone's page and its parts, so that it opens in a stairwell: the network first for the page, the cache for its parts.
const SHELL = 'yinling-phone-shell'
const PAGE = '/phone/'
const PATIENCE_MS = 2500

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
  else event.respondWith(caches.match(request, { ignoreSearch: true }).then((kept) => kept ?? fetch(request)))
})

/** The newest page when the network is quick, else the kept one while the newest is still fetched behind it. */
async function page(event) {
  const fresh = fetchShell()
  event.waitUntil(fresh.catch(() => undefined))
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
  const first = await Promise.race([fresh.catch(() => undefined), late])
  return (first ?? (await caches.match(PAGE)) ?? (await fresh)).clone()
}

/** The page with every part it names, kept together; parts have their hash in the name, so the old ones go when no page names them. */
async function fetchShell() {
  const answer = await fetch(PAGE, { cache: 'no-cache' })
  if (!answer.ok) throw new Error(`the page answered ${answer.status}`)
  const shell = await caches.open(SHELL)
  const html = await answer.clone().text()
  const parts = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path).filter((path) => path.startsWith('/assets/') || path.startsWith('/phone/'))
  const kept = new Set((await shell.keys()).map((request) => new URL(request.url).pathname))
  await shell.addAll(parts.filter((path) => !kept.has(path)))
  await shell.put(PAGE, answer.clone())
  for (const path of kept) if (path !== PAGE && !parts.includes(path)) await shell.delete(path)
  return answer
}
