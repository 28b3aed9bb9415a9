// Rings while the page sleeps. The message holds no name: what kind of thing it is, and where the page finds the rest.
const WORDS = {
  zh: { alarm_caregiver: ['紧急出动', '有人求助，点开接单'], worker_check: ['您还好吗？', '点开报平安，否则接警台会联系您'], visit: ['安排有变', '点开查看'] },
  en: { alarm_caregiver: ['Urgent', 'Somebody needs help: open to accept'], worker_check: ['Are you well?', 'Open and say so, or the desk will call you'], visit: ['Your plan', 'Open to see'] },
}

self.addEventListener('push', (event) => {
  let said = {}
  try {
    said = event.data?.json() ?? {}
  } catch {
    // unreadable is still a ring
  }
  const words = WORDS[self.navigator.language.startsWith('en') ? 'en' : 'zh']
  const [title, body] = words[said.kind] ?? words.visit
  const urgent = said.kind !== 'visit'
  event.waitUntil(self.registration.showNotification(title, { body, tag: said.about ?? 'yinling', renotify: true, requireInteraction: urgent, vibrate: urgent ? [400, 200, 400, 200, 400, 200, 800] : [100], icon: '/phone/icon-192.png', badge: '/phone/icon-192.png', data: said }))
})

self.addEventListener('notificationclick', (event) => {
  const said = event.notification.data ?? {}
  event.notification.close()
  const page = said.attendance ? `/phone/#visit/${said.attendance}` : said.offer ? `/phone/#spot/${said.offer}` : '/phone/'
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async (open) => {
      const phone = open.find((one) => new URL(one.url).pathname.startsWith('/phone/'))
      if (!phone) return self.clients.openWindow(page)
      await phone.focus().catch(() => undefined) // not every browser lets it come to the front by itself
      return phone.navigate(page).catch(() => self.clients.openWindow(page)) // a page older than this worker
    }),
  )
})
