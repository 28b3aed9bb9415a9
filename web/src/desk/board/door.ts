// What the board asks of the server.
import { api, ask } from '@/shared/api/client'
import type { Board, Candidate, Fault, Job } from './model'

export interface Wish {
  caregiver_ids: number[]
  starts_at: string
}
const on = (day: string) => ({ path: { day } })
const of = (visit_id: number) => ({ path: { visit_id } })

export async function askBoard(day: string): Promise<{ board: Board; etag: string }> {
  const { data, response } = await api.GET('/api/board/{day}', { params: on(day) })
  return { board: data as Board, etag: response.headers.get('ETag') ?? '' }
}
export const askDraft = (day: string, seconds: number): Promise<Job> => ask(api.POST('/api/board/{day}/draft', { params: on(day), body: { seconds } }))
export const askJob = (job_id: number): Promise<Job> => ask(api.GET('/api/jobs/{job_id}', { params: { path: { job_id } } }))
export const stopJob = (job_id: number): Promise<Job> => ask(api.POST('/api/jobs/{job_id}/stop', { params: { path: { job_id } } }))
export const publish = (day: string, etag: string) => ask(api.POST('/api/board/{day}/publish', { params: { ...on(day), header: { 'if-match': etag } } }))
export const discard = (day: string) => ask(api.POST('/api/board/{day}/discard', { params: on(day) }))

export async function checkMove(visit: number, wish: Wish): Promise<Fault[]> {
  const { faults } = await ask(api.POST('/api/visits/{visit_id}/move/check', { params: of(visit), body: wish }))
  return faults
}
export const moveVisit = (visit: number, wish: Wish, accept: string[]) => ask(api.POST('/api/visits/{visit_id}/move', { params: of(visit), body: { ...wish, accept } }))
export const withdraw = (visit: number, reason: string) => ask(api.POST('/api/visits/{visit_id}/withdraw', { params: of(visit), body: { reason } }))
export async function candidates(visit: number): Promise<Candidate[]> {
  const { items } = await ask(api.GET('/api/visits/{visit_id}/candidates', { params: of(visit) }))
  return items
}

export const askVisit = (visit: number) => ask(api.GET('/api/visits/{visit_id}', { params: of(visit) }))
export type Whole = Awaited<ReturnType<typeof askVisit>>
