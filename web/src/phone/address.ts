// Where on the phone she is, in the address bar's hash, so that the phone's own back button works.
import { computed, ref } from 'vue'

const hash = ref(location.hash)
addEventListener('hashchange', () => (hash.value = location.hash))

export const TABS = ['today', 'tomorrow', 'week', 'records', 'me'] as const
export type Tab = (typeof TABS)[number]

function go(to: string): void {
  location.hash = to
}

export function useAddress() {
  return {
    tab: computed<Tab | 'login'>(() => ([...TABS, 'login'] as const).find((tab) => hash.value === `#${tab}`) ?? 'today'),
    /** The attendance that fills the screen, if one does. */
    opened: computed(() => Number(/^#visit\/(\d+)$/.exec(hash.value)?.[1]) || null),
    /** Her visits that are doubted. */
    doubting: computed(() => hash.value === '#doubts'),
    /** What her month comes to. */
    earning: computed(() => hash.value === '#earnings'),
    /** Her welfare visits: the list, or the elder whose visit fills the screen. */
    rounds: computed(() => hash.value === '#rounds'),
    round: computed(() => Number(/^#round\/(\d+)$/.exec(hash.value)?.[1]) || null),
    /** The lunches she rides out with. */
    riding: computed(() => hash.value === '#rides'),
    /** The installation that fills the screen, if one does. */
    installing: computed(() => Number(/^#install\/(\d+)$/.exec(hash.value)?.[1]) || null),
    /** The spot she is sent to, if it fills the screen. */
    spot: computed(() => Number(/^#spot\/(\d+)$/.exec(hash.value)?.[1]) || null),
    go: (tab: Tab | 'login') => go(tab),
    openRounds: () => go('rounds'),
    openRound: (elder: number) => go(`round/${elder}`),
    openInstall: (installation: number) => go(`install/${installation}`),
    openVisit: (attendance: number) => go(`visit/${attendance}`),
    back: () => (history.length > 1 ? history.back() : go('today')),
  }
}
