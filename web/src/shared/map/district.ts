// The district's ground (streets, divisions) as GeoJSON: asked for once and kept.
import type { FeatureCollection } from 'geojson'
import { api, ask } from '../api/client'

let kept: Promise<FeatureCollection> | undefined

export function district(): Promise<FeatureCollection> {
  kept ??= ask(api.GET('/api/map')).then((ground) => ground as unknown as FeatureCollection)
  kept.catch(() => (kept = undefined)) // the next map asks again
  return kept
}
