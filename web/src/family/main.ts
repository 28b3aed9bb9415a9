// The family's page: one elder's money behind a link with an end; no login, nothing to press but the months.
import { createApp } from 'vue'
import '@/shared/tokens.css'
import { screenI18n } from '@/shared/i18n'
import FamilyApp from './FamilyApp.vue'

document.documentElement.dataset.theme = 'light'
const words = import.meta.glob<Record<string, unknown>>('../locales/*/{shared,money,enums}.json', { eager: true, import: 'default' })
createApp(FamilyApp).use(screenI18n(words)).mount('#app')
