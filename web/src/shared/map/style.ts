// The map's look without tiles: streets and divisions of the district from our own data, colours from the tokens.
import type { FeatureCollection } from 'geojson'
import type { StyleSpecification } from 'maplibre-gl'
import type { MapLine, Tone } from './types'

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || '#888888'
}

const STREET_WIDTH = ['interpolate', ['exponential', 1.6], ['zoom'], 9, 0.6, 12, 2, 15, 7, 18, 26] as const
const CASING_WIDTH = ['interpolate', ['exponential', 1.6], ['zoom'], 9, 1.2, 12, 3.4, 15, 9.5, 18, 30] as const

export function districtStyle(district: FeatureCollection): StyleSpecification {
  return {
    version: 8,
    sources: {
      district: { type: 'geojson', data: district },
      ways: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
      circles: { type: 'geojson', data: { type: 'FeatureCollection', features: [] } },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': token('sunk') } },
      {
        id: 'borders',
        type: 'line',
        source: 'district',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'line-color': token('ink-3'), 'line-width': 1, 'line-opacity': 0.45, 'line-dasharray': [4, 3] },
      },
      {
        id: 'casing',
        type: 'line',
        source: 'district',
        filter: ['==', ['geometry-type'], 'LineString'],
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': token('line'), 'line-width': CASING_WIDTH as never },
      },
      {
        id: 'streets',
        type: 'line',
        source: 'district',
        filter: ['==', ['geometry-type'], 'LineString'],
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': token('panel'), 'line-width': STREET_WIDTH as never },
      },
      {
        id: 'circles',
        type: 'fill',
        source: 'circles',
        paint: { 'fill-color': ['get', 'color'], 'fill-opacity': 0.14, 'fill-outline-color': ['get', 'color'] },
      },
      {
        id: 'ways',
        type: 'line',
        source: 'ways',
        filter: ['!', ['get', 'dashed']],
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': ['get', 'color'], 'line-width': 3.5 },
      },
      {
        id: 'ways-dashed',
        type: 'line',
        source: 'ways',
        filter: ['get', 'dashed'],
        paint: { 'line-color': ['get', 'color'], 'line-width': 3, 'line-dasharray': [2, 1.6] },
      },
      {
        id: 'names',
        type: 'symbol',
        source: 'district',
        filter: ['all', ['has', 'name'], ['==', ['geometry-type'], 'LineString']],
        minzoom: 12.5,
        layout: {
          'symbol-placement': 'line',
          'text-field': ['coalesce', ['get', 'name'], ''],
          'text-size': 11,
          'symbol-spacing': 260,
        },
        paint: { 'text-color': token('ink-3'), 'text-halo-color': token('panel'), 'text-halo-width': 1.2 },
      },
    ],
  }
}

export function waysOf(lines: MapLine[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: lines.map(({ path, tone, dashed = false }) => ({
      type: 'Feature',
      properties: { color: token(tone), dashed },
      geometry: { type: 'LineString', coordinates: path },
    })),
  }
}

/** A circle in metres around a place, for how sure a position is. */
export function circle(lat: number, lon: number, metres: number, tone: Tone): FeatureCollection['features'][number] {
  const [dLat, dLon] = [metres / 111_320, metres / (111_320 * Math.cos((lat * Math.PI) / 180))]
  const ring = Array.from({ length: 49 }, (_, i) => {
    const angle = (i / 48) * 2 * Math.PI
    return [lon + dLon * Math.cos(angle), lat + dLat * Math.sin(angle)]
  })
  return { type: 'Feature', properties: { color: token(tone) }, geometry: { type: 'Polygon', coordinates: [ring] } }
}
