// The phone: caregivers and responders carry it through the day.
import { createApp } from 'vue'
import '@/shared/tokens.css'
import { screenI18n } from '@/shared/i18n'
import { startTheme } from '@/shared/theme'
import { takeLabel } from './install/orders'
import { startLook } from './look'
import { loadAgain, usePhone } from './phone'
import PhoneApp from './PhoneApp.vue'
import { fetchReader } from './scan'
import { bringsSpare } from './spare'
import { keepOpened } from './tag'
import './phone.css'

startTheme()
startLook()
takeLabel(location.search)
keepOpened()
const words = import.meta.glob<Record<string, unknown>>('../locales/*/{shared,phone,install,safety,respond,week,rounds,enums}.json', {
  eager: true,
  import: 'default',
})
createApp(PhoneApp).use(screenI18n(words)).mount('#app')
void usePhone().start()
setTimeout(() => void fetchReader(), 15_000) // behind what she sees first

if ('serviceWorker' in navigator && import.meta.env.PROD) {
  const { serviceWorker } = navigator
  serviceWorker.register('/phone/sw.js', { scope: '/phone/' }).catch((error: unknown) => console.warn('offline shell', error))
  let newer = false
  serviceWorker.addEventListener('message', ({ data }) => (newer ||= data === 'newer'))
  document.addEventListener('visibilitychange', () => {
    if (newer && document.visibilityState === 'hidden' && !usePhone().unwritable.value) location.reload() // while nobody looks
  })
}
addEventListener('vite:preloadError', () => bringsSpare() || loadAgain())
