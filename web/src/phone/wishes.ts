// What she says beside her visits (illness, her answer to an alarm at a spot, what she found): kept until the server has it, sent once.
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { components } from '@/shared/api/schema'

type Schemas = components['schemas']
export type Wish = { id: string; at: string } & ({ kind: 'sick'; days: number } | { kind: 'answer'; offer: number; answer: Schemas['SpotAnswer'] } | ({ kind: 'found'; found: Schemas['Found']; words: string } & { attendance?: number; offer?: number }))

/** Hands one over under its own number; the same again is the same. Throws Problem. */
export async function tell(wish: Wish): Promise<void> {
  const header = { 'idempotency-key': `${wish.kind}-${wish.id}` }
  if (wish.kind === 'sick') await ask(api.POST('/api/phone/sick', { body: { days: wish.days, said_at: wish.at }, params: { header } }))
  else if (wish.kind === 'answer') await ask(api.POST('/api/phone/responding/offers/{offer_id}/answer', { params: { path: { offer_id: wish.offer } }, body: { answer: wish.answer } }))
  else {
    const body = { found: wish.found, words: wish.words }
    if (wish.offer !== undefined) await ask(api.POST('/api/phone/responding/offers/{offer_id}/found', { params: { path: { offer_id: wish.offer }, header }, body }))
    else if (wish.attendance !== undefined) await ask(api.POST('/api/phone/responding/{attendance_id}/found', { params: { path: { attendance_id: wish.attendance }, header }, body }))
  }
}

/** Those still to be told after a round: it ends at the first that finds no way, or no login; what the server refuses is over. */
export async function tellAll(wishes: Wish[], told: (wish: Wish) => Promise<void>, hand = tell): Promise<void> {
  for (const wish of wishes) {
    try {
      await hand(wish)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (![400, 404, 409, 422].includes(error.status)) throw error
      console.warn('refused', error)
    }
    await told(wish)
  }
}
