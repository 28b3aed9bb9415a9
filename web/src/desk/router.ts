// The desk's addresses. Nobody gets past the login page without a session.
import { createRouter, createWebHistory } from 'vue-router'
import { useSession } from '@/shared/session'
import { pagesOf } from './pages'

export const router = createRouter({
  history: createWebHistory('/desk/'),
  routes: [
    { path: '/login', name: 'login', component: () => import('./LoginPage.vue') },
    { path: '/alarms/:id(\\d+)?', name: 'alarms', component: () => import('./alarms/AlarmsPage.vue'), props: number('id') },
    { path: '/hotline/:elder(\\d+)?', name: 'hotline', component: () => import('./hotline/HotlinePage.vue'), props: number('elder') },
    { path: '/board/:day?', name: 'board', component: () => import('./board/BoardPage.vue'), props: true },
    { path: '/board/:day/compare', name: 'compare', component: () => import('./board/ComparePage.vue'), props: true, meta: { of: ['board'] } },
    { path: '/board/:day/actual', name: 'actual', component: () => import('./board/ActualPage.vue'), props: true, meta: { of: ['board'] } },
    { path: '/roster', name: 'roster', component: () => import('./roster/RosterPage.vue'), meta: { of: ['board'] } },
    { path: '/swaps', name: 'swaps', component: () => import('./workers/SwapsPage.vue'), meta: { of: ['board'] } },
    { path: '/labour', name: 'labour', component: () => import('./workers/LabourPage.vue'), meta: { of: ['board', 'figures'] } },
    { path: '/elders/:id(\\d+)?', name: 'elders', component: () => import('./elders/EldersPage.vue'), props: number('id') },
    { path: '/review/:id(\\d+)?', name: 'review', component: () => import('./review/ReviewPage.vue'), props: number('id') },
    { path: '/review/clashes', name: 'clashes', component: () => import('./review/ClashesPage.vue'), meta: { of: ['review'] } },
    { path: '/review/set-aside', name: 'set_aside', component: () => import('./review/SetAsidePage.vue'), meta: { of: ['review'] } },
    { path: '/review/incidents', name: 'incidents', component: () => import('./review/IncidentsPage.vue'), meta: { of: ['review'] } },
    { path: '/review/clues', name: 'clues', component: () => import('./review/CluesPage.vue'), meta: { of: ['review'] } },
    { path: '/devices', name: 'devices', component: () => import('./devices/DevicesPage.vue') },
    { path: '/assessments/:what(form|elder)?/:id(\\d+)?', name: 'assessments', component: () => import('./assessments/AssessmentsPage.vue'), props: ({ params }) => ({ what: params.what || undefined, id: params.id ? Number(params.id) : undefined }) },
    { path: '/stock/:what(labels|imports|models)?', name: 'stock', component: () => import('./stock/StockPage.vue'), props: ({ params }) => ({ what: params.what || 'list' }) },
    { path: '/shift', name: 'shift', component: () => import('./shift/ShiftPage.vue') },
    { path: '/patterns', name: 'patterns', component: () => import('./patterns/PatternsPage.vue'), props: ({ query }) => ({ elder: query.elder ? Number(query.elder) : undefined }) },
    { path: '/patterns/trees', name: 'templates', component: () => import('./patterns/TemplatesPage.vue'), meta: { of: ['patterns'] } },
    { path: '/openings', name: 'openings', component: () => import('./alarms/OpeningsPage.vue') },
    { path: '/programs/:id(\\d+)?', name: 'programs', component: () => import('./programs/ProgramsPage.vue'), props: number('id') },
    { path: '/elders/:id(\\d+)/money', name: 'money', component: () => import('./elders/MoneyPage.vue'), props: number('id'), meta: { of: ['elders'] } },
    { path: '/orders/:id(\\d+)?', name: 'orders', component: () => import('./orders/OrdersPage.vue'), props: number('id') },
    { path: '/welfare', name: 'welfare', component: () => import('./welfare/WelfarePage.vue') },
    { path: '/reminders', name: 'reminders', component: () => import('./reminders/RemindersPage.vue') },
    { path: '/meals/:what(book|standing|menus|concerns|canteens)?', name: 'meals', component: () => import('./meals/MealsPage.vue'), props: ({ params }) => ({ what: params.what || 'count' }) },
    { path: '/rental/:what(units|rentals|waiting|due|counts|offer)?', name: 'rental', component: () => import('./rental/RentalPage.vue'), props: ({ params }) => ({ what: params.what || 'stock' }) },
    { path: '/catalogue', name: 'catalogue', component: () => import('./catalogue/CataloguePage.vue') },
    { path: '/catalogue/holidays', name: 'holidays', component: () => import('./catalogue/HolidaysPage.vue'), meta: { of: ['catalogue'] } },
    { path: '/catalogue/visits', name: 'visit-terms', component: () => import('./catalogue/VisitTermsPage.vue'), meta: { of: ['catalogue'] } },
    { path: '/catalogue/proof', name: 'proof-rules', component: () => import('./catalogue/ProofRulesPage.vue'), meta: { of: ['catalogue'] } },
    { path: '/allowances/:what(proofs|recoveries|rules)?', name: 'allowances', component: () => import('./allowances/AllowancesPage.vue'), props: ({ params }) => ({ what: params.what || 'batches' }) },
    { path: '/imports/:kind(elders|assessments|entitlements|caregivers|prices)?', name: 'imports', component: () => import('./imports/ImportsPage.vue'), props: ({ params }) => ({ kind: params.kind || 'elders' }) },
    { path: '/appeals/:id(\\d+)?', name: 'appeals', component: () => import('./appeals/AppealsPage.vue'), props: number('id') },
    { path: '/settlement/:id(\\d+)?', name: 'settlement', component: () => import('./settlement/SettlementPage.vue'), props: number('id') },
    { path: '/settlement/reconciliation', name: 'reconciliation', component: () => import('./settlement/ReconciliationPage.vue'), meta: { of: ['settlement'] } },
    { path: '/callbacks', name: 'callbacks', component: () => import('./settlement/CallBacksPage.vue') },
    { path: '/contracts', name: 'contracts', component: () => import('./settlement/ContractsPage.vue') },
    { path: '/messages', name: 'messages', component: () => import('./messages/MessagesPage.vue') },
    { path: '/figures', name: 'figures', component: () => import('./figures/FiguresPage.vue') },
    { path: '/record/:id(\\d+)', name: 'record', component: () => import('./alarms/RecordPage.vue'), props: number('id'), meta: { of: ['alarms', 'elders'] } },
    { path: '/:rest(.*)*', redirect: { name: 'home' } },
    { path: '/', name: 'home', redirect: () => ({ name: 'alarms' }) },
  ],
})

function number(name: string) {
  return ({ params }: { params: Record<string, unknown> }) => ({ [name]: params[name] ? Number(params[name]) : undefined })
}

router.beforeEach(async (to) => {
  const me = await useSession()
    .resume()
    .catch(() => null) // unreachable: the login page will say so
  if (!me) return to.name === 'login' ? true : { name: 'login', query: to.path === '/' ? {} : { to: to.fullPath } }
  const pages = pagesOf(me.role)
  if (to.name === 'login') return { name: pages[0]?.name ?? 'login' }
  const under = (to.meta.of as string[] | undefined) ?? [String(to.name)] // a page that belongs to others is for their people
  if (pages.length && !pages.some(({ name }) => under.includes(name))) return { name: pages[0]?.name }
  return true
})
