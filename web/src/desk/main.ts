// The desk: operators, dispatchers, managers and supervisors work here.
import { createApp } from 'vue'
import '@/shared/tokens.css'
import { screenI18n } from '@/shared/i18n'
import { startTheme } from '@/shared/theme'
import DeskApp from './DeskApp.vue'
import { router } from './router'
import './desk.css'

startTheme()
const words = import.meta.glob<Record<string, unknown>>(
  '../locales/*/{shared,commands,desk,alarms,hotline,elders,board,devices,stock,monitoring,assessments,install,handling,escalation,calls,card,figures,replan,wall,allowances,imports,money,meals,rental,settlement,enums,catalogue,care_plans,orders,plans,proof,roster,trips,work,welfare,refusals}.json',
  { eager: true, import: 'default' },
)
createApp(DeskApp).use(screenI18n(words)).use(router).mount('#app')
