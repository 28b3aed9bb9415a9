// MapLibre behind one door, loaded only when a map is on the screen.
import type { FeatureCollection } from 'geojson'
import { LngLatBounds, Map as Canvas, Marker, NavigationControl, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'maplibre-gl/dist/maplibre-gl.css'
import { circle, districtStyle, waysOf } from './style'
import type { MapLine, MapPoint } from './types'

setWorkerUrl(workerUrl)

interface Words {
  zoomIn: string
  zoomOut: string
  label: string
}

const DOT = 26 // pixels, with its margin: never closer to each other than that, so that each can be hit
const NEAR = [-2, -1, 0, 1, 2]
/** Steps aside, the nearest first. */
const ASIDE = NEAR.flatMap((right) => NEAR.map((down): [number, number] => [right, down])).sort((one, other) => Math.hypot(...one) - Math.hypot(...other))

type Box = [left: number, top: number, right: number, bottom: number]
const SIDES = ['right', 'left', 'above', 'below'] as const

/** Where a name of that size would lie. */
function besides({ x, y }: { x: number; y: number }, w: number, h: number, side: (typeof SIDES)[number]): Box {
  const [right, down] = { right: [DOT / 2, -h / 2], left: [-DOT / 2 - w, -h / 2], above: [-w / 2, -DOT / 2 - h], below: [-w / 2, DOT / 2] }[side] as [number, number]
  return [x + right, y + down, x + right + w, y + down + h]
}
const meet = (one: Box, other: Box): boolean => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]

export interface Drawing {
  show: (points: MapPoint[], lines: MapLine[], selected?: string) => void
  fit: () => void
  restyle: () => void
  destroy: () => void
}

export function draw(box: HTMLElement, district: FeatureCollection, words: Words, pick: (id: string) => void): Promise<Drawing> {
  const canvas = new Canvas({
    container: box,
    style: districtStyle(district),
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    bounds: boundsOf(district),
    locale: { 'NavigationControl.ZoomIn': words.zoomIn, 'NavigationControl.ZoomOut': words.zoomOut, 'Map.Title': words.label },
  })
  canvas.addControl(new NavigationControl({ showCompass: false }), 'top-right')
  canvas.touchZoomRotate.disableRotation()
  let markers: Marker[] = []
  let shown: { points: MapPoint[]; lines: MapLine[]; selected?: string } = { points: [], lines: [] }
  let framed = ''

  function paint(): void {
    const { points, lines, selected } = shown
    canvas.getSource<GeoJSONSource>('ways')?.setData(waysOf(lines))
    const sure = points.filter((point) => point.accuracy_m)
    const circles = sure.map((point) => circle(point.lat, point.lon, point.accuracy_m ?? 0, point.tone))
    canvas.getSource<GeoJSONSource>('circles')?.setData({ type: 'FeatureCollection', features: circles })
    for (const marker of markers) marker.remove()
    markers = points.map((point) =>
      new Marker({ element: dot(point, point.id === selected, pick), anchor: 'center' })
        .setLngLat([point.lon, point.lat])
        .addTo(canvas),
    )
    spread()
  }

  /** Two people behind one door are two dots: whoever would be covered moves aside by one dot, as far as this zoom needs. */
  function spread(): void {
    const taken: { x: number; y: number }[] = []
    for (const marker of markers) {
      const { x, y } = canvas.project(marker.getLngLat())
      const free = (at: { x: number; y: number }) => taken.every((one) => Math.hypot(one.x - at.x, one.y - at.y) >= DOT)
      const found = ASIDE.map(([right, down]) => ({ x: x + right * DOT, y: y + down * DOT })).find(free) ?? { x, y }
      taken.push(found)
      marker.setOffset([found.x - x, found.y - y])
    }
    name(taken)
  }
  canvas.on('moveend', spread)

  /** Each name beside its dot where it covers neither a dot nor another name; where there is no room it comes with the pointer. */
  function name(dots: { x: number; y: number }[]): void {
    const [wide, high] = [box.clientWidth, box.clientHeight]
    const taken = dots.map(({ x, y }): Box => [x - DOT / 2, y - DOT / 2, x + DOT / 2, y + DOT / 2])
    const turn = markers.map((_, i) => i).sort((one, other) => Number(shown.points[other]?.main ?? false) - Number(shown.points[one]?.main ?? false))
    for (const i of turn) {
      const [element, at] = [markers[i]?.getElement(), dots[i]]
      const label = element?.querySelector('span')
      if (!element || !label || !at || shown.points[i]?.quiet) continue
      const [w, h] = [label.offsetWidth, label.offsetHeight]
      const side = SIDES.find((one) => {
        const area = besides(at, w, h, one)
        return area[0] >= 0 && area[1] >= 0 && area[2] <= wide && area[3] <= high && !taken.some((other, j) => j !== i && meet(area, other))
      })
      element.dataset.side = side ?? 'right'
      element.classList.toggle('mute', !side)
      if (side) taken.push(besides(at, w, h, side))
    }
  }

  /** Moves only when other places are shown, never because a timer ticked. */
  function fit(force = true): void {
    const { points, lines } = shown
    const key = points.map(({ id, lat, lon }) => `${id}${lat.toFixed(3)}${lon.toFixed(3)}`).join()
    if (!force && key === framed) return
    framed = key
    const places = [...points.filter(({ far }) => !far).map(({ lon, lat }): [number, number] => [lon, lat]), ...lines.flatMap(({ path }) => path)]
    const [first] = places
    if (!first) return
    const bounds = places.reduce((all, place) => all.extend(place), new LngLatBounds(first, first))
    canvas.fitBounds(bounds, { padding: { top: 48, bottom: 40, left: 48, right: 96 }, maxZoom: 15.5, duration: 0 })
  }

  const drawing: Drawing = {
    show(points, lines, selected) {
      shown = { points, lines, selected }
      paint()
      fit(false)
    },
    fit,
    restyle() {
      canvas.setStyle(districtStyle(district), { diff: true })
      canvas.once('styledata', paint)
    },
    destroy: () => canvas.remove(),
  }
  return new Promise((resolve, reject) => {
    canvas.once('load', () => resolve(drawing))
    canvas.once('error', ({ error }) => reject(error))
  })
}

function dot(point: MapPoint, selected: boolean, pick: (id: string) => void): HTMLElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = `map-dot ${point.main ? 'main' : ''} ${point.quiet ? 'quiet' : ''} ${selected ? 'selected' : ''}`
  button.style.setProperty('--c', `var(--${point.tone})`)
  const mark = document.createElement('i')
  mark.textContent = point.mark ?? ''
  const label = document.createElement('span')
  label.textContent = point.label
  button.append(mark, label)
  button.addEventListener('click', () => pick(point.id))
  return button
}

function boundsOf(district: FeatureCollection): LngLatBounds | undefined {
  const all = new LngLatBounds()
  const walk = (value: unknown): void => {
    if (!Array.isArray(value)) return
    if (typeof value[0] === 'number') all.extend(value as [number, number])
    else value.forEach(walk)
  }
  for (const { geometry } of district.features) if ('coordinates' in geometry) walk(geometry.coordinates)
  return all.isEmpty() ? undefined : all
}
