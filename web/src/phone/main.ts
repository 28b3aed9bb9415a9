// The phone: caregivers and responders carry it through the day.
import { createApp } from 'vue'
import '@/shared/tokens.css'
import { screenI18n } from '@/shared/i18n'
import { startTheme } from '@/shared/theme'
import PhoneApp from './PhoneApp.vue'

startTheme()
const words = import.meta.glob<Record<string, unknown>>('../locales/*/{shared,phone,enums}.json', {
  eager: true,
  import: 'default',
})
createApp(PhoneApp).use(screenI18n(words)).mount('#app')
