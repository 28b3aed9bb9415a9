// The wall board: one screen in the room, looked at from five metres, that nobody touches for weeks.
import { createApp } from 'vue'
import '@/shared/tokens.css'
import { remember, screenI18n } from '@/shared/i18n'
import { theme } from '@/shared/theme'
import BoardApp from './BoardApp.vue'
import './board.css'

const wish = new URLSearchParams(location.search)
const language = wish.get('lang')
if (language === 'en' || language === 'zh-CN') remember(language)
theme.value = wish.get('theme') === 'light' ? 'light' : 'dark'
document.documentElement.dataset.theme = theme.value

const words = import.meta.glob<Record<string, unknown>>('../locales/*/{shared,wall,enums}.json', { eager: true, import: 'default' })
createApp(BoardApp).use(screenI18n(words)).mount('#app')
