// Who is here: the login of this browser, its rights and what the district calls itself.
import { computed, ref } from 'vue'
import { api, ask, onLoggedOut, trust } from './api/client'
import type { Me } from './api/types'
import { setServerTime } from './clock'
import { setZone } from './words'

const me = ref<Me | null>(null)

function keep(answer: Me): Me {
  trust(answer.csrf)
  setZone(answer.timezone)
  setServerTime(answer.server_time)
  me.value = answer
  return answer
}

onLoggedOut(() => {
  me.value = null
})

export function useSession() {
  return {
    me: computed(() => me.value),
    /** Who this browser is logged in as, or null. */
    async resume(): Promise<Me | null> {
      if (me.value) return me.value
      const answer: Me | null = await ask(api.GET('/api/session'))
      return answer && keep(answer)
    },
    async logIn(login: string, password: string): Promise<Me> {
      return keep(await ask(api.POST('/api/session', { body: { login, password } })))
    },
    async logOut(): Promise<void> {
      await api.DELETE('/api/session')
      me.value = null
    },
  }
}
