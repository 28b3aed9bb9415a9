// The same screen for every kind of file: devices have doors of their own beside the stock, the rest share theirs.
import { api, ask } from '@/shared/api/client'
import type { ImportFile, ImportRow } from '@/shared/api/types'

export const FILE_KINDS = ['elders', 'assessments', 'entitlements', 'caregivers', 'prices'] as const
export type FileKind = (typeof FILE_KINDS)[number] | 'devices'
export type Act = 'whole' | 'skip_bad' | 'undo' | 'discard'

interface Doors {
  template: string
  recent: () => Promise<ImportRow[]>
  one: (id: number) => Promise<ImportFile>
  send: (file: File) => Promise<ImportRow>
  act: (id: number, event: Act) => Promise<unknown>
}

const raw = { headers: { 'Content-Type': 'application/octet-stream' }, bodySerializer: (body: string) => body }
const at = (import_id: number) => ({ params: { path: { import_id } } })
const of = (file_id: number) => ({ params: { path: { file_id } } })

export function doorsOf(kind: FileKind): Doors {
  if (kind === 'devices')
    return {
      template: '/api/stock/imports/template',
      recent: () => ask(api.GET('/api/stock/imports')),
      one: (id) => ask(api.GET('/api/stock/imports/{import_id}', at(id))),
      send: (file) => ask(api.POST('/api/stock/imports', { params: { query: { name: file.name } }, body: file as unknown as string, ...raw })),
      act: (id, event) => {
        if (event === 'undo') return ask(api.POST('/api/stock/imports/{import_id}/undo', at(id)))
        if (event === 'discard') return ask(api.POST('/api/stock/imports/{import_id}/discard', at(id)))
        return ask(api.POST('/api/stock/imports/{import_id}/confirm', { ...at(id), body: { mode: event } }))
      },
    }
  return {
    template: `/api/imports/template?kind=${kind}`,
    recent: () => ask(api.GET('/api/imports', { params: { query: { kind } } })),
    one: (id) => ask(api.GET('/api/imports/{file_id}', of(id))),
    send: (file) => ask(api.POST('/api/imports', { params: { query: { kind, name: file.name } }, body: file as unknown as string, ...raw })),
    act: (id, event) => {
      if (event === 'undo') return ask(api.POST('/api/imports/{file_id}/undo', of(id)))
      if (event === 'discard') return ask(api.POST('/api/imports/{file_id}/discard', of(id)))
      return ask(api.POST('/api/imports/{file_id}/confirm', { ...of(id), body: { mode: event } }))
    },
  }
}
